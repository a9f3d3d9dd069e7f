//! The slash command `/bots`: what is registered with Discord, and what an invocation means.
//!
//! One enum, matched exhaustively: a new subcommand is a new variant, and the compiler names each place that must know it.

use serde::Serialize;
use serde_json::Value;

use crate::domain::action::Verb;
use crate::domain::authority::Right;
use crate::incidents::ToMute;
use crate::operations::{Said, ToFreeze};

/// The command's name.
pub const NAME: &str = "bots";

/// What was invoked.
#[derive(Clone, Debug)]
pub enum Command {
    /// `/bots status`.
    Status {
        /// The environment, as it was typed or picked.
        environment: Option<String>,
        /// The bot, as it was typed or picked.
        bot: Option<String>,
    },
    /// `/bots alerts`.
    Alerts {
        /// The environment, as it was typed or picked.
        environment: Option<String>,
    },
    /// `/bots history`.
    History {
        /// The environment, as it was typed or picked.
        environment: Option<String>,
        /// The bot, as it was typed or picked.
        bot: Option<String>,
        /// How far back, as it was typed or picked.
        range: Option<String>,
    },
    /// `/bots audit`.
    Audit(AuditAsked),
    /// `/bots board`.
    Board {
        /// The environment, as it was typed or picked.
        environment: Option<String>,
    },
    /// `/bots explain`.
    Explain {
        /// The environment, as it was typed or picked.
        environment: String,
        /// The bot, as it was typed or picked.
        bot: Option<String>,
    },
    /// `/bots mute`.
    Mute(ToMute),
    /// `/bots unmute`.
    Unmute {
        /// The environment, as it was typed or picked.
        environment: Option<String>,
        /// The bot, as it was typed or picked.
        bot: Option<String>,
    },
    /// `/bots freeze`.
    Freeze(ToFreeze),
    /// `/bots unfreeze`.
    Unfreeze {
        /// The environment, as it was typed or picked.
        environment: String,
    },
    /// `/bots stop`, `/bots start`, `/bots redeploy`, `/bots restart`.
    Ask {
        /// What is asked for.
        verb: Verb,
        /// What was said.
        said: Said,
    },
}

/// What of the record was asked for, as it was typed or picked.
#[derive(Clone, Debug, Default)]
pub struct AuditAsked {
    /// The environment.
    pub environment: Option<String>,
    /// The bot.
    pub bot: Option<String>,
    /// The person.
    pub person: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// What was asked for.
    pub action: Option<String>,
    /// Since when.
    pub since: Option<String>,
}

/// A subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subcommand {
    /// Look.
    Status,
    /// Change something.
    Change(Verb),
    /// Look at what is open.
    Alerts,
    /// Look at what was.
    History,
    /// Look at what was asked for, and what became of it.
    Audit,
    /// Keep a board in this channel.
    Board,
    /// Look at how decisions come about.
    Explain,
    /// Keep alerts from pinging for a while.
    Mute,
    /// Not any more.
    Unmute,
    /// Keep everybody from taking anything away for a while.
    Freeze,
    /// Not any more.
    Unfreeze,
}

