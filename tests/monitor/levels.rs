//! Losses and recoveries that nobody announced.

use std::time::Duration;

use botswain::domain::connector::Condition;
use botswain::domain::ids::MessageId;
use botswain::domain::incident::{Facts, Severity};
use botswain::domain::redundancy::Level;
use botswain::sandbox::lifecycle::{Deed, Patch};
use botswain::store::outbox::{Held, Sending};

use tokio_util::sync::CancellationToken;

use super::world::{BILLING, FAQ, ORDERS, SINGLES, World};

#[tokio::test]
async fn a_loss_pings_once_an_outage_once_more_and_a_recovery_is_quiet() {
    let mut world = World::open().await;
    assert_eq!(world.said().await, [format!("card {SINGLES}")]);
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
    let facts = world.failover("Billing Bot").await;
    assert_eq!((facts.level, facts.healthy, facts.total, facts.minimum), (Level::AtRisk, 1, 2, 2));
    assert_eq!(facts.lines.len(), 1);
    assert_eq!((facts.lines[0].name.as_str(), facts.lines[0].condition), ("billing-1", Some(Condition::NotConnected)));
    world.does("billing-2", Deed::DisconnectCloud);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}"), format!("worse! {BILLING}")]);
    assert_eq!(world.incident("Billing Bot").await.unwrap().announced, Severity::Outage);
    world.does("billing-2", Deed::Recover);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}")]);
    world.does("billing-2", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}")], "it was said already");
    for name in ["billing-1", "billing-2"] {
        world.does(name, Deed::Recover);
    }
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}")]);
    assert_eq!(world.incident("Billing Bot").await, None);
}

#[tokio::test]
async fn p2_time_and_load_alone_edit_nothing() {
    let mut world = World::open().await;
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    world.hush().await;
    for load in 0..20 {
        for name in ["billing-1", "billing-2", "faq-1"] {
            world.does(name, Deed::Set(Box::new(Patch { conversations: Some(Some(load)), ..Patch::default() })));
        }
        world.later(3600).await;
    }
    assert_eq!(world.said().await, [""; 0]);
}

#[tokio::test]
async fn p6_a_restart_goes_on_with_the_incident_that_is_open() {
    let mut world = World::open().await;
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    world.hush().await;
    let before = world.incident("Billing Bot").await.unwrap();
    let mut world = world.restarted().await;
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    assert_eq!(world.incident("Billing Bot").await.unwrap(), before);
    world.does("billing-1", Deed::Recover);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}")]);
}

