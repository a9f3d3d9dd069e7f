//! What was seen of some connectors between two readings of the fleet. It says nothing of any other: it makes nothing gone,
//! and is no reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Bots, Fleet, Sight, Sighting};
use crate::domain::connector::Connector;
use crate::domain::ids::{BotId, ConnectorId};

impl Fleet {
    /// The fleet as it is with what was just seen, but for the bots that this touches alone: quickly made, however large the
    /// fleet is. Each is there with all of its connectors, in every environment.
    pub fn glimpsed(&self, seen: &[Connector], now: Timestamp) -> Self {
        let known = seen.iter().filter_map(|connector| self.connector(&connector.id));
        let bots: BTreeSet<&BotId> =
            known.map(|s| &s.connector.bot.id).chain(seen.iter().map(|connector| &connector.bot.id)).collect();
        let places = bots.iter().flat_map(|bot| self.bots.places.values().filter_map(|here| here.get(*bot)));
        let theirs = places.filter_map(|place| self.bots.views.get(*place)).flat_map(|view| &view.sightings);
        let mut sightings = theirs.map(|s| (s.connector.id.clone(), Arc::clone(s))).collect();
        take(&mut sightings, seen.to_vec(), now);
        self.with(sightings)
    }

    /// Takes in what was just seen of some connectors.
    pub fn glimpse(&mut self, seen: Vec<Connector>, now: Timestamp) {
        let mut sightings = Arc::unwrap_or_clone(std::mem::take(&mut self.sightings));
        take(&mut sightings, seen, now);
        *self = self.with(sightings);
    }

    fn with(&self, sightings: BTreeMap<ConnectorId, Arc<Sighting>>) -> Self {
        Self {
            bots: Arc::new(Bots::of(&sightings, self.unattributed)),
            sightings: Arc::new(sightings),
            unattributed: self.unattributed,
            read_at: self.read_at,
            blind_since: self.blind_since,
        }
    }
}

fn take(sightings: &mut BTreeMap<ConnectorId, Arc<Sighting>>, seen: Vec<Connector>, now: Timestamp) {
    for connector in seen {
        let sighting = Sighting { connector, sight: Sight::Fresh, seen_at: now };
        sightings.insert(sighting.connector.id.clone(), Arc::new(sighting));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fleet, Reading};
    use super::*;
    use crate::domain::connector::tests::connector;
    use crate::domain::connector::{AgentStatus, Environment};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fleet() -> Fleet {
        let of = |names: &[&str], bot: &str| names.iter().map(|name| connector(name, bot, "production")).collect();
        let mut connectors: Vec<Connector> = of(&["b1", "b2"], "Billing Bot");
        connectors.extend(of(&["o1"], "Orders Bot"));
        let mut fleet = Fleet::default();
        fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(0));
        fleet
    }

    fn dropped(name: &str) -> Connector {
        Connector { agent: AgentStatus::NotConnected, ..connector(name, "Billing Bot", "production") }
    }

    #[test]
    fn a_part_shows_the_bots_that_are_touched_as_the_whole_will() {
        let mut fleet = fleet();
        let moved = Connector { environment: Environment::new("demo"), ..dropped("b2") };
        for seen in [vec![dropped("b1")], vec![dropped("b1"), moved], vec![dropped("new")]] {
            let part = fleet.glimpsed(&seen, at(9));
            fleet.glimpse(seen, at(9));
            assert!(part.bots().iter().all(|view| view.bot.name == "Billing Bot"));
            for view in part.bots() {
                assert_eq!(fleet.bot(&view.bot.id, &view.environment), Some(view));
            }
            let whole = fleet.bots().iter().filter(|view| view.bot.name == "Billing Bot").count();
            assert_eq!(part.bots().len(), whole);
        }
    }

    #[test]
    fn p5_a_glimpse_ends_no_blindness_and_is_no_reading() {
        let mut fleet = fleet();
        fleet.could_not_read(at(30));
        fleet.glimpse(vec![connector("b1", "Billing Bot", "production")], at(31));
        assert_eq!((fleet.read_at(), fleet.blind_since()), (Some(at(0)), Some(at(30))));
        let billing = &fleet.bots()[0];
        assert_eq!((billing.healthy(), billing.unread()), (1, 1), "of the others nothing is known");
    }

    #[test]
    fn p5_what_a_glimpse_does_not_show_is_not_gone_for_it() {
        let mut fleet = fleet();
        let without = |names: &[&str]| Reading {
            connectors: names.iter().map(|name| connector(name, "Billing Bot", "production")).collect(),
            malformed: Vec::new(),
            complete: true,
        };
        fleet.read(without(&["b1"]), at(30));
        fleet.glimpse(vec![dropped("b1")], at(31));
        fleet.glimpse(vec![dropped("b1")], at(32));
        assert_eq!(fleet.connector(&ConnectorId::new("b2")).unwrap().sight, Sight::Missing);
        fleet.read(without(&["b1"]), at(60));
        assert!(fleet.connector(&ConnectorId::new("b2")).is_none());
    }
}
