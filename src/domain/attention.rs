//! Who has an incident, until when it is left in peace, and when it is said again. Pure.
//!
//! * Acknowledging says "I have it": it is not escalated any more. It is still reminded of, counted from then.
//! * Giving it back says "I have it no longer": nobody has it, and the count to its escalation begins anew.
//! * Snoozing says "not before then": neither reminders nor escalation, and once it ends, that is said.
//! * A mute covers many incidents at once, those to come included: nothing of them pings. What they are stands on their cards.
//! * What an operator announced (P7) opened without a ping: it is reminded of, and not escalated.
//! * What got worse than was announced was not what somebody acknowledged or snoozed: the count begins anew.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::authority::Person;
use super::ids::Id;
use super::incident::{Incident, Phase, Severity, Subject};
use super::mute::{Mute, covering};
use super::policy::Policy;

/// The longest pause between two reminders, unless the first one comes later.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// What people did about an incident, and what was said of it so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attention {
    /// Who has it.
    pub acknowledged: Option<Done>,
    /// How bad its card was when they took it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_as: Option<Severity>,
    /// Who had it and gave it back, if nobody has taken it on since.
    pub given_back: Option<Done>,
    /// The last snooze.
    pub snoozed: Option<Snooze>,
    /// The mute that covers it now.
    pub muted: Option<Hush>,
    /// When it was escalated, since it last got worse.
    pub escalated_at: Option<Timestamp>,
    /// From when the next reminder and the escalation are counted; `None` is since it was opened.
    pub since: Option<Timestamp>,
    /// How often it was reminded of since then.
    pub reminded: u32,
    /// When that was last.
    pub reminded_at: Option<Timestamp>,
    /// How many replies to its card said that it still stands: each has a number of its own.
    pub said: u32,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// A time for which an incident is left in peace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// Who wanted it so.
    pub by: Person,
    /// Since when.
    pub at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How it ended, if it is over.
    pub ended: Option<SnoozeEnd>,
}

/// How a snooze ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum SnoozeEnd {
    /// Its time was over.
    Over,
    /// Somebody ended it.
    Unsnoozed(Done),
    /// It got worse than what was snoozed, or came back after it had been over.
    Worse,
}

/// A mute as the card of an incident shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hush {
    /// The mute.
    pub mute: Id,
    /// Whose it is.
    pub by: Person,
    /// Until when.
    pub until: Timestamp,
    /// Why, in the owner's words.
    pub reason: String,
}

/// What somebody wants to do about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Take it on.
    Acknowledge,
    /// Have it no longer, so that somebody else takes it on.
    GiveBack,
    /// Leave it in peace until then.
    Snooze(Timestamp),
    /// Not any more.
    Unsnooze,
}

/// Why a wish changed nothing: somebody was first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// The incident is over.
    Over {
        /// Since when.
        at: Timestamp,
    },
    /// Somebody has it already.
    Acknowledged(Done),
    /// Nobody has it; this is who gave it back, if somebody did.
    NobodyHasIt(Option<Done>),
    /// Somebody snoozed it already.
    Snoozed {
        /// Who.
        by: Person,
        /// Until when.
        until: Timestamp,
    },
    /// It is not snoozed; this is how the last snooze ended, if there was one.
    NotSnoozed(Option<SnoozeEnd>),
}

/// A reply that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// A snooze is over, and it still stands.
    Awake,
    /// It still stands.
    Reminder,
    /// Nobody has acknowledged it.
    Escalation,
}

impl Due {
    /// The word under which the store keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Awake => "awake",
            Self::Reminder => "remind",
            Self::Escalation => "escalate",
        }
    }
}

/// What a look at an incident came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attended {
    /// As it is to be kept.
    pub attention: Attention,
    /// What is to be said, each with its number among all replies to the card.
    pub due: Vec<(Due, u32)>,
}

impl Incident {
    /// What becomes of what is done about it if `person` has their wish, as its card is now.
    ///
    /// # Errors
    /// If somebody was first, and nothing is left to do.
    pub fn take(&self, wish: Wish, person: &Person, now: Timestamp) -> Result<Attention, Unchanged> {
        let after = self.attention.take(wish, person, now)?;
        let card = (wish == Wish::Acknowledge).then(|| self.facts.severity());
        Ok(Attention { acknowledged_as: card.or(after.acknowledged_as), ..after })
    }
}

impl Attention {
    /// The snooze that holds now.
    pub fn snooze(&self) -> Option<&Snooze> {
        self.snoozed.as_ref().filter(|snooze| snooze.ended.is_none())
    }

    /// Whether nothing of it may ping now.
    pub fn is_in_peace(&self) -> bool {
        self.muted.is_some() || self.snooze().is_some()
    }

    /// It got worse than was announced, or began anew: what was acknowledged or snoozed was something else.
    pub fn rearm(&mut self, now: Timestamp) {
        self.acknowledged = None;
        self.acknowledged_as = None;
        self.given_back = None;
        self.escalated_at = None;
        if let Some(snooze) = self.snoozed.as_mut().filter(|snooze| snooze.ended.is_none()) {
            snooze.ended = Some(SnoozeEnd::Worse);
        }
        self.count_from(now);
    }

    /// It is announced to be as bad as this, which it has been more or less `since`. Whoever took it on meanwhile, when its card
    /// was as bad already, still has it.
    pub fn announce(&mut self, severity: Severity, since: Timestamp, now: Timestamp) {
        let known = self.acknowledged.take().filter(|done| done.at >= since).zip(self.acknowledged_as);
        self.rearm(now);
        if let Some((done, known)) = known.filter(|(_, known)| *known >= severity) {
            (self.acknowledged, self.acknowledged_as) = (Some(done), Some(known));
        }
    }

