//! The second person, the whole way over HTTP, and through a restart.

use crate::world::{Beginning, World};

const STOP: &str = "/bots stop env:production bot:Orders Bot connector:orders-1 reason:new settings";
const APPROVE: &str = "Approve: Stop orders-1 in Production";
const WAITS: &str = "Waits for a second person: Stop orders-1 in Production";

async fn world() -> World {
    World::begin(Beginning::default().with("SECOND_PERSON", "stop")).await
}

#[tokio::test]
async fn p6_what_waits_for_a_second_person_is_public_outlives_a_restart_and_runs_once_somebody_else_agrees() {
    let mut world = world().await;
    let prompt = world.olga().runs(STOP).await.message();
    assert!(prompt.is_ephemeral() && prompt.says("It needs a second person"), "{prompt:?}");
    let told = world.olga().presses(&prompt, "Stop orders-1 in Production").await.message();
    assert!(told.is_ephemeral() && told.says("for a second person"), "{told:?}");
    let waits = world.operation(WAITS).await;
    assert!(!waits.is_ephemeral() && waits.says("Reason") && waits.says("**3** now → **2** after"), "{waits:?}");
    world.stop_bot().await;
    world.start_bot().await;

    let own = world.olga().presses(&waits, APPROVE).await.message();
    assert!(own.is_ephemeral() && own.says("You asked for this yourself"), "{own:?}");
    let refused = world.vera().presses(&waits, APPROVE).await.message();
    assert!(refused.is_ephemeral() && refused.says("You may not approve anything in Production"), "{refused:?}");
    assert!(world.fleet().actions().is_empty(), "nothing runs before");
    let agreed = world.otto().presses(&waits, APPROVE).await.message();
    assert!(agreed.is_ephemeral() && agreed.says("Confirmed"), "{agreed:?}");
    let done = world.operation("Stopped orders-1 in Production").await;
    assert!(done.says(&format!("🤝 <@{}> agreed to it.", world.otto().id())), "{done:?}");
    let by_him = format!("<@{}> agreed to it for <@{}>", world.otto().id(), world.olga().id());
    let approved = world.operation(&by_him).await;
    assert_eq!(approved.id(), waits.id(), "one message, from the question to its end");
    assert!(approved.button("Approve").is_none(), "{approved:?}");
    let late = world.otto().presses_id(&waits, &waits.button(APPROVE).unwrap(), true).await.message();
    assert!(late.says("it runs once"), "{late:?}");
    assert_eq!(world.fleet().actions().len(), 1);
    assert!(world.pings().await.iter().all(|ping| ping["channel_id"] != world.team_channel()), "p8");
    world.finish().await;
}

#[tokio::test]
async fn who_asked_withdraws_what_waits_and_nobody_else_does() {
    let world = world().await;
    let prompt = world.olga().runs(STOP).await.message();
    world.olga().presses(&prompt, "Stop orders-1 in Production").await;
    let waits = world.operation(WAITS).await;
    let refused = world.otto().presses(&waits, "Withdraw").await.message();
    assert!(refused.says("belongs to"), "{refused:?}");
    let withdrawn = world.olga().presses(&waits, "Withdraw").await.message();
    assert!(withdrawn.says("Cancelled"), "{withdrawn:?}");
    let over = world.operation("Withdrawn: Stop orders-1 in Production").await;
    assert_eq!(over.id(), waits.id());
    let late = world.otto().presses_id(&waits, &waits.button(APPROVE).unwrap(), true).await.message();
    assert!(late.says("cancelled before"), "{late:?}");
    assert!(world.fleet().actions().is_empty());
    world.finish().await;
}
