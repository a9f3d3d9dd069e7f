//! A board: how an environment stands, on one message of a channel, for as long as somebody wants it there. Pure.
//!
//! A board is edited when what it shows changed, and now and then besides: it says when somebody looked last, so that it does
//! not go on looking well after Botswain itself fell silent.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attention::Done;
use super::authority::Person;
use super::connector::{Bot, Environment};
use super::fleet::BotView;
use super::ids::{ChannelId, Id, Key};
use super::policy::{Picture, Policy};
use super::redundancy::Level;
use super::tiles::Tiles;

/// How often a board says that somebody looked, if nothing else changes. Discord counts edits of old messages, and this is far
/// from what it minds.
pub const CHECKED_EVERY: Duration = Duration::from_secs(300);
/// Bots that a board names one by one, the worst.
pub const NAMED: usize = 20;

/// A board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// Its id.
    pub id: Id,
    /// What it shows.
    pub environment: Environment,
    /// Where its message stands.
    pub channel: ChannelId,
    /// Who wanted it.
    pub by: Person,
    /// Since when.
    pub at: Timestamp,
    /// What it shows now; `None` until the fleet was read.
    pub shown: Option<Shown>,
    /// Who ended it, if it is over.
    pub ended: Option<Done>,
}

impl Board {
    /// The name of its place: at most one is on for each environment in each channel.
    pub fn place(&self) -> String {
        format!("{}:{}", self.channel, Key::of(self.environment.as_str()))
    }

    /// Whether what is seen now is to be said on it.
    pub fn has_news(&self, seen: &Shown) -> bool {
        self.shown.as_ref().is_none_or(|shown| {
            let age = seen.checked_at.duration_since(shown.checked_at).unsigned_abs();
            age >= CHECKED_EVERY || !shown.says_the_same(seen)
        })
    }
}

/// What a board shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// When somebody looked.
    pub checked_at: Timestamp,
    /// When the fleet was last read, if that is not just now.
    pub stale_since: Option<Timestamp>,
    /// Its connectors, counted.
    pub tiles: Tiles,
    /// How many bots there are of each level, the worst first.
    pub levels: Vec<(Level, u32)>,
    /// The worst bots, at most [`NAMED`].
    pub bots: Vec<Line>,
}

/// A bot on a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The bot.
    pub bot: Bot,
    /// How it stands.
    pub level: Level,
    /// Connectors that are surely healthy.
    pub healthy: u32,
    /// Connectors known.
    pub total: u32,
    /// Connectors whose state is not known.
    pub unread: u32,
    /// The least number of healthy ones wanted; 0 where nothing is asked.
    pub minimum: u32,
    /// Whether all of its connectors are stopped or were never started.
    pub down: bool,
}

impl Line {
    /// A bot as it stands now.
    pub fn of(view: &BotView, level: Level, minimum: u32) -> Self {
        Self {
            bot: view.bot.clone(),
            level,
            healthy: view.healthy(),
            total: view.total(),
            unread: view.unread(),
            minimum,
            down: view.sightings.iter().all(|sighting| sighting.connector.is_down()),
        }
    }

    /// The worst first: by level, and where nothing is asked, by whether all of it is healthy.
    fn order(&self) -> (Level, bool, bool, String) {
        (self.level, self.unread == 0, self.healthy == self.total, self.bot.name.to_lowercase())
    }
}

impl Shown {
    /// An environment as it is seen now.
    pub fn of(picture: &Picture, policy: &Policy, environment: &Environment, poll: Duration, now: Timestamp) -> Self {
        let views = picture.fleet.bots_in(environment);
        let line = |view: &BotView| {
            Line::of(view, picture.level(view, policy, now), policy.minimum(&view.bot.id, environment))
        };
        let mut bots: Vec<_> = views.iter().map(|view| line(view)).collect();
        bots.sort_by_cached_key(Line::order);
        let mut levels: Vec<(Level, u32)> = Vec::new();
        for bot in &bots {
            match levels.last_mut() {
                Some((level, count)) if *level == bot.level => *count += 1,
                _ => levels.push((bot.level, 1)),
            }
        }
        bots.truncate(NAMED);
        let read_at = picture.fleet.read_at();
        let is_old = |at: &Timestamp| now.duration_since(*at).unsigned_abs() >= poll.saturating_mul(3);
        let stale_since = read_at.filter(|at| picture.trouble.is_some() || is_old(at));
        Self { checked_at: now, stale_since, tiles: Tiles::of(views), levels, bots }
    }

