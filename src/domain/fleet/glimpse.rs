//! What was seen of some connectors between two readings of the fleet. It says nothing of any other: it makes nothing gone,
//! and is no reading.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Bots, Fleet, Sight, Sighting};
use crate::domain::connector::Connector;

impl Fleet {
    /// Takes in what was just seen of some connectors.
    pub fn glimpse(&mut self, seen: Vec<Connector>, now: Timestamp) {
        let mut sightings = Arc::unwrap_or_clone(std::mem::take(&mut self.sightings));
        for connector in seen {
            let sighting = Sighting { connector, sight: Sight::Fresh, seen_at: now };
            sightings.insert(sighting.connector.id.clone(), Arc::new(sighting));
        }
        self.bots = Arc::new(Bots::of(&sightings, self.unattributed));
        self.sightings = Arc::new(sightings);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fleet, Reading};
    use super::*;
    use crate::domain::connector::tests::connector;
    use crate::domain::connector::{AgentStatus, Environment};
    use crate::domain::ids::ConnectorId;

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
    fn what_is_glimpsed_is_there_and_of_its_bot_at_once() {
        let mut fleet = fleet();
        let moved = Connector { environment: Environment::new("demo"), ..dropped("b2") };
        fleet.glimpse(vec![dropped("b1"), moved, connector("new", "Orders Bot", "production")], at(9));
        let counts: Vec<_> = fleet
            .bots()
            .iter()
            .map(|view| (view.environment.as_str(), view.bot.name.as_str(), view.healthy(), view.total()))
            .collect();
        assert_eq!(
            counts,
            [("demo", "Billing Bot", 0, 1), ("production", "Billing Bot", 0, 1), ("production", "Orders Bot", 2, 2)]
        );
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
