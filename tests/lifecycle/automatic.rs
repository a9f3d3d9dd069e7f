//! The simulator when it lives by the clock on the wall.
use std::time::Duration;

use botswain::sandbox::lifecycle::{Deed, FleetSeed, LifecycleSimulator, Mode, Options, Timings};
use reqwest::Method;
use tokio_util::sync::CancellationToken;

use super::world::{World, explicit, start, stop};

const LONG: Duration = Duration::from_secs(20);

fn automatic() -> Options {
    Options {
        mode: Mode::Automatic,
        start_ms: None,
        timings: Timings { running: 5, stop: 20, redeploy: 20, online: 30, cloud: 60, start_timeout: 100 },
        ..explicit()
    }
}

#[tokio::test]
async fn operations_run_their_course_by_themselves() {
    let world = World::with(automatic()).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (simulator, shutdown) = (world.simulator.clone(), shutdown.clone());
        async move { simulator.run(shutdown).await }
    });
    let mut stream = world.request(Method::GET, "control/fleet/events").send().await.unwrap();
    let healthy = |simulator: &LifecycleSimulator| {
        let c = simulator.connector("billing-1").unwrap();
        (c.agent == "Online" && c.conversational_cloud == "Connected", c.agent)
    };
    world.change("billing-1", "key-1", stop()).await;
    let wait = async {
        while healthy(&world.simulator).1 != "Stopped" {
            stream.chunk().await.unwrap().unwrap();
        }
        world.change("billing-1", "key-2", start()).await;
        while !healthy(&world.simulator).0 {
            stream.chunk().await.unwrap().unwrap();
        }
    };
    tokio::time::timeout(LONG, wait).await.expect("it works again in time");
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn the_clock_can_be_held_and_let_go_without_a_jump() {
    let world = World::with(explicit()).await;
    let simulator = &world.simulator;
    simulator.step(86_400_000);
    let held = simulator.state().now_ms;
    assert_eq!(simulator.state().now_ms, held);
    simulator.set_mode(Mode::Automatic);
    let let_go = simulator.state().now_ms;
    assert!((0..20_000).contains(&(let_go - held)), "it goes on from where it was");
    simulator.set_mode(Mode::Explicit);
    let held = simulator.state().now_ms;
    simulator.step(5);
    assert_eq!(simulator.state().now_ms, held + 5);
}

#[tokio::test]
async fn a_generated_fleet_has_as_many_connectors_as_asked_and_the_odd_cases() {
    let fleet = |seed| {
        let options = Options { fleet: FleetSeed::Generated(1_000), seed, ..explicit() };
        let state = LifecycleSimulator::new(options).state();
        let connectors = state.connectors.into_iter().map(|c| c.connector);
        connectors.collect::<Vec<_>>()
    };
    let connectors = fleet(1);
    assert_eq!(connectors.len(), 1_000);
    assert_eq!(connectors, fleet(1));
    assert_ne!(connectors, fleet(2));
    for agent in ["Online", "Stopped", "Ready to Start", "Not Connected", "Updating"] {
        assert!(connectors.iter().any(|c| c.agent == agent), "{agent}");
    }
    assert!(connectors.iter().any(|c| c.since_ms == 0));
    let odd =
        |c: &&botswain::lifecycle::contract::Connector| c.agent == "Online" && c.conversational_cloud != "Connected";
    assert!(connectors.iter().any(|c| odd(&c)));
}

#[tokio::test]
async fn what_happens_by_itself_recovers_by_itself() {
    let options = Options { happenings: Some(Duration::from_secs(600)), mode: Mode::Automatic, ..explicit() };
    let simulator = LifecycleSimulator::new(options);
    let dropped = |simulator: &LifecycleSimulator| {
        let all = simulator.state().connectors.into_iter();
        all.filter(|c| c.connector.agent == "Not Connected").count()
    };
    assert_eq!(dropped(&simulator), 0);
    simulator.step(600_000);
    assert_eq!(dropped(&simulator), 1);
    simulator.step(60_000);
    assert_eq!(dropped(&simulator), 0);
    simulator.do_to("faq-1", Deed::Drop).unwrap();
    simulator.step(60_000);
    assert_eq!(dropped(&simulator), 1, "what a person breaks, a person mends");
}