    /// Whether two say the same, but for when somebody looked.
    fn says_the_same(&self, other: &Self) -> bool {
        self.stale_since.is_some() == other.stale_since.is_some()
            && (&self.tiles, &self.levels, &self.bots) == (&other.tiles, &other.levels, &other.bots)
    }
}

#[cfg(test)]
mod tests {
    use super::super::connector::tests::connector;
    use super::super::connector::{AgentStatus, Connector};
    use super::super::fleet::Reading;
    use super::super::ids::UserId;
    use super::super::policy::tests::policy;
    use super::*;

    const POLL: Duration = Duration::from_secs(15);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn picture(connectors: Vec<Connector>, second: i64) -> Picture {
        let mut picture = Picture::default();
        picture.fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(second));
        picture
    }

    fn shown(picture: &Picture, second: i64) -> Shown {
        Shown::of(picture, &policy(), &Environment::new("production"), POLL, at(second))
    }

    fn board(shown: Option<Shown>) -> Board {
        Board {
            id: Id::random(),
            environment: Environment::new("production"),
            channel: ChannelId(5),
            by: Person { id: UserId(1), name: "Olga".into() },
            at: at(0),
            shown,
            ended: None,
        }
    }

    fn fleet(load: u32) -> Vec<Connector> {
        let of = |name: &str, bot: &str| Connector { conversations: Some(load), ..connector(name, bot, "production") };
        let down = |name: &str, bot: &str| Connector { agent: AgentStatus::NotConnected, ..of(name, bot) };
        vec![of("a1", "Alpha"), of("a2", "Alpha"), of("b1", "Beta"), down("c1", "Gamma"), of("d9", "Delta")]
    }

    #[test]
    fn trouble_stands_first_and_however_many_bots_there_are_all_are_counted() {
        let seen = shown(&picture(fleet(1), 100), 100);
        let names: Vec<_> = seen.bots.iter().map(|line| line.bot.name.as_str()).collect();
        assert_eq!(names, ["Gamma", "Beta", "Delta", "Alpha"]);
        assert_eq!(seen.levels, [(Level::Outage, 1), (Level::NeverRedundant, 2), (Level::Redundant, 1)]);
        let many = (0..300).map(|n| connector(&format!("x{n}"), &format!("Bot {n}"), "production"));
        let seen = shown(&picture(fleet(1).into_iter().chain(many).collect(), 100), 100);
        assert_eq!((seen.bots.len(), seen.bots[0].bot.name.as_str()), (NAMED, "Gamma"));
        assert_eq!(seen.levels.iter().map(|(_, count)| count).sum::<u32>(), 304);
    }

    #[test]
    fn it_is_said_when_something_changed_and_now_and_then_besides() {
        let first = shown(&picture(fleet(1), 100), 100);
        assert!(board(None).has_news(&first));
        let board = board(Some(first));
        assert!(!board.has_news(&shown(&picture(fleet(99), 115), 115)), "load and time are no news");
        let mut changed = fleet(1);
        changed[0].agent = AgentStatus::Stopped;
        assert!(board.has_news(&shown(&picture(changed, 115), 115)));
        assert!(board.has_news(&shown(&picture(fleet(1), 400), 400)), "somebody still looks");
    }

    #[test]
    fn what_is_old_is_said_to_be_old_once() {
        let mut picture = picture(fleet(1), 100);
        let fresh = shown(&picture, 100);
        assert_eq!(fresh.stale_since, None);
        assert_eq!(shown(&picture, 145).stale_since, Some(at(100)), "three polls are missing");
        picture.trouble = Some("Wait 5 s.".into());
        let blind = shown(&picture, 110);
        assert!(board(Some(fresh)).has_news(&blind));
        picture.trouble = Some("Wait 4 s.".into());
        assert!(!board(Some(blind)).has_news(&shown(&picture, 112)));
    }
}
