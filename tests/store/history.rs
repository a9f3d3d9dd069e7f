//! How the connectors were is written when it changes, survives restarts, and is not made up for when nobody looked.

use std::sync::Arc;
use std::time::Duration;

use botswain::domain::connector::{AgentStatus, Bot, Connector, Environment, Link};
use botswain::domain::fleet::{Malformed, Reading};
use botswain::domain::history::{History, Span, State};
use botswain::domain::ids::{BotId, ConnectorId};
use botswain::domain::incident::{Incident, Phase, Subject};
use botswain::domain::notice::Call;
use botswain::domain::policy::Picture;
use botswain::history::{Chronicle, patience};
use botswain::store::incidents::{Changed, Opened};
use tokio::sync::watch;

use crate::facts::{ALERTS, at, incident};
use crate::ground::Ground;

on_both!(
    a_row_is_written_for_each_change_and_none_for_what_stays,
    p5_a_failed_poll_is_a_gap_and_no_change,
    p5_gone_is_written_only_once_all_can_be_seen,
    p6_a_restart_writes_nothing_again_and_leaves_a_gap_only_if_it_took_long,
    what_is_too_old_is_deleted_but_not_how_it_stood_then,
    a_thousand_connectors_of_any_id_are_written,
    incidents_are_found_that_were_open_within_a_time,
);

const POLL: Duration = Duration::from_secs(20);

/// A chronicle over a fleet that the test changes.
struct Log {
    picture: watch::Sender<Arc<Picture>>,
    chronicle: Chronicle,
}

impl Log {
    fn of(ground: &Ground, retention: Option<Duration>) -> Self {
        let (picture, watched) = watch::channel(Arc::default());
        Self { picture, chronicle: Chronicle::new(ground.store.clone(), watched, POLL, retention) }
    }

    /// A complete reading of these connectors; how many rows that made.
    async fn read(&mut self, connectors: Vec<Connector>, second: i64) -> usize {
        self.take(Reading { connectors, malformed: Vec::new(), complete: true }, second).await
    }

    async fn take(&mut self, reading: Reading, second: i64) -> usize {
        let mut picture = Picture::clone(&self.picture.borrow());
        picture.trouble = (!reading.complete).then(|| "A page is missing.".to_owned());
        picture.fleet.read(reading, at(second));
        self.picture.send_replace(Arc::new(picture));
        self.chronicle.step(at(second)).await.unwrap()
    }

    async fn fail(&mut self, second: i64) -> usize {
        let mut picture = Picture::clone(&self.picture.borrow());
        picture.trouble = Some("It did not answer.".to_owned());
        picture.fleet.could_not_read(at(second));
        self.picture.send_replace(Arc::new(picture));
        self.chronicle.step(at(second)).await.unwrap()
    }
}

fn connector(name: &str) -> Connector {
    Connector {
        id: ConnectorId::new(name),
        name: name.to_owned(),
        bot: Bot { id: BotId::new("billing"), name: "Billing Bot".to_owned() },
        environment: Environment::new("production"),
        agent: AgentStatus::Online,
        conversational_cloud: Link::Connected,
        bot_server: Link::Connected,
        conversations: None,
        since: None,
        last_operation: None,
        revision: None,
        under_way: None,
    }
}

fn stopped(name: &str) -> Connector {
    Connector { agent: AgentStatus::Stopped, ..connector(name) }
}

async fn history(ground: &Ground, from: i64, until: i64) -> History {
    let span = Span { from: at(from), until: at(until) };
    let production = Environment::new("production");
    ground.store.history(&BotId::new("billing"), &production, span, patience(POLL)).await.unwrap()
}

fn changes(history: &History) -> Vec<(String, Vec<(i64, State)>)> {
    let lane = |lane: &botswain::domain::history::Lane| {
        let change = |c: &botswain::domain::history::Change| (c.at.as_second() - at(0).as_second(), c.state);
        (lane.name.clone(), lane.changes.iter().map(change).collect())
    };
    history.lanes.iter().map(lane).collect()
}

