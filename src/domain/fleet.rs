//! The fleet as we know it: what was read, what could not be read, and what is gone.

mod glimpse;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::connector::{Bot, Connector, Environment};
use super::ids::{BotId, ConnectorId, Key};

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
    /// The last complete reading did not have it; a second one makes it gone.
    Missing,
}

/// A connector with how sure we are of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Its last known state.
    pub connector: Connector,
    /// How sure we are of it.
    pub sight: Sight,
    /// When it was last read; of a fresh one, when it was first read as it is.
    pub seen_at: Timestamp,
}

impl Sighting {
    /// Whether it was just read and is healthy.
    pub fn is_surely_healthy(&self) -> bool {
        self.sight == Sight::Fresh && self.connector.is_healthy()
    }

    /// Takes in that it was not read this time, and may be in any state. What the last complete reading did not have is missing
    /// still: that the next one says that nothing changed since (a 304) says that it has not come back.
    fn is_unread(&mut self, read_at: Option<Timestamp>) {
        if self.sight != Sight::Missing {
            self.is_only(Sight::Unread, read_at);
        }
    }

    /// Takes in that it was not read this time.
    fn is_only(&mut self, sight: Sight, read_at: Option<Timestamp>) {
        if self.sight == Sight::Fresh {
            self.seen_at = read_at.map_or(self.seen_at, |read_at| read_at.max(self.seen_at));
        }
        self.sight = sight;
    }
}

/// All that is known of the fleet. It is rebuilt by the first poll after a start, so losing it loses nothing.
///
/// Cheap to clone, to look bots up in, and to change in a few places, however large: all are done far more often than the
/// fleet is read.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Every bot in every environment where it has a connector, in the order of environment, name and id.
    views: Arc<Vec<Arc<BotView>>>,
    places: Arc<Places>,
    unattributed: u32,
    read_at: Option<Timestamp>,
    blind_since: Option<Timestamp>,
}

/// Where everything is among the views.
#[derive(Debug, Default)]
struct Places {
    bots: BTreeMap<Environment, HashMap<BotId, usize>>,
    connectors: HashMap<ConnectorId, Place>,
    /// The connectors in the order of their ids.
    in_order: Vec<Place>,
    /// Made when the first one is looked up.
    short_names: OnceLock<ShortNames>,
}

/// Where a connector is.
#[derive(Clone, Copy, Debug)]
struct Place {
    view: usize,
    sighting: usize,
}

/// What short names of ours stand for.
#[derive(Debug, Default)]
struct ShortNames {
    bots: BTreeMap<Key, BotId>,
    connectors: BTreeMap<Key, ConnectorId>,
}

/// Sightings by the connectors' ids.
type Sightings = BTreeMap<ConnectorId, Arc<Sighting>>;

impl Fleet {
    /// Takes in a reading of the fleet.
    ///
    /// What a complete reading does not have is missing, and gone when the next complete one does not have it either.
    /// What an incomplete or partly malformed one does not have may be there all the same.
    pub fn read(&mut self, reading: Reading, now: Timestamp) {
        let whole = reading.complete && reading.malformed.iter().all(|record| record.id.is_some());
        let fresh = |connector| Sighting { connector, sight: Sight::Fresh, seen_at: now };
        if whole && reading.malformed.is_empty() && self.is_as_it_was(&reading.connectors) {
            let places = Arc::clone(&self.places);
            self.put(places.in_order.iter().copied().zip(reading.connectors.into_iter().map(fresh)));
        } else {
            self.take_apart(reading, whole, now);
        }
        self.read_at = Some(now);
        self.blind_since =
            if whole && self.unattributed == 0 && !self.any_unread() { None } else { self.blind_since.or(Some(now)) };
    }

    /// Whether these are the very connectors that are known, each where it was: then only their states have to be put in.
    fn is_as_it_was(&self, connectors: &[Connector]) -> bool {
        let is_there = |(place, connector): (&Place, &Connector)| {
            let known = self.sighting(*place);
            known.is_some_and(|known| known.connector.id == connector.id) && self.belongs(connector, *place)
        };
        self.unattributed == 0
            && connectors.len() == self.places.in_order.len()
            && self.places.in_order.iter().zip(connectors).all(is_there)
    }

