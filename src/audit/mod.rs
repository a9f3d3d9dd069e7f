//! The record's keeper: seals what was written, deletes what is older than it is to be kept, says regularly where the chain
//! stands, and writes all of it out or verifies it for who asks.
//!
//! How a hash is made is written down in [`crate::domain::audit::chain`], and what a line of an export says in [`export`].

pub mod export;
mod keeper;
pub mod verify;

use std::sync::{Arc, Mutex, PoisonError};

pub use self::keeper::{Keeper, Kept, Settings};
use crate::domain::authority::Person;

/// How many people are offered to look for at most.
const PEOPLE: usize = 100;

/// The people in the record, whose record is last before the others. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct People(Arc<Mutex<Arc<Vec<Person>>>>);

impl People {
    /// All that are known, as of now.
    pub fn known(&self) -> Arc<Vec<Person>> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes somebody whose record was written just now.
    fn note<'a>(&self, people: impl IntoIterator<Item = &'a Person>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for person in people.into_iter().filter(|person| person.id.0 > 0) {
            if known.first() == Some(person) {
                continue;
            }
            let others = known.iter().filter(|other| other.id != person.id).take(PEOPLE - 1);
            *known = Arc::new(std::iter::once(person).chain(others).cloned().collect());
        }
    }
}