#[tokio::test]
async fn bots_that_never_were_redundant_share_one_quiet_notice_and_an_outage_of_one_outranks_it() {
    let mut world = World::open().await;
    assert_eq!(world.said().await, [format!("card {SINGLES}")]);
    assert_eq!(listed(&world).await, ["FAQ Bot"]);
    world.does("faq-1", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {FAQ}"), format!("edit {SINGLES}")]);
    assert_eq!(world.other(SINGLES).await, None, "there was no other");
    world.does("faq-1", Deed::Recover);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card {SINGLES}"), format!("edit {FAQ}")]);
    assert_eq!((listed(&world).await, world.incident("FAQ Bot").await), (vec!["FAQ Bot".to_owned()], None));
}

#[tokio::test]
async fn what_nobody_asks_for_is_no_incident() {
    let mut fleet = super::world::harbour();
    for connector in &mut fleet {
        connector.environment = "Demo".to_owned();
    }
    let mut world = World::with(fleet).await;
    for name in ["billing-1", "billing-2"] {
        world.does(name, Deed::Drop);
    }
    world.later(30).await;
    assert_eq!((world.said().await, world.open_incidents().await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn one_of_three_is_no_incident_and_the_second_one_is() {
    let mut world = World::open().await;
    world.hush().await;
    world.does("orders-1", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    world.does("orders-2", Deed::StopElsewhere);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {ORDERS}")], "what somebody did elsewhere was not announced here");
    let lines = world.failover("Orders Bot").await.lines;
    assert_eq!(lines.len(), 2);
    assert!(lines[1].last_operation.as_ref().is_some_and(|(what, _)| what.contains("top")), "{:?}", lines[1]);
}

#[tokio::test]
async fn a_start_elsewhere_has_its_grace_and_what_does_not_come_up_is_an_incident() {
    let mut world = World::open().await;
    world.hush().await;
    world.does("billing-1", Deed::NeverComesUp { on: true });
    world.does("billing-1", Deed::StopElsewhere);
    world.does("billing-1", Deed::StartElsewhere);
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0], "just after a start, Not Connected is normal");
    world.later(400).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
}

#[tokio::test]
async fn p5_gone_takes_two_complete_polls_and_is_named() {
    let mut world = World::open().await;
    world.hush().await;
    world.does("billing-1", Deed::Vanish);
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
    let facts = world.failover("Billing Bot").await;
    assert_eq!((facts.healthy, facts.total), (1, 1));
    assert_eq!((facts.lines[0].name.as_str(), facts.lines[0].condition), ("billing-1", None));
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    world.does("billing-1", Deed::Return);
    world.later(30).await;
    assert_eq!((world.said().await, world.incident("Billing Bot").await), (vec![format!("edit {BILLING}")], None));
}

#[tokio::test]
async fn p5_a_bot_of_which_nothing_is_left_is_an_outage_also_when_it_went_while_we_were_away() {
    let world = World::open().await;
    world.hush().await;
    for name in ["billing-1", "billing-2"] {
        world.does(name, Deed::Vanish);
    }
    let mut world = world.restarted().await;
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0], "one reading does not tell");
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
    let facts = world.failover("Billing Bot").await;
    assert_eq!((facts.level, facts.healthy, facts.total), (Level::Outage, 0, 0));
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
}

#[tokio::test]
async fn the_picture_is_published_after_each_look() {
    let mut world = World::open().await;
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    let picture = world.picture.borrow().clone();
    assert_eq!(picture.fleet.read_at(), Some(world.now()));
    let billing = picture.fleet.bots().iter().find(|view| view.bot.name == "Billing Bot").unwrap();
    assert_eq!((billing.healthy(), picture.highest(billing), picture.trouble.clone()), (1, 2, None));
}

#[tokio::test]
async fn the_picture_is_published_even_when_nothing_can_be_written() {
    let mut world = World::open().await;
    world.does("billing-1", Deed::Drop);
    world.store.close().await;
    world.second += 30;
    assert!(world.monitor.tick(world.now()).await.is_err());
    let picture = world.picture.borrow().clone();
    let billing = picture.fleet.bots().iter().find(|view| view.bot.name == "Billing Bot").unwrap();
    assert_eq!((billing.healthy(), picture.highest(billing)), (1, 2));
}

#[tokio::test]
async fn the_loop_looks_when_it_is_pushed_and_ends_when_told() {
    let World { monitor, mut picture, sandbox, pushes, .. } = World::open().await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(monitor.run(shutdown.clone()));
    // Sooner than the next poll would come.
    let soon = Duration::from_secs(20);
    picture.mark_unchanged();
    tokio::time::timeout(soon, picture.changed()).await.unwrap().unwrap();
    sandbox.lifecycle.as_ref().unwrap().stand_in.do_to("billing-1", Deed::Drop).unwrap();
    pushes.any();
    let seen =
        picture.wait_for(|picture| picture.fleet.bots().iter().any(|view| view.healthy() == 1 && view.total() == 2));
    tokio::time::timeout(soon, seen).await.unwrap().unwrap();
    shutdown.cancel();
    tokio::time::timeout(soon, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn each_environment_and_bot_has_its_own_channel_minimum_and_patience() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("botswain.toml");
    let own = r#"
        [environments.production]
        alert_channel_id = 901
        alert_after = "10m"
        [environments.production.bots.bot-orders]
        failover_min_healthy = 3
        alert_channel_id = 902
        alert_after = "0s"
    "#;
    std::fs::write(&path, own).unwrap();
    let path: &'static str = path.to_str().unwrap().to_owned().leak();
    let settings: &'static [(&str, &str)] =
        vec![("BOTSWAIN_CONFIG", path), ("OUTAGE_AFTER", "1h"), ("STORM_BOTS", "0")].leak();
    let mut world = World::judged_by(super::world::harbour(), settings).await;
    world.does("orders-1", Deed::Drop);
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    let channels = async |world: &World| {
        let mut channels = Vec::new();
        while let Some(row) = world.store.claim_message(Duration::from_secs(60), world.now()).await.unwrap() {
            let sent = Sending::Sent { message: MessageId(1), digest: "" };
            assert_eq!(world.store.settle_message(&row, sent, world.now()).await.unwrap(), Held::Yes);
            channels.push(row.channel.0);
        }
        channels
    };
    assert_eq!(channels(&world).await, [902], "two of three are too few here, at once");
    world.later(600).await;
    assert_eq!(channels(&world).await, [901, 901], "the other bot, and the grouped notice");
}

/// The bots that stand on the grouped notice.
async fn listed(world: &World) -> Vec<String> {
    match world.other(SINGLES).await.map(|incident| incident.facts) {
        Some(Facts::NeverRedundant { bots }) => bots.into_iter().map(|count| count.bot.name).collect(),
        _ => Vec::new(),
    }
}
