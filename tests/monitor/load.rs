//! Load: an advice that names how many connectors would do, and that load alone does not edit.

use botswain::domain::incident::{Advice, Facts};
use botswain::sandbox::lifecycle::{Deed, FaultKind, Patch};

use super::world::World;

const LOAD: &str = "load:production";

impl World {
    fn loads(&self, connector: &str, conversations: u32) {
        let patch = Patch { conversations: Some(Some(conversations)), ..Patch::default() };
        self.does(connector, Deed::Set(Box::new(patch)));
    }

    async fn advice(&self) -> Vec<Advice> {
        match self.other(LOAD).await.map(|incident| incident.facts) {
            Some(Facts::Load { bots }) => bots,
            _ => Vec::new(),
        }
    }
}

#[tokio::test]
async fn more_conversations_than_is_set_are_advised_about_without_a_ping() {
    let mut world = World::open().await;
    world.hush().await;
    for name in ["billing-1", "billing-2"] {
        world.loads(name, 50);
    }
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    for name in ["billing-1", "billing-2"] {
        world.loads(name, 100);
    }
    world.later(30).await;
    assert_eq!(world.said().await, [format!("card {LOAD}")]);
    let advice = world.advice().await.remove(0);
    assert_eq!((advice.bot.name.as_str(), advice.healthy, advice.wanted), ("Billing Bot", 2, 4));
    world.loads("billing-1", 20);
    world.loads("billing-2", 20);
    world.later(30).await;
    assert_eq!((world.said().await, world.other(LOAD).await), (vec![format!("edit {LOAD}")], None));
}

#[tokio::test]
async fn p2_load_that_moves_a_little_and_what_cannot_be_read_edit_no_advice() {
    let mut world = World::open().await;
    world.loads("billing-1", 151);
    world.loads("billing-2", 0);
    world.later(30).await;
    world.hush().await;
    for load in [140, 155, 138, 190, 160, 149] {
        world.loads("billing-1", load);
        world.later(30).await;
    }
    world.fleet().add_fault(FaultKind::ServerError { status: 500 });
    world.later(30).await;
    world.fleet().clear_faults();
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    world.does("billing-2", Deed::Drop);
    world.later(30).await;
    let said = world.said().await;
    assert!(!said.contains(&format!("edit {LOAD}")), "the bot's incident is the news: {said:?}");
}

#[tokio::test]
async fn the_hard_limit_is_said_however_many_connectors_there_are() {
    let settings = &[("ALERT_AFTER", "0s"), ("LOAD_PER_CONNECTOR", "999"), ("STORM_BOTS", "0")];
    let mut world = World::judged_by(super::world::harbour(), settings).await;
    world.loads("billing-1", 998);
    world.later(30).await;
    assert_eq!(world.advice().await, []);
    world.loads("billing-1", 999);
    world.later(30).await;
    assert!(world.advice().await[0].full);
}
