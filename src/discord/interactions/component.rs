//! Buttons and menus: each press is read from its typed id, and answered where the person is looking.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serenity::model::application::{ComponentInteraction, ComponentInteractionDataKind};
use serenity::model::channel::MessageFlags;
use tokio::time::timeout;

use super::super::Front;
use super::super::custom_id::CustomId;
use super::super::lookup;
use super::super::render::modal::{self, Modal};
use super::super::render::status::View;
use super::super::render::{Message, operation, overview, prompt, refusal, status};
use super::answer::{AnswerError, First, Reply};
use super::guard::Incoming;
use super::{answered, begun};
use crate::domain::action::Verb;
use crate::domain::authority::{At, Denied, Right};
use crate::domain::connector::Environment;
use crate::domain::ids::{BotId, Id, Key};
use crate::domain::operation::guiding::Wish;
use crate::domain::policy::Picture;
use crate::domain::request::{Refusal, RequestState};
use crate::domain::tiles::Show;
use crate::incidents::Ask;
use crate::operations::{Answer, Form, Guided, Left, Part, Said, Settled, Trouble};

/// How long a press may take to be answered with its outcome. After this it is acknowledged, in the 3 s that Discord gives.
const AT_ONCE: Duration = Duration::from_millis(500);

/// What is shown for a press on a prompt.
enum Shown {
    /// The prompt becomes this.
    Instead(Message),
    /// The prompt stays as it is, and this is said beside it.
    Beside(Message),
    /// Both.
    Both { instead: Message, beside: Message },
    /// A form opens, and all stays as it is.
    Form(Modal),
}

impl Front {
    pub(super) async fn component(
        &self,
        incoming: Incoming<'_>,
        pressed: &ComponentInteraction,
    ) -> Result<(), AnswerError> {
        let id = pressed.data.custom_id.parse::<CustomId>();
        if !incoming.is_ours {
            let changes = id.as_ref().map_or(true, CustomId::changes);
            return self.turn_away(&incoming, changes, "a button from outside the guild").await;
        }
        let Ok(id) = id else {
            return self.not_ours(&incoming).await;
        };
        // What everybody sees is never edited by a press; only the bot's own message that this person alone sees is.
        let private = pressed.message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
        let values = chosen(pressed);
        let value = values.first().cloned();
        match id {
            CustomId::Status { environment, bot } => {
                self.show_status(&incoming, private, &environment, bot.as_ref()).await
            }
            CustomId::Overview { environment, show, page } => {
                self.show_overview(&incoming, private, &environment, show, page).await
            }
            CustomId::Filter { environment } => match value.as_deref().and_then(Show::from_word) {
                Some(show) => self.show_overview(&incoming, private, &environment, show, 0).await,
                None => self.not_ours(&incoming).await,
            },
            CustomId::Details { environment } => {
                let bot = value.as_deref().and_then(|value| value.parse().ok());
                self.show_status(&incoming, private, &environment, bot.as_ref()).await
            }
            CustomId::History { environment, bot, hours } => {
                self.history_again(&incoming, private, (&environment, &bot), hours).await
            }
            CustomId::Ask { verb, connector } => {
                let said = Said { connector: Some(connector.to_string()), ..Said::default() };
                self.ask(&incoming, verb, said).await
            }
            CustomId::Guide { operation, wish } => self.guide(&incoming, &operation, wish).await,
            CustomId::LeaveStopped(operation) => self.leave_stopped(&incoming, &operation).await,
            CustomId::Move { connector, to } => {
                let (connector, to) = (Some(connector.to_string()), Some(to.to_string()));
                let said = Said { connector, to, then_start: true, ..Said::default() };
                self.ask(&incoming, Verb::Redeploy, said).await
            }
            CustomId::Acknowledge(incident) => {
                self.handle_incident(&incoming, private, &incident, Ask::Acknowledge).await
            }
            CustomId::GiveBack(incident) => self.handle_incident(&incoming, private, &incident, Ask::GiveBack).await,
            CustomId::Unsnooze(incident) => self.handle_incident(&incoming, private, &incident, Ask::Unsnooze).await,
            CustomId::Snooze(incident) => self.snooze_chosen(&incoming, private, &incident, value.as_deref()).await,
            // Forms send these; no button or menu carries them.
            CustomId::SnoozeForm(_) | CustomId::ConfirmForm(_) | CustomId::GlassForm(_) => {
                self.not_ours(&incoming).await
            }
            CustomId::Incident(incident) => self.show_incident(&incoming, private, Some(&incident)).await,
            CustomId::AlertDetails => {
                let incident = value.and_then(|value| value.parse().ok());
                self.show_incident(&incoming, private, incident.as_ref()).await
            }
            CustomId::Alerts { environment, page } => {
                self.alerts_again(&incoming, private, environment.as_ref(), page).await
            }
            CustomId::Audit { view, page } => self.audit_page(&incoming, private, &view, page).await,
            CustomId::AuditAgain(view) => self.audit_again(&incoming, private, &view).await,
            CustomId::Unmute(mute) => self.end_mute(&incoming, private, Some(&mute)).await,
            CustomId::UnmuteChosen => {
                let mute = value.and_then(|value| value.parse().ok());
                self.end_mute(&incoming, private, mute.as_ref()).await
            }
            CustomId::Unboard(board) => self.take_down_board(&incoming, &board).await,
            CustomId::Unfreeze(freeze) => self.end_freeze(&incoming, private, &freeze).await,
            CustomId::Confirm(request) => self.press(&incoming, private, Press::Confirm, &request).await,
            CustomId::Approve(request) => self.press(&incoming, private, Press::Approve, &request).await,
            CustomId::BreakGlass(request) => self.press(&incoming, private, Press::BreakGlass(None), &request).await,
            CustomId::Cancel(request) => self.press(&incoming, private, Press::Cancel, &request).await,
            CustomId::PlanAgain(request) => self.press(&incoming, private, Press::PlanAgain, &request).await,
            CustomId::Pick { request, part, page: _ } => {
                self.press(&incoming, private, Press::Pick { part, values }, &request).await
            }
            CustomId::Page { request, part: _, page } => {
                self.press(&incoming, private, Press::Page(page), &request).await
            }
        }
    }

