//! A redeploy that fails half-way asks what becomes of what it stopped; one answer is to leave it so.

use botswain::sandbox::lifecycle::{Fault, FaultKind, Timings};

use crate::alerts::told;
use crate::world::{Beginning, World, quick};

#[tokio::test]
async fn p6_p7_what_a_redeploy_left_stopped_is_left_so_by_a_button_and_its_alert_goes_on() {
    let timings = Timings { stop: 1_500, ..quick() };
    let mut world = World::begin(Beginning { timings, ..Beginning::default() }.with("REMIND_AFTER", "3s")).await;
    let prompt = world.olga().runs("/bots redeploy env:production connector:billing-1 to:demo").await.message();
    world.olga().agrees(&prompt, "Redeploy billing-1 to Demo").await;
    world.operation("Stop: taken by the lifecycle service").await;
    let refused = Fault::from(FaultKind::Refuse { problem: "operation-in-progress".to_owned() });
    world.fleet().add_fault(refused.on("POST /v1/connectors/{id}/operations"));
    let failed = world.operation("Failed: redeploy of billing-1").await;
    world.fleet().clear_faults();
    assert!(failed.says("start it where it was, or leave it stopped"), "{failed:?}");
    assert!(failed.button("Try again").is_some() && failed.button("Start billing-1 in Production").is_some());
    let button = failed.button("Leave billing-1 stopped").unwrap();
    let card = world.alert("At risk: Billing Bot").await;
    let refused = world.vera().presses(&failed, "Leave billing-1 stopped").await.message();
    assert!(refused.is_ephemeral() && refused.says("You may not redeploy"), "{refused:?}");
    // The process ends meanwhile: the button means the same to the next one.
    world.stop_bot().await;
    world.start_bot().await;
    let said = world.otto().presses(&failed, "Leave billing-1 stopped").await.message();
    assert!(said.is_ephemeral() && said.says("It is left stopped"), "{said:?}");
    let left = world.operation("Left stopped: redeploy of billing-1").await;
    assert_eq!(left.id(), failed.id(), "one message from the request to its end");
    assert!(left.says(&format!("Left stopped by <@{}>", world.otto().id())), "{left:?}");
    assert!(left.button("Try again").is_none() && left.button("Leave").is_none(), "{left:?}");
    assert!(left.button("Start billing-1 in Production").is_some());
    let again = world.olga().presses_id(&left, &button, true).await.message();
    assert!(again.says(&format!("<@{}> has left it stopped already", world.otto().id())), "{again:?}");
    // It is below its minimum all the same: that is told, stays open, and is said again.
    told(&world, &card, "**Left stopped** by").await;
    let reminder = world.alert("Still so after").await;
    assert_eq!(reminder.0["message_reference"]["message_id"], card.0["id"]);
    let card = world.alert("At risk: Billing Bot").await;
    assert!(card.button("Start billing-1 in Production").is_some(), "{card:?}");
    assert_eq!(world.fleet().actions().len(), 1, "only the stop was carried out");
    let audit = world.olga().runs("/bots audit").await.message();
    assert!(audit.says("leave stopped"), "{audit:?}");
    world.finish().await;
}
