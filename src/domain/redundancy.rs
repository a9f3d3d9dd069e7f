//! How much of a bot is left to fail over to: the level, and why it is that.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::connector::{Condition, Connector};
use super::fleet::{BotView, Sight};

/// The level of a bot in one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// No healthy connector left.
    Outage,
    /// Below the minimum, at least one left: no failover left.
    AtRisk,
    /// Below the minimum, and not seen with the minimum since it was first observed.
    NeverRedundant,
    /// Some of it cannot be seen, and it matters.
    Unknown,
    /// Below the minimum only because a connector was just started.
    Starting,
    /// All of it is stopped or was never started, and it has not been seen running since it was first observed: somebody
    /// wants it so, and nothing was lost.
    NotInUse,
    /// At least the minimum is healthy, or nothing is asked here.
    Redundant,
}

/// Judges a bot in one environment.
///
/// `minimum` is the least number of healthy connectors wanted (0: nothing is asked); `highest_seen` is the highest
/// count ever seen; a connector that was started less than `grace` ago may still be connecting.
pub fn judge(view: &BotView, minimum: u32, highest_seen: u32, grace: Duration, now: Timestamp) -> Level {
    let worst = view.healthy();
    let best = view.healthy_at_best();
    if worst >= minimum {
        return Level::Redundant;
    }
    if best >= minimum {
        return Level::Unknown;
    }
    if highest_seen == 0 && view.unread() == 0 && all_down(view) {
        return Level::NotInUse;
    }
    let starting = count_starting(view, grace, now);
    let never_redundant = highest_seen < minimum;
    if best + starting >= minimum || (never_redundant && best == 0 && starting > 0) {
        return Level::Starting;
    }
    match (best, worst) {
        (0, _) => Level::Outage,
        // It may be as it ever was, or out.
        (_, 0) if never_redundant => Level::Unknown,
        _ if never_redundant => Level::NeverRedundant,
        _ => Level::AtRisk,
    }
}

fn all_down(view: &BotView) -> bool {
    view.total() > 0 && view.sightings.iter().all(|s| s.connector.is_down())
}

/// How many connectors of a bot are on their way up: see [`is_starting`].
pub fn count_starting(view: &BotView, grace: Duration, now: Timestamp) -> u32 {
    let starting = view.sightings.iter().filter(|s| s.sight == Sight::Fresh && is_starting(&s.connector, grace, now));
    u32::try_from(starting.count()).unwrap_or(u32::MAX)
}

/// Whether a connector is on its way up: started less than `grace` ago and not connected yet.
pub fn is_starting(connector: &Connector, grace: Duration, now: Timestamp) -> bool {
    let coming = matches!(connector.condition(), Condition::NotConnected | Condition::OnlineNotConnected);
    coming && started_at(connector).is_some_and(|at| now.duration_since(at).unsigned_abs() < grace)
}

/// When the last operation started it, if that is what the last operation did and its time is known.
pub fn started_at(connector: &Connector) -> Option<Timestamp> {
    let last = connector.last_operation.as_ref()?;
    if last.what.to_lowercase().contains("start") { last.at } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::connector::Environment;
    use super::super::connector::tests::connector;
    use super::super::connector::{AgentStatus, LastOperation, Link};
    use super::super::fleet::{Fleet, Reading};
    use super::super::ids::BotId;
    use super::*;

    const GRACE: Duration = Duration::from_secs(300);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn view(connectors: Vec<Connector>) -> BotView {
        let mut fleet = Fleet::default();
        fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(1000));
        fleet.bot(&BotId::new("Billing Bot"), &Environment::new("production")).unwrap().clone()
    }

    fn healthy(name: &str) -> Connector {
        connector(name, "Billing Bot", "production")
    }

    fn dropped(name: &str, started: Option<i64>) -> Connector {
        Connector {
            agent: AgentStatus::NotConnected,
            conversational_cloud: Link::NotConnected,
            last_operation: started.map(|second| LastOperation {
                what: "started".into(),
                by: None,
                at: Some(at(second)),
            }),
            ..healthy(name)
        }
    }

    #[test]
    fn levels_follow_the_number_of_healthy_connectors() {
        let judge = |connectors, highest| judge(&view(connectors), 2, highest, GRACE, at(1000));
        assert_eq!(judge(vec![healthy("a"), healthy("b")], 2), Level::Redundant);
        assert_eq!(judge(vec![healthy("a"), dropped("b", None)], 2), Level::AtRisk);
        assert_eq!(judge(vec![dropped("a", None), dropped("b", None)], 2), Level::Outage);
        assert_eq!(judge(vec![healthy("a")], 1), Level::NeverRedundant);
        assert_eq!(judge(vec![dropped("a", None)], 1), Level::Outage, "an outage outranks never redundant");
    }

    #[test]
    fn just_after_a_start_not_connected_is_normal_until_the_grace_ends() {
        let two = |started| view(vec![healthy("a"), dropped("b", Some(started))]);
        assert_eq!(judge(&two(990), 2, 2, GRACE, at(1000)), Level::Starting);
        assert_eq!(judge(&two(600), 2, 2, GRACE, at(1000)), Level::AtRisk);
    }

    #[test]
    fn a_bot_that_was_down_before_we_came_is_no_outage() {
        let stopped = Connector { agent: AgentStatus::Stopped, ..healthy("a") };
        assert_eq!(judge(&view(vec![stopped]), 2, 0, GRACE, at(1000)), Level::NotInUse);
        assert_eq!(judge(&view(vec![dropped("a", None)]), 2, 0, GRACE, at(1000)), Level::Outage, "nobody wants this");

        let ready = Connector { agent: AgentStatus::ReadyToStart, ..healthy("a") };
        assert_eq!(judge(&view(vec![ready.clone()]), 2, 0, GRACE, at(1000)), Level::NotInUse);
        assert_eq!(
            judge(&view(vec![ready]), 2, 2, GRACE, at(1000)),
            Level::Outage,
            "but one that ran once, and has only new connectors now, is out"
        );
    }

    #[test]
    fn p5_what_cannot_be_seen_is_unknown_unless_even_the_best_case_is_below() {
        let mut fleet = Fleet::default();
        let connectors = vec![healthy("a"), healthy("b")];
        fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(1000));
        fleet.could_not_read(at(1030));
        let two = fleet.bots()[0].clone();
        assert_eq!(judge(&two, 2, 2, GRACE, at(1030)), Level::Unknown);
        assert_eq!(judge(&two, 3, 3, GRACE, at(1030)), Level::AtRisk);
    }

    #[test]
    fn p5_one_failed_poll_does_not_alert_for_bots_that_never_had_a_second_connector() {
        let mut fleet = Fleet::default();
        let connectors = vec![healthy("a")];
        fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(1000));
        let one = fleet.bots()[0].clone();
        assert_eq!(judge(&one, 2, 1, GRACE, at(1000)), Level::NeverRedundant);
        fleet.could_not_read(at(1030));
        let one = fleet.bots()[0].clone();
        assert_eq!(judge(&one, 2, 1, GRACE, at(1030)), Level::Unknown);
    }

    #[test]
    fn a_restart_of_a_bots_only_connector_has_its_grace_too() {
        let judge = |started| judge(&view(vec![dropped("a", started)]), 2, 1, GRACE, at(1000));
        assert_eq!(judge(Some(990)), Level::Starting);
        assert_eq!(judge(Some(600)), Level::Outage);
    }

    #[test]
    fn nothing_is_asked_where_the_minimum_is_nought() {
        assert_eq!(judge(&view(vec![dropped("a", None)]), 0, 0, GRACE, at(1000)), Level::Redundant);
    }
}
