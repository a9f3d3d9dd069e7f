//! What holds for each bot, as variables say it of all and the file of some: under the same names, within the same bounds.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::read::{Bounds, Reader, Source, no_wider_than, parse_duration, parse_id};
use crate::domain::action::Verb;
use crate::domain::ids::{ChannelId, RoleId};
use crate::domain::load::MOST_CONVERSATIONS;
use crate::domain::policy::{Own, Terms};

/// The least number of healthy connectors that may be asked for.
const MINIMUM: RangeInclusive<u32> = 1..=100;
/// Conversations for each connector: past the most, the service assigns none.
const LOAD: RangeInclusive<u32> = 1..=MOST_CONVERSATIONS;
const START_GRACE: Bounds = no_wider_than("10s", "1h");
/// How long may be waited until something counts as broken, or as well again. Longer would be no alert.
const DEBOUNCE: Bounds = no_wider_than("0s", "1h");
/// Up to which time an incident may be the same one. A night's trouble is one; a week's is not.
const REOPEN: Bounds = no_wider_than("0s", "24h");
/// When something is said again, or said to others; nought is never.
const SAY_AGAIN: Bounds = no_wider_than("0s", "24h");

/// What the variables say of every bot.
pub(super) fn everywhere<S: Source>(reader: &mut Reader<'_, S>) -> Terms {
    Terms {
        minimum: reader.number("FAILOVER_MIN_HEALTHY", MINIMUM),
        load: reader.number("LOAD_PER_CONNECTOR", LOAD),
        start_grace: reader.duration("START_GRACE", START_GRACE),
        start_at_once: reader.flag("START_AT_ONCE"),
        second_person: verbs(reader),
        alert_after: reader.duration("ALERT_AFTER", DEBOUNCE),
        outage_after: reader.duration("OUTAGE_AFTER", DEBOUNCE),
        recover_after: reader.duration("RECOVER_AFTER", DEBOUNCE),
        reopen_within: reader.duration("REOPEN_WITHIN", REOPEN),
        remind_after: unless_never(reader.duration("REMIND_AFTER", SAY_AGAIN)),
        escalate_after: unless_never(reader.duration("ESCALATE_AFTER", SAY_AGAIN)),
        alert_channel: ChannelId(reader.id("DISCORD_ALERT_CHANNEL_ID")),
        alert_roles: reader.ids("ALERT_ROLE_IDS").into_iter().map(RoleId).collect(),
        escalation_roles: reader.ids("ESCALATION_ROLE_IDS").into_iter().map(RoleId).collect(),
    }
}

/// What needs a second person everywhere.
fn verbs<S: Source>(reader: &mut Reader<'_, S>) -> Vec<Verb> {
    let words = reader.words("SECOND_PERSON");
    let verbs: Vec<_> = words.iter().map(|word| verb(word)).collect();
    if verbs.contains(&None) {
        reader.mistake("SECOND_PERSON", must_be_verbs());
    }
    verbs.into_iter().flatten().collect()
}

/// What may need a second person: a start only ever gives back, and never waits.
fn verb(word: &str) -> Option<Verb> {
    Verb::from_word(&word.to_lowercase()).filter(|verb| verb.takes_away())
}

fn must_be_verbs() -> String {
    let known: Vec<_> = Verb::ALL.into_iter().filter(|verb| verb.takes_away()).map(Verb::word).collect();
    format!("must be some of these: {}", known.join(", "))
}

fn unless_never(duration: Duration) -> Option<Duration> {
    Some(duration).filter(|duration| !duration.is_zero())
}

/// The roles of each right, by its word.
pub(super) type WrittenRights = BTreeMap<String, Vec<WrittenId>>;

/// What the file says of an environment or of a bot; the last is an environment's alone.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    failover_min_healthy: Option<u32>,
    load_per_connector: Option<u32>,
    start_grace: Option<String>,
    start_at_once: Option<bool>,
    second_person: Option<Vec<String>>,
    alert_after: Option<String>,
    outage_after: Option<String>,
    recover_after: Option<String>,
    reopen_within: Option<String>,
    remind_after: Option<String>,
    escalate_after: Option<String>,
    alert_channel_id: Option<WrittenId>,
    alert_role_ids: Option<Vec<WrittenId>>,
    escalation_role_ids: Option<Vec<WrittenId>>,
    pub(super) operator_role_ids: Option<Vec<WrittenId>>,
    #[serde(default)]
    pub(super) may: WrittenRights,
    #[serde(default)]
    pub(super) bots: BTreeMap<String, Self>,
}

