//! Who acts, and what they do: each call into the product, as a task that the schedule lets go on.

use botswain::domain::action::Verb;
use botswain::domain::authority::Member;
use botswain::domain::ids::{ChannelId, Id, UserId};
use botswain::domain::operation::guiding::Wish;
use botswain::operations::{Answer, Asker, Form, Operations, Runner, Said, Settled, Stepped};
use botswain::sandbox::discord::Seed;
use jiff::Timestamp;

/// Two operators, of whom one may break the glass and the other may agree as the second person; one who only agrees; and one
/// who only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Olga,
    Otto,
    Pia,
    Vera,
}

impl Who {
    pub fn id(self, seed: &Seed) -> UserId {
        let id = match self {
            Self::Olga => seed.olga.id,
            Self::Otto => seed.otto.id,
            Self::Pia => seed.further_members[0].id,
            Self::Vera => seed.vera.id,
        };
        id.to_string().parse().unwrap()
    }

    /// As Discord describes them with an interaction now.
    pub fn asker(self, seed: &Seed, has_roles: bool, interaction: u64) -> Asker {
        let approvers = seed.approvers.as_ref().unwrap();
        let (name, roles) = match self {
            Self::Olga => ("Olga", vec![&seed.operators, &seed.on_call]),
            Self::Otto => ("Otto", vec![&seed.operators, approvers]),
            Self::Pia => ("Pia", vec![approvers]),
            Self::Vera => ("Vera", vec![&seed.viewers]),
        };
        let roles = roles.into_iter().filter(|_| has_roles).map(|role| role.id.to_string().parse().unwrap()).collect();
        let member = Member { id: self.id(seed), name: name.to_owned(), roles, manages_guild: Some(false) };
        Asker { member, channel: ChannelId(5), interaction }
    }

    /// Whether they may agree, as the second person, while they have their roles.
    pub fn agrees(self) -> bool {
        matches!(self, Self::Otto | Self::Pia)
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
    /// The press of a second person.
    Approve { who: Who, request: Id },
    /// Without the second person: why it cannot wait, typed.
    BreakGlass { who: Who, request: Id },
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
    /// A request waits for a second person.
    Proposed(Id),
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

fn came_of(settled: Settled, request: Id) -> Done {
    match settled {
        Settled::Begun(operation) => Done::Begun(operation.id),
        Settled::Proposed => Done::Proposed(request),
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
                came_of(settled, request)
            }
            (Self::Approve { request, .. }, Some(asker)) => {
                came_of(operations.approve(&asker, &request, now).await.unwrap(), request)
            }
            (Self::BreakGlass { request, .. }, Some(asker)) => {
                let why = "It cannot wait".to_owned();
                let asked = operations.break_glass(&asker, &request, None, now).await.unwrap();
                let Settled::Unexplained { wanted, .. } = asked else { return came_of(asked, request) };
                let form = Form { why, name: wanted.unwrap_or_default() };
                came_of(operations.break_glass(&asker, &request, Some(&form), now).await.unwrap(), request)
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
            | Self::Approve { who, .. }
            | Self::BreakGlass { who, .. }
            | Self::Cancel { who, .. } => Some(*who),
            Self::Expire | Self::Step | Self::Settle => None,
        }
    }
}
