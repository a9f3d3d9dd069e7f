//! What cannot be seen is unknown, and being blind for long is an incident of its own.

use botswain::domain::incident::{Blindness, Facts};
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind, Patch};

use super::world::{BILLING, ORDERS, World, harbour};

#[tokio::test]
async fn p5_a_failed_poll_is_no_alert_and_edits_no_card() {
    let mut world = World::open().await;
    world.does("orders-1", Deed::Drop);
    world.does("orders-2", Deed::Drop);
    world.later(30).await;
    world.hush().await;
    world.fleet().add_fault(FaultKind::ServerError { status: 500 });
    for _ in 0..2 {
        world.later(30).await;
        assert!(world.picture.borrow().trouble.is_some());
    }
    world.fleet().clear_faults();
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    assert!(world.incident("Orders Bot").await.is_some());
    assert_eq!(world.picture.borrow().trouble, None);
}

#[tokio::test]
async fn p5_being_blind_for_long_is_one_incident_that_pings_and_ends_when_all_is_seen_again() {
    let mut world = World::open().await;
    world.does("orders-1", Deed::Drop);
    world.does("orders-2", Deed::Drop);
    world.later(30).await;
    world.hush().await;
    world.fleet().add_fault(FaultKind::ServerError { status: 500 });
    for _ in 0..3 {
        world.later(30).await;
    }
    assert_eq!(world.said().await, [""; 0]);
    world.later(30).await;
    assert_eq!(world.said().await, ["card! blind".to_owned(), format!("edit {ORDERS}")]);
    let blind = world.other("blind").await.unwrap();
    let Facts::Blind(facts) = &blind.facts else { panic!("{blind:?}") };
    assert!(facts.why.contains("500"), "{}", facts.why);
    let seen_well = world.now().duration_since(facts.seen_well_at.unwrap());
    assert_eq!(seen_well.as_secs(), 120);
    for _ in 0..10 {
        world.later(30).await;
    }
    assert_eq!(world.said().await, [""; 0], "it is not said again and again");
    world.fleet().clear_faults();
    world.later(30).await;
    assert_eq!(world.said().await, ["edit blind".to_owned(), format!("edit {ORDERS}")]);
    assert_eq!(world.other("blind").await, None);
    assert!(world.incident("Orders Bot").await.is_some(), "what was open stayed open");
}

#[tokio::test]
async fn p6_a_restart_while_blind_keeps_the_incident_and_since_when() {
    let mut world = World::open().await;
    world.fleet().add_fault(FaultKind::ServerError { status: 500 });
    for _ in 0..4 {
        world.later(30).await;
    }
    world.hush().await;
    let before = world.other("blind").await.unwrap();
    let mut world = world.restarted().await;
    for _ in 0..6 {
        world.later(30).await;
    }
    assert_eq!((world.said().await, world.other("blind").await), (Vec::new(), Some(before)));
    world.fleet().clear_faults();
    world.later(30).await;
    assert_eq!(world.other("blind").await, None);
}

#[tokio::test]
async fn p5_one_malformed_record_hides_no_other_and_is_an_alert_only_if_even_the_best_case_is_too_few() {
    let mut world = World::open().await;
    world.hush().await;
    world.fleet().add_fault(FaultKind::MalformedRecord { connector: "orders-1".into() });
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")], "the others are judged as ever");
    world.does("orders-2", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0], "two of three may be well");
    world.does("orders-3", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {ORDERS}")], "at best one is");
    for _ in 0..3 {
        world.later(30).await;
    }
    let said = world.said().await;
    assert!(said.contains(&"card! blind".to_owned()), "{said:?}");
    let Facts::Blind(facts) = world.other("blind").await.unwrap().facts else { panic!("blind") };
    assert_eq!(facts.why, "One record of the fleet cannot be understood.");
}

#[tokio::test]
async fn p5_bots_that_never_were_redundant_do_not_flap_with_the_service() {
    let mut world = World::open().await;
    world.hush().await;
    for _ in 0..5 {
        world.fleet().add_fault(Fault::from(FaultKind::ServerError { status: 503 }).times(1));
        world.later(30).await;
        world.later(30).await;
    }
    assert_eq!(world.said().await, [""; 0]);
    assert_eq!(world.open_incidents().await.len(), 1);
}

#[tokio::test]
async fn p5_an_outage_that_is_open_is_not_ended_by_what_cannot_be_seen() {
    let mut world = World::open().await;
    world.does("faq-1", Deed::Drop);
    world.later(30).await;
    world.hush().await;
    world.fleet().add_fault(FaultKind::ServerError { status: 500 });
    for _ in 0..6 {
        world.later(30).await;
    }
    assert!(world.incident("FAQ Bot").await.is_some());
}

#[tokio::test]
async fn a_service_that_is_away_from_the_beginning_is_blindness_too() {
    let mut world = World::open().await;
    world.fleet().add_fault(FaultKind::Drop);
    let mut world = world.restarted_blind().await;
    for _ in 0..4 {
        world.later(30).await;
    }
    assert!(world.other("blind").await.is_some());
}

#[tokio::test]
async fn each_kind_of_blindness_is_said_once_and_as_what_it_is() {
    let kinds = [
        (FaultKind::Drop, Blindness::Unreachable),
        (FaultKind::ServerError { status: 401 }, Blindness::Unauthorised),
        (FaultKind::Garbage, Blindness::Malformed),
        (FaultKind::MalformedRecord { connector: "faq-1".into() }, Blindness::Malformed),
        (FaultKind::MissingPage, Blindness::Incomplete),
        (FaultKind::Stale { age: 300 }, Blindness::Stale),
    ];
    for (fault, kind) in kinds {
        // More than one page.
        let more = (0..300).map(|n| healthy(&format!("many-{n}"), "Many Bot", "Demo"));
        let mut world = World::with(harbour().into_iter().chain(more).collect()).await;
        world.hush().await;
        world.fleet().add_fault(fault.clone());
        for load in 0..8 {
            // Or else the service would say that nothing has changed.
            let patch = Patch { conversations: Some(Some(load)), ..Patch::default() };
            world.does("orders-1", Deed::Set(Box::new(patch)));
            world.later(30).await;
        }
        assert_eq!(world.said().await, ["card! blind"], "{fault:?}");
        let Facts::Blind(facts) = world.other("blind").await.unwrap().facts else { panic!("blind") };
        assert_eq!(facts.kind, kind, "{fault:?}");
        assert_eq!(world.now().duration_since(facts.seen_well_at.unwrap()).as_secs(), 240, "{fault:?}");
        assert!(!facts.why.is_empty());
        world.fleet().clear_faults();
        world.later(30).await;
        assert_eq!((world.said().await, world.other("blind").await), (vec!["edit blind".to_owned()], None));
    }
}

#[tokio::test]
async fn p5_what_is_old_is_unknown_and_alerts_nobody() {
    let mut world = World::open().await;
    world.hush().await;
    world.does("billing-1", Deed::Drop);
    world.fleet().add_fault(FaultKind::Stale { age: 121 });
    world.later(30).await;
    assert!(world.picture.borrow().trouble.as_ref().is_some_and(|why| why.contains("some time ago")));
    assert_eq!(world.said().await, [""; 0]);
    world.fleet().clear_faults();
    world.fleet().add_fault(FaultKind::Stale { age: 60 });
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")], "a minute is not old");
}

impl World {
    async fn restarted_blind(&mut self) -> Self {
        let fresh = Self::with(Vec::new()).await;
        let old = std::mem::replace(self, fresh);
        old.restarted().await
    }
}
