//! Interactions: guarded, acknowledged, carried out, answered. In this order, and each of them always answered. A press that
//! came just now is answered with its outcome at once if that is there in a moment: its claim in the store, not its
//! acknowledgement, is what lets it act only once.
//!
//! Nothing is held between two presses: what a button means is read from its id, and all else from the store.

pub mod answer;
mod audit;
mod board;
mod component;
mod explain;
mod freeze;
mod guard;
mod history;
mod incident;
mod mute;

use std::time::Instant;

use jiff::Timestamp;
use serenity::http::Http;
use serenity::model::application::{CommandDataOption, CommandDataOptionValue, CommandInteraction, Interaction};

use self::answer::{AnswerError, First};
use self::guard::Incoming;
use super::Front;
use super::autocomplete::{Typing, offers};
use super::commands::{self, Command, Given, OptionName, Subcommand};
use super::lookup;
use super::render::{Message, prompt, refusal, status};
use crate::domain::action::Verb;
use crate::domain::connector::Environment;
use crate::domain::ids::{BotId, Id};
use crate::domain::notice::Slot;
use crate::domain::policy::Picture;
use crate::domain::request::{Refusal, RequestState};
use crate::operations::{Answer, Said, Trouble};

impl Front {
    /// Carries one interaction to its answer. What goes wrong is logged; nothing here stops the gateway.
    pub async fn handle(&self, http: &Http, interaction: Interaction) {
        let began = Instant::now();
        let result = match &interaction {
            Interaction::Command(command) => self.command(Incoming::command(self.guild, http, command), command).await,
            Interaction::Autocomplete(command) => {
                self.autocomplete(Incoming::command(self.guild, http, command), command).await
            }
            Interaction::Component(component) => {
                self.component(Incoming::component(self.guild, http, component), component).await
            }
            Interaction::Modal(modal) => self.modal(Incoming::modal(self.guild, http, modal), modal).await,
            Interaction::Ping(_) => Ok(()),
            _ => {
                tracing::warn!("an interaction of a kind that this version does not know was left unanswered");
                Ok(())
            }
        };
        let id = interaction.id();
        let outcome = result.as_ref().err().map_or("answered", AnswerError::word);
        self.interactions.observe(kind(&interaction), outcome, began.elapsed());
        match result {
            Ok(()) => {}
            Err(AnswerError::AnsweredBefore) => {
                tracing::info!(interaction = %id, "answered by another session; left to it")
            }
            Err(error) => tracing::warn!(interaction = %id, "an answer did not reach Discord: {error}"),
        }
    }

    async fn command(&self, incoming: Incoming<'_>, command: &CommandInteraction) -> Result<(), AnswerError> {
        let read = read(command);
        if !incoming.is_ours {
            let changes = read.is_some_and(|read| read.sub.changes());
            return self.turn_away(&incoming, changes, "a command from outside the guild").await;
        }
        let Some(read) = read else {
            tracing::warn!(interaction = %command.id, "a command that is not registered");
            return incoming.reply.first(&First::Private(refusal::unknown_press())).await;
        };
        match Command::new(read.sub, &read.given) {
            Command::Status { environment, bot } => {
                incoming.reply.first(&self.status(&incoming, environment.as_deref(), bot.as_deref())).await
            }
            Command::Ask { verb, said } => self.ask(&incoming, verb, said).await,
            Command::Alerts { environment } => self.alerts(&incoming, environment.as_deref()).await,
            Command::History { environment, bot, range } => {
                self.history(&incoming, environment.as_deref(), bot.as_deref(), range.as_deref()).await
            }
            Command::Audit(asked) => self.audit(&incoming, &asked).await,
            Command::Board { environment } => self.board(&incoming, environment.as_deref()).await,
            Command::Explain { environment, bot } => self.explain(&incoming, &environment, bot.as_deref()).await,
            Command::Mute(said) => self.mute(&incoming, &said).await,
            Command::Freeze(said) => self.freeze(&incoming, &said).await,
            Command::Unfreeze { environment } => self.unfreeze(&incoming, &environment).await,
            Command::Unmute { environment, bot } => {
                self.unmute(&incoming, environment.as_deref(), bot.as_deref()).await
            }
        }
    }

    async fn autocomplete(&self, incoming: Incoming<'_>, command: &CommandInteraction) -> Result<(), AnswerError> {
        let picture = self.picture.borrow().clone();
        let rights = self.operations.rights(&incoming.asker.member);
        let offered = match read(command) {
            Some(Invocation { sub, given, typed: Some((option, text)) }) if incoming.is_ours => offers(
                &picture,
                &self.policy,
                &self.people.known(),
                &Typing { sub, option, text: &text, given: &given, rights },
            ),
            _ => Vec::new(),
        };
        incoming.reply.first(&First::Offers(offered)).await
    }

