//! Timelines: what happened to each incident is a row, written with the change itself, before it is a line in the thread of
//! its card. Several lines may go into one message; which ones is written down before it is sent.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::batch::{Batch, Ran, Statement};
use super::incidents::Kept;
use super::outbox::{Held, read_message, read_notice, read_time};
use super::writer::Who;
use super::{Store, StoreError, body, index_key, millis, millis_after, millis_not_before, signed, to_json};
use crate::domain::connector::Environment;
use crate::domain::ids::{ChannelId, Id, MessageId};
use crate::domain::incident::{Incident, Subject};
use crate::domain::notice::Slot;
use crate::domain::operation::Operation;
use crate::domain::timeline::{Entry, between, of_operation};

/// How many lines one message takes at most.
pub const LINES: i64 = 8;
/// How many things can happen in one change of an incident.
const PLACES: i64 = 64;

/// The thread of a card that has something to tell, held under a lease.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The incident whose card it is, as the card shows it.
    pub incident: Incident,
    /// What the card's footer shows, which names its messages.
    pub reference: Id,
    /// Where the card stands.
    pub channel: ChannelId,
    /// The card.
    pub card: MessageId,
    /// The thread, as far as one was started.
    pub thread: Option<ChannelId>,
    /// The thread of an earlier card, which this one goes on from; until that is said.
    pub continues: Option<ChannelId>,
    /// How many messages were told before.
    pub parts: u32,
    /// The last of them.
    pub last: Option<MessageId>,
    /// When this one was first tried, if nobody knows whether that was carried out.
    pub first_tried_at: Option<Timestamp>,
    /// Failures in a row.
    pub attempts: u32,
    /// What it says, in order.
    pub lines: Vec<Entry>,
    lease: String,
}

/// What became of a claimed thread.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// The card has this thread. (Whether the message stands is as it was known.)
    Started {
        /// The thread.
        thread: ChannelId,
    },
    /// The message stands.
    Said {
        /// The message.
        message: MessageId,
    },
    /// It was not tried, because something else holds it back.
    Held {
        /// Until when.
        due: Timestamp,
    },
    /// It failed, and is to be tried again.
    Later {
        /// When.
        due: Timestamp,
        /// Whether this attempt may have posted it all the same.
        maybe_sent: bool,
    },
    /// The thread was archived, and is open again: it is tried at once.
    Reopened,
    /// These lines are not told; what happens next is tried.
    LeftOut,
    /// Somebody deleted the thread.
    Gone,
    /// Somebody deleted the card, which is to be posted anew.
    CardGone {
        /// When it is looked at again.
        due: Timestamp,
    },
}

/// What writes down what happened to an incident by this change.
pub(super) fn lines(before: Option<&Kept>, after: &Incident, now: Timestamp) -> Result<Vec<Statement>, StoreError> {
    let place = before.map_or(0, Kept::version).saturating_add(1).saturating_mul(PLACES);
    let before = before.map(|kept| &kept.incident);
    let line = |(what, place)| {
        let entry = Entry { at: now, what };
        Ok(Statement::new("INSERT INTO timeline (card, id, at, place, body, trying) VALUES ($1, $2, $3, $4, $5, 0)")
            .bind(after.id.as_str())
            .bind(Id::random().as_str())
            .bind(millis(now))
            .bind(place)
            .bind(to_json("timeline", &entry)?))
    };
    between(before, after).into_iter().zip(place..).map(line).collect()
}

/// What writes down what an operation is doing, or how it ended: where its bot has an open incident, on the card on which that
/// stands, which is its own or a storm's; and the end wherever the beginning was told, also if that incident is over by now.
pub(super) fn operation_line(operation: &Operation, now: Timestamp) -> Result<Statement, StoreError> {
    let subject = |environment: &Environment| {
        index_key(&Subject::Failover { bot: operation.bot.clone(), environment: environment.clone() }.name())
    };
    let entry = Entry { at: now, what: of_operation(operation) };
    Ok(Statement::new(
        "INSERT INTO timeline (card, id, at, place, body, trying, operation) SELECT c.card, $1, $2, 0, $3, 0, $6 FROM ( \
         SELECT COALESCE(i.storm, i.id) AS card FROM incidents i WHERE i.is_open = 1 AND i.subject IN ($4, $5) \
         UNION SELECT l.card FROM timeline l WHERE l.operation = $6) c \
         WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.slot = 'card:' || c.card)",
    )
    .bind(Id::random().as_str())
    .bind(millis(now))
    .bind(to_json("timeline", &entry)?)
    .bind(subject(&operation.environment))
    .bind(subject(operation.to.as_ref().unwrap_or(&operation.environment)))
    .bind(operation.id.as_str()))
}

/// A card that stands and has something to tell; `t` is its thread, if it has a row yet.
const TELLS: &str = "l.message IS NULL AND o.message IS NOT NULL";

