//! When alerts do not come into their channel, it is said in another one.

use botswain::domain::ids::Id;
use botswain::domain::incident::{Incident, Subject};
use botswain::domain::notice::Call;
use botswain::domain::trouble::Obstacle;
use botswain::sandbox::lifecycle::Deed;
use botswain::store::incidents::Opened;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::Scene;

const POST: &str = "POST /channels/{id}/messages";

#[tokio::test]
async fn p1_it_is_said_once_what_is_in_the_way_what_to_do_and_what_is_not_seen() {
    let mut scene = Scene::open().await;
    scene.may_post(scene.alerts(), false).await;
    scene.does("billing-1", Deed::Drop);
    for _ in 0..3 {
        scene.round().await;
    }
    let said = scene.texts(scene.elsewhere()).await;
    assert_eq!((said.len(), scene.pings().await), (1, 1), "{said:?}");
    for part in [&format!("<#{}>", scene.alerts()), "Send Messages", "At risk: Billing Bot", "no failover left"] {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
    let sent = scene.requests().await;
    scene.round().await;
    assert_eq!(scene.requests().await, sent, "it is not said again and again");
    scene.mentioned_only_whom_it_may().await;
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn p1_what_goes_unseen_later_pings_once_for_each_severity_though_an_edit_would_not() {
    let mut scene = Scene::open().await;
    scene.may_post(scene.alerts(), false).await;
    scene.does("billing-1", Deed::Drop);
    scene.round().await;
    scene.does("orders-1", Deed::Drop);
    scene.does("orders-2", Deed::Drop);
    scene.does("billing-2", Deed::Drop);
    for _ in 0..3 {
        scene.round().await;
    }
    let said = scene.texts(scene.elsewhere()).await;
    assert_eq!((said.len(), scene.pings().await), (3, 3), "{said:?}");
    assert!(said[0].contains("Outage: Billing Bot") && said[0].contains("At risk: Orders Bot"), "{said:?}");
    let messages = scene.messages(scene.elsewhere()).await;
    for reply in &messages[1..] {
        assert_eq!(reply["message_reference"]["message_id"], messages[0]["id"]);
    }
    let mut scene = scene.restarted().await;
    for _ in 0..3 {
        scene.round().await;
    }
    assert_eq!((scene.messages(scene.elsewhere()).await.len(), scene.pings().await), (3, 3), "p6: nor after a restart");
    assert!(scene.texts(scene.elsewhere()).await[0].contains("No alert can be posted"), "it is not mended by that");
    scene.does("orders-1", Deed::Recover);
    scene.round().await;
    let said = scene.texts(scene.elsewhere()).await;
    assert!(!said[0].contains("Orders Bot"), "what is over is not listed: {said:?}");
    scene.mentioned_only_whom_it_may().await;
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn p1_once_it_is_mended_what_waited_is_posted_and_the_notice_says_so() {
    let mut scene = Scene::open().await;
    scene.may_post(scene.alerts(), false).await;
    scene.does("billing-1", Deed::Drop);
    scene.round().await;
    scene.may_post(scene.alerts(), true).await;
    for _ in 0..12 {
        scene.round().await;
    }
    let (here, there) = (scene.texts(scene.alerts()).await, scene.texts(scene.elsewhere()).await);
    assert!(here.len() == 1 && here[0].contains("At risk: Billing Bot"), "{here:?}");
    assert!(there.len() == 1 && there[0].contains("takes alerts again") && !there[0].contains("Billing"), "{there:?}");
    assert_eq!(scene.store.troubles().await.unwrap(), []);
    assert_eq!(scene.pings().await, 1, "p8: who was called there is not called here again");
    // What only waits for its turn is no trouble; the next trouble is another one.
    scene.may_post(scene.alerts(), false).await;
    scene.does("orders-1", Deed::Drop);
    scene.does("orders-2", Deed::Drop);
    scene.later().await.unwrap();
    assert_eq!(scene.fallback.step(scene.now()).await.unwrap(), 0);
    scene.round().await;
    let there = scene.texts(scene.elsewhere()).await;
    assert!(there.len() == 2 && there[1].contains("At risk: Orders Bot"), "{there:?}");
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn p1_a_card_calls_in_its_channel_as_long_as_nobody_was_called_in_the_other() {
    let mut scene = Scene::open().await;
    scene.may_post(scene.alerts(), false).await;
    scene.may_post(scene.elsewhere(), false).await;
    scene.does("billing-1", Deed::Drop);
    for _ in 0..3 {
        scene.round().await;
    }
    assert_eq!(scene.store.troubles().await.unwrap().len(), 1);
    scene.may_post(scene.alerts(), true).await;
    for _ in 0..12 {
        scene.round().await;
    }
    let here = scene.texts(scene.alerts()).await;
    assert!(here.len() == 1 && here[0].contains("At risk: Billing Bot"), "{here:?}");
    assert_eq!((scene.pings().await, scene.texts(scene.elsewhere()).await.len()), (1, 0));
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn p1_what_got_worse_while_it_was_in_the_way_calls_once_more_when_it_is_mended() {
    let mut scene = Scene::open().await;
    scene.may_post(scene.alerts(), false).await;
    scene.does("billing-1", Deed::Drop);
    for _ in 0..3 {
        scene.round().await;
    }
    scene.does("billing-2", Deed::Drop);
    for _ in 0..3 {
        scene.round().await;
    }
    assert_eq!(scene.pings().await, 2, "once for each severity");
    scene.may_post(scene.alerts(), true).await;
    for _ in 0..12 {
        scene.round().await;
    }
    let here = scene.texts(scene.alerts()).await;
    assert!(here.len() == 2 && here[0].contains("Outage: Billing Bot") && here[1].contains("got worse"), "{here:?}");
    assert_eq!(scene.pings().await, 3, "by the reply, and not by the card");
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn a_channel_that_is_gone_and_a_message_that_is_never_taken_are_told_apart() {
    let mut scene = Scene::open().await;
    scene.control(Method::DELETE, &format!("/channels/{}", scene.alerts()), Value::Null).await;
    scene.does("billing-1", Deed::Drop);
    scene.round().await;
    assert_eq!(scene.store.troubles().await.unwrap()[0].obstacle, Obstacle::Gone);
    let said = scene.texts(scene.elsewhere()).await;
    assert!(said[0].contains("DISCORD_ALERT_CHANNEL_ID"), "{said:?}");

    let mut scene = Scene::open().await;
    let route = format!("POST /channels/{}/messages", scene.alerts());
    let refused = json!({"kind": "refuse", "status": 400, "code": 50035, "message": "Invalid *Form* Body", "route": route, "times": 1});
    scene.fault(refused).await;
    scene.does("billing-1", Deed::Drop);
    scene.round().await;
    let said = scene.texts(scene.elsewhere()).await;
    assert!(said.len() == 1 && said[0].contains("Not every alert") && said[0].contains("\\*Form\\*"), "{said:?}");
    assert_eq!(scene.pings().await, 1);
    // As soon as it says something else, it is taken.
    scene.does("billing-2", Deed::Drop);
    scene.round().await;
    let said = scene.texts(scene.elsewhere()).await;
    assert!(said.len() == 1 && said[0].contains("takes alerts again"), "{said:?}");
}

#[tokio::test]
async fn nothing_is_said_of_the_other_channel_when_that_takes_nothing_either() {
    let mut scene = Scene::open().await;
    scene.may_post(scene.alerts(), false).await;
    scene.may_post(scene.elsewhere(), false).await;
    scene.does("billing-1", Deed::Drop);
    for _ in 0..20 {
        scene.round().await;
    }
    assert!(scene.requests().await <= 6, "each is tried every five minutes: {}", scene.requests().await);
    // Nor of an alert that is configured for that very channel.
    let of_there = scene.incident("Billing Bot").await.unwrap();
    let of_there = Incident { id: Id::random(), subject: Subject::Blind, ..of_there };
    let opened = scene.store.open_incident(&of_there, Call::Card, scene.elsewhere(), scene.now()).await.unwrap();
    assert_eq!(opened, Opened::Now);
    scene.deliver().await;
    scene.fallback.step(scene.now()).await.unwrap();
    let troubles = scene.store.troubles().await.unwrap();
    assert_eq!(troubles.iter().map(|trouble| trouble.channel).collect::<Vec<_>>(), [scene.alerts()]);
    scene.may_post(scene.elsewhere(), true).await;
    for _ in 0..11 {
        scene.round().await;
    }
    let said = scene.texts(scene.elsewhere()).await;
    assert!(said.iter().any(|said| said.contains("📵") && said.contains("At risk: Billing Bot")), "{said:?}");
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn p2_discord_being_down_or_in_haste_is_no_trouble_of_a_channels() {
    let mut scene = Scene::open().await;
    scene.does("billing-1", Deed::Drop);
    scene.fault(json!({"kind": "server_error", "status": 503, "route": POST, "times": 2})).await;
    scene.fault(json!({"kind": "rate_limit", "retry_after": 20.0, "route": POST, "times": 1})).await;
    for _ in 0..6 {
        scene.round().await;
    }
    assert_eq!(scene.texts(scene.elsewhere()).await, [""; 0]);
    assert_eq!((scene.messages(scene.alerts()).await.len(), scene.pings().await), (1, 1));
}
