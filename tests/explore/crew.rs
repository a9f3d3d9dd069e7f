//! Who acts, and what they do: each call into the product, as a task that the schedule lets go on.

use botswain::domain::action::Verb;
use botswain::domain::authority::Member;
use botswain::domain::ids::{ChannelId, Id};
use botswain::domain::operation::guiding::Wish;
use botswain::operations::{Answer, Asker, Operations, Runner, Said, Settled, Stepped};
use jiff::Timestamp;

use crate::world::World;

/// Two operators, and one who only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Olga,
    Otto,
    Vera,
}

pub const EVERYBODY: [Who; 3] = [Who::Olga, Who::Otto, Who::Vera];

impl Who {
    /// As Discord describes them with an interaction now.
    pub fn asker(self, world: &World, has_role: bool, interaction: u64) -> Asker {
        let seed = &world.seed;
        let (member, name, role) = match self {
            Self::Olga => (&seed.olga, "Olga", &seed.operators),
            Self::Otto => (&seed.otto, "Otto", &seed.operators),
            Self::Vera => (&seed.vera, "Vera", &seed.viewers),
        };
        let roles = has_role.then(|| role.id.to_string().parse().unwrap()).into_iter().collect();
        let id = member.id.to_string().parse().unwrap();
        let member = Member { id, name: name.to_owned(), roles, manages_guild: Some(false) };
        Asker { member, channel: ChannelId(5), interaction }
    }
}

/// One call into the product.
#[derive(Clone, Debug)]
pub enum Call {
    /// A command that leaves nothing out.
    Ask { who: Who, verb: Verb, connector: &'static str, to: Option<&'static str> },
    /// A restart of all of a bot.
    Restart { who: Who, bot: &'static str },
    /// Somebody says how an operation goes on.
    Guide { who: Who, operation: Id, wish: Wish },
    /// A confirming press.
    Confirm { who: Who, request: Id },
    /// A cancelling press.
    Cancel { who: Who, request: Id },
    /// Overdue requests are ended.
    Expire,
    /// The runner carries something on.
    Step,
    /// What is in doubt is asked after.
    Settle,
}

/// What a call came to, as far as the schedule cares.
#[derive(Clone, Debug)]
pub enum Done {
    /// A prompt stands.
    Prompt(Id),
    /// An operation began.
    Begun(Id),
    /// Nothing is due.
    Idle,
    /// Anything else.
    Other,
}

fn asked(answer: Answer) -> Done {
    match answer {
        Answer::Confirm(request) => Done::Prompt(request.id),
        _ => Done::Other,
    }
}

impl Call {
    /// Makes it; `asker` is who presses.
    pub async fn make(self, operations: Operations, runner: Runner, asker: Option<Asker>, now: Timestamp) -> Done {
        match (self, asker) {
            (Self::Ask { verb, connector, to, .. }, Some(asker)) => {
                let said = Said { connector: Some(connector.into()), to: to.map(str::to_owned), ..Said::default() };
                asked(operations.ask(&asker, verb, said, now).await.unwrap())
            }
            (Self::Restart { bot, .. }, Some(asker)) => {
                let environment = Some("production".into());
                let said = Said { environment, bot: Some(bot.into()), ..Said::default() };
                asked(operations.ask(&asker, Verb::Restart, said, now).await.unwrap())
            }
            (Self::Guide { operation, wish, .. }, Some(asker)) => {
                operations.guide(&asker, &operation, wish, now).await.unwrap();
                Done::Other
            }
            (Self::Confirm { request, .. }, Some(asker)) => {
                let settled = match operations.confirm(&asker, &request, now).await.unwrap() {
                    Settled::Unsaid { wanted, .. } => {
                        operations.confirm_typed(&asker, &request, &wanted, now).await.unwrap()
                    }
                    settled => settled,
                };
                match settled {
                    Settled::Begun(operation) => Done::Begun(operation.id),
                    _ => Done::Other,
                }
            }
            (Self::Cancel { request, .. }, Some(asker)) => {
                operations.cancel(&asker, &request, now).await.unwrap();
                Done::Other
            }
            (Self::Step, _) => match runner.step(now).await.unwrap() {
                Stepped::Worked => Done::Other,
                Stepped::Idle => Done::Idle,
            },
            (Self::Settle, _) => {
                runner.settle_doubts(now).await.unwrap();
                Done::Other
            }
            (Self::Expire, _) => {
                operations.expire(now).await.unwrap();
                Done::Other
            }
            (call, None) => panic!("nobody makes {call:?}"),
        }
    }

    pub fn who(&self) -> Option<Who> {
        match self {
            Self::Ask { who, .. }
            | Self::Restart { who, .. }
            | Self::Guide { who, .. }
            | Self::Confirm { who, .. }
            | Self::Cancel { who, .. } => Some(*who),
            Self::Expire | Self::Step | Self::Settle => None,
        }
    }
}