impl Store {
    /// Whether a thread has something to tell that is due.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn has_to_tell(&self, now: Timestamp) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT l.card FROM timeline l JOIN outbox o ON o.slot = 'card:' || l.card \
             LEFT JOIN threads t ON t.card = l.card WHERE {TELLS} \
             AND (t.card IS NULL OR (t.due_at <= $1 AND t.leased_until <= $1)) LIMIT 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(millis(now)).fetch_optional(&self.reads).await?;
        Ok(row.is_some())
    }

    /// How many lines wait to be told.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn waiting_lines(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS waiting FROM timeline WHERE message IS NULL");
        Ok(row.fetch_one(&self.reads).await?.try_get::<i64, _>("waiting")?.unsigned_abs())
    }

    /// Takes a lease on the thread that has waited longest with something to tell. From then on, nobody knows whether its
    /// lines were posted, until that is settled.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn claim_telling(&self, lease: Duration, now: Timestamp) -> Result<Option<Telling>, StoreError> {
        let name = self.new_lease();
        let begin = Statement::new(
            "INSERT INTO threads (card, parts, attempts, due_at, leased_until) SELECT DISTINCT l.card, 0, 0, 0, 0 \
             FROM timeline l WHERE l.message IS NULL AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.card = l.card) \
             ON CONFLICT (card) DO NOTHING",
        );
        let claim = format!(
            "UPDATE threads SET leased_by = $1, leased_until = $2 WHERE card = ( \
             SELECT l.card FROM timeline l JOIN outbox o ON o.slot = 'card:' || l.card JOIN threads t ON t.card = l.card \
             WHERE {TELLS} AND t.due_at <= $3 AND t.leased_until <= $3 ORDER BY l.at, l.card LIMIT 1) \
             AND leased_until <= $3 RETURNING card, thread, continues, parts, last_message, first_tried_at, attempts"
        );
        let claim = Statement::new(claim).bind(name.as_str()).bind(millis_after(now, lease)).bind(millis(now));
        // What is in doubt keeps the lines that it had.
        let take = Statement::new(
            "UPDATE timeline SET trying = 1 WHERE message IS NULL AND card = ( \
             SELECT t.card FROM threads t WHERE t.leased_by = $1 AND t.leased_until > 0 AND t.first_tried_at IS NULL) \
             AND id IN (SELECT l.id FROM timeline l WHERE l.card = timeline.card AND l.message IS NULL \
             ORDER BY l.at, l.place, l.id LIMIT $2)",
        )
        .bind(name.as_str())
        .bind(LINES);
        let tried = Statement::new(
            "UPDATE threads SET first_tried_at = COALESCE(first_tried_at, $1) WHERE leased_by = $2 AND leased_until > 0",
        )
        .bind(millis(now))
        .bind(name.as_str());
        let card = Statement::new(
            "SELECT o.channel, o.message, o.reference, o.notice, o.mentions FROM outbox o JOIN threads t ON o.slot = 'card:' || t.card \
             WHERE t.leased_by = $1 AND t.leased_until > 0",
        )
        .bind(name.as_str());
        let lines = Statement::new(
            "SELECT l.body FROM timeline l JOIN threads t ON t.card = l.card WHERE t.leased_by = $1 AND t.leased_until > 0 \
             AND l.trying = 1 ORDER BY l.at, l.place, l.id",
        )
        .bind(name.as_str());
        let batch = Batch::default().then(begin).claim(claim).then(take).then(tried).then(card).then(lines);
        let Ran::All(done) = self.write(batch, Who::Other).await? else { return Ok(None) };
        let [_, claim, _, _, card, lines] = done.as_slice() else { return Ok(None) };
        let (Some(thread), Some(card)) = (claim.rows.first(), card.rows.first()) else { return Ok(None) };
        let lines = lines.rows.iter().map(|row| body("timeline", row)).collect::<Result<_, _>>()?;
        read_telling(thread, card, lines, name)
    }

    /// Writes down that a claimed message is about to be posted as if for the first time, because earlier attempts were seen
    /// not to have been carried out.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn about_to_tell_anew(&self, telling: &Telling, now: Timestamp) -> Result<Held, StoreError> {
        let written = Statement::new("UPDATE threads SET first_tried_at = $1 WHERE card = $2 AND leased_by = $3")
            .bind(millis(now))
            .bind(telling.incident.id.as_str())
            .bind(telling.lease.as_str());
        self.held(Batch::default().claim(written)).await
    }

    /// Writes down what became of a claimed thread, and gives its lease back.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn settle_telling(&self, telling: &Telling, told: Told, now: Timestamp) -> Result<Held, StoreError> {
        let what = match told {
            Told::Started { .. } => {
                "continues = CASE WHEN thread <> $3 THEN thread ELSE continues END, thread = $3, first_tried_at = $4"
            }
            Told::Said { .. } => {
                "parts = parts + 1, last_message = $3, continues = NULL, first_tried_at = NULL, attempts = 0"
            }
            Told::Reopened => "first_tried_at = $3, attempts = attempts + 1",
            Told::Held { .. } | Told::CardGone { .. } => "due_at = $3, first_tried_at = $4",
            Told::Later { maybe_sent: true, .. } => "due_at = $3, attempts = attempts + 1",
            Told::Later { maybe_sent: false, .. } => "due_at = $3, first_tried_at = $4, attempts = attempts + 1",
            Told::LeftOut => "first_tried_at = NULL, attempts = 0",
            Told::Gone => "thread = NULL, first_tried_at = NULL, attempts = attempts + 1",
        };
        let update =
            format!("UPDATE threads SET {what}, leased_by = NULL, leased_until = 0 WHERE card = $1 AND leased_by = $2");
        let update = Statement::new(update).bind(telling.incident.id.as_str()).bind(telling.lease.as_str());
        let doubt = telling.first_tried_at.map(millis);
        let update = match told {
            // Nothing can have been posted where there was none.
            Told::Started { thread } => update.bind(signed(thread.0)).bind(telling.thread.and(doubt)),
            Told::Said { message } => update.bind(signed(message.0)),
            Told::Reopened => update.bind(doubt),
            Told::Later { due, maybe_sent: true } => update.bind(millis_not_before(due)),
            Told::Held { due } | Told::Later { due, maybe_sent: false } | Told::CardGone { due } => {
                update.bind(millis_not_before(due)).bind(doubt)
            }
            Told::LeftOut | Told::Gone => update,
        };
        let mut batch = Batch::default().claim(update).then(lines_after(telling, told));
        if let Told::CardGone { .. } = told {
            // As when an edit finds it gone.
            let anew = Statement::new(
                "UPDATE outbox SET message = NULL, sent_version = 0, sent_digest = NULL, first_tried_at = NULL, \
                 generation = generation + 1, due_at = $1 WHERE slot = $2 AND message = $3 AND leased_until = 0",
            );
            let slot = Slot::Card(telling.incident.id.clone()).name();
            batch = batch.then(anew.bind(millis(now)).bind(slot).bind(signed(telling.card.0)));
        }
        self.held(batch).await
    }

    /// Forgets what happened before then to incidents that are over, and their threads once nothing of them is left. What
    /// stands on Discord stays there.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn forget_timelines(&self, before: Timestamp) -> Result<(), StoreError> {
        let lines = Statement::new(
            "DELETE FROM timeline WHERE at < $1 \
             AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = timeline.card AND i.is_open = 1)",
        );
        let threads = Statement::new(
            "DELETE FROM threads WHERE leased_until = 0 \
             AND NOT EXISTS (SELECT 1 FROM timeline l WHERE l.card = threads.card) \
             AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = threads.card AND i.is_open = 1)",
        );
        let batch = Batch::default().then(lines.bind(millis(before))).then(threads);
        self.write(batch, Who::Other).await.map(|_| ())
    }

    /// Ends the leases of processes that are no more. Only for who knows that it is alone.
    pub(super) async fn end_leases_on_threads(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE threads SET leased_by = NULL, leased_until = 0 WHERE leased_until > 0")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn held(&self, batch: Batch) -> Result<Held, StoreError> {
        Ok(match self.write(batch, Who::Other).await? {
            Ran::All(_) => Held::Yes,
            Ran::Stopped(_) => Held::LeaseLost,
        })
    }
}

