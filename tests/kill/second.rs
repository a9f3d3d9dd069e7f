//! What waits for a second person, and how it ends: somebody agrees, it is withdrawn, the glass is broken, or nobody comes.

use botswain::discord::custom_id::CustomId;
use botswain::domain::ids::Id;
use botswain::domain::operation::Operation;
use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::message::Message;
use crate::person::{Person, Reply};
use crate::scene::{is_there, one_of, until_connected};
use crate::world::World;

/// The policy of the siege, as the file of settings has it: each bot has something that needs a second person.
pub const POLICY: &str = r#"
[environments.production.bots.bot-billing]
second_person = ["redeploy"]
[environments.production.bots.bot-orders]
second_person = ["stop"]
[environments.production.bots.bot-returns]
second_person = ["restart"]
"#;
/// Why it cannot wait, whoever breaks the glass.
pub const WHY: &str = "It tells people to unplug their fridge";

/// What stands in a form's input in which it is said why; in any other stands what is to be typed there.
const WHY_IS_ASKED: &str = "It is told where alerts come, and kept in the record";

/// What the policy says of an operation, in words of its own.
pub fn needs_a_second_person(operation: &Operation) -> bool {
    let is_in_production = |place: &botswain::domain::connector::Environment| place.as_str() == "production";
    let touches = std::iter::once(&operation.environment).chain(&operation.to).any(is_in_production);
    let of = (operation.bot.name.as_str(), operation.verb.word());
    touches && [("Billing Bot", "redeploy"), ("Orders Bot", "stop"), ("Returns Bot", "restart")].contains(&of)
}

/// How it ends.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    Agreed,
    AgreedTwiceAtOnce,
    AgreedByTheWrongOnesFirst,
    AgreedAndWithdrawn,
    Withdrawn,
    /// Of a glass that its requester may not break, nothing comes, and somebody agrees.
    Broken,
    BrokenAndAgreed,
    /// Nobody does anything: some other round, or nobody at all.
    Left,
}

const ENDINGS: [Ending; 10] = [
    Ending::Agreed,
    Ending::Agreed,
    Ending::AgreedTwiceAtOnce,
    Ending::AgreedByTheWrongOnesFirst,
    Ending::AgreedAndWithdrawn,
    Ending::Withdrawn,
    Ending::Broken,
    Ending::Broken,
    Ending::BrokenAndAgreed,
    Ending::Left,
];

impl Ending {
    pub fn any(rng: &mut StdRng) -> Self {
        one_of(rng, &ENDINGS)
    }

    /// Waits until everybody sees that this request waits, and ends it so.
    pub async fn play(
        self,
        world: &World,
        request: &Id,
        requester: &Person<'_>,
        second: &Person<'_>,
        viewer: &Person<'_>,
    ) {
        let approve = CustomId::Approve(request.clone()).to_string();
        let shows = async |world: &World| waiting(world).await.into_iter().find(|(_, button)| *button == approve);
        let (message, _) = world.until("what waits for a second person", shows).await;
        let withdraw = CustomId::Cancel(request.clone()).to_string();
        let agrees = || answered(world, second, &message, &approve);
        match self {
            Self::Agreed => agrees().await,
            Self::AgreedTwiceAtOnce => drop(tokio::join!(agrees(), agrees())),
            Self::AgreedByTheWrongOnesFirst => {
                requester.presses_id(&message, &approve, true).await;
                viewer.presses_id(&message, &approve, true).await;
                agrees().await;
            }
            Self::AgreedAndWithdrawn => {
                tokio::join!(agrees(), answered(world, requester, &message, &withdraw));
            }
            Self::Withdrawn => answered(world, requester, &message, &withdraw).await,
            Self::Broken | Self::BrokenAndAgreed => {
                let Some(glass) = message.button("🔨") else { return agrees().await };
                if matches!(self, Self::Broken) {
                    answered(world, requester, &message, &glass).await;
                } else {
                    tokio::join!(answered(world, requester, &message, &glass), agrees());
                }
            }
            Self::Left => {}
        }
    }
}

/// Somebody comes late, and agrees to whatever still waits: to their own as well, which is refused.
pub async fn comes_late(world: &World, person: &Person<'_>, rng: &mut StdRng) {
    for (message, button) in waiting(world).await {
        if rng.random_ratio(1, 2) {
            answered(world, person, &message, &button).await;
        }
    }
}

/// What waits for a second person, each with the button that agrees.
pub async fn waiting(world: &World) -> Vec<(Message, String)> {
    let shown = world.messages_in(&world.team_channel()).await.into_iter();
    shown.filter_map(|message| message.button("Approve: ").map(|button| (message, button))).collect()
}

/// Presses, and fills in the form that opens, if one does.
pub async fn presses(person: &Person<'_>, message: &Message, button: &str) -> Reply {
    let reply = person.presses_id(message, button, false).await;
    match reply.asks_all() {
        Some(asked) => {
            let typed = |asked: &String| if asked == WHY_IS_ASKED { WHY.to_owned() } else { asked.clone() };
            let typed: Vec<_> = asked.iter().map(typed).collect();
            person.sends_all(reply, &typed.iter().map(String::as_str).collect::<Vec<_>>()).await
        }
        None => reply,
    }
}

/// Presses until somebody answers, not for longer than the button is there.
pub async fn answered(world: &World, person: &Person<'_>, message: &Message, button: &str) {
    loop {
        until_connected(world).await;
        let reply = presses(person, message, button).await;
        if reply.message.is_some() || !is_there(world, person, message, button).await {
            return;
        }
    }
}
