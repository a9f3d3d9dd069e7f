//! What somebody says to an operation: how it goes on while it is under way, and that what it left stopped stays so.

use jiff::Timestamp;

use super::{Asker, Operations, READ_AGAIN, Trouble, record};
use crate::domain::authority::Person;
use crate::domain::ids::Id;
use crate::domain::operation::Operation;
use crate::domain::operation::guiding::{Told, Wish};
use crate::domain::request::Refusal;
use crate::store::operations::Standing;

/// What came of what somebody said to an operation.
#[derive(Clone, Debug)]
pub enum Guided {
    /// It goes on so.
    Told(Wish),
    /// It is over.
    Over,
    /// It is not theirs to say.
    Refused(Refusal),
}

/// What came of it when somebody wanted to leave stopped what an operation had stopped.
#[derive(Clone, Debug)]
pub enum Left {
    /// It is left so.
    Now,
    /// Somebody left it so before.
    Before(Person),
    /// There is nothing to leave: it is not stopped any more, or something was done about it since.
    Otherwise,
    /// It is not theirs to say.
    Refused(Refusal),
}

impl Operations {
    /// Says to an operation that is under way how it goes on. Whoever may do what it does may say so.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn guide(&self, asker: &Asker, id: &Id, wish: Wish, now: Timestamp) -> Result<Guided, Trouble> {
        let operation = match self.theirs(asker, id, wish.word(), now).await? {
            Ok(Standing { operation, .. }) => operation,
            Err(refusal) => return Ok(Guided::Refused(refusal)),
        };
        let by = Person::from(&asker.member);
        let told = Told { id: Id::random(), wish, by, at: now };
        let entry = record::of_wish(asker, &operation, wish.word(), now);
        if !self.store.tell_operation(id, &told, &entry, now).await? {
            self.record_refused(asker, &format!("{} said to operation {id}, which is over", wish.word()), now).await?;
            return Ok(Guided::Over);
        }
        self.wake.runner.notify_one();
        Ok(Guided::Told(wish))
    }

    /// Leaves stopped what a redeploy had stopped when it failed: nothing is done, and everybody sees who said so. Whoever may
    /// do what it was to do may say so, once, as long as it is stopped and nothing else was begun on it.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn leave_stopped(&self, asker: &Asker, id: &Id, now: Timestamp) -> Result<Left, Trouble> {
        const WISH: &str = "leave stopped";
        let standing = match self.theirs(asker, id, WISH, now).await? {
            Ok(standing) => standing,
            Err(refusal) => return Ok(Left::Refused(refusal)),
        };
        let left = standing.operation.left_stopped(Person::from(&asker.member), now);
        if let Some(left) = left
            && self.is_stopped_still(&left).await
        {
            let entry = record::of_wish(asker, &left, WISH, now);
            if self.store.leave_stopped(&standing, &left, &entry, now).await? {
                tracing::info!(operation = %id, by = %asker.member.id, "left stopped");
                self.wake.delivery.notify_one();
                return Ok(Left::Now);
            }
        }
        self.record_refused(asker, &format!("{WISH} said to operation {id}, which leaves nothing so"), now).await?;
        let before = self.store.operation(id).await?.and_then(|operation| operation.guidance.left_stopped);
        Ok(before.map_or(Left::Otherwise, |left| Left::Before(left.by)))
    }

    /// The operation, if whoever says something to it may do what it does; otherwise the refusal, recorded.
    async fn theirs(
        &self,
        asker: &Asker,
        id: &Id,
        wish: &str,
        now: Timestamp,
    ) -> Result<Result<Standing, Refusal>, Trouble> {
        let Some(standing) = self.store.standing_operation(id).await? else {
            self.record_refused(asker, "a button of an unknown operation", now).await?;
            return Ok(Err(Refusal::Unknown));
        };
        let operation = &standing.operation;
        if let Err(denied) = self.may(&asker.member, operation.verb, &operation.places()) {
            let what = format!("{wish} said to operation {id}: {}", record::denial(&denied));
            self.record_refused(asker, &what, now).await?;
            return Ok(Err(Refusal::Denied { denied }));
        }
        Ok(Ok(standing))
    }

    /// Whether what an operation left stopped is so still, as far as it can be read: nothing is done about it, so what cannot
    /// be read is taken as it was last seen.
    async fn is_stopped_still(&self, operation: &Operation) -> bool {
        for target in operation.stopped() {
            let reading = tokio::time::timeout(READ_AGAIN, self.lifecycle.connector(&target.connector)).await;
            if matches!(reading, Ok(Ok(connector)) if !connector.is_down()) {
                return false;
            }
        }
        true
    }
}
