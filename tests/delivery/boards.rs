//! A board is one message: healed when somebody deletes it, and never two when it takes no more edits.

use std::sync::Arc;
use std::time::Duration;

use botswain::discord::boards::Boards;
use botswain::discord::delivery::Stepped;
use botswain::domain::attention::Done;
use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::authority::Person;
use botswain::domain::board::Board;
use botswain::domain::connector::{AgentStatus, Bot, Connector, Environment, Link};
use botswain::domain::fleet::Reading;
use botswain::domain::ids::{BotId, ConnectorId, Id, UserId};
use botswain::domain::policy::{Picture, Policy};
use botswain::store::boards::Placed;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::world::{World, later};

const EDIT: &str = "PATCH /channels/{id}/messages/{id}";

/// A board in the alert channel, over a bot that the test changes.
struct Wall {
    world: World,
    board: Board,
    picture: watch::Sender<Arc<Picture>>,
    boards: Boards,
}

impl Wall {
    async fn up() -> Self {
        let world = World::open().await;
        let by = Person { id: UserId(41), name: "Olga".to_owned() };
        let board = Board {
            id: Id::random(),
            environment: Environment::new("production"),
            channel: world.alerts(),
            by: by.clone(),
            at: world.at(0),
            shown: None,
            ended: None,
        };
        let entry = Entry::new("x".to_owned(), by, Verdict::Done, "written", world.at(0));
        assert_eq!(world.store.place_board(&board, &entry, world.at(0)).await.unwrap(), Placed::Now);
        let (picture, watched) = watch::channel(Arc::default());
        let poll = Duration::from_secs(15);
        let boards = Boards::new(world.store.clone(), watched, Policy::default(), poll, Arc::clone(&world.wake));
        Self { world, board, picture, boards }
    }

    /// The fleet is read, and the boards are held against it; how many have news.
    async fn reads(&mut self, agent: AgentStatus, second: i64) -> usize {
        let connector = Connector {
            id: ConnectorId::new("billing-1"),
            name: "billing-1".to_owned(),
            bot: Bot { id: BotId::new("billing"), name: "Billing Bot".to_owned() },
            environment: Environment::new("production"),
            agent,
            conversational_cloud: Link::Connected,
            bot_server: Link::Connected,
            conversations: None,
            since: None,
            last_operation: None,
            revision: None,
            under_way: None,
        };
        let mut picture = Picture::clone(&self.picture.borrow());
        let reading = Reading { connectors: vec![connector], malformed: Vec::new(), complete: true };
        picture.fleet.read(reading, self.world.at(second));
        self.picture.send_replace(Arc::new(picture));
        self.boards.step(self.world.at(second)).await.unwrap()
    }

    async fn only_message(&self) -> Value {
        let mut messages = self.world.messages().await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }
}

fn id(message: &Value) -> String {
    message["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn p2_a_board_that_somebody_deleted_comes_back_as_one_message() {
    let mut wall = Wall::up().await;
    assert_eq!(wall.reads(AgentStatus::Online, 1).await, 1);
    assert_eq!((wall.world.step(2).await, wall.world.step(3).await), (Stepped::Posted, Stepped::Idle));
    let first = wall.only_message().await;
    assert!(first["embeds"].to_string().contains("**1** of 1 connector"), "{first}");
    assert_eq!(wall.reads(AgentStatus::Stopped, 20).await, 1);
    assert_eq!(wall.world.step(21).await, Stepped::Edited);
    let edited = wall.only_message().await;
    assert_eq!(id(&edited), id(&first));
    assert!(edited["embeds"].to_string().contains("Billing Bot** · Not running"), "{edited}");

    wall.world.deleted(&id(&first)).await;
    assert_eq!(wall.reads(AgentStatus::Stopped, 319).await, 0);
    assert_eq!(wall.reads(AgentStatus::Stopped, 320).await, 1, "it is looked after now and then");
    assert_eq!((wall.world.step(321).await, wall.world.step(322).await), (Stepped::Gone, Stepped::Posted));
    assert_ne!(id(&wall.only_message().await), id(&first));
    assert_eq!(wall.world.pings().await, 0);

    let done = Done { by: wall.board.by.clone(), at: wall.world.at(400) };
    let ended = Board { ended: Some(done), ..wall.board.clone() };
    let entry = Entry::new("y".to_owned(), wall.board.by.clone(), Verdict::Done, "written", wall.world.at(400));
    assert!(wall.world.store.end_board(&ended, &entry, wall.world.at(400)).await.unwrap());
    assert_eq!(wall.world.step(401).await, Stepped::Edited);
    let over = wall.only_message().await;
    assert_eq!(over["components"], json!([]), "nothing is left to press: {over}");
    assert_eq!(wall.reads(AgentStatus::Online, 500).await, 0, "and nobody keeps it any more");
}

#[tokio::test]
async fn p2_a_board_that_takes_no_more_edits_is_deleted_and_posted_anew() {
    let mut wall = Wall::up().await;
    wall.reads(AgentStatus::Online, 1).await;
    assert_eq!(wall.world.step(2).await, Stepped::Posted);
    let first = wall.only_message().await;
    let fault =
        json!({"kind": "refuse", "status": 429, "code": 30046, "message": "no", "retry_after": 20.0, "route": EDIT});
    wall.world.fault(fault).await;
    wall.reads(AgentStatus::Stopped, 20).await;
    let mut second = 21;
    for _ in 0..3 {
        let due = later(wall.world.step(second).await, &wall.world);
        second = i64::try_from(due.as_secs()).unwrap() + 1;
    }
    assert_eq!((wall.world.step(second).await, wall.world.step(second).await), (Stepped::Gone, Stepped::Posted));
    let second_one = wall.only_message().await;
    assert_ne!(id(&second_one), id(&first));
    assert!(second_one["embeds"].to_string().contains("Not running"), "{second_one}");
    assert_eq!(wall.world.step(second + 1).await, Stepped::Idle);
}
