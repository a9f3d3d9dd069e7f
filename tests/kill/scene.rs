//! What people, and what nobody asked for, do in one round: chosen by the seed, played over the chat.

use std::time::Duration;

use botswain::discord::custom_id::CustomId;
use botswain::domain::ids::Id;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::message::Message;
use crate::person::{Person, Reply};
use crate::second::{Ending, presses};
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
    /// Without the second person whom it needs, where it does and they may.
    BreakTheGlass,
    BreakTheGlassAndConfirm,
}

const MANNERS: [Manner; 14] = [
    Manner::Once,
    Manner::Once,
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
    Manner::BreakTheGlass,
    Manner::BreakTheGlassAndConfirm,
];

pub fn one_of<T: Clone>(rng: &mut StdRng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())].clone()
}

/// How somebody asks.
#[derive(Debug)]
enum Opening {
    Command(String),
    /// A button of a message that everybody sees: a way on from where an operation was left.
    Button(Message, String),
}

/// Something that an operator asks for, how its prompt is settled, and how it ends if it waits for a second person then.
#[derive(Debug)]
pub struct Change {
    opening: Opening,
    /// How many are chosen from the menu that it leads to, if it does.
    chosen: usize,
    manner: Manner,
    ending: Ending,
    /// The redeploy of this connector goes wrong.
    goes_wrong: Option<(String, Wrong)>,
}

/// Where a redeploy goes wrong.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    AtTheMove,
    AtTheStart,
}

impl Change {
    /// Something that can be done to a connector of this bot as it stands, or to some of them.
    pub async fn choose(world: &World, bot: &str, rng: &mut StdRng) -> Self {
        let (manner, ending) = (one_of(rng, &MANNERS), Ending::any(rng));
        let of = |opening, chosen| Self { opening, chosen, manner, ending, goes_wrong: None };
        if let Some((message, buttons)) = ways_on(world, bot).await
            && rng.random_ratio(3, 4)
        {
            return of(Opening::Button(message, one_of(rng, &buttons)), 0);
        }
        let fleet = world.fleet().state().connectors;
        let of_bot: Vec<_> = fleet.into_iter().map(|c| c.connector).filter(|c| c.bot.name == bot).collect();
        let connector = one_of(rng, &of_bot);
        let here = connector.environment.to_lowercase();
        let there = if here == "production" { "demo" } else { "production" };
        let verb = if connector.agent == "Online" {
            one_of(rng, &["stop", "stop", "redeploy", "restart", "restart"])
        } else {
            one_of(rng, &["start", "start", "redeploy"])
        };
        if verb == "redeploy" {
            let line = format!("/bots redeploy env:{here} bot:{bot} connector:{} to:{there}", connector.id);
            let wrong = one_of(rng, &[None, Some(Wrong::AtTheMove), Some(Wrong::AtTheStart)]);
            return Self { goes_wrong: wrong.map(|wrong| (connector.id, wrong)), ..of(Opening::Command(line), 0) };
        }
        // One by its name; or some of a menu; or, of a restart, all of the bot.
        let (which, chosen) = match rng.random_range(0..4) {
            0 | 1 => (format!(" connector:{}", connector.id), 0),
            2 if verb == "restart" => (String::new(), 0),
            _ => (String::new(), rng.random_range(1..=3)),
        };
        of(Opening::Command(format!("/bots {verb} env:{here} bot:{bot}{which}")), chosen)
    }

    /// Plays it, as people do whose bot goes away again and again.
    pub async fn play(&self, world: &World, person: &Person<'_>, second: &Person<'_>, viewer: &Person<'_>) {
        if let Some((connector, Wrong::AtTheStart)) = &self.goes_wrong {
            world.does(connector, Deed::StartRefused { on: true });
        }
        let Some(prompt) = within("a prompt", self.prompt(world, person)).await else { return };
        let confirm = confirming(&prompt).expect("a prompt can be confirmed");
        let request = request_of(&confirm);
        let cancel = CustomId::Cancel(request.clone()).to_string();
        let press = async |button: &str| within("an answer", settle(world, person, &prompt, button)).await;
        let waits = match (self.manner, prompt.button("🔨")) {
            (Manner::Once | Manner::BreakTheGlass | Manner::BreakTheGlassAndConfirm, None) | (Manner::Once, _) => {
                press(&confirm).await
            }
            (Manner::BreakTheGlass, Some(glass)) => press(&glass).await,
            (Manner::BreakTheGlassAndConfirm, Some(glass)) => {
                let (broken, confirmed) = tokio::join!(press(&glass), press(&confirm));
                broken || confirmed
            }
            (Manner::TwiceAtOnce, _) => {
                let (one, other) = tokio::join!(press(&confirm), press(&confirm));
                one || other
            }
            (Manner::WithCancel, _) => {
                let (confirmed, cancelled) = tokio::join!(press(&confirm), press(&cancel));
                confirmed || cancelled
            }
            (Manner::ThenCancel, _) => {
                press(&confirm).await;
                // The button is gone from the prompt by now, so it is pressed as it was a moment ago.
                person.presses_id(&prompt, &cancel, true).await;
                false
            }
            (Manner::Cancel, _) => press(&cancel).await,
            (Manner::Abandon, _) => false,
            (Manner::StrangerFirst, _) => {
                second.presses_id(&prompt, &confirm, true).await;
                press(&confirm).await
            }
        };
        if waits {
            self.ending.play(world, &request, person, second, viewer).await;
        }
    }