    /// Answers somebody outside our guild, and records it where it would have changed something.
    async fn turn_away(&self, incoming: &Incoming<'_>, changes: bool, what: &str) -> Result<(), AnswerError> {
        tracing::warn!(interaction = incoming.asker.interaction, user = %incoming.asker.member.id, "refused: {what}");
        let answered = incoming.reply.first(&First::Private(refusal::elsewhere())).await;
        if changes {
            self.record_refused(incoming, what).await;
        }
        answered
    }

    /// Answers a press that means nothing to us, and records it: it may have been meant to change something.
    async fn not_ours(&self, incoming: &Incoming<'_>) -> Result<(), AnswerError> {
        tracing::warn!(interaction = incoming.asker.interaction, user = %incoming.asker.member.id, "a press that is not ours");
        let answered = incoming.reply.first(&First::Private(refusal::unknown_press())).await;
        self.record_refused(incoming, "a press that is not ours, or of an old version").await;
        answered
    }

    async fn record_refused(&self, incoming: &Incoming<'_>, what: &str) {
        if let Err(trouble) = self.operations.record_refused(&incoming.asker, what, Timestamp::now()).await {
            tracing::error!(interaction = incoming.asker.interaction, "a refusal could not be recorded: {trouble}");
        }
    }

    /// The environment that a person named, and the one bot there, if they named one; or the sentence that says what names
    /// nothing.
    fn named(
        &self,
        picture: &Picture,
        environment: &str,
        bot: Option<&str>,
    ) -> Result<(Environment, Option<BotId>), Box<Message>> {
        if picture.fleet.read_at().is_none() {
            return Err(Box::new(status::not_ready(picture.trouble.as_deref())));
        }
        let found = self.environment_named(environment).ok_or_else(|| {
            let known: Vec<_> = picture.fleet.environments().iter().map(Environment::title).collect();
            Box::new(status::not_found(environment, &known))
        })?;
        let Some(name) = bot else { return Ok((found, None)) };
        match lookup::bots(&picture.fleet, Some(&found), name).as_slice() {
            [] => Err(Box::new(status::not_found(name, &[]))),
            [bot] => Ok((found, Some(bot.clone()))),
            _ => Err(Box::new(status::ambiguous(name))),
        }
    }

    /// The status that was asked for, from memory.
    fn status(&self, incoming: &Incoming<'_>, environment: Option<&str>, bot: Option<&str>) -> First {
        let picture = self.picture.borrow().clone();
        if picture.fleet.read_at().is_none() {
            return First::Private(status::not_ready(picture.trouble.as_deref()));
        }
        let Some(found) = environment.and_then(|text| lookup::environment(&picture.fleet, text)) else {
            let known: Vec<_> = picture.fleet.environments().iter().map(Environment::title).collect();
            return First::Private(status::not_found(environment.unwrap_or_default(), &known));
        };
        let Some(name) = bot else {
            return First::Overview(self.overviews.of(self.view(&picture), &picture, &found));
        };
        First::Private(match lookup::bots(&picture.fleet, Some(&found), name).as_slice() {
            [] => status::not_found(name, &[]),
            [bot] => self.bot_status(&picture, incoming, bot, &found),
            _ => status::ambiguous(name),
        })
    }

    /// Takes a request: acknowledged, judged, and answered with a menu, the prompt or a refusal.
    async fn ask(&self, incoming: &Incoming<'_>, verb: Verb, said: Said) -> Result<(), AnswerError> {
        self.begin(incoming, false).await?;
        let answer = self.operations.ask(&incoming.asker, verb, said, Timestamp::now()).await;
        self.log(incoming, verb.word(), &answer);
        let message = match &answer {
            Ok(Answer::Refused(refused)) => self.refusal(refused, None).await,
            Ok(Answer::Begun(operation)) => begun(incoming, &operation.request),
            Ok(Answer::Confirm(_)) if !incoming.lacks.is_empty() => {
                answered(&answer, 0).noting(&prompt::unseen(incoming.asker.channel, &incoming.lacks))
            }
            other => answered(other, 0),
        };
        incoming.reply.edit(&message).await
    }

    /// Acknowledges what would change something: beside what was pressed, or, if that was private, in its place. What cannot
    /// be acknowledged is not begun, and that is recorded.
    async fn begin(&self, incoming: &Incoming<'_>, private: bool) -> Result<(), AnswerError> {
        let first = if private { First::DeferUpdate } else { First::DeferPrivate };
        let acknowledged = incoming.reply.first(&first).await;
        // What another session answered has its record by that.
        if acknowledged.as_ref().is_err_and(|error| *error != AnswerError::AnsweredBefore) {
            self.record_refused(incoming, "it could not be acknowledged, so nothing was begun").await;
        }
        acknowledged
    }