/// People write an id with and without quotes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum WrittenId {
    Number(u64),
    Text(String),
}

impl WrittenId {
    fn read(&self) -> Option<u64> {
        match self {
            Self::Number(id) => Some(*id).filter(|id| *id > 0),
            Self::Text(text) => parse_id(text),
        }
    }
}

impl Written {
    /// What it says, with its mistakes named by `at` and the field.
    pub(super) fn read<S: Source>(&self, reader: &mut Reader<'_, S>, at: &str) -> Own {
        let mut of = Place { reader, at };
        Own {
            minimum: of.number("failover_min_healthy", self.failover_min_healthy, MINIMUM),
            load: of.number("load_per_connector", self.load_per_connector, LOAD),
            start_grace: of.duration("start_grace", &self.start_grace, START_GRACE),
            start_at_once: self.start_at_once,
            second_person: self.second_person.as_ref().map(|words| of.verbs("second_person", words)),
            alert_after: of.duration("alert_after", &self.alert_after, DEBOUNCE),
            outage_after: of.duration("outage_after", &self.outage_after, DEBOUNCE),
            recover_after: of.duration("recover_after", &self.recover_after, DEBOUNCE),
            reopen_within: of.duration("reopen_within", &self.reopen_within, REOPEN),
            remind_after: of.duration("remind_after", &self.remind_after, SAY_AGAIN).map(unless_never),
            escalate_after: of.duration("escalate_after", &self.escalate_after, SAY_AGAIN).map(unless_never),
            alert_channel: of.channel("alert_channel_id", &self.alert_channel_id),
            alert_roles: self.alert_role_ids.as_ref().map(|ids| of.roles("alert_role_ids", ids)),
            escalation_roles: self.escalation_role_ids.as_ref().map(|ids| of.roles("escalation_role_ids", ids)),
        }
    }
}

/// A place in the file.
pub(super) struct Place<'a, 'b, S> {
    pub(super) reader: &'a mut Reader<'b, S>,
    pub(super) at: &'a str,
}

impl<S: Source> Place<'_, '_, S> {
    pub(super) fn mistake(&mut self, field: &str, what: impl Into<String>) {
        self.reader.mistake(format!("{}.{field}", self.at), what);
    }

    fn number(&mut self, field: &str, written: Option<u32>, range: RangeInclusive<u32>) -> Option<u32> {
        let fits = written.filter(|number| range.contains(number));
        if fits != written {
            self.mistake(field, format!("must be a number from {} to {}", range.start(), range.end()));
        }
        fits
    }

    fn duration(&mut self, field: &str, written: &Option<String>, bounds: Bounds) -> Option<Duration> {
        let read = parse_duration(written.as_ref()?, &bounds);
        if read.is_none() {
            self.mistake(field, bounds.must_be());
        }
        read
    }

    fn channel(&mut self, field: &str, written: &Option<WrittenId>) -> Option<ChannelId> {
        let read = written.as_ref()?.read();
        if read.is_none() {
            self.mistake(field, "must be a Discord id");
        }
        read.map(ChannelId)
    }

    fn verbs(&mut self, field: &str, words: &[String]) -> Vec<Verb> {
        let verbs: Vec<_> = words.iter().map(|word| verb(word)).collect();
        if verbs.contains(&None) {
            self.mistake(field, must_be_verbs());
        }
        verbs.into_iter().flatten().collect()
    }

    pub(super) fn roles(&mut self, field: &str, written: &[WrittenId]) -> Vec<RoleId> {
        let read: Vec<_> = written.iter().map(WrittenId::read).collect();
        if read.contains(&None) {
            self.mistake(field, "must be Discord ids");
        }
        read.into_iter().flatten().map(RoleId).collect()
    }
}
