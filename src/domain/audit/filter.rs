//! What of the record somebody wants to see, and the words by which a record is found. Pure.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Entry, Verdict};
use crate::domain::authority::Person;
use crate::domain::connector::{Bot, Environment};
use crate::domain::ids::{BotId, Id, Key};

/// What of the record somebody wants to see: what all of this holds for. Nothing is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// It touched something in this environment, or was to.
    pub environment: Option<Environment>,
    /// It touched this bot, or was to.
    pub bot: Option<Bot>,
    /// This person asked.
    pub person: Option<Person>,
    /// It ended so.
    pub verdict: Option<Verdict>,
    /// This was asked for: one of [`super::actions`].
    pub action: Option<String>,
    /// The glass was broken for it, or was to be.
    #[serde(default)]
    pub glass: bool,
    /// It ended at this time or later.
    pub since: Option<Timestamp>,
}

/// What somebody says who looks for that.
pub const BREAK_GLASS: &str = "break glass";

/// The word in [`Entry::places`] of what was done without the second person whom it needs.
pub const GLASS: &str = "m:glass";

/// A list that somebody looks through: its buttons carry its id, and what comes later moves nothing on its pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its id.
    pub id: Id,
    /// What it shows.
    pub filter: Filter,
    /// The last record that it shows, by its place in the chain.
    pub through: u64,
}

impl Entry {
    /// The environments and bots that it is found by, as short names between blanks; and whether the glass was broken for it.
    ///
    /// Names from outside may be of any length, and may hold anything; their short names hold letters and digits.
    pub fn places(&self) -> String {
        let environments = self.touched.iter().flat_map(|touched| touched.environment.iter().chain(&touched.to));
        let environments = environments.map(in_environment);
        let bots = self.touched.iter().filter_map(|touched| touched.bot.as_ref()).map(of_bot);
        let glass = self.glass.as_ref().map(|_| GLASS.to_owned());
        let words: BTreeSet<_> = environments.chain(bots).chain(glass).collect();
        if words.is_empty() {
            return String::new();
        }
        format!(" {} ", words.into_iter().collect::<Vec<_>>().join(" "))
    }
}

/// The word in [`Entry::places`] for an environment.
pub fn in_environment(environment: &Environment) -> String {
    format!("e:{}", Key::of(environment.as_str()))
}

/// The word in [`Entry::places`] for a bot.
pub fn of_bot(bot: &BotId) -> String {
    format!("b:{}", bot.key())
}

/// Reads since when, in people's words: how long ago ("45m", "24h", "7 days"), or a day ("2027-01-15"), which begins in the
/// time zone of the settings. `None` if it is neither, or is still to come.
pub fn since(text: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim().to_lowercase();
    let here = now.to_zoned(zone.clone());
    let then = match text.parse::<Date>() {
        Ok(day) => day.to_zoned(zone.clone()).ok()?,
        Err(_) => here.checked_sub(text.parse::<Span>().ok()?).ok()?,
    };
    Some(then.timestamp()).filter(|then| *then <= now)
}

#[cfg(test)]
mod tests {
    use super::super::Touched;
    use super::*;
    use crate::domain::glass::Glass;
    use crate::domain::ids::UserId;

    #[test]
    fn a_record_is_found_by_every_environment_and_bot_that_it_touched_whatever_their_names() {
        let production = Environment::new("production");
        let odd = Bot { id: BotId::new("% _ b:x"), name: "odd".into() };
        let mut entry = Entry::new(
            "x".into(),
            Person { id: UserId(1), name: "Olga".into() },
            Verdict::Done,
            "",
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(entry.places(), "");
        let to = Some(Environment::new("demo"));
        entry.touched = vec![Touched { to, ..Touched::of(Some(&odd), Some(&production)) }; 2];
        let places = entry.places();
        for word in [in_environment(&production), in_environment(&Environment::new("Demo")), of_bot(&odd.id)] {
            assert_eq!(places.matches(&format!(" {word} ")).count() + places.matches(&word).count(), 2, "{places}");
        }
        assert!(!places.contains('%') && !places.contains('_') && !places.contains(GLASS));
        entry.glass = Some(Glass { why: "fire".into(), allowed_by: Vec::new(), said_in: Vec::new() });
        assert!(entry.places().contains(&format!(" {GLASS} ")));
    }

    #[test]
    fn since_is_how_long_ago_or_a_day() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now = "2027-01-15T12:00:00Z".parse().unwrap();
        for (text, then) in [
            ("45m", "2027-01-15T11:15:00Z"),
            (" 24H ", "2027-01-14T12:00:00Z"),
            ("7 days", "2027-01-08T12:00:00Z"),
            ("2 weeks", "2027-01-01T12:00:00Z"),
            ("2027-01-10", "2027-01-09T23:00:00Z"),
        ] {
            assert_eq!(since(text, &zone, now).map(|then| then.to_string()).as_deref(), Some(then), "{text}");
        }
        for text in ["", "soon", "-2h", "2027-01-16", "2027-13-01", "9999999 days"] {
            assert_eq!(since(text, &zone, now), None, "{text:?}");
        }
    }
}
