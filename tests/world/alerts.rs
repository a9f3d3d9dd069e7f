//! Alerts: never lost, never doubled, never hidden, whatever happens to Discord, the service or the process.

use botswain::sandbox::lifecycle::{Deed, FaultKind};
use serde_json::json;

use crate::message::Message;
use crate::world::{Beginning, World};

fn cards(messages: &[Message], text: &str) -> usize {
    messages.iter().filter(|m| m.says(text) && m.0["message_reference"].is_null()).count()
}

#[tokio::test]
async fn p1_an_alert_outlives_discord_being_down_and_rate_limited() {
    let world = World::new().await;
    for fault in [
        json!({ "kind": "server_error", "status": 503, "route": "POST /channels/{id}/messages", "times": 2 }),
        json!({ "kind": "rate_limit", "route": "POST /channels/{id}/messages", "retry_after": 0.2, "times": 1 }),
        json!({ "kind": "rate_limit", "global": true, "route": "POST /channels/{id}/messages", "retry_after": 0.2, "times": 1 }),
        json!({ "kind": "drop_after", "route": "POST /channels/{id}/messages", "times": 1 }),
    ] {
        world.fault(fault).await;
    }
    world.does("billing-1", Deed::Drop);
    world.alert("At risk: Billing Bot").await;
    world.does("billing-1", Deed::Recover);
    world.alert("Resolved: Billing Bot").await;
    assert_eq!(cards(&world.alerts().await, "Billing Bot in Production"), 1, "p2: and it stands once");
    world.finish().await;
}

#[tokio::test]
async fn p1_what_happens_while_the_bot_is_down_is_found_when_it_comes_back() {
    let mut world = World::new().await;
    world.does("billing-1", Deed::Drop);
    let card = world.alert("At risk: Billing Bot").await;
    world.stop_bot().await;
    world.does("billing-2", Deed::Drop);
    world.start_bot().await;
    let worse = world.alert("Outage: Billing Bot").await;
    assert_eq!(worse.id(), card.id());
    world.stop_bot().await;
    world.does("billing-1", Deed::Recover);
    world.does("billing-2", Deed::Recover);
    world.start_bot().await;
    let resolved = world.alert("Resolved: Billing Bot").await;
    assert_eq!(resolved.id(), card.id());
    assert_eq!(cards(&world.alerts().await, "Billing Bot in Production"), 1);
    world.finish().await;
}

#[tokio::test]
async fn p2_a_deleted_card_is_made_anew_once() {
    let mut world = World::new().await;
    world.expect_refusal(10_008);
    world.does("billing-1", Deed::Drop);
    let card = world.alert("At risk: Billing Bot").await;
    world
        .send(reqwest::Method::DELETE, &format!("channels/{}/messages/{}", card.channel(), card.id()), json!({}))
        .await;
    world.does("billing-1", Deed::Recover);
    let resolved = world.alert("Resolved: Billing Bot").await;
    assert_ne!(resolved.id(), card.id());
    assert_eq!(cards(&world.alerts().await, "Billing Bot in Production"), 1);
    world.finish().await;
}

#[tokio::test]
async fn p5_a_service_that_cannot_be_read_is_unknown_and_being_blind_is_said_once() {
    let world = World::new().await;
    world.fleet().add_fault(FaultKind::ServerError { status: 500 });
    let blind = world.alert("Blind").await;
    let status = world.olga().runs("/bots status env:production bot:Billing Bot").await.message();
    assert!(status.says("Unknown") && !status.says("Outage"), "{status:?}");
    assert_eq!(cards(&world.alerts().await, "Billing Bot"), 0, "nothing is known to be broken");
    world.fleet().clear_faults();
    let seen = world.alert("can be seen again").await;
    assert_eq!(seen.id(), blind.id());
    world.finish().await;
}