impl Subcommand {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 14] = [
        Self::Status,
        Self::Change(Verb::Stop),
        Self::Change(Verb::Start),
        Self::Change(Verb::Redeploy),
        Self::Change(Verb::Restart),
        Self::Alerts,
        Self::History,
        Self::Audit,
        Self::Board,
        Self::Explain,
        Self::Mute,
        Self::Unmute,
        Self::Freeze,
        Self::Unfreeze,
    ];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Change(verb) => verb.word(),
            Self::Alerts => "alerts",
            Self::History => "history",
            Self::Audit => "audit",
            Self::Board => "board",
            Self::Explain => "explain",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
        }
    }

    /// The right that it takes; `None` for what only looks, as everybody may.
    pub fn needs(self) -> Option<Right> {
        match self {
            Self::Status | Self::Alerts | Self::History | Self::Audit | Self::Explain => None,
            // Where they stand is for those who act on what they show.
            Self::Board => Some(Right::Acknowledge),
            Self::Change(verb) => Some(Right::Change(verb)),
            Self::Mute | Self::Unmute => Some(Right::Mute),
            Self::Freeze | Self::Unfreeze => Some(Right::Freeze),
        }
    }

    /// Whether it would change something, so that refusing it needs a record.
    pub fn changes(self) -> bool {
        self.needs().is_some()
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sub| sub.word() == word)
    }

    fn description(self) -> &'static str {
        match self {
            Self::Status => "The bots of an environment at a glance, worst first; or one bot with its connectors",
            Self::Change(Verb::Stop) => "Stop agent connectors of a bot, after confirming what it means",
            Self::Change(Verb::Start) => "Start agent connectors of a bot, and follow them until they are seen healthy",
            Self::Change(Verb::Redeploy) => "Move one agent connector to another environment",
            Self::Change(Verb::Restart) => {
                "Stop and start one agent connector, or all of a bot one at a time, each once the last is back"
            }
            Self::Alerts => "The open incidents, worst first: since when, and who has them",
            Self::History => "A picture of how a bot did over time, with uptime, outages and what was done",
            Self::Audit => "Who asked for what, when and why, and how it ended: the last first",
            Self::Board => "Keep a live board of an environment in this channel: one message, edited as things change",
            Self::Explain => "Why you may or may not do something now, and why a bot is or is not in alert",
            Self::Mute => "For a while, let no incident of an environment or a bot ping anybody",
            Self::Unmute => "End a mute now, and tell what it kept quiet",
            Self::Freeze => "For a while, let nothing of an environment be stopped, redeployed or restarted",
            Self::Unfreeze => "End a freeze now",
        }
    }

    fn options(self) -> &'static [OptionName] {
        use OptionName::{Action, Bot, Connector, Env, For, Outcome, Person, Range, Reason, Since, To, Until};
        match self {
            Self::Status | Self::Explain => &[Env, Bot],
            Self::Change(Verb::Stop | Verb::Restart) => &[Env, Bot, Connector, Reason],
            Self::Change(Verb::Start) => &[Env, Bot, Connector],
            Self::Change(Verb::Redeploy) => &[Env, Bot, Connector, To],
            Self::Alerts | Self::Board => &[Env],
            Self::History => &[Env, Bot, Range],
            Self::Audit => &[Env, Bot, Person, Outcome, Action, Since],
            // Discord wants those first that must be there.
            Self::Mute => &[For, Reason, Env, Bot],
            Self::Unmute => &[Env, Bot],
            Self::Freeze => &[Env, Reason, Until],
            Self::Unfreeze => &[Env],
        }
    }

    fn requires(self, option: OptionName) -> bool {
        match self {
            Self::Status | Self::Board | Self::Explain | Self::Unfreeze => option == OptionName::Env,
            Self::History => matches!(option, OptionName::Env | OptionName::Bot),
            Self::Freeze => true,
            Self::Mute => matches!(option, OptionName::For | OptionName::Reason),
            Self::Change(_) | Self::Alerts | Self::Audit | Self::Unmute => false,
        }
    }
}

/// An option of a subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionName {
    /// The environment.
    Env,
    /// The bot.
    Bot,
    /// The connector.
    Connector,
    /// The environment to move to.
    To,
    /// Why.
    Reason,
    /// For how long, or until when.
    For,
    /// Until when, or for how long.
    Until,
    /// Who asked.
    Person,
    /// How it ended.
    Outcome,
    /// What was asked for.
    Action,
    /// How far back.
    Since,
    /// Of how long.
    Range,
}

impl OptionName {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Env,
        Self::Bot,
        Self::Connector,
        Self::To,
        Self::Reason,
        Self::For,
        Self::Until,
        Self::Person,
        Self::Outcome,
        Self::Action,
        Self::Since,
        Self::Range,
    ];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Bot => "bot",
            Self::Connector => "connector",
            Self::To => "to",
            Self::Reason => "reason",
            Self::For => "for",
            Self::Until => "until",
            Self::Person => "person",
            Self::Outcome => "outcome",
            Self::Action => "action",
            Self::Since => "since",
            Self::Range => "range",
        }
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|option| option.word() == word)
    }

    fn description(self) -> &'static str {
        match self {
            Self::Env => "The environment: production, demo, …",
            Self::Bot => "The bot",
            Self::Connector => "The agent connector",
            Self::To => "The environment to move it to",
            Self::Reason => "Why; it is shown in the channel and kept in the record",
            Self::Person => "Who asked",
            Self::Outcome => "How it ended",
            Self::Action => "What was asked for: stop, start, mute, …",
            Self::Since => "How far back, or since which day: 24h, 7 days, 2027-01-15",
            Self::Range => "How far back, from an hour to 90 days: 1h, 24h, 7 days, 2027-01-15",
            Self::Until => "Until when, or for how long: 14:30, tomorrow 9:00, 45m, 2h, 3 days",
            Self::For => "For how long, or until when: 45m, 2h, 14:30, tomorrow 9:00",
        }
    }

    fn is_offered(self) -> bool {
        self != Self::Reason
    }
}

/// The longest reason.
const REASON: u32 = 400;
/// The longest text of another option: a name may be longer than a short key, but not endless.
const TEXT: u32 = 100;

#[derive(Serialize)]
struct Registration {
    name: &'static str,
    #[serde(rename = "type")]
    kind: u8,
    description: &'static str,
    options: Vec<SubcommandJson>,
}

#[derive(Serialize)]
struct SubcommandJson {
    #[serde(rename = "type")]
    kind: u8,
    name: &'static str,
    description: &'static str,
    options: Vec<OptionJson>,
}

#[derive(Serialize)]
struct OptionJson {
    #[serde(rename = "type")]
    kind: u8,
    name: &'static str,
    description: &'static str,
    required: bool,
    autocomplete: bool,
    max_length: u32,
}

