//! The outbox: every message of the bot is a row before it is a request. One row says what one message must say, so
//! edits that were overtaken collapse by themselves.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::batch::{Batch, Ran, Statement};
use super::writer::Who;
use super::{Store, StoreError, Turn, millis, millis_after, millis_not_before, signed, to_json, without_nul};
use crate::domain::ids::{ChannelId, Id, MessageId};
use crate::domain::incident::Incident;
use crate::domain::notice::{Notice, Slot};

/// A row that this process holds under a lease: one message that has something new to say.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The name of its slot, for the log.
    pub slot: String,
    /// What the message's footer shows, and by which it is found again.
    pub reference: Id,
    /// Where it stands, or is to stand.
    pub channel: ChannelId,
    /// What it must say.
    pub notice: Notice,
    /// The message, once it stands.
    pub message: Option<MessageId>,
    /// The message that it replies to. `None` if it is no reply, or if what it replied to cannot be posted.
    pub reply_to: Option<MessageId>,
    /// The message that it goes on from, because that one takes no more edits.
    pub continues: Option<MessageId>,
    /// How often the message was made anew, since somebody deleted it or it took no more edits.
    pub generation: u32,
    /// When it was first tried to post it before, if nobody knows whether that was carried out.
    pub first_tried_at: Option<Timestamp>,
    /// Failures in a row.
    pub attempts: u32,
    /// The digest of what was sent last.
    pub sent_digest: Option<String>,
    version: i64,
    lease: String,
}

impl Claimed {
    /// Whether it is a board, which is one message and never two.
    pub fn is_board(&self) -> bool {
        matches!(self.notice, Notice::Board { .. })
    }
}

/// What became of a claimed row.
#[derive(Clone, Copy, Debug)]
pub enum Sending<'a> {
    /// The message stands and says it.
    Sent {
        /// The message.
        message: MessageId,
        /// The digest of what it says.
        digest: &'a str,
    },
    /// The message stands, and nobody knows what it says: it is edited next.
    Stands {
        /// The message.
        message: MessageId,
    },
    /// It was not tried, because something else holds its channel back.
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
    /// It is not tried until it has something else to say.
    GaveUp {
        /// Why, for the log.
        why: &'a str,
    },
    /// Somebody deleted the message: it is to be made anew.
    Gone,
    /// The message takes no more edits: another one goes on from it.
    Continued,
    /// Its channel is no more: it is to be made anew in this one.
    Moved {
        /// The channel.
        channel: ChannelId,
    },
}

/// Whether the lease was still held when something was to be written under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Held {
    /// It was, and it is written.
    Yes,
    /// Somebody else has the row by now, so nothing was written.
    LeaseLost,
}

/// What waits in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Messages that have something to say that is not said yet.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Messages that Discord would not take, whatever they were tried with.
    pub given_up: u64,
}

/// What a row is for a message that has something to say and of which nothing was tried.
const NEW: &str = "INSERT INTO outbox (slot, reference, replies_to, notice, waiting_since, due_at, channel, mentions, version, \
     sent_version, generation, attempts, leased_until)";
/// What was said before is overtaken. What Discord would not take may be taken once it says something else, so giving up ends.
const SAYS_THIS: &str = "version = outbox.version + 1, gave_up = NULL, waiting_since = CASE \
     WHEN outbox.version > outbox.sent_version THEN outbox.waiting_since ELSE";

/// Whether a card mentions the roles when it is first posted. That was decided when it was opened; it may not be posted yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mentions<'a> {
    No,
    Yes,
    /// Unless this mute is on when it is written.
    Unless(&'a Id),
}

/// What writes what a message must say.
pub(super) fn message(
    slot: &Slot,
    channel: ChannelId,
    notice: &Notice,
    now: Timestamp,
) -> Result<Statement, StoreError> {
    written(slot, channel, notice, Mentions::No, Before::IsOvertaken, now)
}

/// What writes what an incident's card must say: where it stands, or else in this channel. Unless it is `shown`, only if it
/// is not there at all.
pub(super) fn card(
    incident: &Incident,
    channel: ChannelId,
    mentions: Mentions<'_>,
    shown: bool,
    now: Timestamp,
) -> Result<Statement, StoreError> {
    let notice = Notice::Card { incident: incident.clone(), ping: false };
    let before = if shown { Before::IsOvertaken } else { Before::Stays };
    written(&Slot::Card(incident.id.clone()), channel, &notice, mentions, before, now)
}

