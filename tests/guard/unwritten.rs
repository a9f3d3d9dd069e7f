//! While nothing can be written down, alerts are said directly.

use botswain::domain::incident::Phase;
use botswain::sandbox::lifecycle::Deed;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::Scene;

const POST: &str = "POST /channels/{id}/messages";

#[tokio::test]
async fn p1_an_incident_that_cannot_be_written_is_posted_directly_once_for_each_severity() {
    let mut scene = Scene::open().await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    for _ in 0..3 {
        assert!(scene.later().await.is_err(), "it is not hidden that the store fails");
    }
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && said[0].contains("At risk: Billing Bot"), "{said:?}");
    assert!(said[0].contains("This may be repeated"), "{said:?}");
    assert_eq!(scene.pings().await, 1);
    scene.does("billing-2", Deed::Drop);
    for _ in 0..3 {
        assert!(scene.later().await.is_err());
    }
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 2 && said.iter().all(|said| said.contains("Outage: Billing Bot")), "{said:?}");
    assert_eq!(scene.pings().await, 2);
    scene.does("billing-1", Deed::Recover);
    scene.does("billing-2", Deed::Recover);
    for _ in 0..3 {
        assert!(scene.later().await.is_err());
    }
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 2 && said.iter().all(|said| said.contains("Resolved: Billing Bot")), "{said:?}");
    assert_eq!(scene.pings().await, 2, "recovery is quiet");
    let sent = scene.requests().await;
    for _ in 0..3 {
        assert!(scene.later().await.is_err());
    }
    assert_eq!(scene.requests().await, sent, "nothing is said again and again");
    scene.mentioned_only_whom_it_may().await;
}

#[tokio::test]
async fn p1_what_is_only_suspected_is_not_said_directly_and_is_once_it_has_lasted() {
    let patient = &[("ALERT_AFTER", "1m"), ("OUTAGE_AFTER", "1m"), ("STORM_BOTS", "0")];
    let mut scene = Scene::judged_by(patient).await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    for _ in 0..2 {
        assert!(scene.later().await.is_err());
        assert_eq!(scene.texts(scene.alerts()).await, Vec::<String>::new(), "it may pass");
    }
    assert!(scene.later().await.is_err());
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && said[0].contains("At risk: Billing Bot"), "{said:?}");
    scene.make_room().await;
    scene.later().await.unwrap();
    let kept = scene.incident("Billing Bot").await.unwrap();
    assert_eq!(kept.phase, Phase::Open, "it is written as it stands: {kept:?}");
}

#[tokio::test]
async fn p1_p8_a_mute_keeps_a_direct_post_from_pinging_and_not_from_being_said() {
    let mut scene = Scene::open().await;
    scene.mute("production").await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    assert!(scene.later().await.is_err());
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && said[0].contains("At risk: Billing Bot"), "{said:?}");
    assert_eq!(scene.pings().await, 0);
}

#[tokio::test]
async fn p1_p2_when_the_store_works_again_the_card_takes_over_and_pings_nobody_again() {
    let mut scene = Scene::open().await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap_err();
    assert_eq!(scene.incident("Billing Bot").await, None);
    scene.make_room().await;
    scene.later().await.unwrap();
    let incident = scene.incident("Billing Bot").await.unwrap();
    let said = scene.texts(scene.alerts()).await;
    assert!(said[0].contains("At risk"), "it stands as it is until there is a card to point at: {said:?}");
    scene.deliver().await;
    scene.later().await.unwrap();
    let said = scene.texts(scene.alerts()).await;
    assert_eq!(said.len(), 2, "{said:?}");
    let messages = scene.messages(scene.alerts()).await;
    let footer = messages[1]["embeds"][0]["footer"]["text"].as_str().unwrap();
    assert!(footer.contains(incident.id.reference()) && said[1].contains("At risk: Billing Bot"), "{said:?}");
    let link = format!("https://discord.com/channels/{}/{}/", scene.seed.guild_id, scene.alerts());
    assert!(said[0].contains(&format!("{link}{}", messages[1]["id"].as_str().unwrap())), "{said:?}");
    assert!(!said[0].contains("At risk"), "{said:?}");
    assert_eq!(scene.pings().await, 1, "the card does not ping for what was pinged for");
    // From then on all is as ever.
    scene.does("billing-2", Deed::Drop);
    scene.later().await.unwrap();
    scene.deliver().await;
    assert_eq!((scene.messages(scene.alerts()).await.len(), scene.pings().await), (3, 2));
    scene.mentioned_only_whom_it_may().await;
}

