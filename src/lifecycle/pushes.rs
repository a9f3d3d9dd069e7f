//! What was told since somebody last asked, by the event stream or by our own doings: where to look, never what is there.
//!
//! Of a connector only the last word is kept, so that a burst is no more than a list. An event may be old, doubled, or of a
//! service that knows better by now; whoever is told reads for himself.
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::connector::Revision;
use crate::domain::ids::ConnectorId;

/// How many connectors are kept by name; with more, it is said that any may have changed.
const NAMED: usize = 4_096;

/// What was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The connectors that were named, each with the last word on it.
    pub named: BTreeMap<ConnectorId, Word>,
    /// Any connector may have changed: events were missed.
    pub any: bool,
    /// Nothing is said of the fleet, but what is known of it is to be judged anew.
    pub again: bool,
}

impl Told {
    fn is_nothing(&self) -> bool {
        self.named.is_empty() && !self.any && !self.again
    }
}

/// What is said of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It has this revision.
    Has(Revision),
    /// Something was done to it, so that what is known of it may mean something else now.
    Changed,
    /// It is gone.
    Gone,
}

/// Between the event stream and the one who looks.
#[derive(Debug, Default)]
pub struct Pushes {
    told: Mutex<Told>,
    bell: Notify,
}

impl Pushes {
    /// This is said of a connector.
    pub fn named(&self, connector: ConnectorId, word: Word) {
        let mut told = self.lock();
        if told.named.len() >= NAMED && !told.named.contains_key(&connector) {
            told.named.clear();
            told.any = true;
        } else {
            told.named.insert(connector, word);
        }
        drop(told);
        self.bell.notify_one();
    }

    /// Any connector may have changed.
    pub fn any(&self) {
        self.lock().any = true;
        self.bell.notify_one();
    }

    /// What is known is to be judged anew, since what it is judged by has changed.
    pub fn again(&self) {
        self.lock().again = true;
        self.bell.notify_one();
    }

    /// Takes what was told, as soon as there is something. Given up while it waits, it takes nothing.
    pub async fn told(&self) -> Told {
        loop {
            let rung = self.bell.notified();
            let told = std::mem::take(&mut *self.lock());
            if !told.is_nothing() {
                return told;
            }
            rung.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> ConnectorId {
        ConnectorId::new(n.to_string())
    }

    #[tokio::test]
    async fn the_last_word_on_each_is_kept_until_it_is_taken() {
        let pushes = Pushes::default();
        pushes.named(id(1), Word::Has(Revision("r1".into())));
        pushes.named(id(1), Word::Gone);
        pushes.named(id(2), Word::Has(Revision("r7".into())));
        let told = pushes.told().await;
        assert_eq!(
            told.named.into_iter().collect::<Vec<_>>(),
            [(id(1), Word::Gone), (id(2), Word::Has(Revision("r7".into())))]
        );
        assert_eq!(futures_util::FutureExt::now_or_never(pushes.told()), None);
    }

    #[tokio::test]
    async fn a_flood_is_any_of_them_and_no_more_than_that() {
        let pushes = Pushes::default();
        for n in 0..NAMED * 3 {
            pushes.named(id(n), Word::Gone);
        }
        let told = pushes.told().await;
        assert!(told.any && told.named.len() <= NAMED, "{}", told.named.len());
    }
}