    /// What becomes of it if `person` has their wish.
    ///
    /// # Errors
    /// If somebody was first, and nothing is left to do.
    fn take(&self, wish: Wish, person: &Person, now: Timestamp) -> Result<Self, Unchanged> {
        let mut after = self.clone();
        let done = Done { by: person.clone(), at: now };
        match (wish, self.snooze()) {
            (Wish::Acknowledge, _) => {
                if let Some(done) = &self.acknowledged {
                    return Err(Unchanged::Acknowledged(done.clone()));
                }
                after.acknowledged = Some(done);
                after.given_back = None;
            }
            (Wish::GiveBack, _) => {
                if self.acknowledged.is_none() {
                    return Err(Unchanged::NobodyHasIt(self.given_back.clone()));
                }
                after.acknowledged = None;
                after.acknowledged_as = None;
                after.given_back = Some(done);
                after.escalated_at = None;
            }
            (Wish::Snooze(_), Some(Snooze { by, until, .. })) => {
                return Err(Unchanged::Snoozed { by: by.clone(), until: *until });
            }
            (Wish::Snooze(until), None) => {
                after.snoozed = Some(Snooze { by: person.clone(), at: now, until, ended: None });
            }
            (Wish::Unsnooze, None) => {
                let ended = self.snoozed.as_ref().and_then(|snooze| snooze.ended.clone());
                return Err(Unchanged::NotSnoozed(ended));
            }
            (Wish::Unsnooze, Some(snooze)) => {
                after.snoozed = Some(Snooze { ended: Some(SnoozeEnd::Unsnoozed(done)), ..snooze.clone() });
            }
        }
        // Whoever did something knows of it: the next reminder is counted from then.
        after.count_from(now);
        Ok(after)
    }

    fn count_from(&mut self, now: Timestamp) {
        self.since = Some(now);
        self.reminded = 0;
        self.reminded_at = None;
    }

    fn counted_from(&self, incident: &Incident) -> Timestamp {
        self.since.unwrap_or(incident.opened_at)
    }

    /// When the next reminder is due, if nothing holds it back: each pause is twice as long as the one before.
    fn next_reminder(&self, incident: &Incident, remind_after: Duration) -> Timestamp {
        let times = 1_u32.checked_shl(self.reminded).unwrap_or(u32::MAX);
        let pause = remind_after.saturating_mul(times).min(LONGEST_PAUSE.max(remind_after));
        later(self.reminded_at.unwrap_or_else(|| self.counted_from(incident)), pause)
    }

    fn say(&mut self, due: Due) -> (Due, u32) {
        self.said = self.said.saturating_add(1);
        (due, self.said)
    }
}

/// Whether an incident is said again while it stands. A notice of what never had a failover to lose, and advice, wake nobody.
pub fn is_said_again(subject: &Subject) -> bool {
    match subject {
        Subject::Failover { .. } | Subject::Blind | Subject::Storm => true,
        Subject::NeverRedundant { .. } | Subject::Load { .. } => false,
    }
}

/// Looks at an open incident: which mute covers it, whether its snooze is over, and what is to be said again. `None` if all
/// stays as it is.
pub fn attend(incident: &Incident, mutes: &[Mute], policy: &Policy, now: Timestamp) -> Option<Attended> {
    // What has no card of its own is said on another's, or not yet.
    if incident.resolved_at().is_some() || !incident.has_own_card() {
        return None;
    }
    let terms = incident.subject.terms(policy);
    let mut after = incident.attention.clone();
    let mut due = Vec::new();
    let cover = covering(mutes, incident, now).map(Mute::hush);
    // The mute's end is told in its summary, for all that it covered.
    if after.muted.is_some() && cover.is_none() {
        after.count_from(now);
    }
    after.muted = cover;
    if let Some(snooze) = after.snoozed.as_mut().filter(|snooze| snooze.ended.is_none() && snooze.until <= now) {
        snooze.ended = Some(SnoozeEnd::Over);
        after.count_from(now);
        if after.muted.is_none() && is_said_again(&incident.subject) {
            due.push(after.say(Due::Awake));
        }
    }
    let looks_well = matches!(incident.phase, Phase::Recovering { .. });
    if is_said_again(&incident.subject) && !looks_well && !after.is_in_peace() {
        if terms.remind_after.is_some_and(|pause| now >= after.next_reminder(incident, pause)) {
            after.reminded = after.reminded.saturating_add(1);
            after.reminded_at = Some(now);
            due.push(after.say(Due::Reminder));
        }
        if is_to_escalate(incident, &after, policy, now) {
            after.escalated_at = Some(now);
            due.push(after.say(Due::Escalation));
        }
    }
    (after != incident.attention).then_some(Attended { attention: after, due })
}

fn is_to_escalate(incident: &Incident, attention: &Attention, policy: &Policy, now: Timestamp) -> bool {
    let nobody_has_it = attention.acknowledged.is_none() && attention.escalated_at.is_none();
    let was_announced = incident.announced > Severity::Quiet;
    nobody_has_it
        && was_announced
        && incident
            .subject
            .terms(policy)
            .escalate_after
            .is_some_and(|after| now >= later(attention.counted_from(incident), after))
        && !incident.escalation_roles(policy).is_empty()
}

fn later(from: Timestamp, after: Duration) -> Timestamp {
    from.saturating_add(after).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