fn watched(history: &History) -> Vec<(i64, i64)> {
    let second = |at_: jiff::Timestamp| at_.as_second() - at(0).as_second();
    history.watched.iter().map(|span| (second(span.from), second(span.until))).collect()
}

use State::{Gone, Healthy, Stopped, Unread};

async fn a_row_is_written_for_each_change_and_none_for_what_stays(ground: Ground) {
    let mut log = Log::of(&ground, None);
    assert_eq!(log.chronicle.step(at(0)).await.unwrap(), 0, "nothing was read yet");
    assert_eq!(log.read(vec![connector("a"), connector("b")], 0).await, 2);
    assert_eq!(log.read(vec![connector("a"), connector("b")], 20).await, 0);
    assert_eq!(log.read(vec![connector("a"), stopped("b")], 40).await, 1);
    let moved = Connector { environment: Environment::new("demo"), ..stopped("b") };
    assert_eq!(log.read(vec![connector("a"), moved], 60).await, 2, "gone here, and there elsewhere");
    let seen = history(&ground, -10, 100).await;
    assert_eq!(
        changes(&seen),
        [("a".to_owned(), vec![(0, Healthy)]), ("b".to_owned(), vec![(0, Healthy), (40, Stopped), (60, Gone)]),]
    );
    assert_eq!(watched(&seen), [(0, 100)]);
    assert_eq!(changes(&history(&ground, 50, 100).await)[1].1, [(40, Stopped), (60, Gone)], "as it stood at first");
    assert_eq!(changes(&history(&ground, 70, 100).await), [("a".to_owned(), vec![(0, Healthy)])]);
    let (bot, demo) = (BotId::new("billing"), Environment::new("demo"));
    let span = Span { from: at(0), until: at(100) };
    let elsewhere = ground.store.history(&bot, &demo, span, patience(POLL)).await.unwrap();
    assert_eq!(changes(&elsewhere), [("b".to_owned(), vec![(60, Stopped)])]);
}

async fn p5_a_failed_poll_is_a_gap_and_no_change(ground: Ground) {
    let mut log = Log::of(&ground, None);
    log.read(vec![connector("a")], 0).await;
    for second in [20, 40, 60, 300, 600] {
        assert_eq!(log.fail(second).await, 0, "{second}");
    }
    log.read(vec![connector("a")], 620).await;
    let seen = history(&ground, 0, 700).await;
    assert_eq!(changes(&seen), [("a".to_owned(), vec![(0, Healthy)])]);
    assert_eq!(
        watched(&seen),
        [(0, 0), (620, 700)].into_iter().filter(|(from, until)| from < until).collect::<Vec<_>>()
    );
    assert_eq!(seen.figures(1, &[]).seen, Duration::from_secs(80), "nobody knows of the ten minutes");
}

async fn p5_gone_is_written_only_once_all_can_be_seen(ground: Ground) {
    let mut log = Log::of(&ground, None);
    log.read(vec![connector("a"), connector("b")], 0).await;
    let half = |complete| Reading { connectors: vec![connector("a")], malformed: Vec::new(), complete };
    assert_eq!(log.take(half(false), 20).await, 1, "its page is missing");
    assert_eq!(changes(&history(&ground, 0, 90).await)[1].1, [(0, Healthy), (20, Unread)]);
    // Another process, which has not seen it yet.
    let mut log = Log::of(&ground, None);
    assert_eq!(log.take(half(false), 40).await, 0, "it may be there all the same");
    let malformed = vec![Malformed::default()];
    let reading = Reading { connectors: vec![connector("a")], malformed, complete: true };
    assert_eq!(log.take(reading, 60).await, 0, "a record of nobody may be it");
    assert_eq!(log.take(half(true), 80).await, 1);
    assert_eq!(changes(&history(&ground, 0, 90).await)[1].1, [(0, Healthy), (20, Unread), (80, Gone)]);
}

