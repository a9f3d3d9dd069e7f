//! What is waited for, by a store that outlives the process: blips, losses, recoveries, flaps, and what comes back.

use std::time::Duration;

use botswain::domain::action::Verb;
use botswain::domain::incident::{Ending, Phase};
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::world::{BILLING, FAQ, SINGLES, World, harbour};

const PATIENT: &[(&str, &str)] = &[
    ("START_GRACE", "5m"),
    ("ALERT_AFTER", "60s"),
    ("OUTAGE_AFTER", "20s"),
    ("RECOVER_AFTER", "60s"),
    ("REOPEN_WITHIN", "15m"),
    ("STORM_BOTS", "0"),
];

async fn patient() -> World {
    let mut world = World::judged_by(harbour(), PATIENT).await;
    // The grouped notice has its time, too.
    world.later(60).await;
    assert_eq!(world.said().await, [format!("card {SINGLES}")]);
    world
}

impl World {
    fn due_in(&self, due: Option<Timestamp>) -> Option<i64> {
        due.map(|due| due.duration_since(self.now()).as_secs())
    }
}

#[tokio::test]
async fn a_blip_is_said_nowhere_and_a_loss_once_it_has_lasted() {
    let mut world = patient().await;
    world.does("billing-1", Deed::Drop);
    let ticked = world.later(10).await;
    assert_eq!((ticked.opened, world.due_in(ticked.due)), (0, Some(60)), "the next look comes when it is due");
    world.does("billing-1", Deed::Recover);
    world.later(30).await;
    world.later(60).await;
    assert_eq!((world.said().await, world.incident("Billing Bot").await), (Vec::new(), None));
    world.does("billing-1", Deed::Drop);
    world.later(10).await;
    world.later(59).await;
    assert_eq!(world.said().await, [""; 0]);
    world.later(1).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
}

#[tokio::test]
async fn an_outage_is_said_sooner_and_leaves_the_grouped_notice_only_then() {
    let mut world = patient().await;
    world.does("faq-1", Deed::Drop);
    world.later(10).await;
    assert_eq!(world.said().await, [""; 0], "what is only suspected stays where it is listed");
    world.later(20).await;
    assert_eq!(world.said().await, [format!("card! {FAQ}"), format!("edit {SINGLES}")]);
    world.does("faq-1", Deed::Recover);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {FAQ}")], "it stands on one card until it is over");
    world.later(60).await;
    assert_eq!(world.said().await, [format!("edit {FAQ}"), format!("edit {SINGLES}")], "and then it is listed again");
}

#[tokio::test]
async fn p6_a_restart_amid_a_debounce_goes_on_where_it_was() {
    let mut world = patient().await;
    world.does("billing-1", Deed::Drop);
    world.later(10).await;
    world.second += 30;
    let mut world = world.restarted().await;
    world.tick().await;
    assert_eq!(world.said().await, [""; 0]);
    world.later(29).await;
    assert_eq!(world.said().await, [""; 0]);
    world.later(1).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
}

#[tokio::test]
async fn p5_what_is_not_seen_is_no_time_of_being_well() {
    let mut world = patient().await;
    world.does("billing-1", Deed::Drop);
    world.later(10).await;
    world.later(60).await;
    world.does("billing-1", Deed::Recover);
    world.later(10).await;
    world.hush().await;
    world.fleet().add_fault(Fault::from(FaultKind::ServerError { status: 500 }).times(1));
    world.later(50).await;
    world.later(20).await;
    assert!(world.incident("Billing Bot").await.is_some(), "it was not seen for a while");
    world.second += 3600;
    let mut world = world.restarted().await;
    world.tick().await;
    assert!(world.incident("Billing Bot").await.is_some(), "nobody looked for an hour");
    world.later(60).await;
    assert_eq!((world.said().await, world.incident("Billing Bot").await), (vec![format!("edit {BILLING}")], None));
}

#[tokio::test]
async fn what_falls_again_before_it_is_over_is_counted_on_the_same_card() {
    let mut world = patient().await;
    world.does("billing-1", Deed::Drop);
    world.later(10).await;
    world.later(60).await;
    world.hush().await;
    let first = world.incident("Billing Bot").await.unwrap().id;
    for flaps in 1..4 {
        world.does("billing-1", Deed::Recover);
        world.later(30).await;
        assert!(matches!(world.incident("Billing Bot").await.unwrap().phase, Phase::Recovering { .. }));
        world.does("billing-1", Deed::Drop);
        world.later(29).await;
        let fell = world.incident("Billing Bot").await.unwrap();
        assert_eq!((fell.flaps, &fell.id, fell.phase), (flaps, &first, Phase::Open));
    }
    assert_eq!(world.said().await, [format!("edit {BILLING}")], "edits that were overtaken are one");
}

