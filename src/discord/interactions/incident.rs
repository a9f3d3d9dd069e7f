//! What people press on an incident's card, in its details and in the list of what is open.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serenity::model::application::{ActionRowComponent, ModalInteraction};
use serenity::model::channel::MessageFlags;

use super::super::Front;
use super::super::custom_id::CustomId;
use super::super::lookup;
use super::super::render::{Message, alerts, attention, handled, modal, refusal};
use super::answer::{AnswerError, First};
use super::component::Press;
use super::guard::Incoming;
use crate::domain::audit::Handling;
use crate::domain::connector::Environment;
use crate::domain::ids::{Id, Key};
use crate::domain::incident::Incident;
use crate::domain::notice::Slot;
use crate::incidents::{Ask, Handled, OpenAlerts, Refused};
use crate::operations::{Form, Trouble};

/// How long a press may wait to be judged before its form is opened all the same: the form must be the first answer, within
/// three seconds, and what it sends is judged again.
const JUDGE_WITHIN: Duration = Duration::from_secs(1);

impl Front {
    /// Does something about an incident, and says what came of it: beside the card, or in the details that were pressed.
    pub(super) async fn handle_incident(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        incident: &Id,
        ask: Ask<'_>,
    ) -> Result<(), AnswerError> {
        self.begin(incoming, private).await?;
        let handled = self.incidents.handle(&incoming.asker, incident, ask, Timestamp::now()).await;
        let handling = ask.handling();
        self.say_handled(incoming, handling, incident, &handled);
        let said = match &handled {
            Ok(Handled::Done(incident)) if private => {
                return incoming.reply.edit(&self.details_of(incoming, incident).await).await;
            }
            Ok(Handled::Done(incident)) => handled::done(handling, incident),
            Ok(Handled::Refused(refused)) => handled::refused(refused, incoming.asker.member.id),
            Err(trouble) => refusal::trouble(&trouble.person()),
        };
        self.beside(incoming, private, &said).await
    }

    /// A choice from the snooze menu: a time, or the form in which one is typed.
    pub(super) async fn snooze_chosen(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        incident: &Id,
        chosen: Option<&str>,
    ) -> Result<(), AnswerError> {
        match chosen {
            Some(attention::CUSTOM) => self.snooze_form(incoming, incident).await,
            chosen => self.handle_incident(incoming, private, incident, Ask::Snooze(chosen.unwrap_or_default())).await,
        }
    }

    /// Opens the form, unless it is plain already that nothing can come of it.
    async fn snooze_form(&self, incoming: &Incoming<'_>, incident: &Id) -> Result<(), AnswerError> {
        let judged = self.incidents.may_handle(&incoming.asker, incident, Handling::Snooze, Timestamp::now());
        let first = match tokio::time::timeout(JUDGE_WITHIN, judged).await {
            Ok(Ok(Handled::Refused(refused))) => {
                let id = incoming.asker.interaction;
                tracing::info!(interaction = id, user = %incoming.asker.member.id, %incident, ?refused, "snooze: refused");
                First::Private(handled::refused(&refused, incoming.asker.member.id))
            }
            Ok(Err(trouble)) => {
                tracing::error!(interaction = incoming.asker.interaction, "snooze: {trouble}");
                First::Private(refusal::trouble(&trouble.person()))
            }
            Ok(Ok(Handled::Done(_))) | Err(_) => {
                let zone = self.incidents.zone().iana_name().unwrap_or("the time zone of the settings");
                First::Modal(modal::snooze(incident, zone))
            }
        };
        incoming.reply.first(&first).await
    }

    /// What a form of ours sent.
    pub(super) async fn modal(&self, incoming: Incoming<'_>, sent: &ModalInteraction) -> Result<(), AnswerError> {
        let id = sent.data.custom_id.parse::<CustomId>();
        if !incoming.is_ours {
            return self.turn_away(&incoming, true, "a form from outside the guild").await;
        }
        let flags = sent.message.as_ref().and_then(|message| message.flags);
        let private = flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
        let typed = |id: &str| {
            let mut inputs = sent.data.components.iter().flat_map(|row| &row.components);
            let found = inputs.find_map(|input| match input {
                ActionRowComponent::InputText(input) if input.custom_id == id => input.value.clone(),
                _ => None,
            });
            found.unwrap_or_default()
        };
        let (typed, name) = (typed(modal::INPUT), typed(modal::NAME));
        match id {
            Ok(CustomId::SnoozeForm(incident)) => {
                self.handle_incident(&incoming, private, &incident, Ask::Snooze(&typed)).await
            }
            Ok(CustomId::GlassForm(request)) => {
                let form = Form { why: typed, name };
                self.press(&incoming, private, Press::BreakGlass(Some(form)), &request).await
            }
            Ok(CustomId::ConfirmForm(request)) => self.press(&incoming, private, Press::Typed(typed), &request).await,
            _ => self.not_ours(&incoming).await,
        }
    }

