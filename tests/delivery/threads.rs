//! An incident's timeline in a thread of its card: each thing that happens once, in order, pinging nobody; and a thread
//! that cannot be made holds up nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use botswain::discord::delivery;
use botswain::discord::timelines::{Stepped, Timelines};
use botswain::domain::attention::Wish;
use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::BotId;
use botswain::domain::incident::{Incident, Phase, Subject};
use botswain::domain::notice::Call;
use botswain::domain::redundancy::Level;
use botswain::store::incidents::{Changed, Opened};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, facts};

const START: &str = "POST /channels/{id}/messages/{id}/threads";

#[tokio::test]
async fn p2_p8_each_thing_that_happens_is_one_line_in_order_and_calls_nobody() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing *Bot*").await;
    assert_eq!(world.tells(&timelines, 1).await, [Stepped::Started, Stepped::Told]);
    let thread = world.place(&incident).await;
    world.gets_worse(&incident).await;
    assert_eq!(world.tells(&timelines, 2).await, [Stepped::Told]);
    world.wishes(&incident, Wish::Acknowledge).await;
    world.wishes(&incident, Wish::Snooze(world.at(900))).await;
    world.wishes(&incident, Wish::Unsnooze).await;
    world.is_reminded(&incident).await;
    let now = world.kept(&incident).await.incident;
    let well = Phase::Recovering { since: world.at(0), by: None };
    world.changes(&Incident { phase: well, facts: facts(Level::Redundant, 2), ..now.clone() }, false).await;
    world.changes(&Incident { flaps: 2, ..now.clone() }, false).await;
    world.resolves(&now).await;
    assert_eq!(world.tells(&timelines, 3).await, [Stepped::Told], "what waits goes together");
    let until = world.at(900).as_second();
    let olga = format!("<@{}>", world.seed.olga.id);
    let expected = [
        "🟠 **Opened**: 1 of 2 healthy: no failover left. Those who are on call were called.".to_owned(),
        "🔴 **Worse**: 0 of 2 healthy: nothing is left to take conversations. Those who are on call were called."
            .to_owned(),
        format!("🙋 **Acknowledged** by {olga}."),
        format!("😴 **Snoozed** by {olga} until <t:{until}:f>."),
        format!("⏰ **The snooze was ended** by {olga}."),
        "🔁 **Reminded**: it still stands.".to_owned(),
        "🔵 **Looks well**: 2 of 2 healthy, 2 wanted. It is resolved once that lasts.".to_owned(),
        "🔁 **Fell again**, for the 2. time: 0 of 2 healthy: nothing is left to take conversations.".to_owned(),
        "✅ **Resolved** after 1 min.".to_owned(),
    ];
    assert_eq!(world.thread(&thread).await, expected);
    assert_eq!(world.parts(&thread).await, 3);
    // The channel holds the card and the replies that call somebody, and the card shows its thread.
    let messages = world.messages().await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(
        (messages[0]["thread"]["name"].as_str(), &messages[0]["flags"]),
        (Some("Billing *Bot* in Production"), &json!(32))
    );
    world.is_quiet_in_threads(2).await;
}

#[tokio::test]
async fn what_comes_back_is_told_in_the_same_thread_and_what_follows_too_late_in_its_own() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing Bot").await;
    world.tells(&timelines, 1).await;
    world.resolves(&incident).await;
    let kept = world.kept(&incident).await;
    let back = Incident { phase: Phase::Open, flaps: 1, replies: 1, ..incident.clone() };
    let changed = world.store.change_incident(&kept, &back, Call::Back, world.alerts(), world.at(2)).await.unwrap();
    assert_eq!(changed, Changed::Now);
    world.tells(&timelines, 2).await;
    let told = world.thread(&world.place(&incident).await).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[2].contains("**Back** after it was resolved"), "{told:?}");
}

