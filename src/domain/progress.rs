//! How far a start is, held against what starts of this bot have taken before. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many earlier starts tell what is usual.
pub const STARTS_REMEMBERED: u32 = 20;
/// How many parts a bar has.
pub const PARTS: u8 = 10;
/// The least time between two changes of a bar. (Discord lets a channel's messages be edited about five times in five
/// seconds, and one channel may show several operations.)
const SELDOM: Duration = Duration::from_secs(5);

/// What a start of a bot's connector usually takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usual {
    /// The median.
    pub takes: Duration,
    /// Of how many earlier starts; at least one.
    pub of: u32,
}

impl Usual {
    /// What is usual if earlier starts took so long; `None` if there were none.
    pub fn of(mut took: Vec<Duration>) -> Option<Self> {
        took.sort();
        let takes = *took.get(took.len() / 2)?;
        Some(Self { takes, of: u32::try_from(took.len()).unwrap_or(u32::MAX) })
    }
}

/// How far a start that is under way is, as its message shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What such a start usually takes; `None` while no earlier one is known.
    pub usual: Option<Usual>,
    /// How many of [`PARTS`] parts of that are over; all of them once it takes longer than usual.
    pub parts: u8,
}

impl Progress {
    /// How far a start is `elapsed` after it was begun. A bar changes at most every five seconds, and at most [`PARTS`] times.
    pub fn after(self, elapsed: Duration) -> Self {
        let Some(usual) = self.usual else { return self };
        let parts = if elapsed >= usual.takes {
            PARTS
        } else {
            let whole = usual.takes.as_millis().max(1);
            let often = (whole / u128::from(PARTS)).max(SELDOM.as_millis());
            let over = elapsed.as_millis() / often * often;
            u8::try_from(over * u128::from(PARTS) / whole).unwrap_or(PARTS).min(PARTS - 1)
        };
        // A clock that was set back takes nothing back.
        Self { parts: parts.max(self.parts), ..self }
    }

    /// Whether it takes longer than usual.
    pub fn is_late(&self) -> bool {
        self.parts >= PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn usual_is_the_median_so_that_one_odd_start_does_not_count() {
        assert_eq!(Usual::of(Vec::new()), None);
        let usual = |all: &[u64]| Usual::of(all.iter().map(|count| seconds(*count)).collect()).unwrap();
        assert_eq!(usual(&[100]), Usual { takes: seconds(100), of: 1 });
        assert_eq!(usual(&[290, 100, 110, 90, 105]), Usual { takes: seconds(105), of: 5 });
    }

    #[test]
    fn a_bar_fills_with_the_time_and_is_full_only_when_it_takes_longer_than_usual() {
        let begun = Progress { usual: Usual::of(vec![seconds(120)]), parts: 0 };
        let parts = [0, 11, 12, 60, 119, 120, 500].map(|elapsed| begun.after(seconds(elapsed)).parts);
        assert_eq!(parts, [0, 0, 1, 5, 9, 10, 10]);
        assert!(begun.after(seconds(120)).is_late() && !begun.after(seconds(119)).is_late());
        let half = begun.after(seconds(60));
        assert_eq!(half.after(seconds(10)), half, "it never goes back");
    }

    #[test]
    fn a_bar_changes_at_most_every_five_seconds_and_at_most_ten_times() {
        for takes in [1, 7, 20, 49, 50, 51, 299, 3_000] {
            let mut progress = Progress { usual: Usual::of(vec![seconds(takes)]), parts: 0 };
            let mut changed = Vec::new();
            for elapsed in 0..=takes {
                let next = progress.after(seconds(elapsed));
                if next != progress {
                    changed.push(elapsed);
                    progress = next;
                }
            }
            assert!(changed.len() <= 10, "{takes}: {changed:?}");
            // The end of what is usual comes when it comes.
            let between = changed.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(between.rev().skip(1).all(|apart| apart >= 5), "{takes}: {changed:?}");
            assert_eq!(progress.parts, PARTS);
        }
    }

    #[test]
    fn while_nothing_is_known_there_is_no_bar() {
        let unknown = Progress::default();
        assert_eq!(unknown.after(seconds(1_000)), unknown);
    }
}
