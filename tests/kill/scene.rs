//! What people, and what nobody asked for, do in one round: chosen by the seed, played over the chat.

use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::message::Message;
use crate::person::{Person, Reply};
use crate::world::{World, within};

/// How a prompt is settled.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Once,
    TwiceAtOnce,
    WithCancel,
    ThenCancel,
    Cancel,
    Abandon,
    StrangerFirst,
}

const MANNERS: [Manner; 10] = [
    Manner::Once,
    Manner::Once,
    Manner::Once,
    Manner::TwiceAtOnce,
    Manner::TwiceAtOnce,
    Manner::WithCancel,
    Manner::ThenCancel,
    Manner::Cancel,
    Manner::Abandon,
    Manner::StrangerFirst,
];

pub fn one_of<T: Clone>(rng: &mut StdRng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())].clone()
}

/// A command of an operator's, and how its prompt is settled.
#[derive(Debug)]
pub struct Change {
    line: String,
    manner: Manner,
}

impl Change {
    /// Something that can be done to a connector of this bot as it stands.
    pub fn choose(world: &World, bot: &str, rng: &mut StdRng) -> Self {
        let fleet = world.fleet().state().connectors;
        let of_bot: Vec<_> = fleet.into_iter().map(|c| c.connector).filter(|c| c.bot.name == bot).collect();
        let connector = one_of(rng, &of_bot);
        let here = connector.environment.to_lowercase();
        let there = if here == "production" { "demo" } else { "production" };
        let running = connector.agent == "Online";
        let verb = if running {
            one_of(rng, &["stop", "stop", "redeploy", "restart", "restart"])
        } else {
            one_of(rng, &["start", "start", "redeploy"])
        };
        let to = if verb == "redeploy" { format!(" to:{there}") } else { String::new() };
        // A restart is of all of the bot, or of one.
        let all = verb == "restart" && rng.random_ratio(1, 2);
        let which = if all { String::new() } else { format!(" connector:{}", connector.id) };
        let line = format!("/bots {verb} env:{here} bot:{bot}{which}{to}");
        Self { line, manner: one_of(rng, &MANNERS) }
    }

    /// Plays it, as somebody does whose bot goes away again and again.
    pub async fn play(&self, world: &World, person: &Person<'_>, stranger: &Person<'_>) {
        let Some(prompt) = within("a prompt", self.prompt(world, person)).await else { return };
        let buttons: Vec<_> =
            prompt.components().map(|button| button["custom_id"].as_str().unwrap().to_owned()).collect();
        let [confirm, cancel] = buttons.as_slice() else { panic!("a prompt has two buttons: {prompt:?}") };
        let press = async |button: &str| within("an answer", settle(world, person, &prompt, button)).await;
        match self.manner {
            Manner::Once => press(confirm).await,
            Manner::TwiceAtOnce => drop(tokio::join!(press(confirm), press(confirm))),
            Manner::WithCancel => drop(tokio::join!(press(confirm), press(cancel))),
            Manner::ThenCancel => {
                press(confirm).await;
                // The button is gone from the prompt by now, so it is pressed as it was a moment ago.
                person.presses_id(&prompt, cancel, true).await;
            }
            Manner::Cancel => press(cancel).await,
            Manner::Abandon => {}
            Manner::StrangerFirst => {
                stranger.presses_id(&prompt, confirm, true).await;
                press(confirm).await;
            }
        }
    }

    /// Asks until there is an answer. `None` if that is a refusal.
    async fn prompt(&self, world: &World, person: &Person<'_>) -> Option<Message> {
        loop {
            until_connected(world).await;
            let reply = person.runs(&self.line).await;
            match reply.message {
                Some(message) if message.components().count() == 2 => return Some(message),
                Some(message) if !message.says("has not been read yet") => return None,
                _ => {}
            }
        }
    }
}

/// Presses until the prompt is settled.
async fn settle(world: &World, person: &Person<'_>, prompt: &Message, button: &str) {
    // What was refused may have a button to plan it again.
    let is_settled = |message: &Message| message.components().all(|shown| shown["custom_id"] != button);
    loop {
        until_connected(world).await;
        let Reply { message, .. } = person.agrees_by_id(prompt, button).await;
        if message.is_some_and(|message| message.id() != prompt.id() || is_settled(&message)) {
            return;
        }
        let shown = world.messages_as(person.id(), prompt.channel()).await;
        let stands = shown.iter().find(|message| message.id() == prompt.id());
        if stands.is_none_or(is_settled) {
            return;
        }
    }
}

async fn until_connected(world: &World) {
    world.until("the bot is there", async |world: &World| world.is_connected().await.then_some(())).await;
}

/// A viewer tries, by a command and by a button that nobody drew for her.
pub async fn trespass(world: &World, viewer: &Person<'_>) {
    until_connected(world).await;
    viewer.runs("/bots stop env:production bot:Billing Bot connector:billing-1").await;
    let seen = world.messages_as(viewer.id(), &world.team_channel()).await;
    if let Some(message) = seen.last() {
        viewer.presses_id(message, "b1:confirm:0000000000000000", true).await;
    }
}

/// Something happens to a connector of this bot behind everybody's back.
pub fn happen(world: &World, bot: &str, rng: &mut StdRng) {
    let fleet = world.fleet().state().connectors;
    let of_bot: Vec<_> = fleet.into_iter().filter(|c| c.connector.bot.name == bot).map(|c| c.connector.id).collect();
    let deeds = [Deed::Drop, Deed::DisconnectCloud, Deed::StopElsewhere, Deed::StartElsewhere, Deed::Recover];
    world.does(&one_of(rng, &of_bot), one_of(rng, &deeds));
}

/// The service fails some call or other.
pub fn fail_at_the_service(world: &World, rng: &mut StdRng) {
    let kinds = [
        FaultKind::ServerError { status: 503 },
        FaultKind::ServerError { status: 500 },
        FaultKind::RateLimit { retry_after: 1 },
        FaultKind::Slow { ms: 300 },
        FaultKind::HalfAnswer,
        FaultKind::Garbage,
        FaultKind::DuplicateDelivery,
        FaultKind::AcceptThenDrop,
        FaultKind::Drop,
    ];
    let route = one_of(rng, &["POST /v1/connectors/{id}/operations", "GET /v1/connectors", "GET /v1/operations/{id}"]);
    let times = Some(rng.random_range(1..=2));
    world.fleet().add_fault(Fault { route: Some(route.to_owned()), times, ..Fault::from(one_of(rng, &kinds)) });
}

/// Discord fails a message.
pub async fn fail_at_discord(world: &World, rng: &mut StdRng) {
    // Most telling is what was carried out, and is not known to be.
    let kinds: [Value; 6] = [
        json!({ "kind": "rate_limit", "retry_after": 0.3 }),
        json!({ "kind": "rate_limit", "retry_after": 0.3, "global": true }),
        json!({ "kind": "server_error", "status": 502 }),
        json!({ "kind": "drop" }),
        json!({ "kind": "drop_after" }),
        json!({ "kind": "drop_after" }),
    ];
    let mut fault = one_of(rng, &kinds);
    let routes = ["POST /channels/{id}/messages", "POST /channels/{id}/messages", "PATCH /channels/{id}/messages/{id}"];
    fault["route"] = json!(one_of(rng, &routes));
    fault["times"] = json!(rng.random_range(1..=2));
    world.fault(fault).await;
}