#[tokio::test]
async fn cards_and_pings_go_first() {
    let world = World::open().await;
    let timelines = world.timelines();
    world.opens("Billing Bot").await;
    assert_eq!(timelines.step(world.at(1)).await.unwrap(), Stepped::Idle, "the card does not stand yet");
    assert_eq!(world.step(1).await, delivery::Stepped::Posted);
    world.opens_in("Orders Bot", world.team(), true).await;
    assert_eq!(timelines.step(world.at(1)).await.unwrap(), Stepped::Behind);
    assert_eq!(world.requests().await.len(), 1);
    assert_eq!(world.step(1).await, delivery::Stepped::Posted);
    // However long Discord takes with a thread, a card does not wait for it.
    world.tells(&timelines, 1).await;
    world.fault(json!({"kind": "hang", "route": START})).await;
    world.opens("Slow Bot").await;
    assert_eq!(world.step(1).await, delivery::Stepped::Posted);
    let (timelines, now) = (Arc::new(timelines), world.at(2));
    let hanging = tokio::spawn({
        let timelines = Arc::clone(&timelines);
        async move { timelines.step(now).await }
    });
    let is_leased = async { while world.store.has_to_tell(world.at(2)).await.unwrap() {} };
    tokio::time::timeout(Duration::from_secs(20), is_leased).await.unwrap();
    world.opens("FAQ Bot").await;
    assert_eq!(world.step(2).await, delivery::Stepped::Posted);
    assert!(!hanging.is_finished());
    world.no_faults().await;
    assert!(matches!(hanging.await.unwrap().unwrap(), Stepped::Later { .. }));
}

/// Something is carried out on Discord, and the process dies before it can write that down.
async fn killed_amid(world: &mut World, timelines: &Arc<Timelines>, second: i64) {
    world.swallow.store(true, Ordering::SeqCst);
    let (dying, now) = (Arc::clone(timelines), world.at(second));
    let dying = tokio::spawn(async move { dying.step(now).await });
    tokio::time::timeout(Duration::from_secs(20), world.swallowed.notified()).await.unwrap();
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn p1_p2_killed_between_a_line_and_its_record_it_stands_once_soon_after_or_long_after() {
    for long_after in [false, true] {
        let mut world = World::open().await;
        let timelines = Arc::new(world.timelines());
        let incident = world.opens("Billing Bot").await;
        assert_eq!(world.step(1).await, delivery::Stepped::Posted);
        // First when the thread was started, then when the line was posted.
        for _ in 0..2 {
            killed_amid(&mut world, &timelines, 1).await;
            let killed = timelines.step(world.at(2)).await.unwrap();
            assert_eq!(killed, Stepped::Idle, "it is leased");
            if world.parts(&world.place(&incident).await).await == 0 {
                assert_eq!(timelines.step(world.at(70)).await.unwrap(), Stepped::Started);
            }
        }
        drop(timelines);
        world.has(&incident, Level::Outage, 0).await;
        world.restart().await;
        let timelines = world.timelines();
        let second = if long_after {
            world.control(Method::POST, "/clock", json!({"advance_ms": 600_000})).await;
            1_000
        } else {
            72
        };
        assert_eq!(world.tells(&timelines, second).await, [Stepped::Found, Stepped::Told], "{long_after}");
        let told = world.thread(&world.place(&incident).await).await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("Opened") && told[1].contains("Worse"), "{told:?}");
        let read = world.requests().await.iter().filter(|(route, _)| route == "GET channels/messages").count();
        let looked_for = 1 + usize::from(long_after);
        assert_eq!(read, looked_for, "the thread on the card; and the line, after the time of the nonce");
        world.is_quiet_in_threads(1).await;
    }
}

#[tokio::test]
async fn p2_a_line_that_was_posted_without_an_answer_or_not_at_all_stands_once() {
    for fault in ["drop", "drop_after", "server_error"] {
        let world = World::open().await;
        let timelines = world.timelines();
        let incident = world.opens("Billing Bot").await;
        assert_eq!(world.step(1).await, delivery::Stepped::Posted);
        world.fault(json!({"kind": fault, "times": 1, "route": START})).await;
        assert!(matches!(world.tells(&timelines, 1).await.as_slice(), [Stepped::Later { .. }]), "{fault}");
        let thread = world.place(&incident).await;
        let route = format!("POST /channels/{thread}/messages");
        world.fault(json!({"kind": fault, "times": 1, "route": route})).await;
        let steps = world.tells(&timelines, 20).await;
        assert!(matches!(steps.as_slice(), [Stepped::Started, Stepped::Later { .. }]), "{fault} {steps:?}");
        assert_eq!(world.tells(&timelines, 60).await, [Stepped::Found]);
        assert_eq!((world.parts(&thread).await, world.thread(&thread).await.len()), (1, 1), "{fault}");
        world.is_quiet_in_threads(1).await;
    }
}

