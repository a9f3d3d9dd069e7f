//! A fleet counted at a glance, as the vendor's own dashboard counts it, and what of it somebody wants to see. Pure.
//!
//! The tiles are LivePerson's ("Bots Status"), with one difference that the domain makes: a connector is active only if it
//! works, which "Online" alone does not say. A connector that is not connected twice is counted on both tiles; one that is
//! stopped is on no other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::connector::{Connector, Link};
use super::fleet::{BotView, Sight, Sighting};

/// How many connectors there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiles {
    /// All that are known.
    pub connectors: u32,
    /// Online with both connections.
    pub active: u32,
    /// Not stopped, and not connected to Conversational Cloud.
    pub without_cloud: u32,
    /// Not stopped, and not connected to the Bot Server.
    pub without_server: u32,
    /// Stopped by somebody, or never started.
    pub stopped: u32,
    /// Connected, and all the same not Online, or in a word that we do not know.
    pub otherwise: u32,
    /// Not in the last reading, or not to be read there.
    pub unread: u32,
}

impl Tiles {
    /// Counts the connectors of these bots.
    pub fn of(views: &[Arc<BotView>]) -> Self {
        let mut tiles = Self::default();
        for sighting in views.iter().flat_map(|view| &view.sightings) {
            tiles.count(sighting);
        }
        tiles
    }

    fn count(&mut self, sighting: &Sighting) {
        self.connectors += 1;
        if sighting.sight != Sight::Fresh {
            self.unread += 1;
            return;
        }
        let connector = &sighting.connector;
        let (cloud, server) = (lacks_cloud(connector), lacks_server(connector));
        self.without_cloud += u32::from(cloud);
        self.without_server += u32::from(server);
        match () {
            () if connector.is_down() => self.stopped += 1,
            () if connector.is_healthy() => self.active += 1,
            () if !cloud && !server => self.otherwise += 1,
            () => {}
        }
    }
}

fn lacks_cloud(connector: &Connector) -> bool {
    !connector.is_down() && connector.conversational_cloud == Link::NotConnected
}

fn lacks_server(connector: &Connector) -> bool {
    !connector.is_down() && connector.bot_server == Link::NotConnected
}

/// Which bots of an environment somebody wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Show {
    /// All.
    #[default]
    Everything,
    /// Those that are not as they should be.
    Trouble,
    /// Those with a connector that is not connected to Conversational Cloud.
    WithoutCloud,
    /// Those with a connector that is not connected to the Bot Server.
    WithoutServer,
    /// Those with a connector that is stopped or was never started.
    Stopped,
    /// Those with a connector that could not be read.
    Unread,
}

impl Show {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Everything, Self::Trouble, Self::WithoutCloud, Self::WithoutServer, Self::Stopped, Self::Unread];

    /// Its word in a button.
    pub fn word(self) -> &'static str {
        match self {
            Self::Everything => "all",
            Self::Trouble => "trouble",
            Self::WithoutCloud => "cloud",
            Self::WithoutServer => "server",
            Self::Stopped => "stopped",
            Self::Unread => "unread",
        }
    }

    /// Reads [`Self::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|show| show.word() == word)
    }

    /// Whether a bot is among them. `in_trouble` is whether its level is not as it should be.
    pub fn takes(self, view: &BotView, in_trouble: bool) -> bool {
        let fresh = |is: fn(&Connector) -> bool| {
            view.sightings.iter().any(|sighting| sighting.sight == Sight::Fresh && is(&sighting.connector))
        };
        match self {
            Self::Everything => true,
            Self::Trouble => in_trouble,
            Self::WithoutCloud => fresh(lacks_cloud),
            Self::WithoutServer => fresh(lacks_server),
            Self::Stopped => fresh(Connector::is_down),
            Self::Unread => view.sightings.iter().any(|sighting| sighting.sight != Sight::Fresh),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::connector::AgentStatus;
    use super::super::connector::tests::connector;
    use super::super::fleet::{Fleet, Reading};
    use super::*;

    fn fleet() -> Fleet {
        let of = |name: &str| connector(name, name, "production");
        let connectors = vec![
            of("active"),
            Connector { conversational_cloud: Link::NotConnected, ..of("deaf") },
            Connector {
                agent: AgentStatus::NotConnected,
                conversational_cloud: Link::NotConnected,
                bot_server: Link::NotConnected,
                ..of("gone dark")
            },
            Connector { agent: AgentStatus::NotConnected, ..of("odd") },
            Connector {
                agent: AgentStatus::Stopped,
                conversational_cloud: Link::NotConnected,
                bot_server: Link::NotConnected,
                ..of("stopped")
            },
            Connector { agent: AgentStatus::ReadyToStart, ..of("ready") },
        ];
        let mut fleet = Fleet::default();
        fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, Timestamp::UNIX_EPOCH);
        fleet
    }

    fn names(fleet: &Fleet, show: Show) -> Vec<&str> {
        fleet.bots().iter().filter(|view| show.takes(view, false)).map(|view| view.bot.name.as_str()).collect()
    }

    #[test]
    fn each_connector_is_counted_where_somebody_would_look_for_it() {
        let expected = Tiles {
            connectors: 6,
            active: 1,
            without_cloud: 2,
            without_server: 1,
            stopped: 2,
            otherwise: 1,
            unread: 0,
        };
        assert_eq!(Tiles::of(fleet().bots()), expected);
    }

    #[test]
    fn p5_what_could_not_be_read_is_counted_as_nothing_else() {
        let mut fleet = fleet();
        fleet.could_not_read(Timestamp::UNIX_EPOCH);
        assert_eq!(Tiles::of(fleet.bots()), Tiles { connectors: 6, unread: 6, ..Tiles::default() });
        assert_eq!(names(&fleet, Show::Stopped), [""; 0]);
        assert_eq!(names(&fleet, Show::Unread).len(), 6);
    }

    #[test]
    fn a_tile_shows_the_bots_that_it_counts() {
        let fleet = fleet();
        assert_eq!(names(&fleet, Show::WithoutCloud), ["deaf", "gone dark"]);
        assert_eq!(names(&fleet, Show::WithoutServer), ["gone dark"]);
        assert_eq!(names(&fleet, Show::Stopped), ["ready", "stopped"]);
        assert_eq!((names(&fleet, Show::Everything).len(), names(&fleet, Show::Trouble).len()), (6, 0));
    }

    #[test]
    fn every_word_reads_back() {
        for show in Show::ALL {
            assert_eq!(Show::from_word(show.word()), Some(show));
        }
    }
}
