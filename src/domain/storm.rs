//! When many bots that fail at once are one storm, and when it is over. Pure.

use std::time::Duration;

use super::judging::Standing;

/// How far apart bots may fail and still fail at once: long enough for a failure that rolls through a platform and for the
/// polls and debounces that it is seen by, and too short for two that have nothing to do with each other.
pub const AT_ONCE: Duration = Duration::from_secs(300);
/// The fewest bots that can be a storm: two are a coincidence.
const FEWEST: u32 = 3;

/// What is to be judged: how many bots are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sky {
    /// How many that fail at once are a storm; 0 is never.
    pub threshold: u32,
    /// Bots that are in use and asked for a minimum.
    pub in_use: u32,
    /// Bots that have become incidents just now, announced by nobody.
    pub newly: u32,
    /// Bots whose incidents were opened by themselves within [`AT_ONCE`], and are not well again.
    pub lately: u32,
    /// Bots that stand on the storm's card and are not well again.
    pub swept: u32,
}

impl Sky {
    /// How many bots are a storm here: as many as are set, or, where there are fewer, more than half of them.
    fn needed(&self) -> Option<u32> {
        let most = FEWEST.max((self.in_use / 2).saturating_add(1));
        (self.threshold > 0).then(|| self.threshold.min(most))
    }

    /// Whether what has just failed begins a storm.
    pub fn begins(&self) -> bool {
        self.newly > 0 && self.needed().is_some_and(|needed| self.newly.saturating_add(self.lately) >= needed)
    }

    /// How a storm that is on stands. It goes on with half of the bots that it took to begin, so that one bot more or less
    /// does not begin and end it, and as long as one of them has no other card: it would be said to be over while all that
    /// it began with is broken, if those did not count that failed a moment before it.
    pub fn of_storm(&self) -> Standing {
        let on_its_card = self.swept.saturating_add(self.newly);
        let broken = on_its_card.saturating_add(self.lately);
        let enough = self.needed().map_or(u32::MAX, |needed| needed.div_ceil(2).max(2));
        if on_its_card > 0 && broken >= enough { Standing::Incident } else { Standing::Well }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Sky = Sky { threshold: 5, in_use: 100, newly: 0, lately: 0, swept: 0 };

    #[test]
    fn as_many_as_are_set_or_more_than_half_of_a_small_fleet_are_a_storm() {
        assert!(Sky { newly: 5, ..FIVE }.begins());
        assert!(!Sky { newly: 4, ..FIVE }.begins());
        assert!(Sky { newly: 1, lately: 4, ..FIVE }.begins(), "whichever of them came first");
        assert!(!Sky { lately: 9, ..FIVE }.begins(), "nothing new");
        assert!(Sky { newly: 4, in_use: 6, ..FIVE }.begins(), "most of six");
        assert!(!Sky { newly: 3, in_use: 6, ..FIVE }.begins());
        assert!(Sky { newly: 3, in_use: 3, ..FIVE }.begins());
        assert!(!Sky { newly: 2, in_use: 2, ..FIVE }.begins(), "two are a coincidence");
        assert!(!Sky { newly: 99, threshold: 0, ..FIVE }.begins());
    }

    #[test]
    fn a_storm_goes_on_until_less_than_half_of_what_began_it_is_left() {
        let left = |swept| Sky { swept, ..FIVE }.of_storm();
        assert_eq!([left(5), left(3), left(2)], [Standing::Incident, Standing::Incident, Standing::Well]);
        assert_eq!(Sky { swept: 2, in_use: 3, ..FIVE }.of_storm(), Standing::Incident);
        assert_eq!(Sky { swept: 1, in_use: 3, ..FIVE }.of_storm(), Standing::Well);
        assert_eq!(Sky { swept: 1, lately: 4, ..FIVE }.of_storm(), Standing::Incident, "all that began it are broken");
        assert_eq!(Sky { swept: 1, lately: 1, ..FIVE }.of_storm(), Standing::Well);
        assert_eq!(Sky { lately: 4, ..FIVE }.of_storm(), Standing::Well, "each has a card of its own");
        assert_eq!(Sky { swept: 9, threshold: 0, ..FIVE }.of_storm(), Standing::Well, "it is not asked for any more");
    }
}
