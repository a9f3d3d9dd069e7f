//! A push makes things sooner and never otherwise: what it tells is looked after, and the poll judges all.

use std::sync::Arc;
use std::time::Duration;

use botswain::config::Config;
use botswain::domain::action::Verb;
use botswain::domain::connector::Revision;
use botswain::domain::ids::ConnectorId;
use botswain::lifecycle::contract::Connector;
use botswain::lifecycle::{LifecycleClient, Pushes, Settings, StreamState, Told, Word};
use botswain::monitor::{Bells, Glanced, Monitor, Watch};
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind, Patch};
use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::world::{AT_ONCE, BILLING, ORDERS, World, harbour};

const LONG: Duration = Duration::from_secs(20);

fn config(world: &World) -> Config {
    let mut settings = vec![("DISCORD_TOKEN", "t"), ("DISCORD_GUILD_ID", "1"), ("DISCORD_ALERT_CHANNEL_ID", "900")];
    settings.extend(AT_ONCE);
    world.sandbox.config(&settings).unwrap()
}

fn lifecycle(world: &World) -> LifecycleClient {
    let config = config(world);
    let service = Settings::new(config.lifecycle.url, config.lifecycle.token);
    LifecycleClient::new(Settings { retries: 0, ..service }).unwrap()
}

/// The event stream as the program follows it, once it stands.
struct Stream {
    pushes: Arc<Pushes>,
    _task: AbortOnDropHandle<()>,
}

impl Stream {
    async fn of(world: &World) -> Self {
        let events = lifecycle(world).events();
        let (pushes, mut state) = (events.pushes(), events.state());
        let task = AbortOnDropHandle::new(tokio::spawn(events.run(CancellationToken::new())));
        let stands = state.wait_for(|state| *state == StreamState::Stands);
        tokio::time::timeout(LONG, stands).await.unwrap().unwrap();
        Self { pushes, _task: task }
    }

    /// Everything that is told until this connector is named.
    async fn told(&self, connector: &str) -> Told {
        let mut all = Told::default();
        while !all.named.contains_key(&ConnectorId::new(connector)) {
            let told = tokio::time::timeout(LONG, self.pushes.told()).await.unwrap();
            all.named.extend(told.named);
            all.any |= told.any;
        }
        all
    }
}

/// What is told of connectors, as if they had a revision that nobody knows yet.
fn told(connectors: &[&str]) -> Told {
    let word = || Word::Has(Revision("unheard-of".to_owned()));
    Told { named: connectors.iter().map(|id| (ConnectorId::new(*id), word())).collect(), ..Told::default() }
}

impl World {
    async fn glance(&mut self, told: Told) -> Glanced {
        self.monitor.glance(told, self.now()).await.unwrap()
    }

    fn healthy(&self, bot: &str) -> u32 {
        let picture = self.picture.borrow();
        picture.fleet.bots().iter().find(|view| view.bot.name == bot).unwrap().healthy()
    }

    /// How often the whole fleet was asked for so far.
    fn polls(&self) -> usize {
        self.fleet().requests().iter().filter(|request| request.path == "/v1/connectors").count()
    }
}

#[tokio::test]
async fn a_push_makes_an_alert_and_its_end_sooner_than_the_poll_and_without_one() {
    let mut world = World::open().await;
    let stream = Stream::of(&world).await;
    world.hush().await;
    let polls = world.polls();
    world.does("billing-2", Deed::Drop);
    let glanced = world.glance(stream.told("billing-2").await).await;
    assert_eq!((glanced.ticked.opened, world.said().await), (1, vec![format!("card! {BILLING}")]));
    assert_eq!(world.healthy("Billing Bot"), 1, "everybody sees it");
    world.does("billing-2", Deed::Recover);
    let glanced = world.glance(stream.told("billing-2").await).await;
    assert_eq!((glanced.ticked.resolved, world.said().await), (1, vec![format!("edit {BILLING}")]));
    assert_eq!(world.polls(), polls);
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0], "the poll finds it as it was glimpsed");
}