/// What becomes of the lines that were tried.
fn lines_after(telling: &Telling, told: Told) -> Statement {
    let card = telling.incident.id.as_str();
    let stand = |message: i64| {
        let stand = Statement::new("UPDATE timeline SET message = $2, trying = 0 WHERE card = $1 AND trying = 1");
        stand.bind(card).bind(message)
    };
    match told {
        Told::Said { message } => stand(signed(message.0)),
        Told::LeftOut => stand(0),
        // Where nothing is in doubt, others may go with them the next time.
        _ => Statement::new(
            "UPDATE timeline SET trying = 0 WHERE card = $1 AND trying = 1 AND EXISTS ( \
             SELECT 1 FROM threads t WHERE t.card = timeline.card AND t.first_tried_at IS NULL)",
        )
        .bind(card),
    }
}

fn read_telling(
    thread: &AnyRow,
    card: &AnyRow,
    lines: Vec<Entry>,
    lease: String,
) -> Result<Option<Telling>, StoreError> {
    let small = |column| -> Result<u32, StoreError> {
        Ok(u32::try_from(thread.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
    };
    let id = |column| -> Result<_, StoreError> { Ok(thread.try_get::<Option<i64>, _>(column)?.map(i64::unsigned_abs)) };
    let notice = read_notice(card)?;
    let (Some(incident), Some(message)) = (notice.alert(), read_message(card)?) else { return Ok(None) };
    let reference: String = card.try_get("reference")?;
    Ok(Some(Telling {
        incident: incident.clone(),
        reference: reference.parse().map_err(|_| StoreError::Row {
            table: "outbox",
            source: serde::de::Error::custom("a reference that is not ours"),
        })?,
        channel: ChannelId(card.try_get::<i64, _>("channel")?.unsigned_abs()),
        card: message,
        thread: id("thread")?.map(ChannelId),
        continues: id("continues")?.map(ChannelId),
        parts: small("parts")?,
        last: id("last_message")?.map(MessageId),
        first_tried_at: read_time(thread, "first_tried_at")?,
        attempts: small("attempts")?,
        lines,
        lease,
    }))
}
