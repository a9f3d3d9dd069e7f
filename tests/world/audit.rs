//! The record in the chat: `/bots audit` with its filters and pages, and the channel that mirrors it.

use serde_json::json;

use crate::message::Message;
use crate::person::Person;
use crate::world::{Beginning, World};

const STOP: &str = "/bots stop env:production bot:Billing Bot connector:billing-1 reason:configuration";
const BUTTON: &str = "Stop billing-1 in Production";

/// The list, once it says this: a record is sealed a moment after it is written.
async fn listed(world: &World, whose: impl Fn(&World) -> Person<'_>, line: &str, text: &str) -> Message {
    let ask = async |world: &World| {
        let list = whose(world).runs(line).await.message();
        list.says(text).then_some(list)
    };
    world.until(&format!("{line} says {text:?}"), ask).await
}

/// Olga stops a connector, Vera may not, and somebody presses what nobody drew.
async fn some_story(world: &World) {
    let olga = world.olga();
    let prompt = olga.runs(STOP).await.message();
    olga.agrees(&prompt, BUTTON).await;
    world.operation("Stopped billing-1").await;
    world.vera().runs("/bots stop env:production bot:FAQ Bot connector:faq-1").await;
    for n in 0..6 {
        world.vera().presses_id(&prompt, &format!("b1:nonsense:{n}"), true).await;
    }
}

#[tokio::test]
async fn p10_who_did_what_why_and_how_it_ended_is_read_by_anybody_in_private() {
    let world = World::new().await;
    some_story(&world).await;
    let done =
        listed(&world, World::vera, "/bots audit outcome:done", "Done · Stop: billing-1 of Billing Bot in production")
            .await;
    assert!(done.is_ephemeral());
    let stands = world.operation("Stopped billing-1").await;
    let link = format!("/{}/{}", stands.channel(), stands.id());
    for text in [
        &format!("<@{}> (Olga)", world.olga().id()),
        "Reason: configuration",
        "Why: seen",
        "Was: Online in Production · is: Stopped",
        &link,
    ] {
        assert!(done.says(text), "{text}: {done:?}");
    }
    assert!(!done.says("Denied"), "{done:?}");
    let denied =
        listed(&world, World::vera, "/bots audit action:stop outcome:denied bot:FAQ Bot", "Denied · Stop").await;
    assert!(denied.says("Vera") && denied.says("no role to stop in production") && !denied.says("Olga"), "{denied:?}");
    for (line, text) in [
        ("/bots audit person:Nobody", "is no person"),
        ("/bots audit outcome:sometimes", "is no outcome"),
        ("/bots audit action:dance", "is no action"),
        ("/bots audit since:tomorrow", "is no time"),
        ("/bots audit env:demo since:1h", "Nothing that fits is recorded"),
    ] {
        let said = world.olga().runs(line).await.message();
        assert!(said.is_ephemeral() && said.says(text), "{line}: {said:?}");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_list_is_turned_by_its_buttons_and_its_options_are_offered_while_they_are_typed() {
    let world = World::new().await;
    some_story(&world).await;
    let newest = listed(&world, World::olga, "/bots audit person:Vera", "#8 ").await;
    assert!(newest.says("#4 ") && !newest.says("#3 "), "{newest:?}");
    let older = world.olga().presses(&newest, "Show older").await.message();
    assert!(older.says("#3 ") && older.says("Denied · Stop") && !older.says("Show older"), "{older:?}");
    let newer = world.olga().presses(&older, "Show newer").await.message();
    assert!(newer.says("#8 ") && !newer.says("#3 "), "{newer:?}");
    // What comes meanwhile is on the list only when it is asked for again.
    world.vera().presses_id(&newest, "b1:nonsense", true).await;
    listed(&world, World::olga, "/bots audit person:Vera", "#9 ").await;
    let older = world.olga().presses(&newer, "Show older").await.message();
    let same = world.olga().presses(&older, "Show newer").await.message();
    assert!(!same.says("#9 "), "{same:?}");
    let again = world.olga().presses(&same, "Show newest").await.message();
    assert!(again.says("#9 "), "{again:?}");
    let old = world.olga().presses_id(&newest, "b1:audit:0000000000000000:1", true).await.message();
    assert!(old.says("too old"), "{old:?}");

    let olga = world.olga();
    assert_eq!(olga.is_offered("/bots audit person:").await, ["Vera", "Olga"]);
    assert_eq!(olga.is_offered("/bots audit outcome:un").await, ["outcome unknown"]);
    assert_eq!(olga.is_offered("/bots audit action:mut").await, ["mute", "unmute"]);
    assert_eq!(olga.is_offered("/bots audit since:7").await, ["The last 7 days"]);
    assert!(olga.is_offered("/bots audit env:").await.iter().any(|offer| offer.starts_with("Production")));
    world.finish().await;
}

#[tokio::test]
async fn p8_the_mirror_tells_each_record_once_pings_nobody_and_outlives_a_429_and_a_restart() {
    let probe = World::without_bot(Beginning::default()).await;
    let mirror = probe.team_channel();
    probe.finish().await;
    let mut world = World::begin(Beginning::default().with("AUDIT_CHANNEL_ID", &mirror)).await;
    world
        .fault(json!({ "kind": "rate_limit", "route": "POST /channels/{id}/messages", "retry_after": 0.2, "times": 2 }))
        .await;
    some_story(&world).await;
    world.stop_bot().await;
    world.start_bot().await;
    let told = async |world: &World| {
        let messages: Vec<_> = world.messages_in(&mirror).await.into_iter().filter(|m| m.says("Recorded")).collect();
        let numbers = messages.iter().flat_map(|message| {
            let lines: Vec<_> =
                message.text().lines().filter_map(|line| line.strip_prefix('#').map(str::to_owned)).collect();
            lines.into_iter().filter_map(|line| line.split(' ').next().and_then(|word| word.parse::<u64>().ok()))
        });
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_unstable();
        (numbers.len() >= 8).then_some(numbers)
    };
    assert_eq!(world.until("each record is told", told).await, (1..=8).collect::<Vec<_>>());
    assert!(world.pings().await.is_empty());
    world.finish().await;
}