    /// A refusal in words, with a link to the operation that is in the way, where its message stands; of a request that is
    /// known, with a way to ask anew.
    async fn refusal(&self, refused: &Refusal, request: Option<&Id>) -> Message {
        let link = match refused {
            Refusal::Busy { operation, .. } => self.link_to(&Slot::Operation(operation.clone())).await,
            _ => None,
        };
        match request {
            Some(request) => refusal::of_request(refused, link.as_deref(), request),
            None => refusal::refusal(refused, link.as_deref()),
        }
    }

    /// A link to a message of ours, if it stands.
    async fn link_to(&self, slot: &Slot) -> Option<String> {
        match self.store.place_of(slot).await {
            Ok(place) => place
                .map(|(channel, message)| format!("https://discord.com/channels/{}/{channel}/{message}", self.guild)),
            Err(error) => {
                tracing::warn!("a message's place could not be read for a link to it: {error}");
                None
            }
        }
    }

    fn log(&self, incoming: &Incoming<'_>, what: &str, answer: &Result<Answer, Trouble>) {
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        match answer {
            Ok(Answer::Choose(menu)) => {
                tracing::info!(interaction = id, %user, request = %menu.request.id, part = menu.part.word(), "{what}: asks on");
            }
            Ok(Answer::Confirm(request)) => {
                tracing::info!(interaction = id, %user, request = %request.id, "{what}: asks to confirm");
            }
            Ok(Answer::Begun(operation)) => {
                tracing::info!(interaction = id, %user, operation = %operation.id, "{what}: begun at once");
            }
            Ok(Answer::Refused(refusal)) => tracing::info!(interaction = id, %user, ?refusal, "{what}: refused"),
            Err(trouble) => tracing::error!(interaction = id, %user, "{what}: {trouble}"),
        }
    }
}

/// What is said to whom an operation is carried out for: where its progress stands, or that it does not show.
fn begun(incoming: &Incoming<'_>, request: &Id) -> Message {
    let channel = incoming.asker.channel;
    if incoming.lacks.is_empty() {
        prompt::settled(RequestState::Confirmed, channel, request)
    } else {
        prompt::begun_unseen(channel, &incoming.lacks, request)
    }
}

/// The answer as a message that stands alone.
fn answered(answer: &Result<Answer, Trouble>, page: u16) -> Message {
    match answer {
        Ok(Answer::Choose(menu)) => prompt::menu(menu, page),
        Ok(Answer::Confirm(request)) => match &request.plan {
            Some(plan) => prompt::confirmation(request, plan),
            None => refusal::refusal(&Refusal::Unknown, None),
        },
        Ok(Answer::Begun(operation)) => prompt::settled(RequestState::Confirmed, operation.channel, &operation.request),
        Ok(Answer::Refused(refused)) => refusal::refusal(refused, None),
        Err(trouble) => refusal::trouble(&trouble.person()),
    }
}

/// What kind of interaction it is, in a word for the metrics.
fn kind(interaction: &Interaction) -> &'static str {
    match interaction {
        Interaction::Command(_) => "command",
        Interaction::Autocomplete(_) => "autocomplete",
        Interaction::Component(_) => "component",
        Interaction::Modal(_) => "modal",
        _ => "other",
    }
}

/// Whether an interaction changes nothing and is answered from memory.
pub(super) fn is_only_looked_at(interaction: &Interaction) -> bool {
    match interaction {
        Interaction::Autocomplete(_) => true,
        Interaction::Command(command) => matches!(read(command), Some(Invocation { sub: Subcommand::Status, .. })),
        _ => false,
    }
}

/// A command as it was typed, or as far as it is typed.
struct Invocation {
    sub: Subcommand,
    given: Given,
    typed: Option<(OptionName, String)>,
}

/// Reads our command; `None` for one that we did not register.
fn read(command: &CommandInteraction) -> Option<Invocation> {
    if command.data.name != commands::NAME {
        return None;
    }
    let [CommandDataOption { name, value: CommandDataOptionValue::SubCommand(options), .. }] =
        command.data.options.as_slice()
    else {
        return None;
    };
    let sub = Subcommand::from_word(name)?;
    let texts = options.iter().filter_map(|option| match &option.value {
        CommandDataOptionValue::String(text) => Some((option.name.as_str(), text.as_str())),
        _ => None,
    });
    let typed = options.iter().find_map(|option| match &option.value {
        CommandDataOptionValue::Autocomplete { value, .. } => {
            Some((OptionName::from_word(&option.name)?, value.clone()))
        }
        _ => None,
    });
    Some(Invocation { sub, given: Given::new(texts), typed })
}