/// What is said in a slot already.
#[derive(Clone, Copy, Debug)]
enum Before {
    IsOvertaken,
    Stays,
}

fn written(
    slot: &Slot,
    channel: ChannelId,
    notice: &Notice,
    mentions: Mentions<'_>,
    before: Before,
    now: Timestamp,
) -> Result<Statement, StoreError> {
    let mention = match mentions {
        Mentions::No => "0",
        Mentions::Yes => "1",
        Mentions::Unless(_) => "(SELECT CASE COUNT(*) WHEN 0 THEN 1 ELSE 0 END FROM mutes WHERE id = $7 AND is_on = 1)",
    };
    let before = match before {
        Before::IsOvertaken => format!(
            "UPDATE SET notice = excluded.notice, mentions = CASE excluded.mentions WHEN 1 THEN 1 ELSE outbox.mentions END, \
             {SAYS_THIS} excluded.waiting_since END"
        ),
        Before::Stays => "NOTHING".to_owned(),
    };
    let sql =
        format!("{NEW} VALUES ($1, $2, $3, $4, $5, $5, $6, {mention}, 1, 0, 0, 0, 0) ON CONFLICT (slot) DO {before}");
    let written = said(Statement::new(sql), slot, notice, now)?.bind(signed(channel.0));
    Ok(match mentions {
        Mentions::Unless(mute) => written.bind(mute.as_str()),
        Mentions::No | Mentions::Yes => written,
    })
}

/// What looks at the card of each open incident once more: it says what is frozen, too.
pub(super) fn cards_again(now: Timestamp) -> Statement {
    let sql = format!(
        "UPDATE outbox SET {SAYS_THIS} $1 END WHERE slot IN (SELECT 'card:' || id FROM incidents WHERE is_open = 1)"
    );
    Statement::new(sql).bind(millis(now))
}

/// What edits an incident's card, if it is there.
pub(super) fn edited(incident: &Incident, now: Timestamp) -> Result<Statement, StoreError> {
    let notice = Notice::Card { incident: incident.clone(), ping: false };
    Ok(Statement::new(format!("UPDATE outbox SET notice = $1, {SAYS_THIS} $2 END WHERE slot = $3"))
        .bind(to_json("outbox", &notice)?)
        .bind(millis(now))
        .bind(Slot::Card(incident.id.clone()).name()))
}

/// What writes a reply, once, where the message is to which it replies; unless this mute is on when it is written.
pub(super) fn reply(
    slot: &Slot,
    notice: &Notice,
    unless: Option<&Id>,
    now: Timestamp,
) -> Result<Statement, StoreError> {
    let unless_muted =
        if unless.is_some() { " AND NOT EXISTS (SELECT 1 FROM mutes WHERE id = $6 AND is_on = 1)" } else { "" };
    let sql = format!(
        "{NEW} SELECT $1, $2, $3, $4, $5, $5, c.channel, 0, 1, 0, 0, 0, 0 FROM outbox c \
         WHERE c.slot = $3{unless_muted} ON CONFLICT (slot) DO NOTHING"
    );
    let reply = said(Statement::new(sql), slot, notice, now)?;
    Ok(match unless {
        Some(mute) => reply.bind(mute.as_str()),
        None => reply,
    })
}

fn said(statement: Statement, slot: &Slot, notice: &Notice, now: Timestamp) -> Result<Statement, StoreError> {
    Ok(statement
        .bind(slot.name())
        .bind(Id::random().as_str())
        .bind(slot.replies_to().map(|slot| slot.name()))
        .bind(to_json("outbox", notice)?)
        .bind(millis(now)))
}

/// Rows that have something to say and that nothing but time or a lease holds back: a reply waits for what it replies to.
const READY: &str = "o.version > o.sent_version AND o.gave_up IS NULL AND NOT EXISTS ( \
     SELECT 1 FROM outbox c WHERE c.slot = o.replies_to AND c.message IS NULL AND c.gave_up IS NULL)";