    /// Somebody says how an operation goes on; its own message shows what comes of it.
    async fn guide(&self, incoming: &Incoming<'_>, of: &Id, wish: Wish) -> Result<(), AnswerError> {
        incoming.reply.first(&First::DeferPrivate).await?;
        let guided = self.operations.guide(&incoming.asker, of, wish, Timestamp::now()).await;
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        tracing::info!(interaction = id, %user, operation = %of, ?guided, "{}", wish.word());
        let said = match guided {
            Ok(Guided::Told(wish)) => operation::heard(wish),
            Ok(Guided::Over) => operation::is_over(),
            Ok(Guided::Refused(refused)) => self.refusal(&refused, None).await,
            Err(trouble) => refusal::trouble(&trouble.person()),
        };
        incoming.reply.edit(&said).await
    }

    /// Somebody leaves stopped what an operation had stopped; its own message shows it.
    async fn leave_stopped(&self, incoming: &Incoming<'_>, of: &Id) -> Result<(), AnswerError> {
        incoming.reply.first(&First::DeferPrivate).await?;
        let left = self.operations.leave_stopped(&incoming.asker, of, Timestamp::now()).await;
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        tracing::info!(interaction = id, %user, operation = %of, ?left, "leave stopped");
        let said = match left {
            Ok(Left::Now) => operation::left_stopped(),
            Ok(Left::Before(by)) => operation::left_stopped_before(&by),
            Ok(Left::Otherwise) => operation::changed_since(),
            Ok(Left::Refused(refused)) => self.refusal(&refused, None).await,
            Err(trouble) => refusal::trouble(&trouble.person()),
        };
        incoming.reply.edit(&said).await
    }

    async fn show_status(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        environment: &Key,
        bot: Option<&Key>,
    ) -> Result<(), AnswerError> {
        let picture = self.picture.borrow().clone();
        let message = self.status_by_key(&picture, incoming, environment, bot);
        incoming.reply.first(&if private { First::Update(message) } else { First::Private(message) }).await
    }

    /// A page of an environment's bots. Only the first page of all of them was made before anybody asked.
    async fn show_overview(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        environment: &Key,
        show: Show,
        page: u16,
    ) -> Result<(), AnswerError> {
        let picture = self.picture.borrow().clone();
        let message = match lookup::environment_by_key(&picture.fleet, environment) {
            Some(found) if (show, page) != (Show::Everything, 0) => {
                overview::page(self.view(&picture), &found, show, page)
            }
            _ => self.status_by_key(&picture, incoming, environment, None),
        };
        incoming.reply.first(&if private { First::Update(message) } else { First::Private(message) }).await
    }

    fn status_by_key(
        &self,
        picture: &Arc<Picture>,
        incoming: &Incoming<'_>,
        environment: &Key,
        bot: Option<&Key>,
    ) -> Message {
        if picture.fleet.read_at().is_none() {
            return status::not_ready(picture.trouble.as_deref());
        }
        let Some(environment) = lookup::environment_by_key(&picture.fleet, environment) else {
            let known: Vec<_> = picture.fleet.environments().iter().map(Environment::title).collect();
            return status::not_found("that environment any more", &known);
        };
        let Some(key) = bot else {
            return self.overviews.of(self.view(picture), picture, &environment).message.clone();
        };
        match lookup::bots(&picture.fleet, Some(&environment), key.as_str()).as_slice() {
            [bot] => self.bot_status(picture, incoming, bot, &environment),
            _ => self.overviews.of(self.view(picture), picture, &environment).message.clone(),
        }
    }