#[tokio::test]
async fn p1_where_no_thread_can_be_made_the_cards_and_pings_go_on_and_it_is_tried_slowly() {
    for (status, code) in [(403, 50_013), (403, 50_001), (404, 10_003), (400, 160_006)] {
        let world = World::open().await;
        let timelines = world.timelines();
        let incident = world.opens("Billing Bot").await;
        world.refuses(START, status, code, None).await;
        for second in [1, 2, 3] {
            world.tells(&timelines, second).await;
        }
        world.gets_worse(&incident).await;
        for second in (10..7_000).step_by(100) {
            world.tells(&timelines, second).await;
        }
        assert_eq!((world.messages().await.len(), world.pings().await), (2, 2), "{code}");
        let requests = world.requests().await;
        let tried = requests.iter().filter(|(route, _)| route.ends_with("/threads")).count();
        assert!((4..=6).contains(&tried), "{code}: {tried} times in two hours");
        assert_eq!((timelines.tally().of("refused"), timelines.tally().of("left_out")), (tried as u64, 0), "{code}");
        // Once it is mended, all of it is told.
        world.no_faults().await;
        assert_eq!(world.tells(&timelines, 12_000).await, [Stepped::Started, Stepped::Told], "{code}");
        assert_eq!(world.thread(&world.place(&incident).await).await.len(), 2);
        world.is_quiet_in_threads(2).await;
    }
}

#[tokio::test]
async fn what_could_not_be_told_for_a_day_is_left_out() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing Bot").await;
    world.refuses(START, 403, 50_013, None).await;
    let mut last = Vec::new();
    for hour in 0..26 {
        last = world.tells(&timelines, 1 + hour * 3_700).await;
        if last == [Stepped::LeftOut] {
            break;
        }
    }
    assert_eq!(last, [Stepped::LeftOut]);
    let sent = world.requests().await.len();
    assert_eq!(world.tells(&timelines, 1_000_000).await, []);
    assert_eq!(world.requests().await.len(), sent);
    // What happens next is tried.
    world.no_faults().await;
    world.gets_worse(&incident).await;
    assert_eq!(world.tells(&timelines, 1_000_001).await, [Stepped::Started, Stepped::Told]);
    assert_eq!(world.thread(&world.place(&incident).await).await.len(), 1);
}

#[tokio::test]
async fn a_channel_that_can_have_no_threads_is_asked_once_for_each_news() {
    for code in [50_024, 50_035] {
        let world = World::open().await;
        let timelines = world.timelines();
        let incident = world.opens("Billing Bot").await;
        world.refuses(START, 400, code, None).await;
        assert_eq!(world.tells(&timelines, 1).await, [Stepped::LeftOut]);
        assert_eq!(world.tells(&timelines, 100_000).await, []);
        world.gets_worse(&incident).await;
        assert_eq!(world.tells(&timelines, 100_001).await, [Stepped::LeftOut]);
        assert_eq!((world.messages().await.len(), world.pings().await), (2, 2));
        world.is_quiet_in_threads(2).await;
    }
}

#[tokio::test]
async fn without_the_permissions_a_timeline_waits_until_somebody_gives_them() {
    let (create, send) = (1 << 35, 1 << 38);
    let world = World::open().await;
    let timelines = world.timelines();
    world.denies(create).await;
    let incident = world.opens("Billing Bot").await;
    assert!(matches!(world.tells(&timelines, 1).await.as_slice(), [Stepped::Later { .. }]));
    assert_eq!(world.tells(&timelines, 200).await, []);
    world.denies(send).await;
    let steps = world.tells(&timelines, 400).await;
    assert!(matches!(steps.as_slice(), [Stepped::Started, Stepped::Later { .. }]), "{steps:?}");
    world.gets_worse(&incident).await;
    world.denies(0).await;
    world.tells(&timelines, 500).await;
    assert_eq!((world.messages().await.len(), world.pings().await), (2, 2), "nobody waits for it");
    assert_eq!(world.tells(&timelines, 4_000).await, [Stepped::Told]);
    assert_eq!(world.thread(&world.place(&incident).await).await.len(), 2);
    world.is_quiet_in_threads(2).await;
}