    fn take_apart(&mut self, reading: Reading, whole: bool, now: Timestamp) {
        let mut before = self.all();
        let mut sightings = Sightings::new();
        for connector in reading.connectors {
            before.remove(&connector.id);
            let sighting = Sighting { connector, sight: Sight::Fresh, seen_at: now };
            sightings.insert(sighting.connector.id.clone(), Arc::new(sighting));
        }
        let read_at = self.read_at;
        let mut keep = |mut known: Arc<Sighting>, sight| {
            Arc::make_mut(&mut known).is_only(sight, read_at);
            sightings.insert(known.connector.id.clone(), known);
        };
        self.unattributed = 0;
        for id in reading.malformed.into_iter().map(|record| record.id) {
            match id.and_then(|id| before.remove(&id)) {
                Some(known) => keep(known, Sight::Unread),
                None => self.unattributed += 1,
            }
        }
        for (_, known) in before {
            match (whole, known.sight) {
                (false, Sight::Fresh | Sight::Unread) => keep(known, Sight::Unread),
                (false, Sight::Missing) => keep(known, Sight::Missing),
                (true, Sight::Missing) => {}
                (true, Sight::Fresh | Sight::Unread) => keep(known, Sight::Missing),
            }
        }
        self.now_known(sightings);
    }

    /// Takes in that nothing could be read: every connector may now be in any state.
    pub fn could_not_read(&mut self, now: Timestamp) {
        let read_at = self.read_at;
        for view in Arc::make_mut(&mut self.views) {
            for sighting in &mut Arc::make_mut(view).sightings {
                Arc::make_mut(sighting).is_unread(read_at);
            }
        }
        self.blind_since = self.blind_since.or(Some(now));
    }

    /// Takes in that nothing changed since the last reading (a 304).
    pub fn unchanged(&mut self, now: Timestamp) {
        if self.unattributed == 0 && self.sightings().all(|s| s.sight == Sight::Fresh) {
            (self.read_at, self.blind_since) = (Some(now), None);
            return;
        }
        let connectors = self.sightings().filter(|s| s.sight != Sight::Missing);
        let reading = Reading {
            connectors: connectors.map(|s| s.connector.clone()).collect(),
            malformed: Vec::new(),
            complete: true,
        };
        self.read(reading, now);
    }

    /// Whether it shows the very same as another, so that nothing need be looked at again.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.views, &other.views)
    }

    /// Puts sightings where they belong.
    fn put(&mut self, sightings: impl Iterator<Item = (Place, Sighting)>) {
        let views = Arc::make_mut(&mut self.views);
        for (Place { view, sighting: place }, sighting) in sightings {
            let known = views.get_mut(view).and_then(|view| Arc::make_mut(view).sightings.get_mut(place));
            if let Some(known) = known {
                *known = Arc::new(sighting);
            }
        }
    }

    /// Whether a connector belongs where it was.
    fn belongs(&self, connector: &Connector, place: Place) -> bool {
        self.views
            .get(place.view)
            .is_some_and(|view| view.environment == connector.environment && view.bot == connector.bot)
    }

    fn now_known(&mut self, sightings: Sightings) {
        let views = views(&sightings, self.unattributed);
        self.places = Arc::new(Places::of(&views));
        self.views = Arc::new(views);
    }

    fn all(&self) -> Sightings {
        let all = self.views.iter().flat_map(|view| &view.sightings);
        all.map(|sighting| (sighting.connector.id.clone(), Arc::clone(sighting))).collect()
    }

    fn any_unread(&self) -> bool {
        self.sightings().any(|s| s.sight == Sight::Unread)
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

    /// All connectors known, in the order of their ids.
    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.places.in_order.iter().filter_map(|place| self.sighting(*place))
    }

    /// One connector.
    pub fn connector(&self, id: &ConnectorId) -> Option<&Sighting> {
        self.sighting(*self.places.connectors.get(id)?)
    }

    fn sighting(&self, place: Place) -> Option<&Sighting> {
        self.views.get(place.view)?.sightings.get(place.sighting).map(Arc::as_ref)
    }

    /// The environments known, in the order of their names.
    pub fn environments(&self) -> Vec<Environment> {
        self.places.bots.keys().cloned().collect()
    }

    /// Every bot in every environment where it has a connector, in the order of environment, name and id.
    pub fn bots(&self) -> &[Arc<BotView>] {
        &self.views
    }

    /// The bots of one environment, in the order of name and id.
    pub fn bots_in(&self, environment: &Environment) -> &[Arc<BotView>] {
        let from = self.views.partition_point(|view| view.environment < *environment);
        let to = self.views.partition_point(|view| view.environment <= *environment);
        self.views.get(from..to).unwrap_or_default()
    }

    /// One bot in one environment.
    pub fn bot(&self, id: &BotId, environment: &Environment) -> Option<&BotView> {
        self.views.get(*self.places.bots.get(environment)?.get(id)?).map(Arc::as_ref)
    }

    /// One bot in each environment where it has a connector.
    pub fn everywhere(&self, id: &BotId) -> impl Iterator<Item = &BotView> {
        let here = self.places.bots.values().filter_map(|bots| bots.get(id));
        here.filter_map(|view| self.views.get(*view).map(Arc::as_ref))
    }

    /// The bots of one environment that bear this very name, in the order of their ids.
    pub fn bots_named(&self, environment: &Environment, name: &str) -> &[Arc<BotView>] {
        let here = self.bots_in(environment);
        let from = here.partition_point(|view| view.bot.name.as_str() < name);
        let to = here.partition_point(|view| view.bot.name.as_str() <= name);
        here.get(from..to).unwrap_or_default()
    }

    /// The bot that goes by this id or short name, wherever it has a connector.
    pub fn bot_by(&self, id_or_key: &str) -> Option<BotId> {
        let id = BotId::new(id_or_key);
        if self.places.bots.values().any(|bots| bots.contains_key(&id)) {
            return Some(id);
        }
        let key = id_or_key.parse().ok()?;
        self.short_names().bots.get(&key).cloned()
    }

    /// The connector that goes by this id or short name.
    pub fn connector_by(&self, id_or_key: &str) -> Option<&Connector> {
        let by_id = self.connector(&ConnectorId::new(id_or_key));
        let by_key = || {
            let key = id_or_key.parse().ok()?;
            self.connector(self.short_names().connectors.get(&key)?)
        };
        by_id.or_else(by_key).map(|sighting| &sighting.connector)
    }

    fn short_names(&self) -> &ShortNames {
        self.places.short_names.get_or_init(|| ShortNames {
            bots: self.views.iter().map(|view| (view.bot.id.key(), view.bot.id.clone())).collect(),
            connectors: self.places.connectors.keys().map(|id| (id.key(), id.clone())).collect(),
        })
    }
}