/// What is registered: all commands of our guild, in one body. Registering it again changes nothing.
///
/// Guild commands are for their guild alone: Discord takes `contexts` of global commands only
/// (<https://discord.com/developers/docs/interactions/application-commands#application-command-object>).
pub fn registration() -> Value {
    let option = |sub: Subcommand| {
        move |name: &OptionName| OptionJson {
            kind: 3,
            name: name.word(),
            description: name.description(),
            required: sub.requires(*name),
            autocomplete: name.is_offered(),
            max_length: if name.is_offered() { TEXT } else { REASON },
        }
    };
    let subcommand = |sub: Subcommand| SubcommandJson {
        kind: 1,
        name: sub.word(),
        description: sub.description(),
        options: sub.options().iter().map(option(sub)).collect(),
    };
    let bots = Registration {
        name: NAME,
        kind: 1,
        description: "LivePerson agent connectors: look, stop, start, redeploy; and what is open about them",
        options: Subcommand::ALL.into_iter().map(subcommand).collect(),
    };
    serde_json::to_value([bots]).unwrap_or_default()
}

/// The options of an invocation as name and text.
#[derive(Clone, Debug, Default)]
pub struct Given(Vec<(OptionName, String)>);

impl Given {
    /// Takes the options; a name that we did not register is dropped.
    pub fn new<'a>(options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let known = |(name, text): (&str, &str)| Some((OptionName::from_word(name)?, text.to_owned()));
        Self(options.into_iter().filter_map(known).collect())
    }

    /// What was given for an option; nothing if it is empty.
    pub fn get(&self, name: OptionName) -> Option<&str> {
        let found = self.0.iter().find(|(option, _)| *option == name);
        found.map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }
}

impl Command {
    /// Reads an invocation.
    pub fn new(sub: Subcommand, given: &Given) -> Self {
        let text = |name| given.get(name).map(str::to_owned);
        match sub {
            Subcommand::Status => Self::Status { environment: text(OptionName::Env), bot: text(OptionName::Bot) },
            Subcommand::Alerts => Self::Alerts { environment: text(OptionName::Env) },
            Subcommand::History => Self::History {
                environment: text(OptionName::Env),
                bot: text(OptionName::Bot),
                range: text(OptionName::Range),
            },
            Subcommand::Audit => Self::Audit(AuditAsked {
                environment: text(OptionName::Env),
                bot: text(OptionName::Bot),
                person: text(OptionName::Person),
                outcome: text(OptionName::Outcome),
                action: text(OptionName::Action),
                since: text(OptionName::Since),
            }),
            Subcommand::Board => Self::Board { environment: text(OptionName::Env) },
            Subcommand::Explain => {
                Self::Explain { environment: text(OptionName::Env).unwrap_or_default(), bot: text(OptionName::Bot) }
            }
            Subcommand::Mute => Self::Mute(ToMute {
                environment: text(OptionName::Env),
                bot: text(OptionName::Bot),
                until: text(OptionName::For),
                reason: text(OptionName::Reason),
            }),
            Subcommand::Unmute => Self::Unmute { environment: text(OptionName::Env), bot: text(OptionName::Bot) },
            Subcommand::Freeze => Self::Freeze(ToFreeze {
                environment: text(OptionName::Env),
                until: text(OptionName::Until),
                reason: text(OptionName::Reason),
            }),
            Subcommand::Unfreeze => Self::Unfreeze { environment: text(OptionName::Env).unwrap_or_default() },
            Subcommand::Change(verb) => Self::Ask {
                verb,
                said: Said {
                    environment: text(OptionName::Env),
                    bot: text(OptionName::Bot),
                    connector: text(OptionName::Connector),
                    to: text(OptionName::To),
                    then_start: false,
                    reason: text(OptionName::Reason),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_registered_keeps_discords_rules() {
        let registered = registration();
        let bots = &registered[0];
        assert_eq!(bots["name"], "bots");
        let lower = |name: &str| (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase());
        for sub in bots["options"].as_array().unwrap() {
            assert!(lower(sub["name"].as_str().unwrap()));
            let mut optional_before = false;
            for option in sub["options"].as_array().unwrap() {
                assert!(lower(option["name"].as_str().unwrap()));
                let description = option["description"].as_str().unwrap().chars().count();
                assert!((1..=100).contains(&description));
                let required = option["required"].as_bool().unwrap();
                assert!(!(required && optional_before), "required options come first");
                optional_before |= !required;
            }
            assert!((1..=100).contains(&sub["description"].as_str().unwrap().chars().count()));
        }
    }

    #[test]
    fn an_invocation_is_read_and_what_is_empty_is_left_out() {
        let given = Given::new([("env", "production"), ("bot", "  "), ("reason", " configuration "), ("odd", "x")]);
        let Command::Ask { verb: Verb::Stop, said } = Command::new(Subcommand::Change(Verb::Stop), &given) else {
            panic!("expected a stop");
        };
        assert_eq!(
            (said.environment.as_deref(), said.bot, said.reason.as_deref()),
            (Some("production"), None, Some("configuration"))
        );
    }

    #[test]
    fn every_word_reads_back() {
        for sub in Subcommand::ALL {
            assert_eq!(Subcommand::from_word(sub.word()), Some(sub));
        }
        for option in OptionName::ALL {
            assert_eq!(OptionName::from_word(option.word()), Some(option));
        }
    }
}