#[tokio::test]
async fn p2_what_comes_back_soon_is_the_same_card_and_calls_once_and_later_it_is_another_one() {
    let mut world = patient().await;
    let mut ids = Vec::new();
    for (pause, said) in [(0, "card!"), (300, "back!"), (300, "edit"), (1200, "card!")] {
        world.later(pause).await;
        world.does("billing-1", Deed::Drop);
        world.later(10).await;
        world.later(60).await;
        let expected: Vec<_> = match said {
            "back!" => vec![format!("back! {BILLING}"), format!("edit {BILLING}")],
            said => vec![format!("{said} {BILLING}")],
        };
        assert_eq!(world.said().await, expected);
        let incident = world.incident("Billing Bot").await.unwrap();
        world.does("billing-1", Deed::Recover);
        world.later(10).await;
        world.later(60).await;
        assert_eq!((world.said().await, world.incident("Billing Bot").await), (vec![format!("edit {BILLING}")], None));
        ids.push((incident.id, incident.flaps, incident.before));
    }
    assert_eq!((&ids[0].0, &ids[1].0), (&ids[1].0, &ids[2].0));
    assert_eq!([ids[0].1, ids[1].1, ids[2].1], [0, 1, 2]);
    let before = ids[3].2.clone().unwrap();
    assert_eq!((&before.incident, before.card.is_some()), (&ids[0].0, true), "it links to the card before");
}

#[tokio::test]
async fn p6_a_restart_amid_a_suspicion_of_what_was_over_opens_the_same_card_again() {
    let mut world = patient().await;
    world.does("billing-1", Deed::Drop);
    world.later(10).await;
    world.later(60).await;
    let first = world.incident("Billing Bot").await.unwrap().id;
    world.does("billing-1", Deed::Recover);
    world.later(10).await;
    world.later(60).await;
    world.hush().await;
    world.does("billing-1", Deed::Drop);
    world.later(10).await;
    let mut world = world.restarted().await;
    world.later(60).await;
    assert_eq!(world.said().await, [format!("back! {BILLING}"), format!("edit {BILLING}")]);
    assert_eq!(world.incident("Billing Bot").await.unwrap().id, first);
    assert_eq!(world.open_incidents().await.len(), 2, "the suspicion is part of it");
}

#[tokio::test]
async fn what_ended_it_is_named_also_when_it_was_done_elsewhere() {
    let mut world = patient().await;
    world.does("billing-1", Deed::StopElsewhere);
    world.later(10).await;
    world.later(60).await;
    world.does("billing-1", Deed::StartElsewhere);
    let ended = async |world: &mut World| {
        for _ in 0..40 {
            world.later(10).await;
            match world.incident("Billing Bot").await.map(|incident| incident.phase) {
                Some(Phase::Recovering { by, .. }) => return by,
                Some(_) => {}
                None => panic!("it is over"),
            }
        }
        panic!("it never ends")
    };
    let Some(Ending::Elsewhere { what, who }) = ended(&mut world).await else { panic!("it was started") };
    assert!(what.to_lowercase().contains("start") && who.is_some(), "{what} {who:?}");
    for recorded in [true, false] {
        world.later(60).await;
        world.does("billing-1", Deed::StopElsewhere);
        world.later(10).await;
        world.later(60).await;
        if recorded {
            world.olga(Verb::Start, "billing-1", None).await;
        } else {
            // A poll sees it up before the runner does.
            world.olga_begins(Verb::Start, "billing-1", None).await;
        }
        let Some(Ending::Doing(own)) = ended(&mut world).await else { panic!("Olga started it: {recorded}") };
        assert_eq!((own.by.name.as_str(), own.verb, own.under_way), ("Olga", Verb::Start, false));
    }
}

#[tokio::test]
async fn the_loop_looks_again_when_something_is_due_and_not_only_at_the_next_poll() {
    let settings = &[("ALERT_AFTER", "300ms"), ("OUTAGE_AFTER", "300ms"), ("STORM_BOTS", "0")];
    let world = World::judged_by(harbour(), settings).await;
    let World { monitor, sandbox, store, pushes, .. } = world;
    sandbox.lifecycle.as_ref().unwrap().stand_in.do_to("billing-1", Deed::Drop).unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(monitor.run(shutdown.clone()));
    pushes.any();
    // The next poll would come after half a minute.
    let opened = async {
        while store.open_incidents().await.unwrap().iter().all(|kept| {
            kept.incident.subject.name() != BILLING || matches!(kept.incident.phase, Phase::Suspected { .. })
        }) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opened).await.unwrap();
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(20), running).await.unwrap().unwrap();
}
