//! The fleet as we know it: what was read, what could not be read, and what is gone.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::connector::{Bot, Connector, Environment};
use super::ids::{BotId, ConnectorId};

/// One reading of the whole fleet.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The connectors that could be read.
    pub connectors: Vec<Connector>,
    /// Records that could not be read.
    pub malformed: Vec<Malformed>,
    /// Whether every page came.
    pub complete: bool,
}

/// A record that could not be read, with as much of it as could.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Malformed {
    /// The connector's id, if that much could be read.
    pub id: Option<ConnectorId>,
    /// What was wrong with it, for the log.
    pub why: String,
}

/// How sure we are of a connector's last known state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It was in the last reading.
    Fresh,
    /// The last reading failed, was incomplete, or its record was malformed: it may be in any state.
    Unread,
    /// One complete reading did not have it; a second one makes it gone.
    Missing,
}

/// A connector with how sure we are of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Its last known state.
    pub connector: Connector,
    /// How sure we are of it.
    pub sight: Sight,
    /// When it was last read.
    pub seen_at: Timestamp,
}

impl Sighting {
    /// Whether it was just read and is healthy.
    pub fn is_surely_healthy(&self) -> bool {
        self.sight == Sight::Fresh && self.connector.is_healthy()
    }
}

/// All that is known of the fleet. It is rebuilt by the first poll after a start, so losing it loses nothing.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    sightings: BTreeMap<ConnectorId, Sighting>,
    unattributed: u32,
    read_at: Option<Timestamp>,
    blind_since: Option<Timestamp>,
}

impl Fleet {
    /// Takes in a reading of the fleet.
    ///
    /// What a complete reading does not have is missing, and gone when the next complete one does not have it either.
    /// What an incomplete or partly malformed one does not have may be there all the same.
    pub fn read(&mut self, reading: Reading, now: Timestamp) {
        let whole = reading.complete && reading.malformed.iter().all(|record| record.id.is_some());
        let mut before = std::mem::take(&mut self.sightings);
        for connector in reading.connectors {
            before.remove(&connector.id);
            let sighting = Sighting { connector, sight: Sight::Fresh, seen_at: now };
            self.sightings.insert(sighting.connector.id.clone(), sighting);
        }
        self.unattributed = 0;
        for id in reading.malformed.into_iter().map(|record| record.id) {
            match id.and_then(|id| before.remove(&id)) {
                Some(known) => self.keep(known, Sight::Unread),
                None => self.unattributed += 1,
            }
        }
        for (_, known) in before {
            match (whole, known.sight) {
                (false, _) => self.keep(known, Sight::Unread),
                (true, Sight::Missing) => {}
                (true, Sight::Fresh | Sight::Unread) => self.keep(known, Sight::Missing),
            }
        }
        self.read_at = Some(now);
        self.blind_since =
            if whole && self.unattributed == 0 && !self.any_unread() { None } else { self.blind_since.or(Some(now)) };
    }

    /// Takes in that nothing could be read: every connector may now be in any state.
    pub fn could_not_read(&mut self, now: Timestamp) {
        for sighting in self.sightings.values_mut() {
            sighting.sight = Sight::Unread;
        }
        self.blind_since = self.blind_since.or(Some(now));
    }

    /// Takes in that nothing changed since the last reading (a 304).
    pub fn unchanged(&mut self, now: Timestamp) {
        let connectors = self.sightings.values().filter(|s| s.sight != Sight::Missing);
        let reading = Reading {
            connectors: connectors.map(|s| s.connector.clone()).collect(),
            malformed: Vec::new(),
            complete: true,
        };
        self.read(reading, now);
    }

    fn keep(&mut self, known: Sighting, sight: Sight) {
        self.sightings.insert(known.connector.id.clone(), Sighting { sight, ..known });
    }

    fn any_unread(&self) -> bool {
        self.sightings.values().any(|s| s.sight == Sight::Unread)
    }

    /// When the fleet, or part of it, was last read. `None` before the first reading.
    pub fn read_at(&self) -> Option<Timestamp> {
        self.read_at
    }

    /// Since when some of the fleet cannot be seen; `None` while all of it can.
    pub fn blind_since(&self) -> Option<Timestamp> {
        self.blind_since
    }

    /// Records that could be any bot's.
    pub fn unattributed(&self) -> u32 {
        self.unattributed
    }

    /// All connectors known.
    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.sightings.values()
    }

    /// One connector.
    pub fn connector(&self, id: &ConnectorId) -> Option<&Sighting> {
        self.sightings.get(id)
    }

    /// The environments known, in the order of their names.
    pub fn environments(&self) -> Vec<Environment> {
        let mut found: Vec<_> = self.sightings.values().map(|s| s.connector.environment.clone()).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Every bot in every environment where it has a connector, in the order of environment, name and id.
    pub fn bots(&self) -> Vec<BotView> {
        // By id alone: while a bot is being renamed its connectors may bear two names.
        let mut groups: BTreeMap<(Environment, BotId), Vec<Sighting>> = BTreeMap::new();
        for sighting in self.sightings.values() {
            let c = &sighting.connector;
            let group = (c.environment.clone(), c.bot.id.clone());
            groups.entry(group).or_default().push(sighting.clone());
        }
        let mut views: Vec<_> = groups
            .into_iter()
            .filter_map(|((environment, _), sightings)| {
                Some(BotView {
                    bot: sightings.first()?.connector.bot.clone(),
                    environment,
                    sightings,
                    unattributed: self.unattributed,
                })
            })
            .collect();
        views.sort_by(|a, b| {
            let order = |v: &BotView| (v.environment.clone(), v.bot.name.clone(), v.bot.id.clone());
            order(a).cmp(&order(b))
        });
        views
    }

    /// The bots of one environment.
    pub fn bots_in(&self, environment: &Environment) -> Vec<BotView> {
        self.bots().into_iter().filter(|view| view.environment == *environment).collect()
    }

    /// One bot in one environment.
    pub fn bot(&self, id: &BotId, environment: &Environment) -> Option<BotView> {
        let of = |s: &&Sighting| s.connector.bot.id == *id && s.connector.environment == *environment;
        let sightings: Vec<_> = self.sightings.values().filter(of).cloned().collect();
        let bot = sightings.first()?.connector.bot.clone();
        Some(BotView { bot, environment: environment.clone(), sightings, unattributed: self.unattributed })
    }
}

