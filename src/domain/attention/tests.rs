//! When an incident is said again, as time passes and people act; whatever the order of both.

use proptest::prelude::*;

use super::*;
use crate::domain::connector::{Bot, Environment};
use crate::domain::ids::{BotId, ChannelId, RoleId, UserId};
use crate::domain::incident::{Facts, Failover};
use crate::domain::mute::Scope;
use crate::domain::policy::Terms;
use crate::domain::redundancy::Level;

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
        prolonged: None,
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
    incident.attention = incident.take(wish, &person("Olga"), at(second)).unwrap();
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
    assert_eq!(told, [(4_000, Due::Awake), (4_600, Due::Reminder), (5_500, Due::Escalation), (5_800, Due::Reminder)]);
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
    assert_eq!(told, [(5_600, Due::Reminder)], "the end of a mute is told in its summary, and of the snooze with it");
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
    let take = |incident: &Incident, wish| incident.take(wish, &otto, at(20));
    assert_eq!(take(&incident, Wish::Acknowledge), Err(Unchanged::Acknowledged(first)));
    assert_eq!(take(&incident, Wish::Unsnooze), Err(Unchanged::NotSnoozed(None)));
    takes(&mut incident, Wish::Snooze(at(100)), 11);
    assert_eq!(take(&self::incident(Severity::AtRisk), Wish::GiveBack), Err(Unchanged::NobodyHasIt(None)));
    let snoozed = Unchanged::Snoozed { by: person("Olga"), until: at(100) };
    assert_eq!(take(&incident, Wish::Snooze(at(500))), Err(snoozed));
    takes(&mut incident, Wish::Unsnooze, 12);
    let ended = SnoozeEnd::Unsnoozed(Done { by: person("Olga"), at: at(12) });
    assert_eq!(take(&incident, Wish::Unsnooze), Err(Unchanged::NotSnoozed(Some(ended))));
}

#[test]
fn what_somebody_gave_back_is_nobodys_and_escalated_as_if_it_were_new() {
    let mut incident = incident(Severity::AtRisk);
    let told = told(&mut incident, &[], 6_000, |incident, second| match second {
        // It was escalated before somebody took it on.
        1_600 => takes(incident, Wish::Acknowledge, second),
        3_000 => takes(incident, Wish::GiveBack, second),
        _ => {}
    });
    let escalated: Vec<_> = told.iter().filter(|(_, due)| *due == Due::Escalation).map(|(second, _)| *second).collect();
    assert_eq!(escalated, [1_500, 4_500]);
    let gave = Done { by: person("Olga"), at: at(3_000) };
    assert_eq!((incident.attention.acknowledged.as_ref(), incident.attention.given_back.as_ref()), (None, Some(&gave)));
    let again = incident.take(Wish::GiveBack, &person("Otto"), at(6_010));
    assert_eq!(again, Err(Unchanged::NobodyHasIt(Some(gave))));
    takes(&mut incident, Wish::Acknowledge, 6_020);
    assert_eq!(incident.attention.given_back, None);
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
    GiveBack,
    Snooze(i64),
    Unsnooze,
    Worse,
    Mute(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_i64..4_000).prop_map(Step::Wait),
        1 => Just(Step::Acknowledge),
        1 => Just(Step::GiveBack),
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
            let taken = |incident: &Incident, wish| incident.take(wish, &person("Olga"), at(now));
            match step {
                Step::Wait(seconds) => now += seconds,
                Step::Acknowledge => incident.attention = taken(&incident, Wish::Acknowledge).unwrap_or(incident.attention),
                Step::GiveBack => {
                    if let Ok(after) = taken(&incident, Wish::GiveBack) {
                        incident.attention = after;
                        armings += 1;
                    }
                }
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