async fn p6_a_restart_writes_nothing_again_and_leaves_a_gap_only_if_it_took_long(ground: Ground) {
    let mut log = Log::of(&ground, None);
    log.read(vec![connector("a"), stopped("b")], 0).await;
    let ground = ground.restarted().await;
    let mut log = Log::of(&ground, None);
    assert_eq!(log.read(vec![connector("a"), stopped("b")], 100).await, 0);
    assert_eq!(watched(&history(&ground, 0, 110).await), [(0, 110)], "soon back");
    let mut log = Log::of(&ground, None);
    assert_eq!(log.read(vec![connector("a"), connector("b")], 1000).await, 1);
    assert_eq!(watched(&history(&ground, 0, 1050).await), [(0, 100), (1000, 1050)]);
    assert_eq!(watched(&history(&ground, 0, 5000).await), [(0, 100)], "and what came of the last look is not known");
}

async fn what_is_too_old_is_deleted_but_not_how_it_stood_then(ground: Ground) {
    let mut log = Log::of(&ground, Some(Duration::from_secs(86_400)));
    log.read(vec![connector("a"), connector("b"), connector("c")], 0).await;
    log.read(vec![stopped("a"), connector("b"), connector("c")], 30).await;
    log.read(vec![stopped("a"), connector("b")], 60).await;
    log.read(vec![stopped("a"), connector("b")], 90).await;
    log.read(vec![connector("a"), connector("b")], 2 * 86_400).await;
    let all = history(&ground, -10, 2 * 86_400 + 10).await;
    assert_eq!(
        changes(&all),
        [("a".to_owned(), vec![(30, Stopped), (2 * 86_400, Healthy)]), ("b".to_owned(), vec![(0, Healthy)]),],
        "what had been gone for a day is gone for good"
    );
    assert_eq!(watched(&all).len(), 1);
}

async fn a_thousand_connectors_of_any_id_are_written(ground: Ground) {
    let mut log = Log::of(&ground, None);
    let odd = |n: i32| Connector {
        id: ConnectorId::new(format!("{n}\0{}", "x".repeat(3000))),
        name: format!("{n}\0 ⚓"),
        ..connector("x")
    };
    assert_eq!(log.read((0..1000).map(odd).collect(), 0).await, 1000);
    let seen = history(&ground, -10, 100).await;
    assert_eq!(seen.lanes.len(), 1000);
    assert_eq!(seen.steps().last().unwrap().count.unwrap().healthy, 1000);
    let mut log = Log::of(&ground, None);
    assert_eq!(log.read((0..1000).map(odd).collect(), 20).await, 0, "known by the same names");
}

async fn incidents_are_found_that_were_open_within_a_time(ground: Ground) {
    let store = &ground.store;
    let mut first = incident("billing", 2);
    first.opened_at = at(0);
    let subject: Subject = first.subject.clone();
    assert_eq!(store.open_incident(&first, Call::Card, ALERTS, at(0)).await.unwrap(), Opened::Now);
    let kept = store.open_incidents().await.unwrap().remove(0);
    let over = Incident { phase: Phase::Resolved { at: at(100), by: None }, ..first };
    assert_eq!(store.change_incident(&kept, &over, Call::Nobody, ALERTS, at(100)).await.unwrap(), Changed::Now);
    let second = Incident { opened_at: at(200), ..incident("billing", 2) };
    assert_eq!(store.open_incident(&second, Call::Card, ALERTS, at(200)).await.unwrap(), Opened::Now);
    for (from, until, found) in [(50, 150, 1), (150, 190, 0), (150, 300, 1), (0, 999, 2), (500, 999, 1)] {
        let span = Span { from: at(from), until: at(until) };
        assert_eq!(store.incidents_on(&subject, span).await.unwrap().len(), found, "{from} to {until}");
    }
}