#[tokio::test]
async fn p1_a_429_of_a_threads_holds_no_card_and_is_obeyed() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing Bot").await;
    world.fault(json!({"kind": "rate_limit", "retry_after": 30.0, "route": START, "times": 1})).await;
    assert!(matches!(world.tells(&timelines, 1).await.as_slice(), [Stepped::Later { .. }]));
    world.gets_worse(&incident).await;
    let sent = world.requests().await.len();
    assert_eq!(world.tells(&timelines, 20).await, []);
    assert_eq!(world.requests().await.len(), sent + 2, "the card and the reply");
    assert_eq!(world.tells(&timelines, 40).await, [Stepped::Started, Stepped::Told]);
    world.fault(json!({"kind": "rate_limit", "retry_after": 30.0, "global": true, "times": 1})).await;
    world.has(&incident, Level::AtRisk, 1).await;
    assert!(matches!(world.step(50).await, delivery::Stepped::Later { .. }));
    assert!(matches!(timelines.step(world.at(51)).await.unwrap(), Stepped::Quiet { .. }));
}

async fn state_of(world: &World, thread: &str, state: Value) {
    world.control(Method::PUT, &format!("/channels/{thread}/thread"), state).await;
}

#[tokio::test]
async fn an_archived_thread_is_opened_by_what_is_told_or_asked_to_open() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing Bot").await;
    world.tells(&timelines, 1).await;
    let thread = world.place(&incident).await;
    state_of(&world, &thread, json!({"archived": true})).await;
    world.has(&incident, Level::Outage, 0).await;
    assert_eq!(world.tells(&timelines, 2).await, [Stepped::Told]);
    // Where Discord wants it to be opened first.
    state_of(&world, &thread, json!({"archived": true})).await;
    world.refuses(&format!("POST /channels/{thread}/messages"), 400, 50_083, Some(1)).await;
    world.has(&incident, Level::AtRisk, 1).await;
    assert_eq!(world.tells(&timelines, 3).await, [Stepped::Reopened, Stepped::Told]);
    let routes = world.requests().await;
    let (_, body) = routes.iter().find(|(route, _)| route == "PATCH channels").unwrap();
    assert_eq!(*body, json!({"archived": false}));
    // Where it says so however often it was opened, it is left at that.
    world.refuses(&format!("POST /channels/{thread}/messages"), 400, 50_083, None).await;
    world.has(&incident, Level::Outage, 0).await;
    assert_eq!(world.tells(&timelines, 4).await, [Stepped::Reopened, Stepped::LeftOut]);
    world.no_faults().await;
    assert_eq!((world.tells(&timelines, 5).await, world.parts(&thread).await), (vec![], 3));
    world.is_quiet_in_threads(1).await;
}

#[tokio::test]
async fn a_locked_thread_is_left_alone_and_tried_once_for_each_news() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing Bot").await;
    world.tells(&timelines, 1).await;
    let thread = world.place(&incident).await;
    for (archived, second) in [(false, 10), (true, 20)] {
        state_of(&world, &thread, json!({"archived": archived, "locked": true})).await;
        let level = if archived { Level::AtRisk } else { Level::Outage };
        world.has(&incident, level, u32::from(archived)).await;
        assert_eq!(world.tells(&timelines, second).await, [Stepped::LeftOut]);
        assert_eq!(world.tells(&timelines, second + 5).await, []);
    }
    // By its number, when it is to be opened.
    world.refuses(&format!("POST /channels/{thread}/messages"), 400, 50_083, Some(1)).await;
    world.has(&incident, Level::Outage, 0).await;
    assert_eq!(world.tells(&timelines, 30).await, [Stepped::LeftOut]);
    state_of(&world, &thread, json!({"archived": false, "locked": false})).await;
    world.resolves(&world.kept(&incident).await.incident).await;
    assert_eq!(world.tells(&timelines, 40).await, [Stepped::Told]);
    assert_eq!(world.parts(&thread).await, 2);
    world.is_quiet_in_threads(1).await;
}