/// A bot in one environment, with what is known of its connectors.
#[derive(Clone, Debug, PartialEq)]
pub struct BotView {
    /// The bot.
    pub bot: Bot,
    /// The environment.
    pub environment: Environment,
    /// Its connectors there.
    pub sightings: Vec<Sighting>,
    /// Records of the last reading that could be any bot's, so this one's as well.
    pub unattributed: u32,
}

impl BotView {
    /// Connectors that were just read and are healthy: the worst case.
    pub fn healthy(&self) -> u32 {
        count(self.sightings.iter().filter(|s| s.is_surely_healthy()))
    }

    /// Connectors known.
    pub fn total(&self) -> u32 {
        count(self.sightings.iter())
    }

    /// Connectors whose state now is not known.
    pub fn unread(&self) -> u32 {
        count(self.sightings.iter().filter(|s| s.sight != Sight::Fresh)) + self.unattributed
    }

    /// How many can be healthy at most: the best case.
    pub fn healthy_at_best(&self) -> u32 {
        self.healthy() + self.unread()
    }

    /// Concurrent conversations of the connectors whose load is known; `None` when none is.
    pub fn conversations(&self) -> Option<u32> {
        self.sightings.iter().filter_map(|s| s.connector.conversations).reduce(u32::saturating_add)
    }
}

fn count<'a>(sightings: impl Iterator<Item = &'a Sighting>) -> u32 {
    u32::try_from(sightings.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::connector::tests::connector;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn reading(names: &[&str]) -> Reading {
        let connectors = names.iter().map(|name| connector(name, "Billing Bot", "production")).collect();
        Reading { connectors, malformed: Vec::new(), complete: true }
    }

    fn billing(fleet: &Fleet) -> BotView {
        fleet.bot(&BotId::new("Billing Bot"), &Environment::new("production")).unwrap()
    }

    #[test]
    fn p5_gone_needs_two_complete_polls() {
        let mut fleet = Fleet::default();
        fleet.read(reading(&["one", "two"]), at(0));
        fleet.read(reading(&["one"]), at(30));
        assert_eq!((billing(&fleet).healthy(), billing(&fleet).healthy_at_best()), (1, 2));
        fleet.read(Reading { complete: false, ..reading(&["one"]) }, at(60));
        assert_eq!(billing(&fleet).healthy_at_best(), 2, "an incomplete reading proves nothing");
        fleet.read(reading(&["one"]), at(90));
        fleet.unchanged(at(120));
        assert_eq!(billing(&fleet).healthy_at_best(), 1);
        assert!(fleet.connector(&ConnectorId::new("two")).is_none());
    }

    #[test]
    fn p5_a_malformed_record_is_unknown_and_hides_no_other() {
        let mut fleet = Fleet::default();
        fleet.read(reading(&["one", "two"]), at(0));
        let bad = Malformed { id: Some(ConnectorId::new("two")), why: String::new() };
        fleet.read(Reading { malformed: vec![bad], ..reading(&["one"]) }, at(30));
        assert_eq!((billing(&fleet).healthy(), billing(&fleet).healthy_at_best()), (1, 2));
        assert_eq!(fleet.blind_since(), Some(at(30)));
        fleet.read(reading(&["one", "two"]), at(60));
        assert_eq!((billing(&fleet).healthy(), fleet.blind_since()), (2, None));
    }

    #[test]
    fn p5_a_record_without_an_id_may_be_any_bots() {
        let mut fleet = Fleet::default();
        fleet.read(Reading { malformed: vec![Malformed::default()], ..reading(&["one"]) }, at(0));
        assert_eq!((billing(&fleet).healthy(), billing(&fleet).healthy_at_best()), (1, 2));
    }

    #[test]
    fn a_bot_that_is_being_renamed_is_one_bot() {
        let mut fleet = Fleet::default();
        let mut renamed = reading(&["one", "two"]);
        renamed.connectors[1].bot.name = "Invoices Bot".into();
        fleet.read(renamed, at(0));
        assert_eq!(fleet.bots().len(), 1);
        assert_eq!(fleet.bots()[0].healthy(), 2);
    }

    #[test]
    fn p5_a_failed_poll_makes_everything_unknown() {
        let mut fleet = Fleet::default();
        fleet.read(reading(&["one", "two"]), at(0));
        fleet.could_not_read(at(30));
        fleet.could_not_read(at(60));
        assert_eq!((billing(&fleet).healthy(), billing(&fleet).healthy_at_best()), (0, 2));
        assert_eq!((fleet.read_at(), fleet.blind_since()), (Some(at(0)), Some(at(30))));
    }
}
