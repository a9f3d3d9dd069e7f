//! A restart of all of a bot, as people drive it: its one message shows how far it is, and takes a press that ends it early.

use botswain::sandbox::lifecycle::Deed;

use crate::world::World;

#[tokio::test]
async fn p3_a_restart_is_ended_early_by_a_button_of_its_own_message_and_what_is_stopped_is_started() {
    let world = World::new().await;
    world.does("orders-1", Deed::NeverConnects { on: true });
    let (olga, otto, vera) = (world.olga(), world.otto(), world.vera());
    let prompt = olga.runs("/bots restart env:production bot:Orders Bot").await.message();
    assert!(prompt.says("One at a time") && prompt.says("at the lowest"), "{prompt:?}");
    olga.presses(&prompt, "Restart 3 connectors").await;
    let message = world
        .until("orders-1 is on its way up", async |world: &World| {
            let message = world.operation("Restarting 3 connectors of Orders Bot").await;
            message.says("orders-1 · Start: said to be done").then_some(message)
        })
        .await;
    let told = vera.presses(&message, "End it here").await.message();
    assert!(told.is_ephemeral() && told.says("You may not restart"), "{told:?}");
    let told = otto.presses(&message, "End it here").await.message();
    assert!(told.is_ephemeral() && told.says("Nothing more is begun"), "{told:?}");
    world.operation("ended it: nothing more is begun").await;
    world.does("orders-1", Deed::Recover);
    let ended = world.operation("Ended early: restart of 3 connectors of Orders Bot").await;
    assert_eq!(ended.id(), message.id(), "one message from the beginning to the end");
    let deeds: Vec<_> = world.fleet().actions().iter().map(|deed| deed.connector.clone()).collect();
    assert_eq!(deeds, ["orders-1", "orders-1"]);
    let told = otto.presses_id(&ended, &message.button("End it here").unwrap(), true).await.message();
    assert!(told.is_ephemeral() && told.says("over already"), "{told:?}");
    world.finish().await;
}

#[tokio::test]
async fn one_of_a_bot_is_chosen_in_the_prompt_for_all_of_it() {
    let world = World::new().await;
    let olga = world.olga();
    let all = olga.runs("/bots restart env:production bot:Orders Bot").await.message();
    let one = olga.chooses(&all, "orders-2").await.message();
    assert!(one.says("Restart orders-2 in Production?") && one.menu().is_none(), "{one:?}");
    let cancelled = olga.presses(&one, "Cancel").await.message();
    assert!(cancelled.says("Nothing was done") && world.fleet().actions().is_empty(), "{cancelled:?}");
    world.finish().await;
}
