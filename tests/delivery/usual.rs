//! When all goes well: one card, edited; one reply; a ping where one is due.

use std::time::Duration;

use botswain::discord::delivery::Stepped;
use botswain::domain::incident::Incident;
use botswain::domain::redundancy::Level;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::world::{World, facts};

#[tokio::test]
async fn p2_an_incident_is_one_card_that_is_edited_and_one_reply_to_it() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    assert_eq!((world.step(1).await, world.step(1).await), (Stepped::Posted, Stepped::Idle));
    assert_eq!(world.pings().await, 1);
    let worse = world.gets_worse(&incident).await;
    assert_eq!((world.step(2).await, world.step(2).await), (Stepped::Edited, Stepped::Posted));
    assert_eq!(world.pings().await, 2);
    world.resolves(&worse).await;
    assert_eq!((world.step(3).await, world.step(3).await), (Stepped::Edited, Stepped::Idle));
    let messages = world.messages().await;
    assert_eq!(messages.len(), 2);
    assert!(messages[0]["embeds"][0]["title"].as_str().unwrap().contains("Resolved"), "{}", messages[0]);
    assert_eq!(messages[1]["message_reference"]["message_id"], messages[0]["id"]);
    assert_eq!(world.pings().await, 2, "a recovery is quiet");
    world.is_tidy().await;
}

#[tokio::test]
async fn an_edit_that_would_change_nothing_is_not_sent() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.step(1).await;
    world.changes(&incident, false).await;
    assert_eq!(world.step(2).await, Stepped::Equal);
    let sent: Vec<_> = world.requests().await.into_iter().map(|(route, _)| route).collect();
    assert_eq!(sent, ["POST channels/messages", "GET channels/messages"], "it is only looked whether it still stands");
    let other = Incident { facts: facts(Level::Outage, 0), ..incident };
    world.changes(&other, false).await;
    assert_eq!(world.step(3).await, Stepped::Edited);
    world.is_tidy().await;
}

#[tokio::test]
async fn p8_an_edit_pings_nobody_and_names_nobody_though_its_text_does() {
    let world = World::open().await;
    let incident = world.opens("Billing @everyone <@&1300234240000000011> Bot").await;
    assert_eq!(world.step(1).await, Stepped::Posted);
    let on_call = json!([world.seed.on_call.id]);
    let card = world.messages().await.remove(0);
    assert_eq!(
        (&card["mention_roles"], &card["mention_everyone"]),
        (&on_call, &json!(false)),
        "the roles, and nobody else"
    );
    let pings = world.pings().await;
    world.changes(&Incident { facts: facts(Level::Outage, 0), ..incident }, false).await;
    assert_eq!(world.step(2).await, Stepped::Edited);
    let card = world.messages().await.remove(0);
    // Discord parses an edit's text again, by what the edit says of it.
    assert!(card["content"].as_str().unwrap().contains(&format!("<@&{}>", world.seed.on_call.id)), "{card}");
    assert_eq!((&card["mention_roles"], &card["mention_everyone"]), (&json!([]), &json!(false)), "{card}");
    assert_eq!(world.pings().await, pings);
    world.is_tidy().await;
}

#[tokio::test]
async fn p7_a_quiet_incident_pings_nobody() {
    let world = World::open().await;
    world.opens_in("Billing Bot", world.alerts(), false).await;
    assert_eq!(world.step(1).await, Stepped::Posted);
    assert_eq!(world.pings().await, 0);
    world.is_tidy().await;
}

#[tokio::test]
async fn edits_that_were_overtaken_collapse_and_a_card_that_comes_too_late_wakes_nobody() {
    let world = World::open().await;
    let incident = world.opens("Billing Bot").await;
    world.resolves(&incident).await;
    assert_eq!((world.step(1).await, world.step(1).await), (Stepped::Posted, Stepped::Idle));
    assert_eq!((world.messages().await.len(), world.pings().await), (1, 0));
    world.is_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p2_many_workers_post_each_message_once() {
    let world = World::open().await;
    for n in 0..4 {
        world.opens(&format!("Bot {n}")).await;
        world.opens_in(&format!("Other {n}"), world.team(), true).await;
    }
    let posts = (0..24).map(|_| {
        let delivery = std::sync::Arc::clone(&world.delivery);
        let now = world.at(1);
        tokio::spawn(async move {
            for _ in 0..8 {
                let _stepped = delivery.step(now).await.unwrap();
            }
        })
    });
    for post in posts.collect::<Vec<_>>() {
        post.await.unwrap();
    }
    while world.step(2).await != Stepped::Idle {}
    assert_eq!(world.messages().await.len(), 4);
    assert_eq!(world.requests().await.len(), 8);
    world.is_tidy().await;
}

#[tokio::test]
async fn the_loop_delivers_what_it_is_woken_for_and_ends_when_told() {
    let world = World::open().await;
    let shutdown = CancellationToken::new();
    let api = botswain::discord_api::DiscordApi::new(&super::world::TOKEN.into(), Some(&world.url)).unwrap();
    let delivery = botswain::discord::delivery::Delivery::new(
        world.store.clone(),
        api,
        botswain::discord::render::Context::default(),
        std::sync::Arc::clone(&world.wake),
    );
    let running = tokio::spawn(delivery.run(shutdown.clone()));
    world.opens("Billing Bot").await;
    world.wake.notify_one();
    let delivered = async {
        while world.messages().await.len() != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), delivered).await.unwrap();
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(20), running).await.unwrap().unwrap();
    assert_eq!(world.requests().await[0].1["enforce_nonce"], json!(true));
    world.is_tidy().await;
}