#[tokio::test]
async fn a_thread_that_somebody_deleted_is_begun_anew_or_left_at_that() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing Bot").await;
    world.tells(&timelines, 1).await;
    let thread = world.place(&incident).await;
    world.control(Method::DELETE, &format!("/channels/{thread}"), Value::Null).await;
    world.has(&incident, Level::Outage, 0).await;
    assert_eq!(world.tells(&timelines, 2).await, [Stepped::Gone, Stepped::Started, Stepped::Told]);
    assert_eq!(world.thread(&thread).await.len(), 1, "what was there is not told again");
    // Where Discord says that there is one on the message, and there is none.
    world.control(Method::DELETE, &format!("/channels/{thread}"), Value::Null).await;
    world.refuses(START, 400, 160_004, None).await;
    world.has(&incident, Level::AtRisk, 1).await;
    assert_eq!(world.tells(&timelines, 3).await, [Stepped::Gone, Stepped::Started, Stepped::LeftOut]);
    assert_eq!(world.tells(&timelines, 100_000).await, []);
    world.is_quiet_in_threads(1).await;
}

#[tokio::test]
async fn p1_a_card_that_was_posted_anew_has_a_thread_of_its_own_that_says_where_the_first_is() {
    let world = World::open().await;
    let timelines = world.timelines();
    let incident = world.opens("Billing Bot").await;
    world.tells(&timelines, 1).await;
    let first = world.place(&incident).await;
    world.deleted(&first).await;
    world.gets_worse(&incident).await;
    assert_eq!(world.tells(&timelines, 2).await, [Stepped::Started, Stepped::Told]);
    let second = world.place(&incident).await;
    let told = world.thread(&second).await;
    assert!(told.len() == 2 && told[0].contains(&format!("<#{first}>")) && told[1].contains("Worse"), "{told:?}");
    assert_eq!((world.thread(&first).await.len(), world.messages().await.len()), (1, 2));
    world.is_quiet_in_threads(2).await;
}

#[tokio::test]
async fn p1_a_card_that_is_found_deleted_when_its_thread_is_to_be_started_is_posted_anew() {
    for over in [false, true] {
        let world = World::open().await;
        let timelines = world.timelines();
        let incident = world.opens("Billing Bot").await;
        assert_eq!(world.step(1).await, delivery::Stepped::Posted);
        if over {
            world.resolves(&incident).await;
            assert_eq!(world.step(1).await, delivery::Stepped::Edited);
        }
        world.deleted(&world.place(&incident).await).await;
        let expected = if over { [Stepped::LeftOut] } else { [Stepped::Gone] };
        assert_eq!(world.tells(&timelines, 2).await, expected);
        let steps = world.tells(&timelines, 20).await;
        assert_eq!((steps.len(), world.messages().await.len()), if over { (0, 0) } else { (2, 1) }, "{steps:?}");
        world.is_quiet_in_threads(1).await;
    }
}

#[tokio::test]
async fn a_name_of_any_length_is_cut_to_what_a_thread_takes() {
    let world = World::open().await;
    let timelines = world.timelines();
    let bot = Bot { id: BotId::new("b"), name: "A bot \u{202e}whose name is long ".repeat(20) };
    let subject = Subject::Failover { bot, environment: Environment::new(&"🛟 environment ".repeat(30)) };
    let incident = Incident::new(subject, facts(Level::AtRisk, 1), world.at(0));
    let opened = world.store.open_incident(&incident, Call::Nobody, world.alerts(), world.at(0)).await.unwrap();
    assert_eq!(opened, Opened::Now);
    assert_eq!(world.tells(&timelines, 1).await, [Stepped::Started, Stepped::Told]);
    world.is_quiet_in_threads(0).await;
}
