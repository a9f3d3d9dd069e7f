//! What was seen of some connectors between two readings of the fleet. It says nothing of any other: it makes nothing gone,
//! and is no reading.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Fleet, Place, Sight, Sighting};
use crate::domain::connector::Connector;

impl Fleet {
    /// Takes in what was just seen of some connectors. As long as each is where it was, this takes no longer for a large
    /// fleet than for a small one.
    pub fn glimpse(&mut self, seen: Vec<Connector>, now: Timestamp) {
        let seen: Vec<_> =
            seen.into_iter().map(|connector| Sighting { connector, sight: Sight::Fresh, seen_at: now }).collect();
        let places: Option<Vec<_>> = seen.iter().map(|sighting| self.place_kept(&sighting.connector)).collect();
        let Some(places) = places else {
            let mut all = self.all();
            all.extend(seen.into_iter().map(|sighting| (sighting.connector.id.clone(), Arc::new(sighting))));
            return self.now_known(all);
        };
        self.put(places.into_iter().zip(seen));
    }

    /// Where a connector is, if it belongs there still.
    fn place_kept(&self, connector: &Connector) -> Option<Place> {
        let place = *self.places.connectors.get(&connector.id)?;
        self.belongs(connector, place).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BotView, Fleet, Reading};
    use super::*;
    use crate::domain::connector::tests::connector;
    use crate::domain::connector::{AgentStatus, Bot, Environment};
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
    fn a_glimpse_is_there_as_a_reading_would_have_it() {
        let moved = Connector { environment: Environment::new("demo"), ..dropped("b2") };
        let renamed = connector("b1", "Billing Bot", "production");
        let renamed = Connector { bot: Bot { name: "Invoices".into(), ..renamed.bot.clone() }, ..renamed };
        for seen in
            [vec![dropped("b1")], vec![dropped("b1"), moved], vec![dropped("new")], vec![renamed, dropped("b2")]]
        {
            let mut read = fleet();
            let named = |id: &ConnectorId| seen.iter().any(|connector| connector.id == *id);
            let others = read.sightings().map(|s| s.connector.clone()).filter(|connector| !named(&connector.id));
            let connectors = others.chain(seen.clone()).collect();
            read.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(9));
            let mut glimpsed = fleet();
            glimpsed.glimpse(seen, at(9));
            let shown = |fleet: &Fleet| -> Vec<_> {
                let states = |view: &BotView| view.sightings.iter().map(|s| s.connector.clone()).collect::<Vec<_>>();
                fleet.bots().iter().map(|view| (view.bot.clone(), view.environment.clone(), states(view))).collect()
            };
            assert_eq!(shown(&glimpsed), shown(&read));
            for sighting in read.sightings() {
                assert_eq!(glimpsed.connector(&sighting.connector.id).map(|s| &s.connector), Some(&sighting.connector));
            }
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
