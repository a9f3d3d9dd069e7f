//! What is waited for, what is said once, and what any sequence of observations keeps to.

use proptest::prelude::*;

use super::*;
use crate::domain::attention::Wish;
use crate::domain::authority::Person;
use crate::domain::connector::{Bot, Environment};
use crate::domain::ids::{BotId, UserId};
use crate::domain::incident::Failover;

const PATIENCE: Patience = Patience {
    alert_after: Duration::from_secs(30),
    outage_after: Duration::from_secs(10),
    recover_after: Duration::from_secs(60),
    reopen_within: Duration::from_secs(900),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn seen(level: Level, healthy: u32, unannounced: Severity) -> Observation {
    let bot = Bot { id: BotId::new("b"), name: "Billing Bot".into() };
    let facts = Failover { level, healthy, total: 2, minimum: 2, lines: Vec::new() };
    Observation {
        subject: Subject::Failover { bot, environment: Environment::new("production") },
        facts: Facts::Failover(facts),
        standing: Standing::of(level),
        unannounced,
        watched_since: at(0),
        ended_by: None,
    }
}

fn lost() -> Observation {
    seen(Level::AtRisk, 1, Severity::AtRisk)
}

fn out() -> Observation {
    seen(Level::Outage, 0, Severity::Outage)
}

fn well() -> Observation {
    seen(Level::Redundant, 2, Severity::Quiet)
}

fn unknown() -> Observation {
    seen(Level::Unknown, 0, Severity::Quiet)
}

/// What the store would hold, and the bot as the world sees it.
#[derive(Default)]
struct Ledger {
    patience: Patience,
    open: Option<Incident>,
    last: Option<Incident>,
    storm: Option<Id>,
}

impl Ledger {
    fn with(patience: Patience) -> Self {
        Self { patience, ..Self::default() }
    }

    fn see(&mut self, seen: &Observation, second: i64) -> Judged {
        let past = Past {
            open: self.open.as_ref(),
            last: self.last.as_ref().map(|last| (last, None)),
            storm: self.storm.as_ref(),
        };
        let judged = decide(past, seen, &self.patience, at(second));
        match judged.after.clone() {
            After::Same => {}
            After::Forgotten => self.open = None,
            After::Is(incident) | After::Back(incident) if incident.resolved_at().is_some() => {
                (self.open, self.last) = (None, Some(*incident));
            }
            After::Is(incident) | After::Back(incident) => self.open = Some(*incident),
        }
        judged
    }

    fn says(&mut self, seen: &Observation, second: i64) -> (Reason, Call) {
        let judged = self.see(seen, second);
        (judged.reason, judged.call)
    }

    fn open(&self) -> &Incident {
        self.open.as_ref().expect("an incident")
    }
}

#[test]
fn a_blip_is_no_alert_and_a_loss_is_one_once_it_has_lasted() {
    let mut ledger = Ledger::with(PATIENCE);
    let judged = ledger.see(&lost(), 100);
    assert_eq!((judged.reason, judged.call, judged.shown), (Reason::Suspected, Call::Nobody, false));
    assert_eq!((judged.due, ledger.open().card()), (Some(at(130)), None));
    assert_eq!(ledger.see(&lost(), 129), Judged::same(Some(at(130))));
    assert_eq!(ledger.says(&lost(), 130), (Reason::Opened, Call::Card));
    assert_eq!((ledger.open().opened_at, ledger.open().has_own_card()), (at(100), true));

    let mut blip = Ledger::with(PATIENCE);
    blip.see(&lost(), 100);
    assert_eq!(blip.see(&well(), 110).due, Some(at(170)));
    assert_eq!(blip.says(&well(), 170), (Reason::Forgotten, Call::Nobody));
    assert_eq!((blip.open, blip.last), (None, None));
}

#[test]
fn an_outage_is_waited_for_less_also_when_it_began_as_less() {
    let mut ledger = Ledger::with(PATIENCE);
    ledger.see(&out(), 100);
    assert_eq!(ledger.says(&out(), 110), (Reason::Opened, Call::Card));
    let mut ledger = Ledger::with(PATIENCE);
    ledger.see(&lost(), 100);
    assert_eq!(ledger.says(&out(), 112), (Reason::Opened, Call::Card), "it has been broken for that long");
    let slow = Patience { alert_after: Duration::from_secs(5), ..PATIENCE };
    let mut ledger = Ledger::with(slow);
    ledger.see(&out(), 100);
    assert_eq!(ledger.says(&out(), 105), (Reason::Opened, Call::Card), "never later than less than an outage");
}

#[test]
fn what_falls_again_and_again_is_an_incident_however_soon_it_comes_back() {
    let mut ledger = Ledger::with(PATIENCE);
    for (second, reason) in [(100, Reason::Suspected), (140, Reason::Suspected), (180, Reason::Opened)] {
        assert_eq!(ledger.see(&lost(), second).reason, reason, "at {second}");
        if reason != Reason::Opened {
            ledger.see(&well(), second + 20);
        }
    }
    assert_eq!(ledger.open().flaps, 2);
}

#[test]
fn p7_what_was_announced_opens_in_silence_and_what_got_worse_by_itself_calls_once() {
    let mut ledger = Ledger::with(PATIENCE);
    ledger.see(&seen(Level::AtRisk, 1, Severity::Quiet), 100);
    let quiet = seen(Level::AtRisk, 1, Severity::Quiet);
    assert_eq!(ledger.says(&quiet, 130), (Reason::Opened, Call::Nobody));
    let waits = ledger.see(&out(), 200);
    assert_eq!((waits.reason, waits.call, waits.shown), (Reason::Changed, Call::Nobody, true));
    assert_eq!(waits.due, Some(at(210)));
    assert_eq!(ledger.says(&out(), 210), (Reason::Worse, Call::Worse));
    assert_eq!((ledger.open().announced, ledger.open().replies), (Severity::Outage, 1));
    assert_eq!(ledger.says(&out(), 300), (Reason::Nothing, Call::Nobody));
    assert_eq!(ledger.says(&lost(), 310), (Reason::Changed, Call::Nobody));
    assert_eq!(ledger.says(&out(), 400), (Reason::Changed, Call::Nobody), "that was said");
}

#[test]
fn p7_whoever_took_it_on_when_its_card_was_as_bad_has_it_still_when_that_is_announced() {
    let olga = Person { id: UserId(3), name: "Olga".into() };
    let quiet = seen(Level::AtRisk, 1, Severity::Quiet);
    for (taken, keeps) in [(150, false), (202, false), (206, true)] {
        let mut ledger = Ledger::with(PATIENCE);
        for (second, observation) in [(100, &quiet), (130, &quiet), (200, &lost()), (204, &out()), (207, &out())] {
            if taken < second && ledger.open().attention.acknowledged.is_none() {
                let attention = ledger.open().take(Wish::Acknowledge, &olga, at(taken)).unwrap();
                ledger.open.as_mut().unwrap().attention = attention;
            }
            ledger.see(observation, second);
        }
        assert_eq!(ledger.says(&out(), 210), (Reason::Worse, Call::Worse), "it is said all the same");
        assert_eq!(ledger.open().attention.acknowledged.is_some(), keeps, "taken at {taken}");
    }
}

#[test]
fn what_got_worse_for_a_moment_calls_nobody() {
    let mut ledger = Ledger::with(PATIENCE);
    ledger.see(&lost(), 100);
    ledger.see(&lost(), 130);
    ledger.see(&out(), 200);
    ledger.see(&lost(), 205);
    assert_eq!(ledger.open().worse_since, None);
    assert_eq!(ledger.see(&out(), 215).due, Some(at(225)), "it begins anew");
}

#[test]
fn an_incident_is_over_once_it_has_been_well_for_long_enough_and_not_before() {
    let mut ledger = Ledger::with(PATIENCE);
    ledger.see(&lost(), 100);
    ledger.see(&lost(), 130);
    let judged = ledger.see(&well(), 200);
    assert_eq!((judged.reason, judged.shown, judged.due), (Reason::Recovering, true, Some(at(260))));
    assert_eq!(ledger.says(&lost(), 259), (Reason::Relapsed, Call::Nobody));
    assert_eq!(ledger.open().flaps, 1);
    ledger.see(&well(), 300);
    let by = Ending::Elsewhere { what: "Started".into(), who: None };
    let ended = Observation { ended_by: Some(by.clone()), ..well() };
    assert_eq!(ledger.says(&ended, 360), (Reason::Resolved, Call::Nobody));
    let over = ledger.last.unwrap();
    assert_eq!(over.phase, Phase::Resolved { at: at(300), by: Some(by) }, "it ended when it was well");
}

#[test]
fn p5_what_is_unknown_neither_opens_nor_ends_anything_and_is_no_time_of_being_well() {
    let mut ledger = Ledger::with(PATIENCE);
    assert_eq!(ledger.see(&unknown(), 50), Judged::same(None));
    ledger.see(&lost(), 100);
    assert_eq!(ledger.says(&unknown(), 140), (Reason::Suspected, Call::Nobody), "nothing is opened on it");
    assert_eq!(ledger.says(&lost(), 141), (Reason::Opened, Call::Card));
    ledger.see(&well(), 200);
    assert_eq!(ledger.says(&unknown(), 250).0, Reason::Unseen);
    assert_eq!(ledger.see(&well(), 261).due, Some(at(310)), "counted from when it was last not seen well");
    assert_eq!(ledger.says(&well(), 310), (Reason::Resolved, Call::Nobody));
}

#[test]
fn p5_a_gap_in_watching_is_no_time_of_being_well() {
    let mut ledger = Ledger::with(PATIENCE);
    ledger.see(&lost(), 100);
    ledger.see(&lost(), 130);
    ledger.see(&well(), 200);
    let after_a_gap = Observation { watched_since: at(1000), ..well() };
    assert_eq!(ledger.see(&after_a_gap, 1000).due, Some(at(1060)));
    assert_eq!(ledger.says(&after_a_gap, 1060), (Reason::Resolved, Call::Nobody));
}

fn one_that_is_over(ledger: &mut Ledger, from: i64) {
    ledger.see(&lost(), from);
    ledger.see(&lost(), from + 30);
    ledger.see(&well(), from + 40);
    ledger.see(&well(), from + 100);
    assert!(ledger.open.is_none());
}

#[test]
fn what_comes_back_soon_is_the_same_incident_and_says_so_once_in_that_time() {
    let mut ledger = Ledger::with(PATIENCE);
    one_that_is_over(&mut ledger, 100);
    let first = ledger.last.clone().unwrap();
    ledger.see(&lost(), 900);
    assert_ne!(ledger.open().id, first.id, "what is only suspected leaves it as it is");
    assert_eq!(ledger.says(&lost(), 930), (Reason::Back, Call::Back));
    assert_eq!((&ledger.open().id, ledger.open().flaps, ledger.open().replies), (&first.id, 1, 1));
    ledger.see(&well(), 940);
    ledger.see(&well(), 1000);
    ledger.see(&lost(), 1100);
    assert_eq!(ledger.says(&lost(), 1130), (Reason::Back, Call::Nobody), "it was said that it comes and goes");
    assert_eq!(ledger.open().flaps, 2);
    assert_eq!(ledger.says(&out(), 1200).1, Call::Nobody);
    assert_eq!(ledger.says(&out(), 1210), (Reason::Worse, Call::Worse), "but not that it is an outage");
    ledger.see(&well(), 1300);
    ledger.see(&well(), 1360);
    ledger.see(&lost(), 1900);
    assert_eq!(ledger.says(&lost(), 1930), (Reason::Back, Call::Back), "that is another time");
}

#[test]
fn what_comes_back_later_is_another_incident_with_a_link() {
    let mut ledger = Ledger::with(PATIENCE);
    one_that_is_over(&mut ledger, 100);
    let first = ledger.last.clone().unwrap();
    ledger.see(&lost(), 140 + 900);
    assert_eq!(ledger.says(&lost(), 140 + 930), (Reason::Opened, Call::Card));
    let before = ledger.open().before.clone().unwrap();
    assert_eq!((before.incident, before.ended_at), (first.id.clone(), at(140)));
    assert_ne!(ledger.open().id, first.id);
}

#[test]
fn p7_what_comes_back_by_an_operator_is_quiet_until_it_overruns() {
    let mut ledger = Ledger::with(PATIENCE);
    one_that_is_over(&mut ledger, 100);
    let stopped = seen(Level::AtRisk, 1, Severity::Quiet);
    ledger.see(&stopped, 300);
    assert_eq!(ledger.says(&stopped, 330), (Reason::Back, Call::Nobody));
    ledger.see(&lost(), 700);
    assert_eq!(ledger.says(&lost(), 730), (Reason::Worse, Call::Worse));
}

#[test]
fn p2_in_a_storm_a_bot_stands_on_the_storms_card_and_on_its_own_when_it_outlasts_it() {
    let storm = Id::random();
    let mut ledger = Ledger { storm: Some(storm.clone()), ..Ledger::with(PATIENCE) };
    ledger.see(&lost(), 100);
    assert_eq!(ledger.says(&lost(), 130), (Reason::Swept, Call::Nobody));
    assert_eq!(ledger.open().card(), Some(&storm));
    ledger.see(&out(), 200);
    assert_eq!(ledger.says(&out(), 210), (Reason::Worse, Call::Nobody), "the storm's card says how bad it is");
    ledger.storm = None;
    assert_eq!(ledger.says(&unknown(), 220).1, Call::Nobody);
    assert_eq!(ledger.says(&out(), 230), (Reason::LeftBehind, Call::Card));
    assert!(ledger.open().has_own_card());
}

#[test]
fn p2_what_has_a_card_of_its_own_keeps_it_in_a_storm_and_what_an_operator_does_is_no_part_of_one() {
    let mut ledger = Ledger::with(PATIENCE);
    ledger.see(&lost(), 100);
    ledger.see(&lost(), 130);
    ledger.storm = Some(Id::random());
    ledger.see(&out(), 200);
    assert_eq!(ledger.says(&out(), 210), (Reason::Worse, Call::Worse));
    assert!(ledger.open().has_own_card());
    let mut ledger = Ledger { storm: Some(Id::random()), ..Ledger::with(PATIENCE) };
    let stopped = seen(Level::AtRisk, 1, Severity::Quiet);
    ledger.see(&stopped, 100);
    assert_eq!(ledger.says(&stopped, 130), (Reason::Opened, Call::Nobody));
    assert!(ledger.open().has_own_card());
}

#[test]
fn p2_what_recovers_after_its_storm_stands_where_it_stood_and_what_it_was_part_of_is_not_opened_again() {
    let storm = Id::random();
    let mut ledger = Ledger { storm: Some(storm.clone()), ..Ledger::with(PATIENCE) };
    ledger.see(&lost(), 100);
    ledger.see(&lost(), 130);
    ledger.see(&well(), 200);
    ledger.storm = None;
    assert_eq!(ledger.says(&well(), 260), (Reason::Resolved, Call::Nobody));
    assert_eq!(ledger.last.as_ref().unwrap().card(), Some(&storm));
    ledger.see(&lost(), 300);
    assert_eq!(ledger.says(&lost(), 330), (Reason::Opened, Call::Card), "it has no card to come back to");
    assert_eq!(ledger.open().before.as_ref().map(|before| &before.incident), Some(&storm));
}

#[test]
fn what_has_lasted_when_it_is_seen_is_an_incident_at_once() {
    let terms =
        Terms { alert_after: Duration::from_secs(30), recover_after: Duration::from_secs(60), ..Terms::default() };
    let mut ledger = Ledger::with(Patience::with_what_has_lasted(&terms));
    assert_eq!(ledger.says(&lost(), 100), (Reason::Opened, Call::Card));
    assert_eq!(ledger.says(&well(), 110).0, Reason::Recovering);
}

// ---- Whatever is seen, in whatever order ----------------------------------------------------------------------------

fn any_observation() -> impl Strategy<Value = Observation> {
    prop_oneof![
        Just(lost()),
        Just(out()),
        Just(well()),
        Just(unknown()),
        Just(seen(Level::Starting, 1, Severity::Quiet)),
        Just(seen(Level::AtRisk, 1, Severity::Quiet)),
        Just(seen(Level::Outage, 0, Severity::Quiet)),
    ]
}

fn any_patience() -> impl Strategy<Value = Patience> {
    let seconds = || (0u64..90).prop_map(Duration::from_secs);
    let window = (0u64..600).prop_map(Duration::from_secs);
    (seconds(), seconds(), seconds(), window).prop_map(|(alert_after, outage_after, recover_after, reopen_within)| {
        Patience { alert_after, outage_after, recover_after, reopen_within }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn p1_p2_p5_p7_any_sequence_calls_for_what_lasted_by_itself_and_ends_with_what_was_seen_well(
        patience in any_patience(),
        steps in prop::collection::vec((any_observation(), 0i64..40, prop::bool::weighted(0.1)), 1..60),
    ) {
        let mut ledger = Ledger::with(patience);
        let (mut now, mut watched_since) = (1000, 1000);
        let mut bad_since: Option<i64> = None;
        let mut not_well_at = 1000;
        let mut falls = Vec::new();
        let mut replies = std::collections::BTreeSet::new();
        let mut last_back: Option<i64> = None;
        for (observation, wait, restarts) in steps {
            now += wait;
            if restarts {
                // The process is gone; the store has all of it as text.
                let kept = ledger.open.as_ref().map(|open| serde_json::to_string(open).unwrap());
                ledger.open = kept.map(|kept| serde_json::from_str(&kept).unwrap());
                watched_since = now;
            }
            let seen = Observation { watched_since: at(watched_since), ..observation };
            if seen.standing == Standing::Incident {
                if bad_since.is_none() {
                    bad_since = Some(now);
                    falls.push(now);
                }
            } else if seen.standing == Standing::Well {
                bad_since = None;
            }
            if seen.standing != Standing::Well || restarts {
                not_well_at = now;
            }
            let before = ledger.open.clone();
            // What comes back is held against what was said of it before it was over.
            let announced = ledger.open.iter().chain(&ledger.last).map(|known| known.announced).max();
            let judged = ledger.see(&seen, now);
            let after = ledger.open.clone();

            if judged.call != Call::Nobody {
                prop_assert!(seen.unannounced > Severity::Quiet, "p7: nobody is called for what was announced");
                prop_assert!(seen.standing == Standing::Incident, "p5: nobody is called for what is not seen");
                let lasted = now - bad_since.unwrap();
                let asked = patience.until_alert(seen.unannounced).as_secs().try_into().unwrap();
                let since_long = |fall: &i64| now - fall <= 3600;
                prop_assert!(lasted >= asked || falls.iter().filter(|fall| since_long(fall)).count() >= 3, "a blip calls nobody");
            }
            match judged.call {
                Call::Worse | Call::Back => {
                    let open = after.as_ref().unwrap();
                    let new = replies.insert((open.id.clone(), open.replies));
                    prop_assert!(new, "p2: each reply is a new one");
                }
                Call::Card => prop_assert!(after.as_ref().unwrap().has_own_card()),
                Call::Nobody => {}
            }
            if judged.call == Call::Back && announced.is_none_or(|announced| seen.unannounced <= announced) {
                let window = i64::try_from(patience.reopen_within.as_secs()).unwrap();
                prop_assert!(last_back.is_none_or(|last| now - last >= window), "p2: once in the time");
            }
            if judged.call == Call::Back {
                last_back = Some(now);
            }
            if judged.reason == Reason::Resolved {
                let well_for = now - not_well_at;
                let asked = i64::try_from(patience.recover_after.as_secs()).unwrap();
                prop_assert!(seen.standing == Standing::Well && (well_for >= asked || asked == 0), "p5: it was not well for long");
            }
            if let Some(open) = &after {
                let loud = seen.standing == Standing::Incident && open.phase == Phase::Open && open.worse_since.is_none();
                prop_assert!(!loud || open.announced >= seen.unannounced, "p1: what is not waited for was said");
                prop_assert!(judged.due.is_none_or(|due| due > at(now)), "what is due is done");
                let suspected = matches!(open.phase, Phase::Suspected { .. });
                prop_assert_eq!(suspected, open.card().is_none(), "p2: one card, or none while it is suspected");
            }
            if seen.standing == Standing::Incident {
                prop_assert!(after.is_some(), "p1: what is bad is kept");
            }
            if seen.standing == Standing::Undecided {
                prop_assert_eq!(before.is_some(), after.is_some(), "p5: what is unknown opens and ends nothing");
            }
            prop_assert_eq!(
                judged.after == After::Same,
                before == after,
                "what is not written is as it was"
            );
        }
    }
}