#[tokio::test]
async fn a_lost_push_is_found_by_the_poll() {
    let mut world = World::open().await;
    let stream = Stream::of(&world).await;
    world.hush().await;
    world.fleet().add_fault(FaultKind::LoseEvents);
    world.does("billing-2", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
    assert_eq!(stream.pushes.told().now_or_never(), None);
    world.fleet().clear_faults();
    world.does("billing-2", Deed::Recover);
    let told = stream.told("billing-2").await;
    assert_eq!(world.glance(told).await.ticked.resolved, 1, "what comes after it is pushed as ever");
}

#[tokio::test]
async fn an_older_event_does_not_undo_a_newer_reading_nor_does_one_that_comes_twice() {
    let mut world = World::open().await;
    let stream = Stream::of(&world).await;
    world.hush().await;
    world.does("billing-2", Deed::Drop);
    let old = stream.told("billing-2").await;
    world.does("billing-2", Deed::Recover);
    stream.told("billing-2").await;
    world.later(30).await;
    for _ in 0..2 {
        assert_eq!(world.glance(old.clone()).await, Glanced::default());
    }
    assert_eq!((world.said().await, world.healthy("Billing Bot")), (Vec::new(), 2));
    world.does("billing-2", Deed::Drop);
    let twice = stream.told("billing-2").await;
    assert_eq!(world.glance(twice.clone()).await.ticked.opened, 1);
    let requests = world.fleet().requests().len();
    assert_eq!(world.glance(twice).await, Glanced::default());
    assert_eq!(world.fleet().requests().len(), requests, "what is known is not asked for again");
}

#[tokio::test]
async fn after_a_glimpse_the_next_poll_reads_the_fleet_anew() {
    let mut world = World::open().await;
    world.does("billing-2", Deed::Drop);
    world.glance(told(&["billing-2"])).await;
    world.hush().await;
    world.later(30).await;
    let last = |world: &World| world.fleet().requests().into_iter().rfind(|r| r.path == "/v1/connectors").unwrap();
    assert_eq!(last(&world).status, Some(200), "a tag of before would stand for another fleet");
    world.later(30).await;
    assert_eq!(last(&world).status, Some(304));
}

#[tokio::test]
async fn load_alone_is_not_looked_after() {
    let mut world = World::open().await;
    let stream = Stream::of(&world).await;
    let requests = world.fleet().requests().len();
    let load = Patch { conversations: Some(Some(49)), ..Default::default() };
    world.does("faq-1", Deed::Set(Box::new(load)));
    world.glance(stream.told("faq-1").await).await;
    assert_eq!(world.fleet().requests().len(), requests);
}

#[tokio::test]
async fn a_connector_that_nobody_has_is_nothing_and_a_new_one_is_there_at_once() {
    let mut world = World::open().await;
    world.hush().await;
    assert_eq!(world.glance(told(&["nobody", "..", ""])).await, Glanced::default());
    world.does("billing-2", Deed::Vanish);
    world.later(30).await;
    world.later(30).await;
    world.hush().await;
    world.does("billing-2", Deed::Return);
    let glanced = world.glance(told(&["billing-2"])).await;
    assert_eq!((glanced.ticked.resolved, world.healthy("Billing Bot")), (1, 2));
}

#[tokio::test]
async fn p5_gone_takes_two_complete_polls_whatever_is_pushed() {
    let mut world = World::open().await;
    let stream = Stream::of(&world).await;
    world.hush().await;
    world.does("billing-2", Deed::Vanish);
    let gone = stream.told("billing-2").await;
    for _ in 0..3 {
        let glanced = world.glance(gone.clone()).await;
        assert_eq!(glanced, Glanced { gone: true, ..Glanced::default() }, "a poll is to look for it");
    }
    world.tick().await;
    assert_eq!((world.said().await, world.glance(gone).await), (Vec::new(), Glanced::default()));
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
}

#[tokio::test]
async fn p5_one_that_was_missing_is_there_again_at_once() {
    let mut world = World::open().await;
    world.does("billing-2", Deed::Vanish);
    world.later(30).await;
    assert_eq!(world.healthy("Billing Bot"), 1);
    world.does("billing-2", Deed::Return);
    let revision = Revision(world.fleet().connector("billing-2").unwrap().revision);
    let same = Told { named: [(ConnectorId::new("billing-2"), Word::Has(revision))].into(), ..Told::default() };
    world.glance(same).await;
    assert_eq!(world.healthy("Billing Bot"), 2);
}

#[tokio::test]
async fn p5_a_push_ends_no_blindness_and_alerts_only_if_even_the_best_case_is_too_few() {
    let mut world = World::open().await;
    world.fleet().add_fault(Fault::from(FaultKind::ServerError { status: 500 }).on("GET /v1/connectors"));
    for _ in 0..4 {
        world.later(30).await;
    }
    world.hush().await;
    let blind = world.other("blind").await;
    assert!(blind.is_some());
    world.does("orders-1", Deed::Drop);
    world.glance(told(&["orders-1"])).await;
    assert_eq!(world.said().await, [""; 0], "two of three may be well");
    world.does("orders-2", Deed::Drop);
    world.glance(told(&["orders-2"])).await;
    assert_eq!(world.said().await, [format!("card! {ORDERS}")], "at best one is");
    assert_eq!(world.other("blind").await, blind);
    assert!(world.picture.borrow().trouble.is_some() && world.picture.borrow().fleet.blind_since().is_some());
}

#[tokio::test]
async fn p5_before_the_fleet_was_read_a_push_is_no_alert() {
    let world = World::open().await;
    world.fleet().add_fault(Fault::from(FaultKind::ServerError { status: 500 }).on("GET /v1/connectors"));
    let mut world = world.restarted().await;
    world.hush().await;
    world.does("billing-2", Deed::Drop);
    for _ in 0..2 {
        assert_eq!(world.glance(told(&["billing-1", "billing-2"])).await, Glanced::default());
        world.later(30).await;
    }
    assert_eq!(world.said().await, [""; 0], "what is not read yet is not missing");
}

#[tokio::test]
async fn a_service_that_cannot_be_asked_after_a_push_changes_nothing() {
    for fault in [FaultKind::ServerError { status: 500 }, FaultKind::Garbage, FaultKind::Drop] {
        let mut world = World::open().await;
        world.hush().await;
        world.does("billing-2", Deed::Drop);
        world.fleet().add_fault(Fault::from(fault).on("GET /v1/connectors/{id}"));
        assert_eq!(world.glance(told(&["billing-2"])).await, Glanced::default());
        assert_eq!((world.said().await, world.healthy("Billing Bot")), (Vec::new(), 2));
        world.fleet().clear_faults();
        world.later(30).await;
        assert_eq!(world.said().await, [format!("card! {BILLING}")]);
    }
}

#[tokio::test]
async fn many_at_once_are_one_reading_and_so_is_not_knowing_which() {
    let mut fleet = harbour();
    fleet.extend(
        (0..300).map(|n| -> Connector { healthy(&format!("n{n:03}"), &format!("Bot {}", n / 2), "Production") }),
    );
    for any in [false, true] {
        let mut world = World::with(fleet.clone()).await;
        world.hush().await;
        for n in (0..200).step_by(2) {
            world.does(&format!("n{n:03}"), Deed::Drop);
        }
        let names: Vec<_> = (0..200).step_by(2).map(|n| format!("n{n:03}")).collect();
        let mut told = told(&names.iter().map(String::as_str).collect::<Vec<_>>());
        if any {
            told = Told { any, ..Told::default() };
        }
        let requests = world.fleet().requests().len();
        assert_eq!(world.glance(told).await.ticked.opened, 100);
        assert_eq!(world.fleet().requests().len() - requests, 2, "two pages");
        world.later(30).await;
        assert_eq!(world.open_incidents().await.len(), 101);
    }
}

#[tokio::test]
async fn p7_what_an_operator_did_pings_nobody_when_it_is_pushed() {
    let mut world = World::open().await;
    let stream = Stream::of(&world).await;
    world.hush().await;
    world.olga(Verb::Stop, "billing-2", None).await;
    world.glance(stream.told("billing-2").await).await;
    assert_eq!(world.said().await, [format!("card {BILLING}")]);
    world.does("billing-1", Deed::Drop);
    world.glance(stream.told("billing-1").await).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}"), format!("worse! {BILLING}")]);
}