    /// Has the redeploy go wrong, if it is to: its connector is stopped, and what is asked next is refused.
    pub async fn goes_wrong(&self, world: &World) {
        let Some((connector, Wrong::AtTheMove)) = &self.goes_wrong else { return };
        let before = world.fleet().actions().len();
        let is_stopped = || world.fleet().actions().iter().skip(before).any(|deed| deed.connector == *connector);
        for _ in 0..400 {
            if is_stopped() {
                let refused = FaultKind::Refuse { problem: "unknown-environment".to_owned() };
                world.fleet().add_fault(Fault::from(refused).on("POST /v1/connectors/{id}/operations").times(1));
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks until there is an answer. `None` if that is a refusal.
    async fn prompt(&self, world: &World, person: &Person<'_>) -> Option<Message> {
        loop {
            until_connected(world).await;
            let reply = match &self.opening {
                Opening::Command(line) => person.runs(line).await,
                Opening::Button(message, button) => person.presses_id(message, button, false).await,
            };
            match reply.message {
                Some(message) if self.chosen > 0 && message.menu().is_some() => {
                    return self.choose_some(world, person, message).await;
                }
                Some(message) if confirming(&message).is_some() => return Some(message),
                Some(message) if !message.says("has not been read yet") => return None,
                _ => {}
            }
        }
    }

    /// Chooses some of a menu, until there is an answer.
    async fn choose_some(&self, world: &World, person: &Person<'_>, mut message: Message) -> Option<Message> {
        while let Some((_, options)) = message.menu() {
            until_connected(world).await;
            let labels: Vec<_> = options.iter().take(self.chosen).map(|(_, label)| label.as_str()).collect();
            if let Some(answer) = person.chooses_all(&message, &labels).await.message {
                return Some(answer).filter(|answer| confirming(answer).is_some());
            }
            let shown = world.messages_as(person.id(), message.channel()).await;
            message = shown.into_iter().find(|shown| shown.id() == message.id())?;
        }
        Some(message).filter(|message| confirming(message).is_some())
    }
}

/// The newest message of this bot's operations, if it is of a redeploy that failed: with the buttons that lead on.
async fn ways_on(world: &World, bot: &str) -> Option<(Message, Vec<String>)> {
    let mut shown = world.messages_in(&world.team_channel()).await;
    shown.retain(|message| message.says(&format!("Of **{bot}**, asked by")));
    let newest = shown.into_iter().max_by_key(|message| message.id().parse::<u64>().unwrap())?;
    let leads_on = |id: &String| {
        matches!(id.parse(), Ok(CustomId::Move { .. } | CustomId::Ask { .. } | CustomId::LeaveStopped(_)))
    };
    let buttons = newest.components().map(|button| button["custom_id"].as_str().unwrap().to_owned());
    let buttons: Vec<_> = buttons.filter(leads_on).collect();
    (newest.says("Failed: redeploy") && !buttons.is_empty()).then_some((newest, buttons))
}

/// The button that confirms, if it is a prompt.
pub fn confirming(message: &Message) -> Option<String> {
    let ids = message.components().filter_map(|component| component["custom_id"].as_str());
    ids.map(str::to_owned).find(|id| matches!(id.parse(), Ok(CustomId::Confirm(_))))
}

pub fn request_of(confirm: &str) -> Id {
    match confirm.parse() {
        Ok(CustomId::Confirm(request)) => request,
        other => panic!("{confirm} confirms nothing: {other:?}"),
    }
}

/// Presses until the prompt is settled. Whether it waits for a second person then.
pub async fn settle(world: &World, person: &Person<'_>, prompt: &Message, button: &str) -> bool {
    loop {
        until_connected(world).await;
        let Reply { message, .. } = presses(person, prompt, button).await;
        // What was refused may have a button to plan it again.
        if let Some(message) = message
            && (message.id() != prompt.id() || !has_button(&message, button))
        {
            return message.says("for a second person; you can withdraw it there");
        }
        if !is_there(world, person, prompt, button).await {
            return false;
        }
    }
}

/// Whether somebody still sees this button on a message.
pub async fn is_there(world: &World, person: &Person<'_>, message: &Message, button: &str) -> bool {
    let shown = world.messages_as(person.id(), message.channel()).await;
    shown.iter().any(|shown| shown.id() == message.id() && has_button(shown, button))
}

fn has_button(message: &Message, button: &str) -> bool {
    message.components().any(|shown| shown["custom_id"] == button)
}

pub async fn until_connected(world: &World) {
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