fn views(sightings: &Sightings, unattributed: u32) -> Vec<Arc<BotView>> {
    // By id alone: while a bot is being renamed its connectors may bear two names.
    let mut groups: HashMap<(&Environment, &BotId), Vec<Arc<Sighting>>> = HashMap::new();
    for sighting in sightings.values() {
        let Connector { environment, bot, .. } = &sighting.connector;
        groups.entry((environment, &bot.id)).or_default().push(Arc::clone(sighting));
    }
    let mut views: Vec<_> = groups
        .into_iter()
        .filter_map(|((environment, _), sightings)| {
            let bot = sightings.first()?.connector.bot.clone();
            Some(Arc::new(BotView { bot, environment: environment.clone(), sightings, unattributed }))
        })
        .collect();
    views.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
    views
}

fn order(view: &BotView) -> (&Environment, &str, &BotId) {
    (&view.environment, &view.bot.name, &view.bot.id)
}

impl Places {
    fn of(views: &[Arc<BotView>]) -> Self {
        let mut places = Self::default();
        let mut ids = Vec::new();
        for (view, seen) in views.iter().enumerate() {
            match places.bots.get_mut(&seen.environment) {
                Some(bots) => bots.insert(seen.bot.id.clone(), view),
                None => places.bots.entry(seen.environment.clone()).or_default().insert(seen.bot.id.clone(), view),
            };
            for (sighting, seen) in seen.sightings.iter().enumerate() {
                ids.push((&seen.connector.id, Place { view, sighting }));
            }
        }
        ids.sort_unstable_by_key(|(id, _)| *id);
        places.in_order = ids.iter().map(|(_, place)| *place).collect();
        places.connectors = ids.into_iter().map(|(id, place)| (id.clone(), place)).collect();
        places
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
    pub sightings: Vec<Arc<Sighting>>,
    /// Records of the last reading that could be any bot's, so this one's as well.
    pub unattributed: u32,
}

impl BotView {
    fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.sightings.iter().map(Arc::as_ref)
    }

    /// Connectors that were just read and are healthy: the worst case.
    pub fn healthy(&self) -> u32 {
        count(self.sightings().filter(|s| s.is_surely_healthy()))
    }

    /// Connectors known.
    pub fn total(&self) -> u32 {
        count(self.sightings())
    }

    /// Connectors whose state now is not known.
    pub fn unread(&self) -> u32 {
        count(self.sightings().filter(|s| s.sight != Sight::Fresh)) + self.unattributed
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
        fleet.bot(&BotId::new("Billing Bot"), &Environment::new("production")).unwrap().clone()
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
    fn p5_p1_what_went_missing_before_we_were_blind_is_gone_when_nothing_has_changed_since() {
        for blind in [true, false] {
            let mut fleet = Fleet::default();
            fleet.read(reading(&["one", "two"]), at(0));
            fleet.read(reading(&["one"]), at(30));
            if blind {
                fleet.could_not_read(at(60));
            } else {
                fleet.read(Reading { complete: false, ..reading(&[]) }, at(60));
            }
            assert_eq!((billing(&fleet).healthy(), billing(&fleet).healthy_at_best()), (0, 2));
            fleet.unchanged(at(90));
            assert_eq!((billing(&fleet).healthy(), billing(&fleet).healthy_at_best()), (1, 1), "{blind}");
        }
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
