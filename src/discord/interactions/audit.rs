//! `/bots audit`: what of the record somebody wants to see, for them alone, a page at a time.

use jiff::Timestamp;

use super::super::Front;
use super::super::commands::AuditAsked;
use super::super::lookup;
use super::super::render::record::{self, PAGE, Page, Shown};
use super::super::render::{Message, status};
use super::answer::AnswerError;
use super::guard::Incoming;
use crate::domain::audit::Verdict;
use crate::domain::audit::actions;
use crate::domain::audit::filter::{BREAK_GLASS, Filter, View, since};
use crate::domain::authority::Person;
use crate::domain::connector::{Bot, Environment};
use crate::domain::ids::{BotId, Id, UserId};
use crate::domain::notice::{Slot, Told};
use crate::operations::Trouble;
use crate::store::StoreError;
use crate::store::audit::Sealed;

impl Front {
    /// The record, from its end.
    pub(super) async fn audit(&self, incoming: &Incoming<'_>, asked: &AuditAsked) -> Result<(), AnswerError> {
        self.acknowledge(incoming, false).await?;
        let now = Timestamp::now();
        let message = match self.filter(asked, now) {
            Ok(filter) => self.newest(View { id: Id::random(), filter, through: 0 }, now).await,
            Err(message) => Ok(*message),
        };
        self.say_record(incoming, message).await
    }

    /// Another page of a list.
    pub(super) async fn audit_page(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        view: &Id,
        page: u16,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, private).await?;
        let message = async {
            match self.store.view(view).await? {
                Some(view) => self.page(&view, page).await,
                None => Ok(record::forgotten()),
            }
        };
        self.say_record(incoming, message.await).await
    }

    /// A list once more, with what was recorded since.
    pub(super) async fn audit_again(
        &self,
        incoming: &Incoming<'_>,
        private: bool,
        view: &Id,
    ) -> Result<(), AnswerError> {
        self.acknowledge(incoming, private).await?;
        let message = async {
            match self.store.view(view).await? {
                Some(view) => self.newest(view, Timestamp::now()).await,
                None => Ok(record::forgotten()),
            }
        };
        self.say_record(incoming, message.await).await
    }

    async fn say_record(
        &self,
        incoming: &Incoming<'_>,
        message: Result<Message, StoreError>,
    ) -> Result<(), AnswerError> {
        let message = message.unwrap_or_else(|error| self.trouble(incoming, &Trouble::from(error)));
        incoming.reply.edit(&message).await
    }

    async fn newest(&self, view: View, now: Timestamp) -> Result<Message, StoreError> {
        let view = View { through: self.store.chain().await?.head.seq, ..view };
        self.store.keep_view(&view, now).await?;
        self.page(&view, 0).await
    }

    async fn page(&self, view: &View, number: u16) -> Result<Message, StoreError> {
        let (size, skip) = (u32::try_from(PAGE).unwrap_or(u32::MAX), u64::from(number) * PAGE as u64);
        let mut found = self.store.records_of(view, skip, size + 1).await?;
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let mut shown = Vec::new();
        for Sealed { seq, entry } in found {
            let slot = match (&entry.operation, &entry.incident) {
                (Some(operation), _) => Some(Slot::Operation(operation.clone())),
                (None, incident) => incident.clone().map(Slot::Card),
            };
            let link = match (record::link(&entry, self.guild), slot) {
                (None, Some(slot)) => self.link_to(&slot).await,
                (link, _) => link,
            };
            shown.push(Shown { told: Told { seq, entry }, link });
        }
        Ok(record::page(&Page { view, shown: &shown, number, more }))
    }

    /// What was asked for; or the sentence that says what names nothing. What is in the record may be gone from the fleet, so
    /// an environment's name and a bot's id are taken as they are.
    fn filter(&self, asked: &AuditAsked, now: Timestamp) -> Result<Filter, Box<Message>> {
        let fleet = &self.picture.borrow().fleet;
        let not_found = |what: &str, text: &str| Box::new(record::not_found(what, text));
        let environment = asked.environment.as_deref();
        let environment =
            environment.map(|text| lookup::environment(fleet, text).unwrap_or_else(|| Environment::new(text)));
        let bot = match asked.bot.as_deref() {
            None => None,
            Some(text) => Some(match lookup::bots(fleet, None, text).as_slice() {
                [] => Bot { id: BotId::new(text), name: text.to_owned() },
                [id] => {
                    let named = fleet.bots().iter().find(|view| view.bot.id == *id).map(|view| view.bot.clone());
                    named.unwrap_or_else(|| Bot { id: id.clone(), name: text.to_owned() })
                }
                _ => return Err(Box::new(status::ambiguous(text))),
            }),
        };
        let person = asked.person.as_deref();
        let person =
            person.map(|text| self.person(text).ok_or_else(|| not_found("person in the record", text))).transpose()?;
        let verdict = asked.outcome.as_deref();
        let verdict = verdict.map(|text| outcome(text).ok_or_else(|| not_found("outcome", text))).transpose()?;
        let glass = asked.action.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(BREAK_GLASS));
        let action = asked.action.as_deref().filter(|_| !glass);
        let action = action.map(|text| {
            let known = actions().find(|word| text.eq_ignore_ascii_case(word));
            known.map(str::to_owned).ok_or_else(|| not_found("action", text))
        });
        let since_when = asked.since.as_deref();
        let since_when = since_when
            .map(|text| since(text, &self.policy.timezone, now).ok_or_else(|| not_found("time that has been", text)));
        let (action, since) = (action.transpose()?, since_when.transpose()?);
        Ok(Filter { environment, bot, person, verdict, action, glass, since })
    }

    /// Somebody by their id, a mention, or the name that they bore.
    fn person(&self, text: &str) -> Option<Person> {
        let people = self.people.known();
        let bare = text.trim().trim_start_matches("<@").trim_start_matches('!').trim_end_matches('>');
        match bare.parse::<UserId>() {
            Ok(id) => Some(
                people.iter().find(|person| person.id == id).cloned().unwrap_or(Person { id, name: text.to_owned() }),
            ),
            Err(_) => {
                let name = text.trim().trim_start_matches('@').to_lowercase();
                let mut named = people.iter().filter(|person| person.name.to_lowercase() == name);
                named.next().filter(|_| named.next().is_none()).cloned()
            }
        }
    }
}

fn outcome(text: &str) -> Option<Verdict> {
    let said = record::outcomes().find(|(_, words)| text.eq_ignore_ascii_case(words)).map(|(verdict, _)| verdict);
    said.or_else(|| Verdict::from_word(&text.to_lowercase()))
}