    pub(super) fn bot_status(
        &self,
        picture: &Arc<Picture>,
        incoming: &Incoming<'_>,
        bot: &BotId,
        environment: &Environment,
    ) -> Message {
        match picture.fleet.bot(bot, environment) {
            Some(view) => {
                let at = [At::bot(environment, bot)];
                status::bot(self.view(picture), view, |verb| {
                    self.operations.may(&incoming.asker.member, verb, &at).is_ok()
                })
            }
            None => self.overviews.of(self.view(picture), picture, environment).message.clone(),
        }
    }

    pub(in crate::discord) fn view<'a>(&'a self, picture: &'a Picture) -> View<'a> {
        View { picture, policy: &self.policy, poll_interval: self.poll_interval, now: Timestamp::now() }
    }

    /// A press on a prompt or menu: carried out, and shown where the person looks. What came just now and is ready in a
    /// moment is answered with its outcome; all else is acknowledged first.
    pub(super) async fn press(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        press: Press,
        request: &Id,
    ) -> Result<(), AnswerError> {
        // Only a first answer can open a form, wherever its button stands.
        let at_once = private || matches!(press, Press::BreakGlass(None));
        let mut carrying = pin!(self.carry_out(incoming, press, request));
        let first = if private { First::DeferUpdate } else { First::DeferPrivate };
        let (acknowledged, shown) = if at_once && incoming.is_fresh(Timestamp::now()) {
            match timeout(AT_ONCE, carrying.as_mut()).await {
                Ok(shown) => return answer(&incoming.reply, private, shown).await,
                Err(_) => tokio::join!(incoming.reply.first(&first), carrying),
            }
        } else {
            incoming.reply.first(&first).await?;
            (Ok(()), carrying.await)
        };
        // What was carried out stands in its own message, whoever acknowledged the press.
        acknowledged?;
        match shown {
            Shown::Instead(message) => incoming.reply.edit(&message).await,
            Shown::Beside(message) if private => incoming.reply.add(&message).await,
            Shown::Both { instead, beside } if private => {
                let edited = incoming.reply.edit(&instead).await;
                incoming.reply.add(&beside).await.and(edited)
            }
            // Only a first answer can open one.
            Shown::Form(_) if private => incoming.reply.add(&refusal::press_again()).await,
            Shown::Form(_) => incoming.reply.edit(&refusal::press_again()).await,
            // A prompt is private: one that is not was forged, and its answer is a message of its own.
            Shown::Beside(message) | Shown::Both { beside: message, .. } => incoming.reply.edit(&message).await,
        }
    }

    async fn carry_out(&self, incoming: &Incoming<'_>, press: Press, request: &Id) -> Shown {
        let (asker, now) = (&incoming.asker, Timestamp::now());
        match press {
            Press::Confirm => {
                let settled = self.operations.confirm(asker, request, now).await;
                self.settled(incoming, "confirm", request, settled).await
            }
            Press::Approve => {
                let settled = self.operations.approve(asker, request, now).await;
                self.settled(incoming, "approve", request, settled).await
            }
            Press::BreakGlass(form) => {
                let settled = self.operations.break_glass(asker, request, form.as_ref(), now).await;
                self.settled(incoming, "break the glass", request, settled).await
            }
            Press::Typed(text) => {
                let settled = self.operations.confirm_typed(asker, request, &text, now).await;
                self.settled(incoming, "confirm", request, settled).await
            }
            Press::PlanAgain => {
                let answer = self.operations.plan_again(asker, request, now).await;
                self.log(incoming, "plan again", &answer);
                self.answer_shown(incoming, request, answer, 0).await
            }
            Press::Cancel => {
                let settled = self.operations.cancel(asker, request, now).await;
                self.settled(incoming, "cancel", request, settled).await
            }
            Press::Pick { part, values } => {
                let answer = self.operations.choose(asker, request, part, &values, now).await;
                self.log(incoming, "choose", &answer);
                self.answer_shown(incoming, request, answer, 0).await
            }
            Press::Page(page) => {
                let answer = self.operations.again(asker, request, now).await;
                self.log(incoming, "page", &answer);
                self.answer_shown(incoming, request, answer, page).await
            }
        }
    }