#[tokio::test]
async fn p1_what_gets_worse_or_ends_is_said_directly_though_its_card_cannot_be_edited() {
    let mut scene = Scene::open().await;
    scene.does("orders-1", Deed::Drop);
    scene.does("orders-2", Deed::Drop);
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap();
    scene.deliver().await;
    assert_eq!((scene.messages(scene.alerts()).await.len(), scene.pings().await), (2, 2));
    scene.fill_up().await;
    scene.later().await.unwrap();
    assert_eq!(scene.messages(scene.alerts()).await.len(), 2, "what stands is not said again");
    scene.does("billing-2", Deed::Drop);
    scene.does("orders-1", Deed::Recover);
    for _ in 0..3 {
        scene.later().await.unwrap_err();
    }
    let said = scene.texts(scene.alerts()).await;
    assert_eq!((said.len(), scene.pings().await), (4, 3), "{said:?}");
    let has =
        |said: &[String], text: &str| said.iter().any(|said| said.contains(text) && said.contains("may be repeated"));
    assert!(has(&said, "Outage: Billing Bot") && has(&said, "Resolved: Orders Bot"), "{said:?}");
    scene.make_room().await;
    scene.later().await.unwrap();
    scene.deliver().await;
    scene.later().await.unwrap();
    let said = scene.texts(scene.alerts()).await;
    assert_eq!((said.len(), scene.pings().await), (4, 3), "no reply doubles what was said: {said:?}");
    assert!(said.iter().any(|said| said.contains("Outage: Billing Bot")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("Resolved: Orders Bot")), "{said:?}");
    assert_eq!(said.iter().filter(|said| said.contains("It is remembered now")).count(), 2, "{said:?}");
}

#[tokio::test]
async fn p1_an_alert_that_waits_where_nobody_can_take_it_out_is_posted_directly() {
    let mut scene = Scene::open().await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap();
    scene.fill_up().await;
    scene.delivery.step(scene.now()).await.unwrap_err();
    scene.later().await.unwrap_err();
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && said[0].contains("At risk: Billing Bot"), "{said:?}");
    assert_eq!(scene.pings().await, 1);
    scene.make_room().await;
    scene.later().await.unwrap();
    scene.deliver().await;
    scene.later().await.unwrap();
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 2 && said[0].contains("It is remembered now"), "{said:?}");
}

#[tokio::test]
async fn p1_judging_goes_on_from_what_was_last_known_while_nothing_can_be_read() {
    let mut scene = Scene::open().await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap();
    scene.deliver().await;
    scene.later().await.unwrap();
    scene.take_away().await;
    for _ in 0..2 {
        scene.later().await.unwrap_err();
    }
    assert_eq!(scene.messages(scene.alerts()).await.len(), 1, "what was known to be open and said is not said again");
    scene.does("orders-1", Deed::Drop);
    scene.does("orders-2", Deed::Drop);
    scene.does("billing-1", Deed::Recover);
    for _ in 0..2 {
        scene.later().await.unwrap_err();
    }
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 3 && said[1..].iter().any(|said| said.contains("At risk: Orders Bot")), "{said:?}");
    assert!(said[1..].iter().any(|said| said.contains("Resolved: Billing Bot")), "{said:?}");
    assert_eq!(scene.pings().await, 2);
    scene.bring_back().await;
    scene.later().await.unwrap();
    scene.deliver().await;
    scene.later().await.unwrap();
    assert!(scene.incident("Billing Bot").await.is_none() && scene.incident("Orders Bot").await.is_some());
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 4 && said[0].contains("Resolved: Billing Bot"), "{said:?}");
    assert_eq!(said.iter().filter(|said| said.contains("It is remembered now")).count(), 2, "{said:?}");
    assert_eq!(scene.pings().await, 2);
}