#[tokio::test]
async fn a_connector_that_moves_leaves_its_environment_at_once() {
    let mut world = World::open().await;
    world.later(30).await;
    world.hush().await;
    let demo = Patch { environment: Some("Demo".to_owned()), ..Default::default() };
    for connector in ["billing-1", "billing-2"] {
        world.does(connector, Deed::Set(Box::new(demo.clone())));
    }
    world.glance(told(&["billing-1", "billing-2"])).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
    assert_eq!((world.failover("Billing Bot").await.total, world.failover("Billing Bot").await.lines.len()), (0, 2));
}

#[tokio::test]
async fn a_stream_that_is_down_for_long_is_no_blindness() {
    let mut world = World::open().await;
    world.hush().await;
    world.fleet().add_fault(Fault::from(FaultKind::ServerError { status: 500 }).on("GET /v1/events"));
    let events = lifecycle(&world).events();
    let state = events.state();
    let _task = AbortOnDropHandle::new(tokio::spawn(events.run(CancellationToken::new())));
    for _ in 0..8 {
        world.later(30).await;
    }
    assert_eq!((world.said().await, world.picture.borrow().trouble.clone()), (Vec::new(), None));
    assert_eq!(*state.borrow(), StreamState::Down);
}

#[tokio::test]
async fn the_running_monitor_looks_as_soon_as_it_is_told() {
    let world = World::open().await;
    world.hush().await;
    let stream = Stream::of(&world).await;
    let bells = Bells { pushes: Arc::clone(&stream.pushes), ..Bells::default() };
    let delivery = Arc::clone(&bells.delivery);
    let watch = Watch { policy: config(&world).policy, poll_interval: Duration::from_secs(3600) };
    let (monitor, mut picture) = Monitor::new(world.store.clone(), lifecycle(&world), watch, bells);
    let shutdown = CancellationToken::new();
    let running = AbortOnDropHandle::new(tokio::spawn(monitor.run(shutdown.clone())));
    picture.changed().await.unwrap();
    world.does("billing-2", Deed::Drop);
    tokio::time::timeout(LONG, delivery.notified()).await.unwrap();
    assert!(world.said().await.contains(&format!("card! {BILLING}")));
    assert_eq!(world.polls(), 2, "no poll was needed but the first");
    shutdown.cancel();
    tokio::time::timeout(LONG, running).await.unwrap().unwrap();
}
