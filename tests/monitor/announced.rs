//! P7: what an operator does through us pings nobody, is never hidden, and hides nothing else.

use botswain::domain::action::Verb;
use botswain::domain::incident::Severity;
use botswain::domain::redundancy::Level;
use botswain::sandbox::lifecycle::Deed;

use super::world::{BILLING, FAQ, ORDERS, SINGLES, World};

#[tokio::test]
async fn p7_a_stop_through_us_opens_a_quiet_incident_that_names_who_did_it() {
    let mut world = World::open().await;
    world.hush().await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card {BILLING}")]);
    let facts = world.failover("Billing Bot").await;
    let own = facts.lines[0].own.as_ref().unwrap();
    assert_eq!((own.by.name.as_str(), own.verb, own.under_way), ("Olga", Verb::Stop, false));
    assert_eq!(world.incident("Billing Bot").await.unwrap().announced, Severity::Quiet);
    world.olga(Verb::Start, "billing-1", None).await;
    world.later(30).await;
    assert_eq!((world.said().await, world.incident("Billing Bot").await), (vec![format!("edit {BILLING}")], None));
}

#[tokio::test]
async fn p7_one_stop_of_several_explains_each_of_them_and_the_one_that_failed_by_itself_pings() {
    let mut world = World::open().await;
    world.hush().await;
    world.olga_begins_all(Verb::Stop, "Orders Bot", &["orders-1", "orders-3"]).await;
    for _ in 0..30 {
        world.later(1).await;
        world.carry_on().await;
    }
    world.later(60).await;
    assert!(world.said().await.iter().all(|said| !said.contains('!')), "she announced both");
    let facts = world.failover("Orders Bot").await;
    let named: Vec<_> = facts.lines.iter().map(|line| (line.name.as_str(), line.own.is_some())).collect();
    assert_eq!(named, [("orders-1", true), ("orders-3", true)]);
    world.does("orders-2", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await.last().unwrap(), &format!("worse! {ORDERS}"));
}

#[tokio::test]
async fn p7_what_fails_beside_an_announced_stop_pings() {
    let mut world = World::open().await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    world.hush().await;
    world.does("billing-2", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}"), format!("worse! {BILLING}")]);
    assert_eq!(world.incident("Billing Bot").await.unwrap().announced, Severity::Outage);
}

#[tokio::test]
async fn p7_a_loss_long_after_an_announced_stop_that_left_enough_pings() {
    let mut world = World::open().await;
    world.hush().await;
    world.olga(Verb::Stop, "orders-1", None).await;
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0], "two of three are enough");
    world.does("orders-2", Deed::Drop);
    world.later(90_000).await;
    assert_eq!(world.said().await, [format!("card! {ORDERS}")]);
}

#[tokio::test]
async fn p7_two_announced_stops_are_an_outage_without_a_ping_and_the_last_one_back_is_followed() {
    let mut world = World::open().await;
    world.hush().await;
    for name in ["billing-1", "billing-2"] {
        world.olga(Verb::Stop, name, None).await;
        world.later(30).await;
    }
    assert_eq!(world.said().await.iter().filter(|said| said.contains('!')).count(), 0);
    assert_eq!(world.failover("Billing Bot").await.level, Level::Outage);
    world.olga(Verb::Start, "billing-1", None).await;
    world.later(400).await;
    world.hush().await;
    world.does("billing-1", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}"), format!("worse! {BILLING}")], "that was not announced");
}

#[tokio::test]
async fn p7_a_start_that_does_not_come_up_pings_once_it_is_over() {
    let mut world = World::open().await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    world.hush().await;
    world.does("billing-1", Deed::NeverComesUp { on: true });
    world.olga_begins(Verb::Start, "billing-1", None).await;
    world.later(30).await;
    assert!(world.said().await.iter().all(|said| !said.contains('!')), "it is under way");
    let under_way = world.failover("Billing Bot").await.lines[0].own.clone().unwrap();
    assert!(under_way.under_way);
    for _ in 0..20 {
        world.carry_on().await;
        world.later(30).await;
    }
    let said = world.said().await;
    assert!(said.contains(&format!("worse! {BILLING}")), "{said:?}");
}

#[tokio::test]
async fn p7_a_redeploy_away_is_quiet_and_stays_so_whatever_is_done_there() {
    let mut world = World::open().await;
    world.hush().await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    world.olga(Verb::Redeploy, "billing-1", Some("demo")).await;
    world.later(30).await;
    let facts = world.failover("Billing Bot").await;
    assert_eq!((facts.healthy, facts.total, facts.lines[0].condition), (1, 1, None));
    assert_eq!(facts.lines[0].own.as_ref().unwrap().verb, Verb::Redeploy);
    world.olga(Verb::Start, "billing-1", None).await;
    world.later(30).await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    world.later(30).await;
    let said = world.said().await;
    assert!(said.iter().all(|said| !said.contains('!')), "{said:?}");
    assert_eq!(world.failover("Billing Bot").await.lines[0].own.as_ref().unwrap().verb, Verb::Redeploy);
}

#[tokio::test]
async fn p7_the_only_connector_stopped_through_us_is_shown_and_pings_nobody() {
    let mut world = World::open().await;
    world.hush().await;
    world.olga(Verb::Stop, "faq-1", None).await;
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card {FAQ}"), format!("edit {SINGLES}")]);
    let mut world = world.restarted().await;
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0], "a restart knows it as well");
}

#[tokio::test]
async fn p7_stopped_again_elsewhere_after_a_start_elsewhere_is_not_our_doing() {
    let mut world = World::open().await;
    world.olga(Verb::Stop, "billing-1", None).await;
    world.later(30).await;
    world.does("billing-1", Deed::StartElsewhere);
    world.later(300).await;
    world.hush().await;
    assert_eq!(world.incident("Billing Bot").await, None);
    world.does("billing-1", Deed::StopElsewhere);
    world.later(300).await;
    assert_eq!(world.said().await, [format!("card! {BILLING}")]);
}

#[tokio::test]
async fn p7_an_operation_that_overruns_pings_and_is_said_to_take_too_long() {
    let mut world = World::open().await;
    world.hush().await;
    world.olga_begins(Verb::Stop, "billing-1", None).await;
    let ticked = world.later(30).await;
    assert_eq!(world.said().await, [format!("card {BILLING}")]);
    let due = ticked.due.unwrap().duration_since(world.now()).as_secs();
    assert_eq!(due, 150, "a stop may take two minutes, and what is around it one");
    // Nobody carries it on.
    world.later(due - 1).await;
    assert_eq!(world.said().await, [""; 0]);
    world.later(1).await;
    assert_eq!(world.said().await, [format!("edit {BILLING}"), format!("worse! {BILLING}")]);
    let own = world.failover("Billing Bot").await.lines[0].own.clone().unwrap();
    assert_eq!((own.by.name.as_str(), own.under_way, own.overran), ("Olga", true, true));
}
