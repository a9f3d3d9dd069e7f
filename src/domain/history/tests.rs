//! Histories with known answers.

use super::super::attention::Done;
use super::super::authority::Person;
use super::super::connector::tests::connector;
use super::super::connector::{AgentStatus, Link};
use super::super::ids::UserId;
use super::super::incident::{Facts, Subject};
use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn span(from: i64, until: i64) -> Span {
    Span { from: at(from), until: at(until) }
}

fn lane(name: &str, changes: &[(i64, State)]) -> Lane {
    let changes = changes.iter().map(|(second, state)| Change { at: at(*second), state: *state }).collect();
    Lane { connector: ConnectorId::new(name), name: name.to_owned(), changes }
}

/// From 0 to 1000, watched all the time.
fn history(lanes: Vec<Lane>) -> History {
    History { span: span(0, 1000), watched: vec![span(-50, 2000)], lanes }
}

fn counts(history: &History) -> Vec<(i64, Option<(u32, u32)>)> {
    let of = |step: &Step| (step.span.from.as_second(), step.count.map(|count| (count.healthy, count.best)));
    history.steps().iter().map(of).collect()
}

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

use State::{Gone, Healthy, NotConnected, OnlineNotConnected, Stopped, Unread};

#[test]
fn healthy_connectors_are_counted_over_time() {
    let history = history(vec![
        lane("a", &[(-10, Healthy), (300, NotConnected), (400, Healthy)]),
        lane("b", &[(100, Healthy), (300, Stopped), (800, Gone)]),
    ]);
    assert_eq!(counts(&history), [(0, Some((1, 1))), (100, Some((2, 2))), (300, Some((0, 0))), (400, Some((1, 1)))]);
    let figures = history.figures(2, &[]);
    assert_eq!((figures.up, figures.out, figures.seen), (SECONDS(900), SECONDS(100), SECONDS(1000)));
    assert_eq!(figures.below, SECONDS(800), "outages included");
    assert_eq!(figures.longest_outage, SECONDS(100));
    assert_eq!(figures.uptime(), Some(900_000));
}

#[test]
fn p5_what_nobody_saw_counts_neither_as_up_nor_as_down() {
    let mut history = history(vec![lane("a", &[(-10, Healthy), (600, Unread), (700, NotConnected)])]);
    history.watched = vec![span(-50, 100), span(200, 300), span(300, 900)];
    assert_eq!(
        counts(&history),
        [(0, Some((1, 1))), (100, None), (200, Some((1, 1))), (600, Some((0, 1))), (700, Some((0, 0))), (900, None)]
    );
    let figures = history.figures(2, &[]);
    assert_eq!((figures.up, figures.out, figures.seen), (SECONDS(500), SECONDS(200), SECONDS(800)));
    assert_eq!(figures.below, SECONDS(800), "even at best there was only one");
    assert_eq!(history.figures(1, &[]).below, SECONDS(200), "it may have been healthy while it could not be read");
    let nothing = History { watched: Vec::new(), ..history };
    assert_eq!((nothing.figures(2, &[]).uptime(), nothing.figures(2, &[]).seen), (None, Duration::ZERO));
}

#[test]
fn before_its_first_connector_and_after_its_last_there_is_no_outage() {
    let history = history(vec![lane("a", &[(200, Healthy), (500, Gone)])]);
    assert_eq!(counts(&history), [(0, None), (200, Some((1, 1))), (500, None)]);
    assert_eq!(history.figures(2, &[]).longest_outage, Duration::ZERO);
}

#[test]
fn the_longest_outage_is_without_a_break() {
    let lanes = vec![
        lane("a", &[(-10, Healthy), (100, NotConnected), (200, Healthy), (300, Stopped), (600, Healthy)]),
        lane("b", &[(-10, Stopped), (400, NotConnected), (500, OnlineNotConnected)]),
    ];
    let figures = history(lanes).figures(1, &[]);
    assert_eq!((figures.out, figures.longest_outage), (SECONDS(400), SECONDS(300)));
}

#[test]
fn a_drop_is_what_nobody_did() {
    let drops = |changes: &[(i64, State)]| history(vec![lane("a", changes)]).drops();
    assert_eq!(drops(&[(-10, Healthy), (100, NotConnected), (200, Healthy), (300, OnlineNotConnected)]), 2);
    assert_eq!(drops(&[(-10, Healthy), (100, Stopped), (150, NotConnected), (200, Healthy)]), 0, "a restart");
    assert_eq!(drops(&[(-10, Healthy), (100, Unread), (150, NotConnected)]), 1, "seen a little later");
    assert_eq!(drops(&[(-10, Healthy), (100, Unread), (150, Healthy)]), 0, "nobody saw that it was down");
    assert_eq!(drops(&[(-20, Healthy), (-10, NotConnected)]), 0, "that was before");
}

#[test]
fn uptime_is_never_rounded_up_to_all_of_it() {
    let figures = Figures { up: SECONDS(7_775_999), out: SECONDS(1), ..Figures::default() };
    assert_eq!(figures.uptime(), Some(999_999));
}

fn incident(opened: i64, acknowledged: Option<i64>, resolved: Option<i64>) -> Incident {
    let mut incident = Incident::new(Subject::Blind, Facts::NeverRedundant { bots: Vec::new() }, at(opened));
    let by = Person { id: UserId(1), name: "Olga".into() };
    incident.attention.acknowledged = acknowledged.map(|second| Done { by, at: at(second) });
    incident.phase = resolved.map_or(Phase::Open, |second| Phase::Resolved { at: at(second), by: None });
    incident
}

#[test]
fn means_are_of_those_that_came_so_far() {
    let suspected = Phase::Suspected { since: at(10), well_since: None };
    let incidents = [
        incident(100, Some(160), Some(400)),
        incident(500, Some(520), None),
        incident(700, None, Some(800)),
        incident(-5, Some(0), Some(1)),
        Incident { phase: suspected, ..incident(10, None, None) },
    ];
    let figures = history(Vec::new()).figures(2, &incidents);
    assert_eq!(figures.incidents, 3, "not the one from before, nor what was never more than suspected");
    assert_eq!(figures.to_acknowledge, Some(SECONDS(40)));
    assert_eq!(figures.to_recover, Some(SECONDS(200)));
    let none = history(Vec::new()).figures(2, &[]);
    assert_eq!((none.to_acknowledge, none.to_recover), (None, None));
}

#[test]
fn every_state_has_its_word_and_another_versions_word_is_not_healthy() {
    for state in State::ALL {
        assert_eq!(State::from_word(state.word()), state);
    }
    assert_eq!(State::from_word("sparkling"), Unread);
    let stopped = Connector {
        agent: AgentStatus::Stopped,
        conversational_cloud: Link::NotConnected,
        ..connector("a", "Bot", "production")
    };
    let mut sighting = Sighting { connector: stopped, sight: Sight::Fresh, seen_at: at(0) };
    assert_eq!(State::of(&sighting), Stopped);
    sighting.sight = Sight::Missing;
    assert_eq!(State::of(&sighting), Unread, "gone needs two complete polls");
}
