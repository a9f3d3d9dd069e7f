//! Who has an incident, until when it is left in peace, and when it is said again. Pure.
//!
//! * Acknowledging says "I have it": it is not escalated any more. It is still reminded of, counted from then.
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
        self.escalated_at = None;
        if let Some(snooze) = self.snoozed.as_mut().filter(|snooze| snooze.ended.is_none()) {
            snooze.ended = Some(SnoozeEnd::Worse);
        }
        self.count_from(now);
    }

    /// What becomes of it if `person` has their wish.
    ///
    /// # Errors
    /// If somebody was first, and nothing is left to do.
    pub fn take(&self, wish: Wish, person: &Person, now: Timestamp) -> Result<Self, Unchanged> {
        let mut after = self.clone();
        let done = Done { by: person.clone(), at: now };
        match (wish, self.snooze()) {
            (Wish::Acknowledge, _) => {
                if let Some(done) = &self.acknowledged {
                    return Err(Unchanged::Acknowledged(done.clone()));
                }
                after.acknowledged = Some(done);
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
mod tests {
    use proptest::prelude::*;

    use super::super::connector::{Bot, Environment};
    use super::super::ids::{BotId, ChannelId, RoleId, UserId};
    use super::super::incident::{Facts, Failover};
    use super::super::mute::Scope;
    use super::super::policy::Terms;
    use super::super::redundancy::Level;
    use super::*;

    fn policy() -> Policy {
        let terms = Terms {
            remind_after: Some(Duration::from_secs(600)),
            escalate_after: Some(Duration::from_secs(1_500)),
            escalation_roles: vec![RoleId(7)],
            ..Terms::default()
        };
        Policy::new(terms, vec![Environment::new("production")], Default::default())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn person(name: &str) -> Person {
        Person { id: UserId(name.len() as u64), name: name.to_owned() }
    }

    fn bot() -> Bot {
        Bot { id: BotId::new("billing"), name: "Billing Bot".into() }
    }

    fn incident(announced: Severity) -> Incident {
        let facts = Failover { level: Level::AtRisk, healthy: 1, total: 2, minimum: 2, lines: Vec::new() };
        let subject = Subject::Failover { bot: bot(), environment: Environment::new("production") };
        let id = "ef56ef56ef56ef56".parse().unwrap();
        Incident { id, announced, ..Incident::new(subject, Facts::Failover(facts), at(0)) }
    }

    fn mute(from: i64, until: i64) -> Mute {
        Mute {
            id: "ab12ab12ab12ab12".parse().unwrap(),
            scope: Scope { environment: Some(Environment::new("production")), bot: None },
            by: person("Otto"),
            reason: "new settings".into(),
            at: at(from),
            until: at(until),
            channel: ChannelId(9),
            ended: None,
        }
    }

    /// Looks every ten seconds until `until`, and tells when what was due. `act` may do something before each look.
    fn told(
        incident: &mut Incident,
        mutes: &[Mute],
        until: i64,
        mut act: impl FnMut(&mut Incident, i64),
    ) -> Vec<(i64, Due)> {
        let mut told = Vec::new();
        for second in (0..=until).step_by(10) {
            act(incident, second);
            if let Some(attended) = attend(incident, mutes, &policy(), at(second)) {
                incident.attention = attended.attention;
                told.extend(attended.due.into_iter().map(|(due, _)| (second, due)));
            }
        }
        told
    }

    fn takes(incident: &mut Incident, wish: Wish, second: i64) {
        incident.attention = incident.attention.take(wish, &person("Olga"), at(second)).unwrap();
    }

    #[test]
    fn what_nobody_has_is_reminded_of_ever_more_rarely_and_escalated_once() {
        let mut incident = incident(Severity::AtRisk);
        let told = told(&mut incident, &[], 20_000, |_, _| ());
        let reminders = [600, 1_800, 4_200, 9_000, 18_600].map(|second| (second, Due::Reminder));
        let mut expected = reminders.to_vec();
        expected.insert(1, (1_500, Due::Escalation));
        assert_eq!(told, expected);
    }

    #[test]
    fn nobody_is_reminded_or_called_where_the_settings_say_never_or_name_nobody() {
        let incident = incident(Severity::AtRisk);
        let never = Policy::default();
        assert_eq!(attend(&incident, &[], &never, at(80_000)), None);
        let nobody = Terms { escalate_after: Some(Duration::from_secs(60)), ..Terms::default() };
        let nobody = Policy::new(nobody, Vec::new(), Default::default());
        assert_eq!(attend(&incident, &[], &nobody, at(80_000)), None);
    }

    #[test]
    fn a_day_is_the_longest_pause() {
        let mut incident = incident(Severity::Quiet);
        let told = told(&mut incident, &[], 30 * 86_400, |_, _| ());
        let (last, before) = (told[told.len() - 1].0, told[told.len() - 2].0);
        assert_eq!(last - before, 86_400);
    }

    #[test]
    fn p7_what_was_announced_is_reminded_of_and_not_escalated() {
        let told = told(&mut incident(Severity::Quiet), &[], 1_800, |_, _| ());
        assert_eq!(told, [(600, Due::Reminder), (1_800, Due::Reminder)]);
    }

    #[test]
    fn an_acknowledged_incident_is_not_escalated_and_is_reminded_of_from_then_on() {
        let mut incident = incident(Severity::AtRisk);
        let told = told(&mut incident, &[], 3_000, |incident, second| {
            if second == 1_000 {
                takes(incident, Wish::Acknowledge, second);
            }
        });
        assert_eq!(told, [(600, Due::Reminder), (1_600, Due::Reminder), (2_800, Due::Reminder)]);
    }

    #[test]
    fn a_snoozed_incident_is_left_in_peace_until_its_end_and_that_is_said_once() {
        let mut incident = incident(Severity::AtRisk);
        let told = told(&mut incident, &[], 6_000, |incident, second| {
            if second == 100 {
                takes(incident, Wish::Snooze(at(4_000)), second);
            }
        });
        assert_eq!(
            told,
            [(4_000, Due::Awake), (4_600, Due::Reminder), (5_500, Due::Escalation), (5_800, Due::Reminder)]
        );
        let ended = incident.attention.snoozed.unwrap().ended;
        assert_eq!(ended, Some(SnoozeEnd::Over));
    }

    #[test]
    fn an_ended_snooze_says_nothing_and_the_count_begins_anew() {
        let mut incident = incident(Severity::AtRisk);
        let told = told(&mut incident, &[], 1_500, |incident, second| match second {
            100 => takes(incident, Wish::Snooze(at(4_000)), second),
            700 => takes(incident, Wish::Unsnooze, second),
            _ => (),
        });
        assert_eq!(told, [(1_300, Due::Reminder)]);
    }

    #[test]
    fn what_gets_worse_is_nobodys_again() {
        let mut incident = incident(Severity::AtRisk);
        let told = told(&mut incident, &[], 2_600, |incident, second| match second {
            100 => takes(incident, Wish::Acknowledge, second),
            110 => takes(incident, Wish::Snooze(at(90_000)), second),
            1_000 => {
                incident.announced = Severity::Outage;
                incident.attention.rearm(at(second));
            }
            _ => (),
        });
        assert_eq!(told, [(1_600, Due::Reminder), (2_500, Due::Escalation)]);
        assert_eq!(incident.attention.acknowledged, None);
        assert_eq!(incident.attention.snoozed.unwrap().ended, Some(SnoozeEnd::Worse));
    }

    #[test]
    fn a_mute_stands_on_the_card_and_keeps_all_quiet_until_it_is_over() {
        let mut incident = incident(Severity::AtRisk);
        let mutes = [mute(0, 5_000)];
        let told = told(&mut incident, &mutes, 5_600, |incident, second| match second {
            100 => takes(incident, Wish::Snooze(at(2_000)), second),
            4_000 => assert_eq!(incident.attention.muted, Some(mutes[0].hush())),
            _ => (),
        });
        assert_eq!(
            told,
            [(5_600, Due::Reminder)],
            "the end of a mute is told in its summary, and of the snooze with it"
        );
        assert_eq!(incident.attention.muted, None);
    }

    #[test]
    fn a_recovery_and_what_never_was_redundant_are_quiet() {
        let over = Incident { phase: Phase::Resolved { at: at(1), by: None }, ..incident(Severity::AtRisk) };
        assert_eq!(attend(&over, &[mute(0, 90_000)], &policy(), at(80_000)), None);
        let subject = Subject::NeverRedundant { environment: Environment::new("production") };
        let notice = Incident { subject, ..incident(Severity::Quiet) };
        assert_eq!(attend(&notice, &[], &policy(), at(80_000)), None);
    }

    #[test]
    fn who_comes_second_learns_who_was_first() {
        let mut incident = incident(Severity::AtRisk);
        let otto = person("Otto");
        takes(&mut incident, Wish::Acknowledge, 10);
        let first = Done { by: person("Olga"), at: at(10) };
        let take = |incident: &Incident, wish| incident.attention.take(wish, &otto, at(20));
        assert_eq!(take(&incident, Wish::Acknowledge), Err(Unchanged::Acknowledged(first)));
        assert_eq!(take(&incident, Wish::Unsnooze), Err(Unchanged::NotSnoozed(None)));
        takes(&mut incident, Wish::Snooze(at(100)), 11);
        let snoozed = Unchanged::Snoozed { by: person("Olga"), until: at(100) };
        assert_eq!(take(&incident, Wish::Snooze(at(500))), Err(snoozed));
        takes(&mut incident, Wish::Unsnooze, 12);
        let ended = SnoozeEnd::Unsnoozed(Done { by: person("Olga"), at: at(12) });
        assert_eq!(take(&incident, Wish::Unsnooze), Err(Unchanged::NotSnoozed(Some(ended))));
    }

    #[test]
    fn an_incident_from_before_there_was_attention_is_read() {
        let mut body = serde_json::to_value(incident(Severity::AtRisk)).unwrap();
        body.as_object_mut().unwrap().remove("attention");
        assert_eq!(serde_json::from_value::<Incident>(body).unwrap(), incident(Severity::AtRisk));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Wait(i64),
        Acknowledge,
        Snooze(i64),
        Unsnooze,
        Worse,
        Mute(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_i64..4_000).prop_map(Step::Wait),
            1 => Just(Step::Acknowledge),
            1 => (60_i64..9_000).prop_map(Step::Snooze),
            1 => Just(Step::Unsnooze),
            1 => Just(Step::Worse),
            1 => (60_i64..9_000).prop_map(Step::Mute),
        ]
    }

    proptest! {
        /// Whatever people do and however late it is looked: each reply has a number of its own, none comes while it is to be
        /// left in peace, what somebody has is never escalated, and a second look at the same time says nothing.
        #[test]
        fn p2_each_step_is_said_once_and_none_against_what_people_asked_for(steps in prop::collection::vec(step(), 1..40)) {
            let (mut incident, mut now, mut mutes) = (incident(Severity::AtRisk), 0, Vec::<Mute>::new());
            let (mut numbers, mut escalations, mut armings) = (Vec::new(), 0, 1);
            for step in steps {
                let taken = |incident: &Incident, wish| incident.attention.take(wish, &person("Olga"), at(now));
                match step {
                    Step::Wait(seconds) => now += seconds,
                    Step::Acknowledge => incident.attention = taken(&incident, Wish::Acknowledge).unwrap_or(incident.attention),
                    Step::Snooze(seconds) => {
                        let wish = Wish::Snooze(at(now + seconds));
                        incident.attention = taken(&incident, wish).unwrap_or(incident.attention);
                    }
                    Step::Unsnooze => incident.attention = taken(&incident, Wish::Unsnooze).unwrap_or(incident.attention),
                    Step::Worse => {
                        incident.attention.rearm(at(now));
                        armings += 1;
                    }
                    Step::Mute(seconds) => mutes.push(mute(now, now + seconds)),
                }
                let in_peace = incident.attention.snooze().is_some_and(|snooze| snooze.until > at(now));
                let muted = covering(&mutes, &incident, at(now)).is_some();
                let acknowledged = incident.attention.acknowledged.is_some();
                let Some(attended) = attend(&incident, &mutes, &policy(), at(now)) else { continue };
                prop_assert!(attended.due.is_empty() || !(in_peace || muted), "{:?}", attended.due);
                for (due, number) in &attended.due {
                    prop_assert!(!numbers.contains(number));
                    numbers.push(*number);
                    prop_assert!(*due != Due::Escalation || !acknowledged);
                    escalations += usize::from(*due == Due::Escalation);
                }
                prop_assert_eq!(attended.attention.muted.is_some(), muted);
                incident.attention = attended.attention;
                prop_assert_eq!(attend(&incident, &mutes, &policy(), at(now)), None);
                let kept = serde_json::to_value(&incident).unwrap();
                prop_assert_eq!(&serde_json::from_value::<Incident>(kept).unwrap(), &incident, "a restart knows all of it");
            }
            prop_assert!(escalations <= armings);
        }
    }
}
