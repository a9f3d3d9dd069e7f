//! Freezes, explanations and what is offered, the whole way over HTTP.

use crate::world::{Beginning, World};

#[tokio::test]
async fn while_production_is_frozen_everybody_reads_whose_freeze_it_is_and_nothing_is_stopped() {
    let world = World::new().await;
    let (olga, otto, vera) = (world.olga(), world.otto(), world.vera());
    let refused = vera.runs("/bots freeze env:production reason:sale until:2h").await.message();
    assert!(
        refused.is_ephemeral() && refused.says("You may not freeze or unfreeze anything in Production"),
        "{refused:?}"
    );
    assert!(vera.is_offered("/bots freeze reason:sale until:2h env:").await.is_empty());
    assert!(vera.is_offered("/bots stop env:").await.is_empty(), "nothing is offered that is not hers to do");
    let offered = olga.is_offered("/bots freeze reason:sale until:2h env:").await;
    assert!(offered.iter().any(|name| name.starts_with("Production")), "{offered:?}");
    let prompt = olga.runs("/bots stop env:production bot:Orders Bot connector:orders-1").await.message();
    let told = otto.runs("/bots freeze env:production reason:the winter sale until:2h").await.message();
    assert!(told.is_ephemeral() && told.says("Frozen: Production"), "{told:?}");
    let card = world.alert("🧊 Frozen: Production").await;
    assert!(card.says("Reason: the winter sale") && !card.is_ephemeral(), "{card:?}");

    let by_him = format!("is frozen by <@{}>", otto.id());
    let refused = olga.presses(&prompt, "Stop orders-1 in Production").await.message();
    assert!(refused.says(&by_him) && refused.says("the winter sale"), "{refused:?}");
    let refused = olga.runs("/bots redeploy env:demo bot:Billing Bot to:production").await.message();
    assert!(refused.says(&by_him), "{refused:?}");
    let shown = async |world: &World| {
        let status = world.vera().runs("/bots status env:production").await.message();
        status.says("**Frozen** by").then_some(())
    };
    world.until("the status says that it is frozen", shown).await;
    let explained = vera.runs("/bots explain env:production bot:Billing Bot").await.message();
    assert!(
        explained.is_ephemeral() && explained.says("⛔ **stop**") && explained.says("**Frozen** by"),
        "{explained:?}"
    );
    assert!(
        explained.says("Why it is not in alert") && explained.says("2 of 2 healthy, 2 wanted: enough."),
        "{explained:?}"
    );

    assert_eq!(olga.is_offered("/bots unfreeze env:").await.len(), 1);
    let over = olga.presses(&card, "Unfreeze Production").await.message();
    assert!(over.says("No longer frozen"), "{over:?}");
    let ended = world.message(&world.alert_channel(), |m| m.id() == card.id() && m.says("No longer frozen")).await;
    assert!(ended.says(&format!("<@{}> ended it", olga.id())) && ended.button("Unfreeze").is_none(), "{ended:?}");
    let prompt = olga.runs("/bots stop env:production bot:Orders Bot connector:orders-1").await.message();
    assert!(prompt.says("Stop orders-1 in Production?"), "{prompt:?}");
    assert!(world.pings().await.is_empty() && world.fleet().actions().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn p6_a_freeze_stands_after_a_restart_and_its_end_is_said() {
    let mut world = World::new().await;
    world.olga().runs("/bots freeze env:production reason:sale until:2h").await.message();
    let card = world.alert("🧊 Frozen: Production").await;
    world.stop_bot().await;
    world.start_bot().await;
    let refused = world.olga().runs("/bots stop env:production bot:Orders Bot connector:orders-1").await.message();
    assert!(refused.says("is frozen by"), "{refused:?}");
    world.olga().runs("/bots unfreeze env:production").await.message();
    world.message(&world.alert_channel(), |m| m.id() == card.id() && m.says("No longer frozen")).await;
    world.finish().await;
}

#[tokio::test]
async fn where_a_start_needs_no_confirmation_it_begins_at_once_and_its_progress_is_public() {
    let world = World::begin(Beginning::default().with("START_AT_ONCE", "true")).await;
    world.does("billing-1", botswain::sandbox::lifecycle::Deed::StopElsewhere);
    world.alert("At risk: Billing Bot in Production").await;
    let told = world.olga().runs("/bots start env:production bot:Billing Bot connector:billing-1").await.message();
    assert!(told.is_ephemeral() && told.says("Confirmed"), "{told:?}");
    world.operation("Started billing-1 in Production").await;
    world.finish().await;
}

#[tokio::test]
async fn p6_an_open_incidents_card_says_that_it_is_frozen_there_for_as_long_as_it_is_and_so_does_the_list() {
    let mut world = World::new().await;
    world.does("billing-1", botswain::sandbox::lifecycle::Deed::Drop);
    let card = world.alert("At risk: Billing Bot in Production").await;
    assert!(!card.says("Frozen"), "{card:?}");
    world.otto().runs("/bots freeze env:production reason:the winter sale until:2h").await.message();
    let by_him = format!("**Frozen** by <@{}>", world.otto().id());
    let channel = world.alert_channel();
    let frozen = world.message(&channel, |m| m.id() == card.id() && m.says(&by_him)).await;
    assert!(frozen.says("the winter sale") && frozen.says("Starting stays possible"), "{frozen:?}");
    assert!(frozen.button("Start billing-1").is_some(), "beside what can still be done: {frozen:?}");
    let open = world.vera().runs("/bots alerts").await.message();
    assert!(open.says("🧊 frozen until"), "{open:?}");
    world.stop_bot().await;
    world.start_bot().await;
    world.otto().runs("/bots unfreeze env:production").await.message();
    world.message(&channel, |m| m.id() == card.id() && !m.says("Frozen")).await;
    let open = world.vera().runs("/bots alerts").await.message();
    assert!(!open.says("frozen"), "{open:?}");
    world.finish().await;
}