#[tokio::test]
async fn p7_what_an_operator_does_is_said_and_pings_nobody() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs("/bots stop env:production bot:Returns Bot connector:returns-1").await.message();
    olga.agrees(&prompt, "Stop returns-1").await;
    let card = world.alert("At risk: Returns Bot").await;
    assert!(card.says(&format!("<@{}>", olga.id())), "{card:?}");
    world.operation("Stopped returns-1").await;
    assert!(world.pings().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn p7_what_an_operator_does_to_several_at_once_is_said_of_each_and_pings_nobody() {
    let world = World::new().await;
    let olga = world.olga();
    let menu = olga.runs("/bots stop env:production bot:Orders Bot").await.message();
    let prompt = olga.chooses_all(&menu, &["orders-1", "orders-2", "orders-3"]).await.message();
    olga.agrees(&prompt, "Stop 3 connectors").await;
    world.operation("Stopped 3 connectors of Orders Bot").await;
    let card = world.alert("Outage: Orders Bot").await;
    let who = format!("<@{}>", olga.id());
    for connector in ["orders-1", "orders-2", "orders-3"] {
        let text = card.text();
        let line = text.lines().find(|line| line.contains(connector)).unwrap_or_default();
        assert!(line.contains(&who), "{connector}: {card:?}");
    }
    assert!(world.pings().await.is_empty());
    // What falls beside it was announced by nobody.
    world.does("billing-1", Deed::Drop);
    world.alert("At risk: Billing Bot").await;
    world.until("it pings", async |world: &World| world.pings().await.pop()).await;
    world.finish().await;
}

#[tokio::test]
async fn bots_that_never_were_redundant_stand_on_one_quiet_notice() {
    let world = World::new().await;
    let notice = world.alert("Never redundant: bots in Production").await;
    assert!(notice.says("FAQ Bot"), "{notice:?}");
    assert!(world.pings().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn readiness_says_what_is_wrong_while_the_process_lives() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let world = World::begin(Beginning::default().with("HTTP_LISTEN", &free)).await;
    world.alert("Never redundant").await;
    let ask = async |path: &str| {
        let answer = reqwest::get(format!("http://{free}/{path}")).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ask("healthz").await, (200, "ok".to_owned()));
    let (status, said) = ask("readyz").await;
    assert_eq!((status, said.contains("false")), (200, false), "{said}");
    world.olga().runs("/bots status env:production").await;
    let (status, said) = ask("metrics").await;
    assert_eq!(status, 200, "{said}");
    for series in [
        "botswain_interactions_total{kind=\"command\",outcome=\"answered\"}",
        "botswain_deliveries_total{outcome=\"posted\"}",
        "botswain_open_incidents{level=\"never_redundant\",environment=\"production\"} 1",
    ] {
        assert!(said.contains(series), "{series}: {said}");
    }
    world.fleet().add_fault(FaultKind::ServerError { status: 500 });
    world.alert("Blind").await;
    let (status, said) = ask("readyz").await;
    assert!(status == 503 && said.contains(r#""polls_fresh":false"#), "{said}");
    assert_eq!(ask("healthz").await.0, 200);
    world.fleet().clear_faults();
    world.alert("can be seen again").await;
    world.finish().await;
}

#[tokio::test]
async fn p7_a_connector_that_was_moved_away_is_named_with_who_moved_it() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs("/bots redeploy connector:returns-1 to:demo").await.message();
    olga.agrees(&prompt, "Redeploy returns-1 to Demo").await;
    world.operation("Redeployed returns-1").await;
    let card = world.alert("is no longer in this environment; redeployed by").await;
    assert!(card.says(&format!("<@{}>", olga.id())), "{card:?}");
    world.finish().await;
}

#[tokio::test]
async fn p2_many_bots_at_once_are_one_storm_that_asks_whether_the_platform_is_down() {
    let world = World::begin(Beginning::default().with("STORM_BOTS", "3").with("ALERT_AFTER", "1s")).await;
    let lost = ["billing-1", "returns-1", "orders-1", "orders-2"];
    lost.iter().for_each(|name| world.does(name, Deed::Drop));
    let storm = world.alert("Is the platform down?").await;
    assert!(storm.says("Storm") && storm.says("in Production"), "{storm:?}");
    let alerts = world.alerts().await;
    let own = alerts.iter().filter(|alert| alert.says("At risk: ")).count();
    let there = ["Billing Bot", "Returns Bot", "Orders Bot"].into_iter().filter(|bot| storm.says(bot)).count();
    assert!(own <= 1 && own + there == 3, "one that was seen a moment before the others has its own: {alerts:#?}");
    lost.iter().for_each(|name| world.does(name, Deed::Recover));
    let over = world.alert("The storm is over").await;
    assert_eq!(over.id(), storm.id());
    let told = told(&world, &storm, "**Resolved**").await;
    assert!(told[0].contains("**Opened**") && told[0].contains("broken"), "{told:?}");
    world.finish().await;
}

#[tokio::test]
async fn p2_what_comes_back_soon_is_the_same_card_with_a_reply_that_calls() {
    let world = World::begin(Beginning::default().with("REOPEN_WITHIN", "15m")).await;
    world.does("billing-1", Deed::Drop);
    let card = world.alert("At risk: Billing Bot").await;
    world.does("billing-1", Deed::Recover);
    world.alert("Resolved: Billing Bot").await;
    world.does("billing-1", Deed::Drop);
    let reply = world.alert("It was resolved, and it is back").await;
    assert_eq!(reply.0["message_reference"]["message_id"], card.id());
    assert!(reply.0["content"].as_str().unwrap().contains("<@&"), "{reply:?}");
    let again = world.alert("came back").await;
    assert_eq!(again.id(), card.id());
    assert!(again.says("It fell again once"), "{again:?}");
    assert_eq!(cards(&world.alerts().await, "Billing Bot in Production"), 1);
    world.finish().await;
}

/// The lines in the thread of a card, once one of them says this.
pub async fn told(world: &World, card: &Message, text: &str) -> Vec<String> {
    let path = format!("channels/{}/messages", card.id());
    let lines = async |world: &World| {
        let messages = world.get(&path).await;
        let texts = messages.as_array()?.iter().filter_map(|message| message["content"].as_str());
        let lines: Vec<_> = texts.flat_map(str::lines).map(str::to_owned).collect();
        lines.iter().any(|line| line.contains(text)).then_some(lines)
    };
    world.until(&format!("the thread says {text}"), lines).await
}

#[tokio::test]
async fn p2_an_alerts_thread_tells_what_happened_and_who_did_what() {
    let world = World::new().await;
    let (olga, otto) = (world.olga(), world.otto());
    let prompt = olga.runs("/bots stop env:production bot:Returns Bot connector:returns-1").await.message();
    olga.agrees(&prompt, "Stop returns-1").await;
    let card = world.alert("At risk: Returns Bot").await;
    world.operation("Stopped returns-1").await;
    otto.presses(&card, "Acknowledge incident").await;
    told(&world, &card, "**Acknowledged**").await;
    let prompt = otto.runs("/bots start env:production bot:Returns Bot connector:returns-1").await.message();
    otto.agrees(&prompt, "Start returns-1").await;
    world.alert("Resolved: Returns Bot").await;
    told(&world, &card, "**Resolved**").await;
    let told = told(&world, &card, "start returns-1, is done").await;
    let (olga, otto) = (format!("<@{}>", olga.id()), format!("<@{}>", otto.id()));
    let expected = [
        "**Opened**".to_owned(),
        format!("**Acknowledged** by {otto}"),
        format!("{otto} began to start returns-1"),
        format!("What {otto} began, to start returns-1, is done"),
    ];
    let places = expected.iter().map(|text| told.iter().position(|line| line.contains(text)));
    let places: Vec<_> = places.collect::<Option<_>>().unwrap_or_else(|| panic!("{expected:?}: {told:#?}"));
    assert!(places.is_sorted(), "{told:#?}");
    assert!(told[0].contains("Nobody was called"), "p7: {told:#?}");
    let began = told.iter().any(|line| line.contains(&olga));
    assert!(began, "what left it down ended while it was open: {told:#?}");
    assert!(world.pings().await.is_empty());
    world.finish().await;
}
