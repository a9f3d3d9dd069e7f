//! The walk of the README, as somebody does it who tries the bot for the first time.

use crate::world::World;

#[tokio::test]
async fn the_walk_from_a_status_to_a_resolved_alert() {
    let world = World::new().await;
    let olga = world.olga();

    let status = olga.runs("/bots status env:production").await.message();
    assert!(status.says("Billing Bot"), "{status:?}");
    let bot = olga.chooses(&status, "Billing Bot").await.message();
    assert!(bot.says("billing-1") && bot.says("Conversational Cloud"), "{bot:?}");
    let prompt = olga.presses(&bot, "Stop billing-1 in Production").await.message();
    assert!(prompt.is_ephemeral() && prompt.says("**2** now → **1** after"), "{prompt:?}");
    let settled = olga.agrees(&prompt, "Stop billing-1 in Production").await.message();
    assert!(settled.says("Confirmed"), "{settled:?}");
    world.operation("Stopped billing-1 in Production").await;

    // The alert arrives, names who did it, and pings nobody: she announced it.
    let by_her = format!("stopped by <@{}>", olga.id());
    let channel = world.alert_channel();
    let card = world.message(&channel, |m| m.says("At risk: Billing Bot in Production") && m.says(&by_her)).await;
    assert!(card.says("1 of 2 healthy"), "{card:?}");
    assert!(world.pings().await.is_empty());

    // Another one breaks by itself: an outage, and the people on call are pinged.
    world.does("billing-2", botswain::sandbox::lifecycle::Deed::Drop);
    let worse = world.alert("Outage: Billing Bot in Production").await;
    assert_eq!(worse.id(), card.id(), "it is the same card");
    let pinged = world
        .until("the people on call are pinged", async |world: &World| {
            let pings = world.pings().await;
            pings.iter().any(|ping| ping["user_id"] == olga.id()).then_some(pings)
        })
        .await;
    assert!(pinged.iter().all(|ping| ping["via"] == "role"), "{pinged:?}");

    // Both are started again: one from its card, one by a command.
    let prompt = olga.presses(&worse, "Start billing-1 in Production").await.message();
    olga.agrees(&prompt, "Start billing-1 in Production").await;
    // Its progress stands where it was asked: beside the card.
    world.alert("Started billing-1 in Production").await;
    let prompt = olga.runs("/bots start env:production bot:Billing Bot connector:billing-2").await.message();
    olga.agrees(&prompt, "Start billing-2 in Production").await;
    world.operation("Started billing-2 in Production").await;
    let resolved = world.alert("Resolved: Billing Bot in Production").await;
    assert_eq!(resolved.id(), card.id());
    assert!(resolved.says("Lasted"), "{resolved:?}");
    let cards = world.alerts().await.into_iter().filter(|message| message.says("Billing Bot in Production"));
    assert_eq!(cards.filter(|message| message.0["message_reference"].is_null()).count(), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_a_command_leaves_out_is_asked_with_menus() {
    let world = World::new().await;
    let olga = world.olga();
    let menu = olga.runs("/bots stop").await.message();
    let menu = olga.chooses(&menu, "Production").await.message();
    let menu = olga.chooses(&menu, "Orders Bot").await.message();
    let prompt = olga.chooses(&menu, "orders-2").await.message();
    assert!(prompt.says("Stop orders-2 in Production?"), "{prompt:?}");
    let cancelled = olga.presses(&prompt, "Cancel").await.message();
    assert!(cancelled.says("Cancelled"), "{cancelled:?}");
    assert!(world.fleet().actions().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn autocomplete_offers_bots_with_their_live_state() {
    let world = World::new().await;
    let offered = world.olga().is_offered("/bots status env:production bot:bill").await;
    assert_eq!(offered, ["Billing Bot — 2 of 2 healthy"]);
    let offered = world.olga().is_offered("/bots status env:").await;
    assert!(offered.iter().any(|name| name.contains("Production")), "{offered:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_redeploy_of_a_running_connector_is_one_operation_that_ends_in_the_other_environment() {
    let world = World::new().await;
    let olga = world.olga();
    let prompt = olga.runs("/bots redeploy env:production bot:Orders Bot connector:orders-3 to:demo").await.message();
    assert!(prompt.says("one operation of 3 steps"), "{prompt:?}");
    olga.agrees(&prompt, "Redeploy orders-3 to Demo").await;
    world.operation("Redeployed orders-3 in Production to Demo").await;
    let moved = world.fleet().connector("orders-3").unwrap();
    assert_eq!((moved.environment.to_lowercase().as_str(), moved.agent.as_str()), ("demo", "Online"));
    world.finish().await;
}

#[tokio::test]
async fn everybody_may_look_and_only_operators_may_act() {
    let world = World::new().await;
    let vera = world.vera();
    let status = vera.runs("/bots status env:production").await.message();
    let bot = vera.chooses(&status, "Billing Bot").await.message();
    assert!(bot.button("Stop").is_none(), "nothing is offered that is not hers to do: {bot:?}");
    let refused = vera.runs("/bots stop env:production bot:Billing Bot connector:billing-1").await.message();
    assert!(refused.is_ephemeral() && refused.says("You may not stop anything in Production"), "{refused:?}");
    world.finish().await;
}
