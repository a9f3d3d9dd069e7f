//! How many conversations a connector may have, and how many connectors would do. Pure.

use super::fleet::BotView;
use super::incident::Advice;

/// The most conversations of a connector at a time: what is over it is not assigned to the bot (the newest pages of
/// LivePerson's documentation; third-party bots' guides name it too).
pub const MOST_CONVERSATIONS: u32 = 999;

/// How far load must fall below where an advice began, in percent, until the advice changes: load that moves to and fro about
/// a border is no news.
const BELOW: u64 = 90;

/// The conversations of a bot's healthy connectors, as far as they are known: what waits on a stopped one is nobody's load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Healthy connectors.
    pub healthy: u32,
    /// Their conversations.
    pub conversations: u32,
    /// The most that one of them has.
    pub fullest: u32,
}

impl Load {
    /// The load of a bot.
    pub fn of(view: &BotView) -> Self {
        let healthy = view.sightings.iter().filter(|sighting| sighting.is_surely_healthy());
        let loads = healthy.map(|sighting| sighting.connector.conversations.unwrap_or(0));
        loads.fold(Self::default(), |sum, load| Self {
            healthy: sum.healthy.saturating_add(1),
            conversations: sum.conversations.saturating_add(load),
            fullest: sum.fullest.max(load),
        })
    }

    /// Whether it is more than `each` for each healthy connector.
    pub fn is_too_much(&self, each: u32) -> bool {
        self.healthy > 0 && u64::from(self.conversations) > u64::from(each) * u64::from(self.healthy)
    }

    /// How many connectors would do.
    pub fn wanted(&self, each: u32) -> u32 {
        self.conversations.div_ceil(each.max(1))
    }

    /// The advice for a bot with this load, given the one that was given before. `None` if there is nothing to advise.
    ///
    /// What was advised stays until load has moved well past it, so that it does not change merely because load moves.
    pub fn advice(&self, view: &BotView, each: u32, before: Option<&Advice>) -> Option<Advice> {
        let wanted_now = self.wanted(each);
        let wanted = before.map_or(wanted_now, |before| {
            let lasts = u64::from(self.conversations) * 100
                > u64::from(before.wanted.saturating_sub(1)) * u64::from(each) * BELOW;
            if wanted_now < before.wanted && lasts { before.wanted } else { wanted_now }
        });
        let full_from = if before.is_some_and(|before| before.full) { BELOW } else { 100 };
        let full = u64::from(self.fullest) * 100 >= u64::from(MOST_CONVERSATIONS) * full_from;
        let advised = self.healthy > 0 && (wanted > self.healthy || full);
        advised.then(|| Advice { bot: view.bot.clone(), healthy: self.healthy, wanted, load: each, full })
    }
}

#[cfg(test)]
mod tests {
    use super::super::connector::Connector;
    use super::super::connector::tests::connector;
    use super::super::fleet::{Fleet, Reading};
    use super::*;

    fn view(loads: &[u32]) -> BotView {
        let of = |(n, load): (usize, &u32)| Connector {
            conversations: Some(*load),
            ..connector(&format!("c{n}"), "Billing Bot", "production")
        };
        let connectors = loads.iter().enumerate().map(of).collect();
        let mut fleet = Fleet::default();
        fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, jiff::Timestamp::UNIX_EPOCH);
        BotView::clone(&fleet.bots()[0])
    }

    fn advice(loads: &[u32], before: Option<&Advice>) -> Option<Advice> {
        let view = view(loads);
        Load::of(&view).advice(&view, 50, before)
    }

    #[test]
    fn more_than_is_set_for_each_connector_is_advised_with_how_many_would_do() {
        assert_eq!(advice(&[50, 50], None), None);
        let of_two = advice(&[100, 100], None).unwrap();
        assert_eq!((of_two.healthy, of_two.wanted, of_two.full), (2, 4, false), "4 connectors for 200");
        assert_eq!(advice(&[51, 50], None).unwrap().wanted, 3);
        assert!(advice(&[999, 0], None).unwrap().full);
    }

    #[test]
    fn p2_load_that_moves_a_little_changes_no_advice() {
        let first = advice(&[76, 75], None).unwrap();
        assert_eq!(first.wanted, 4);
        for total in [136_u32, 140, 149, 150, 160, 199, 200] {
            assert_eq!(advice(&[total, 0], Some(&first)), Some(first.clone()), "{total}");
        }
        assert_eq!(advice(&[135, 0], Some(&first)).unwrap().wanted, 3);
        assert_eq!(advice(&[201, 0], Some(&first)).unwrap().wanted, 5);
        let three = advice(&[120, 0], None).unwrap();
        assert_eq!(advice(&[91, 0], Some(&three)), Some(three.clone()));
        assert_eq!(advice(&[90, 0], Some(&three)), None, "two connectors do for that");
        let full = advice(&[999, 0], None).unwrap();
        assert!(advice(&[950, 0], Some(&full)).unwrap().full);
        assert!(!advice(&[899, 0], Some(&full)).unwrap().full);
    }

    #[test]
    fn what_has_no_healthy_connector_is_not_advised_about_its_load() {
        let stopped = Load { healthy: 0, conversations: 0, fullest: 0 };
        assert_eq!(stopped.advice(&view(&[1]), 50, None), None);
    }
}
