//! Breaking the glass, the whole way over HTTP: from the prompt and from what waits, and through a restart.

use botswain::sandbox::discord::Seed;

use crate::world::{Beginning, World};

const STOP: &str = "/bots stop env:production bot:Billing Bot connector:billing-1";
const BREAK: &str = "🔨 Break the glass: Stop billing-1 in Production";
const TOLD: &str = "🔨 Glass broken: stop of Billing Bot in Production";

/// Stops need a second person; those on call, as Olga is and Otto is not, may do without.
async fn world() -> World {
    let on_call = Seed::default().on_call.id.to_string();
    let beginning = Beginning::default().with("SECOND_PERSON", "stop").with("BREAK_GLASS_ROLE_IDS", &on_call);
    World::begin(beginning).await
}

#[tokio::test]
async fn p10_the_glass_is_broken_with_a_reason_and_everybody_sees_it() {
    let world = world().await;
    let (olga, otto) = (world.olga(), world.otto());
    let his = otto.runs(STOP).await.message();
    assert!(his.says("It needs a second person") && his.button("🔨").is_none(), "{his:?}");
    let hers = olga.runs(STOP).await.message();
    assert!(hers.says("you may break the glass"), "{hers:?}");
    let form = olga.presses(&hers, BREAK).await;
    let wrong = olga.sends_all(form, &["It tells people to unplug their fridge", "Orders Bot"]).await.message();
    assert!(wrong.says("That was not “Billing Bot”"), "{wrong:?}");
    assert!(world.fleet().actions().is_empty());
    let form = olga.presses(&hers, BREAK).await;
    let begun = olga.sends_all(form, &["It tells people to unplug their fridge", "billing bot"]).await.message();
    assert!(begun.is_ephemeral() && begun.says("Confirmed"), "{begun:?}");
    let done = world.operation("Stopped billing-1 in Production").await;
    assert!(done.says("Glass broken") && done.says("unplug their fridge"), "{done:?}");
    let told = world.message(&world.alert_channel(), |m| m.says(TOLD) && m.says("✅ Done")).await;
    assert!(told.says(&format!("<@{}> did not wait", olga.id())) && told.says("unplug their fridge"), "{told:?}");
    let card = world.alert("At risk: Billing Bot").await;
    let lines = crate::alerts::told(&world, &card, "**Glass broken**").await;
    let line = lines.iter().find(|line| line.contains("**Glass broken**")).unwrap();
    assert!(line.contains("unplug their fridge") && line.contains(&format!("<@{}>", olga.id())), "{lines:?}");
    let posts = world.alerts().await.into_iter().filter(|m| m.says(TOLD)).count();
    assert_eq!(posts, 1, "one message, edited to its end");
    assert!(world.pings().await.is_empty(), "p7: what an operator announces pings nobody");
    let marked = async |world: &World| {
        let record = world.vera().runs("/bots audit action:break glass").await.message();
        record.says("🔨 Glass: It tells people to unplug their fridge").then_some(record)
    };
    let record = world.until("the record tells of it", marked).await;
    assert!(record.says("Only what the glass was broken for") && !record.says("<@0>"), "{record:?}");
    let offered = world.vera().is_offered("/bots audit action:break").await;
    assert_eq!(offered, ["break glass"]);
    let explained = otto.runs("/bots explain env:production").await.message();
    assert!(explained.says("⛔ **break the glass**: open to"), "{explained:?}");
    assert_eq!(world.fleet().actions().len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn p6_what_waits_is_broken_after_a_restart_by_a_button_that_everybody_sees_and_only_who_asked_may_press() {
    let mut world = world().await;
    let prompt = world.olga().runs(STOP).await.message();
    world.olga().agrees(&prompt, "Stop billing-1 in Production").await;
    let waits = world.operation("Waits for a second person: Stop billing-1 in Production").await;
    world.stop_bot().await;
    world.start_bot().await;
    let refused = world.otto().presses(&waits, BREAK).await.message();
    assert!(refused.is_ephemeral() && refused.says("belongs to"), "{refused:?}");
    let form = world.olga().presses(&waits, BREAK).await;
    let begun = world.olga().sends_all(form, &["Nobody is there", "Billing Bot"]).await.message();
    assert!(begun.is_ephemeral() && begun.says("Confirmed"), "{begun:?}");
    let over = world.operation("Begun without a second person: Stop billing-1 in Production").await;
    assert_eq!(over.id(), waits.id());
    assert!(over.button("Approve").is_none() && over.button("🔨").is_none(), "{over:?}");
    world.message(&world.alert_channel(), |m| m.says(TOLD) && m.says("✅ Done")).await;
    assert_eq!(world.fleet().actions().len(), 1);
    world.finish().await;
}