    /// All that is known of an incident.
    pub(super) async fn show_incident(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        incident: Option<&Id>,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, private).await?;
        let found = match incident {
            Some(id) => self.incidents.incident(id).await,
            None => Ok(None),
        };
        let message = match found {
            Ok(Some(incident)) => self.details_of(incoming, &incident).await,
            Ok(None) => handled::refused(&Refused::Unknown, incoming.asker.member.id),
            Err(trouble) => self.trouble(incoming, &trouble),
        };
        incoming.reply.edit(&message).await
    }

    /// What is open, of the environment that a person named.
    pub(super) async fn alerts(&self, incoming: &Incoming<'_>, environment: Option<&str>) -> Result<(), AnswerError> {
        self.acknowledge(incoming, false).await?;
        let message = match environment.map(|text| (text, self.environment_named(text))) {
            Some((text, None)) => {
                handled::refused(&Refused::NotFound { what: text.to_owned() }, incoming.asker.member.id)
            }
            Some((_, Some(environment))) => self.list(incoming, Some(&environment), 0).await,
            None => self.list(incoming, None, 0).await,
        };
        incoming.reply.edit(&message).await
    }

    /// The list as a button leads to it.
    pub(super) async fn alerts_again(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        environment: Option<&Key>,
        page: u16,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, private).await?;
        let named = environment.map(|key| lookup::environment_by_key(&self.picture.borrow().fleet, key));
        let message = match named {
            Some(None) => handled::refused(&Refused::Unknown, incoming.asker.member.id),
            Some(Some(environment)) => self.list(incoming, Some(&environment), page).await,
            None => self.list(incoming, None, page).await,
        };
        incoming.reply.edit(&message).await
    }

    async fn list(&self, incoming: &Incoming<'_>, environment: Option<&Environment>, page: u16) -> Message {
        match self.incidents.open(environment).await {
            Ok(open) => {
                let links = self.links(&open, page).await;
                alerts::list(&open, environment, page, &links)
            }
            Err(trouble) => self.trouble(incoming, &trouble),
        }
    }

    async fn links(&self, open: &OpenAlerts, page: u16) -> BTreeMap<Id, String> {
        let mut links = BTreeMap::new();
        for incident in alerts::page(open, page) {
            if let Some(link) = self.link_to(&Slot::Card(incident.id.clone())).await {
                links.insert(incident.id.clone(), link);
            }
        }
        links
    }

    async fn details_of(&self, incoming: &Incoming<'_>, incident: &Incident) -> Message {
        let link = self.link_to(&Slot::Card(incident.id.clone())).await;
        let may = self.incidents.may(&incoming.asker.member, &incident.subject).is_ok();
        attention::details(incident, may, link.as_deref(), self.guild)
    }

    pub(super) fn environment_named(&self, text: &str) -> Option<Environment> {
        let picture = self.picture.borrow();
        let watched = self.policy.watched.iter().find(|known| **known == Environment::new(text)).cloned();
        lookup::environment(&picture.fleet, text).or(watched)
    }

    /// What was pressed in private is edited; beside everything else comes a message that this person alone sees.
    pub(super) async fn acknowledge(&self, incoming: &Incoming<'_>, private: bool) -> Result<(), AnswerError> {
        incoming.reply.first(if private { &First::DeferUpdate } else { &First::DeferPrivate }).await
    }

    /// Says it beside what was pressed.
    pub(super) async fn beside(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        message: &Message,
    ) -> Result<(), AnswerError> {
        if private { incoming.reply.add(message).await } else { incoming.reply.edit(message).await }
    }

    pub(super) fn trouble(&self, incoming: &Incoming<'_>, trouble: &Trouble) -> Message {
        tracing::error!(interaction = incoming.asker.interaction, user = %incoming.asker.member.id, "{trouble}");
        refusal::trouble(&trouble.person())
    }

    fn say_handled(
        &self,
        incoming: &Incoming<'_>,
        handling: Handling,
        incident: &Id,
        handled: &Result<Handled, Trouble>,
    ) {
        let (id, user, what) = (incoming.asker.interaction, incoming.asker.member.id, handling.word());
        match handled {
            Ok(Handled::Done(_)) => tracing::info!(interaction = id, %user, %incident, "{what}: done"),
            Ok(Handled::Refused(refused)) => {
                tracing::info!(interaction = id, %user, %incident, ?refused, "{what}: refused")
            }
            Err(trouble) => tracing::error!(interaction = id, %user, %incident, "{what}: {trouble}"),
        }
    }
}