impl Store {
    /// Takes a lease on one message that is due, in a channel in which no other one is in flight. From then on, nobody knows
    /// whether one that does not stand yet was posted, until that is settled.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn claim_message(&self, lease: Duration, now: Timestamp) -> Result<Option<Claimed>, StoreError> {
        let name = self.new_lease();
        let claim = format!(
            "UPDATE outbox SET leased_by = $1, leased_until = $2 WHERE slot = ( \
             SELECT o.slot FROM outbox o WHERE {READY} AND o.due_at <= $3 AND o.leased_until <= $3 \
             AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.channel = o.channel AND b.leased_until > 0 AND b.leased_until > $3) \
             ORDER BY CASE WHEN o.slot LIKE 'records:%' THEN 1 ELSE 0 END, o.waiting_since, o.slot LIMIT 1) AND leased_until <= $3 \
             RETURNING slot, reference, replies_to, channel, notice, mentions, version, sent_digest, message, continues, generation, \
             first_tried_at, attempts"
        );
        let claim = Statement::new(claim).bind(name.as_str()).bind(millis_after(now, lease)).bind(millis(now));
        // By the index of what is in flight, however much was said before.
        let tried = Statement::new(
            "UPDATE outbox SET first_tried_at = COALESCE(first_tried_at, $1) \
             WHERE leased_by = $2 AND leased_until > 0 AND message IS NULL",
        )
        .bind(millis(now))
        .bind(name.as_str());
        let card = Statement::new(
            "SELECT c.message FROM outbox c JOIN outbox o ON o.replies_to = c.slot \
             WHERE o.leased_by = $1 AND o.leased_until > 0",
        )
        .bind(name.as_str());
        let batch = Batch::default().claim(claim).then(tried).then(card).in_turn(Turn::Message);
        let Ran::All(done) = self.write(batch, Who::Other).await? else { return Ok(None) };
        let [claim, _, card] = done.as_slice() else { return Ok(None) };
        let Some(row) = claim.rows.first() else { return Ok(None) };
        let mut claimed = read_claimed(row, name)?;
        claimed.reply_to = card.rows.first().map(read_message).transpose()?.flatten();
        Ok(Some(claimed))
    }

    /// Writes down that a claimed message is about to be posted as if for the first time, because earlier attempts were seen
    /// not to have been carried out.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn about_to_post_anew(&self, claimed: &Claimed, now: Timestamp) -> Result<Held, StoreError> {
        let written = Statement::new("UPDATE outbox SET first_tried_at = $1 WHERE slot = $2 AND leased_by = $3")
            .bind(millis(now))
            .bind(claimed.slot.as_str())
            .bind(claimed.lease.as_str());
        self.write_held(written).await
    }

    /// Writes down what became of a claimed message, and gives its lease back.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn settle_message(
        &self,
        claimed: &Claimed,
        sending: Sending<'_>,
        now: Timestamp,
    ) -> Result<Held, StoreError> {
        const RELEASED: &str = "leased_by = NULL, leased_until = 0 WHERE slot = $1 AND leased_by = $2";
        let what = match sending {
            Sending::Sent { .. } => {
                "message = $3, sent_version = $4, sent_digest = $5, waiting_since = $6, first_tried_at = NULL, attempts = 0"
            }
            Sending::Stands { .. } => "message = $3, first_tried_at = NULL, attempts = 0",
            Sending::Held { .. } => "due_at = $3, first_tried_at = $4",
            Sending::Later { maybe_sent: true, .. } => "due_at = $3, attempts = attempts + 1",
            Sending::Later { maybe_sent: false, .. } => "due_at = $3, first_tried_at = $4, attempts = attempts + 1",
            // Only what was tried is given up: what was written meanwhile is tried.
            Sending::GaveUp { .. } => {
                "gave_up = CASE WHEN version = $4 THEN $3 ELSE NULL END, first_tried_at = NULL, attempts = 0"
            }
            Sending::Gone => {
                "message = NULL, sent_version = 0, sent_digest = NULL, first_tried_at = NULL, generation = generation + 1"
            }
            Sending::Continued => {
                "continues = message, message = NULL, sent_version = 0, sent_digest = NULL, first_tried_at = NULL, \
                 attempts = 0, generation = generation + 1"
            }
            Sending::Moved { .. } => {
                "channel = $3, message = NULL, continues = NULL, sent_version = 0, sent_digest = NULL, \
                 first_tried_at = NULL, attempts = 0, generation = generation + 1"
            }
        };
        let update = format!("UPDATE outbox SET {what}, {RELEASED}");
        let query = Statement::new(update).bind(claimed.slot.as_str()).bind(claimed.lease.as_str());
        let query = match sending {
            Sending::Sent { message, digest } => {
                query.bind(signed(message.0)).bind(claimed.version).bind(digest).bind(millis(now))
            }
            Sending::Stands { message } => query.bind(signed(message.0)),
            Sending::Later { due, maybe_sent: true } => query.bind(millis_not_before(due)),
            Sending::Held { due } | Sending::Later { due, maybe_sent: false } => {
                query.bind(millis_not_before(due)).bind(claimed.first_tried_at.map(millis))
            }
            Sending::GaveUp { why } => query.bind(without_nul(why)).bind(claimed.version),
            Sending::Moved { channel } => query.bind(signed(channel.0)),
            Sending::Gone | Sending::Continued => query,
        };
        self.write_held(query).await
    }

    /// Carries out what needs the lease.
    async fn write_held(&self, statement: Statement) -> Result<Held, StoreError> {
        Ok(match self.write(Batch::default().claim(statement), Who::Other).await? {
            Ran::All(_) => Held::Yes,
            Ran::Stopped(_) => Held::LeaseLost,
        })
    }

    /// When the next message is due; `None` when none waits.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn next_message_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = format!(
            "SELECT MIN(CASE WHEN o.leased_until > o.due_at THEN o.leased_until ELSE o.due_at END) AS due \
             FROM outbox o WHERE {READY}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(next)).fetch_one(&self.reads).await?;
        read_time(&row, "due")
    }

    /// What waits in the outbox.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS waiting, MIN(waiting_since) AS oldest, COUNT(gave_up) AS given_up \
             FROM outbox WHERE version > sent_version",
        )
        .fetch_one(&self.reads)
        .await?;
        let count = |column| -> Result<u64, StoreError> { Ok(row.try_get::<i64, _>(column)?.unsigned_abs()) };
        Ok(Backlog { waiting: count("waiting")?, oldest: read_time(&row, "oldest")?, given_up: count("given_up")? })
    }

    /// Where a message stands on Discord: its channel and its id, if it stands.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn place_of(&self, slot: &Slot) -> Result<Option<(ChannelId, MessageId)>, StoreError> {
        let row = sqlx::query("SELECT channel, message FROM outbox WHERE slot = $1")
            .bind(slot.name())
            .fetch_optional(&self.reads)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let channel = ChannelId(row.try_get::<i64, _>("channel")?.unsigned_abs());
        Ok(read_message(&row)?.map(|message| (channel, message)))
    }

    /// Ends the leases of processes that are no more. Only for who knows that it is alone.
    pub(super) async fn end_leases_on_messages(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE outbox SET leased_by = NULL, leased_until = 0 WHERE leased_until > 0")
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn read_claimed(row: &AnyRow, lease: String) -> Result<Claimed, StoreError> {
    let small =
        |column| -> Result<u32, StoreError> { Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX)) };
    let reference: String = row.try_get("reference")?;
    Ok(Claimed {
        slot: row.try_get("slot")?,
        reference: reference.parse().map_err(|_| StoreError::Row {
            table: "outbox",
            source: serde::de::Error::custom("a reference that is not ours"),
        })?,
        channel: ChannelId(row.try_get::<i64, _>("channel")?.unsigned_abs()),
        notice: read_notice(row)?,
        message: read_message(row)?,
        reply_to: None,
        continues: row.try_get::<Option<i64>, _>("continues")?.map(|id| MessageId(id.unsigned_abs())),
        generation: small("generation")?,
        first_tried_at: read_time(row, "first_tried_at")?,
        attempts: small("attempts")?,
        sent_digest: row.try_get("sent_digest")?,
        version: row.try_get("version")?,
        lease,
    })
}

/// The notice of a row, with its columns `notice` and `mentions`.
pub(super) fn read_notice(row: &AnyRow) -> Result<Notice, StoreError> {
    let text: String = row.try_get("notice")?;
    let mut notice = serde_json::from_str(&text).map_err(|source| StoreError::Row { table: "outbox", source })?;
    if let Notice::Card { ping, .. } = &mut notice {
        *ping = row.try_get::<i64, _>("mentions")? == 1;
    }
    Ok(notice)
}

pub(super) fn read_message(row: &AnyRow) -> Result<Option<MessageId>, StoreError> {
    let id: Option<i64> = row.try_get("message")?;
    Ok(id.map(|id| MessageId(id.unsigned_abs())))
}

pub(super) fn read_time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    let at: Option<i64> = row.try_get(column)?;
    Ok(at.and_then(|at| Timestamp::from_millisecond(at).ok()))
}