#[tokio::test]
async fn p1_what_was_over_before_it_could_be_written_stands_on_its_card_all_the_same() {
    let mut scene = Scene::open().await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap_err();
    scene.does("billing-1", Deed::Recover);
    for _ in 0..4 {
        scene.later().await.unwrap_err();
    }
    scene.make_room().await;
    scene.later().await.unwrap();
    scene.deliver().await;
    scene.later().await.unwrap();
    assert_eq!(scene.incident("Billing Bot").await, None);
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 2 && said[1].contains("Resolved: Billing Bot"), "{said:?}");
    assert!(said[0].contains("It is remembered now"), "{said:?}");
    assert!(said[1].contains("Lasted 30 s"), "it was over before it was written: {said:?}");
    assert_eq!(scene.pings().await, 1);
}

#[tokio::test]
async fn p1_the_highest_count_that_was_seen_meanwhile_is_not_forgotten() {
    let mut scene = Scene::begin().await;
    scene.fill_up().await;
    scene.tick().await.unwrap_err();
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap_err();
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && said[0].contains("At risk: Billing Bot"), "it had two: {said:?}");
    scene.make_room().await;
    scene.later().await.unwrap();
    let highest = scene.store.highest_seen().await.unwrap();
    let billing = highest.values().find(|highest| highest.bot.name == "Billing Bot").unwrap();
    assert_eq!(billing.healthy, 2);
}

#[tokio::test]
async fn p1_a_direct_post_obeys_discord_and_is_tried_until_it_stands_once() {
    let mut scene = Scene::open().await;
    scene.fill_up().await;
    for connector in ["billing-1", "orders-1", "orders-2"] {
        scene.does(connector, Deed::Drop);
    }
    scene.fault(json!({"kind": "rate_limit", "retry_after": 45.0, "global": true, "times": 1})).await;
    scene.later().await.unwrap_err();
    assert_eq!(scene.requests().await, 1, "it was asked to wait with everything");
    scene.later().await.unwrap_err();
    assert_eq!(scene.requests().await, 1, "it was asked to wait");
    scene.fault(json!({"kind": "drop_after", "route": POST, "times": 1})).await;
    scene.fault(json!({"kind": "server_error", "status": 503, "route": POST, "times": 1})).await;
    for _ in 0..4 {
        scene.later().await.unwrap_err();
    }
    assert_eq!((scene.messages(scene.alerts()).await.len(), scene.pings().await), (2, 2));
}

#[tokio::test]
async fn p1_a_card_pings_if_no_direct_post_could() {
    let mut scene = Scene::open().await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    scene.fault(json!({"kind": "server_error", "status": 503})).await;
    scene.later().await.unwrap_err();
    scene.no_faults().await;
    scene.make_room().await;
    scene.tick().await.unwrap();
    scene.deliver().await;
    scene.later().await.unwrap();
    assert_eq!((scene.messages(scene.alerts()).await.len(), scene.pings().await), (1, 1));
    assert_eq!(scene.monitor.direct_alerts().list(), [], "nothing is left to be said");
}

#[tokio::test]
async fn p1_where_the_alert_channel_takes_nothing_it_is_posted_in_the_other_one() {
    let mut scene = Scene::open().await;
    scene.fill_up().await;
    scene.may_post(scene.alerts(), false).await;
    scene.does("billing-1", Deed::Drop);
    for _ in 0..20 {
        scene.later().await.unwrap_err();
    }
    let said = scene.texts(scene.elsewhere()).await;
    assert!(said.len() == 1 && said[0].contains("At risk: Billing Bot"), "{said:?}");
    assert_eq!(scene.requests().await, 2, "neither is asked without pause");
    // Where both refuse, both are asked every five minutes.
    scene.may_post(scene.elsewhere(), false).await;
    scene.does("orders-1", Deed::Drop);
    scene.does("orders-2", Deed::Drop);
    for _ in 0..20 {
        scene.later().await.unwrap_err();
    }
    assert!(scene.requests().await <= 8, "{}", scene.requests().await);
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn p1_a_direct_post_that_somebody_deleted_is_not_posted_again() {
    let mut scene = Scene::open().await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap_err();
    let id = scene.messages(scene.alerts()).await[0]["id"].as_str().unwrap().to_owned();
    scene.control(Method::DELETE, &format!("/channels/{}/messages/{id}", scene.alerts()), Value::Null).await;
    scene.does("billing-1", Deed::Recover);
    for _ in 0..3 {
        scene.later().await.unwrap_err();
    }
    assert_eq!(scene.texts(scene.alerts()).await, [""; 0]);
}
