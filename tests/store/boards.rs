//! Boards: one for each place, kept true by one message, over once.

use std::sync::Arc;
use std::time::Duration;

use botswain::discord::boards::Boards;
use botswain::domain::attention::Done;
use botswain::domain::audit::{Entry, Handling, Verdict};
use botswain::domain::authority::Person;
use botswain::domain::board::Board;
use botswain::domain::connector::{AgentStatus, Bot, Connector, Environment, Link};
use botswain::domain::fleet::Reading;
use botswain::domain::ids::{BotId, ChannelId, ConnectorId, Id, MessageId, UserId};
use botswain::domain::notice::Notice;
use botswain::domain::policy::{Picture, Policy};
use botswain::store::boards::Placed;
use botswain::store::outbox::{Held, Sending};
use tokio::sync::watch;

use crate::facts::{LEASE, at};
use crate::ground::{Ground, at_once};

on_both!(
    of_many_who_put_the_same_board_up_one_does,
    p2_a_board_is_written_when_it_says_something_else_and_now_and_then,
    p5_one_failed_poll_is_no_news_and_two_are,
    what_was_ended_is_not_written_over,
);

const POLL: Duration = Duration::from_secs(15);

fn olga() -> Person {
    Person { id: UserId(41), name: "Olga".to_owned() }
}

fn board(channel: u64) -> Board {
    Board {
        id: Id::random(),
        environment: Environment::new("production"),
        channel: ChannelId(channel),
        by: olga(),
        at: at(0),
        shown: None,
        ended: None,
    }
}

fn entry(handling: Handling) -> Entry {
    let about = format!("interaction:{}", Id::random());
    Entry { handling: Some(handling), ..Entry::new(about, olga(), Verdict::Done, "written", at(0)) }
}

fn fleet(agent: AgentStatus) -> Vec<Connector> {
    vec![Connector {
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
    }]
}

/// The part that keeps boards, over a fleet that the test changes.
struct Wall {
    picture: watch::Sender<Arc<Picture>>,
    boards: Boards,
}

impl Wall {
    fn of(ground: &Ground) -> Self {
        let (picture, watched) = watch::channel(Arc::default());
        let boards = Boards::new(ground.store.clone(), watched, Policy::default(), POLL, Arc::default());
        Self { picture, boards }
    }

    async fn read(&mut self, agent: AgentStatus, second: i64) -> usize {
        let mut picture = Picture::clone(&self.picture.borrow());
        picture.trouble = None;
        picture.fleet.read(Reading { connectors: fleet(agent), malformed: Vec::new(), complete: true }, at(second));
        self.publish(picture, second).await
    }

    async fn fail(&mut self, second: i64) -> usize {
        let mut picture = Picture::clone(&self.picture.borrow());
        picture.trouble = Some("It did not answer.".to_owned());
        picture.fleet.could_not_read(at(second));
        self.publish(picture, second).await
    }

    async fn publish(&mut self, picture: Picture, second: i64) -> usize {
        self.picture.send_replace(Arc::new(picture));
        self.boards.step(at(second)).await.unwrap()
    }
}

async fn of_many_who_put_the_same_board_up_one_does(ground: Ground) {
    let racers = (0..8).map(|_| {
        let store = ground.store.clone();
        async move { store.place_board(&board(7), &entry(Handling::Board), at(0)).await.unwrap() }
    });
    let placed = at_once(racers).await;
    assert_eq!(placed.iter().filter(|placed| **placed == Placed::Now).count(), 1);
    assert_eq!(ground.store.place_board(&board(8), &entry(Handling::Board), at(0)).await.unwrap(), Placed::Now);
    assert_eq!(ground.store.boards().await.unwrap().len(), 2, "another channel is another place");
}

async fn p2_a_board_is_written_when_it_says_something_else_and_now_and_then(ground: Ground) {
    let store = &ground.store;
    let up = board(7);
    assert_eq!(store.place_board(&up, &entry(Handling::Board), at(0)).await.unwrap(), Placed::Now);
    let mut wall = Wall::of(&ground);
    assert_eq!(wall.boards.step(at(1)).await.unwrap(), 0, "nothing was read yet");
    assert_eq!(wall.read(AgentStatus::Online, 10).await, 1);
    assert_eq!(wall.read(AgentStatus::Online, 25).await, 0);
    assert_eq!(wall.read(AgentStatus::Stopped, 40).await, 1);
    assert_eq!(wall.read(AgentStatus::Stopped, 339).await, 0);
    assert_eq!(wall.read(AgentStatus::Stopped, 340).await, 1, "somebody still looks");
    // However often it was written, it is one message.
    let row = store.claim_message(LEASE, at(341)).await.unwrap().unwrap();
    let Notice::Board { board: said } = &row.notice else { panic!("{row:?}") };
    assert_eq!((said.id.clone(), said.shown.as_ref().unwrap().tiles.stopped), (up.id, 1));
    let sent = Sending::Sent { message: MessageId(1), digest: "d" };
    assert_eq!(store.settle_message(&row, sent, at(342)).await.unwrap(), Held::Yes);
    assert!(store.claim_message(LEASE, at(343)).await.unwrap().is_none());
}

async fn p5_one_failed_poll_is_no_news_and_two_are(ground: Ground) {
    let up = board(7);
    assert_eq!(ground.store.place_board(&up, &entry(Handling::Board), at(0)).await.unwrap(), Placed::Now);
    let mut wall = Wall::of(&ground);
    assert_eq!(wall.read(AgentStatus::Online, 10).await, 1);
    assert_eq!(wall.fail(25).await, 0);
    assert_eq!(wall.read(AgentStatus::Online, 40).await, 0);
    assert_eq!((wall.fail(55).await, wall.fail(70).await, wall.fail(85).await), (0, 0, 1));
    let shown = ground.store.boards().await.unwrap().remove(0).shown.unwrap();
    assert_eq!((shown.stale_since, shown.tiles.unread, shown.tiles.active), (Some(at(40)), 1, 0));
    assert_eq!(wall.fail(100).await, 0, "that was said");
}

async fn what_was_ended_is_not_written_over(ground: Ground) {
    let store = &ground.store;
    let up = board(7);
    assert_eq!(store.place_board(&up, &entry(Handling::Board), at(0)).await.unwrap(), Placed::Now);
    let ended = Board { ended: Some(Done { by: olga(), at: at(5) }), ..up.clone() };
    assert!(store.end_board(&ended, &entry(Handling::Unboard), at(5)).await.unwrap());
    assert!(!store.end_board(&ended, &entry(Handling::Unboard), at(6)).await.unwrap(), "once");
    store.say_board(&up, at(7)).await.unwrap();
    assert_eq!((store.boards().await.unwrap(), store.board(&up.id).await.unwrap()), (Vec::new(), Some(ended.clone())));
    let row = store.claim_message(LEASE, at(8)).await.unwrap().unwrap();
    assert_eq!(row.notice, Notice::Board { board: ended });
    let ground = ground.restarted().await;
    assert_eq!(ground.store.place_board(&board(7), &entry(Handling::Board), at(9)).await.unwrap(), Placed::Now);
}