    async fn answer_shown(
        &self,
        incoming: &Incoming<'_>,
        request: &Id,
        answer: Result<Answer, Trouble>,
        page: u16,
    ) -> Shown {
        match answer {
            Ok(Answer::Refused(refused)) => self.refusal_shown(incoming, request, &refused).await,
            Err(trouble) => Shown::Beside(refusal::trouble(&trouble.person())),
            Ok(Answer::Begun(operation)) => Shown::Instead(begun(incoming, &operation.request)),
            other => Shown::Instead(answered(&other, page)),
        }
    }

    async fn settled(
        &self,
        incoming: &Incoming<'_>,
        what: &str,
        request: &Id,
        settled: Result<Settled, Trouble>,
    ) -> Shown {
        let (id, user) = (incoming.asker.interaction, incoming.asker.member.id);
        let ended = |state| prompt::settled(state, incoming.asker.channel, request);
        match settled {
            Ok(Settled::Begun(operation)) => {
                tracing::info!(interaction = id, %user, %request, operation = %operation.id, "{what}: begun");
                Shown::Instead(begun(incoming, request))
            }
            Ok(Settled::Proposed) => {
                tracing::info!(interaction = id, %user, %request, "{what}: waits for a second person");
                Shown::Instead(ended(RequestState::Proposed))
            }
            Ok(Settled::Unsaid { request: asked, wanted }) => {
                tracing::info!(interaction = id, %user, %request, "{what}: the bot's name is asked for");
                match &asked.plan {
                    Some(plan) => Shown::Form(modal::confirm(request, plan, &wanted)),
                    None => Shown::Beside(refusal::unknown_press()),
                }
            }
            Ok(Settled::Unexplained { wanted, .. }) => {
                tracing::info!(interaction = id, %user, %request, "{what}: why is asked for");
                Shown::Form(modal::break_glass(request, wanted.as_deref()))
            }
            Ok(Settled::Cancelled) => {
                tracing::info!(interaction = id, %user, %request, "{what}: cancelled");
                Shown::Instead(ended(RequestState::Cancelled))
            }
            Ok(Settled::Refused(refused)) => {
                tracing::info!(interaction = id, %user, %request, refusal = ?refused, "{what}: refused");
                self.refusal_shown(incoming, request, &refused).await
            }
            Err(trouble) => {
                tracing::error!(interaction = id, %user, %request, "{what}: {trouble}");
                // What was not committed leaves its prompt, to be pressed again.
                Shown::Beside(refusal::trouble(&trouble.person()))
            }
        }
    }

    /// Where a refusal is shown: what settled a prompt replaces it; what has nothing to do with it stands beside it.
    async fn refusal_shown(&self, incoming: &Incoming<'_>, request: &Id, refused: &Refusal) -> Shown {
        let message = self.refusal(refused, Some(request)).await;
        match refused {
            Refusal::SomebodyElses { .. } | Refusal::Unknown | Refusal::Mistyped { .. } => Shown::Beside(message),
            // What waits for a second person waits on.
            Refusal::Unexplained | Refusal::NoGlass => Shown::Beside(message),
            Refusal::Denied { denied: Denied::NeedsRole { right, .. } | Denied::Nobody { right, .. } }
                if *right == Right::BreakGlass =>
            {
                Shown::Beside(message)
            }
            Refusal::Settled { state } if !state.is_open() => {
                Shown::Both { instead: prompt::settled(*state, incoming.asker.channel, request), beside: message }
            }
            Refusal::Settled { .. } => Shown::Beside(message),
            _ => Shown::Instead(message),
        }
    }
}

/// Answers a press with its outcome: in place of the message that was pressed, or, if everybody sees that, beside it.
async fn answer(reply: &Reply<'_>, private: bool, shown: Shown) -> Result<(), AnswerError> {
    match shown {
        Shown::Instead(message) | Shown::Both { beside: message, .. } if !private => {
            reply.first(&First::Private(message)).await
        }
        Shown::Instead(message) => reply.first(&First::Update(message)).await,
        Shown::Beside(message) => reply.first(&First::Private(message)).await,
        Shown::Form(form) => reply.first(&First::Modal(form)).await,
        Shown::Both { instead, beside } => {
            reply.first(&First::Update(instead)).await?;
            reply.add(&beside).await
        }
    }
}

/// What a press on a prompt asks for.
pub(super) enum Press {
    Confirm,
    /// A form was sent: this was typed to confirm.
    Typed(String),
    /// Without the second person; what was typed, once it was.
    BreakGlass(Option<Form>),
    Cancel,
    Approve,
    PlanAgain,
    Pick {
        part: Part,
        values: Vec<String>,
    },
    Page(u16),
}

fn chosen(pressed: &ComponentInteraction) -> Vec<String> {
    match &pressed.data.kind {
        ComponentInteractionDataKind::StringSelect { values } => values.clone(),
        _ => Vec::new(),
    }
}
