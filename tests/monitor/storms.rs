//! Many bots at once: one card for all of them, and each on exactly one.

use botswain::domain::action::Verb;
use botswain::domain::incident::{Facts, Incident, Severity, Storm, Subject};
use botswain::lifecycle::contract::Connector;
use botswain::sandbox::lifecycle::Deed;
use botswain::sandbox::lifecycle::seed::healthy;

use super::world::World;

const STORMY: &[(&str, &str)] = &[
    ("START_GRACE", "5m"),
    ("ALERT_AFTER", "30s"),
    ("OUTAGE_AFTER", "30s"),
    ("RECOVER_AFTER", "60s"),
    ("REOPEN_WITHIN", "15m"),
    ("FAILOVER_ENVIRONMENTS", "production,demo"),
    ("STORM_BOTS", "4"),
];

/// Twelve bots, each with two connectors; the last two are in Demo.
fn twelve() -> Vec<Connector> {
    let of = |n: usize| {
        let place = if n < 10 { "Production" } else { "Demo" };
        ["a", "b"].map(|which| healthy(&format!("bot{n}-{which}"), &format!("Bot {n}"), place))
    };
    (0..12).flat_map(of).collect()
}

async fn calm() -> World {
    let world = World::judged_by(twelve(), STORMY).await;
    world.hush().await;
    world
}

impl World {
    fn fail(&self, bots: impl IntoIterator<Item = usize>) {
        bots.into_iter().for_each(|n| self.does(&format!("bot{n}-a"), Deed::Drop));
    }

    fn mend(&self, bots: impl IntoIterator<Item = usize>) {
        bots.into_iter().for_each(|n| self.does(&format!("bot{n}-a"), Deed::Recover));
    }

    async fn storm(&self) -> Option<(Incident, Storm)> {
        let incident = self.other("storm").await?;
        match incident.facts.clone() {
            Facts::Storm(storm) => Some((incident, storm)),
            other => panic!("{other:?}"),
        }
    }

    /// How many bots stand on a card of their own, and how many on this one.
    async fn standing(&self, on: &Incident) -> (usize, usize) {
        let open = self.open_incidents().await;
        let bots: Vec<_> =
            open.iter().filter(|incident| matches!(incident.subject, Subject::Failover { .. })).collect();
        let own = bots.iter().filter(|incident| incident.has_own_card()).count();
        (own, bots.iter().filter(|incident| incident.card() == Some(&on.id)).count())
    }
}

#[tokio::test]
async fn p2_many_bots_at_once_are_one_card_that_calls_once_and_names_the_scope() {
    let mut world = calm().await;
    world.fail([0, 1, 2, 3, 10]);
    world.later(30).await;
    assert_eq!(world.said().await, [""; 0]);
    world.later(30).await;
    assert_eq!(world.said().await, ["card! storm"]);
    let (incident, storm) = world.storm().await.unwrap();
    assert_eq!((storm.broken(), storm.of(), storm.bots.len(), storm.with_own_cards), (5, 12, 5, 0));
    let places: Vec<_> =
        storm.places.iter().map(|place| (place.environment.as_str(), place.broken, place.of)).collect();
    assert_eq!(places, [("demo", 1, 2), ("production", 4, 10)]);
    assert_eq!((world.standing(&incident).await, incident.announced), ((0, 5), Severity::AtRisk));
    world.fail([4]);
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await, ["edit storm"], "who joins it calls nobody");
    assert_eq!(world.standing(&incident).await, (0, 6));
    world.does("bot0-b", Deed::Drop);
    world.later(30).await;
    assert_eq!(world.said().await, ["edit storm", "worse! storm"], "one has nothing left");
    let mut world = world.restarted().await;
    for _ in 0..20 {
        world.later(30).await;
    }
    assert_eq!(world.said().await, [""; 0], "neither time nor a restart says it again");
    assert_eq!(world.standing(&incident).await, (0, 6));
}

#[tokio::test]
async fn p2_what_outlasts_a_storm_gets_its_own_card_and_the_rest_is_over_with_it() {
    let mut world = calm().await;
    world.fail(0..5);
    world.later(30).await;
    world.later(30).await;
    world.hush().await;
    let (incident, _) = world.storm().await.unwrap();
    world.mend(1..5);
    world.later(30).await;
    assert_eq!(world.said().await, ["edit storm"], "it calms down");
    world.later(60).await;
    assert_eq!(world.said().await, ["card! failover:production:bot-bot-0", "edit storm"]);
    assert_eq!((world.storm().await, world.standing(&incident).await), (None, (1, 0)));
    world.mend([0]);
    world.later(30).await;
    world.later(60).await;
    assert_eq!(world.said().await, ["edit failover:production:bot-bot-0"]);
    assert_eq!(world.open_incidents().await, []);
}

#[tokio::test]
async fn p2_a_card_that_stood_before_the_storm_stands_on() {
    let mut world = calm().await;
    world.fail([0]);
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await, ["card! failover:production:bot-bot-0"]);
    world.fail(1..4);
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await, ["card! storm"], "three more within minutes");
    let (incident, storm) = world.storm().await.unwrap();
    assert_eq!((storm.broken(), storm.bots.len(), storm.with_own_cards), (4, 3, 1));
    assert_eq!(world.standing(&incident).await, (1, 3));
    world.does("bot0-b", Deed::Drop);
    world.later(30).await;
    world.later(30).await;
    let said = world.said().await;
    assert!(said.contains(&"worse! failover:production:bot-bot-0".to_owned()), "{said:?}");
    assert!(!said.contains(&"worse! storm".to_owned()), "{said:?}");
}

#[tokio::test]
async fn a_storm_that_one_more_bot_makes_of_those_before_goes_on_until_few_of_all_are_left() {
    let mut world = calm().await;
    world.fail(0..3);
    world.later(30).await;
    world.later(30).await;
    world.hush().await;
    world.fail([3]);
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await, ["card! storm"]);
    for _ in 0..10 {
        world.later(30).await;
    }
    assert_eq!(world.said().await, [""; 0], "all four are broken");
    let (incident, _) = world.storm().await.unwrap();
    assert_eq!(world.standing(&incident).await, (3, 1));
    world.mend(0..3);
    for _ in 0..4 {
        world.later(30).await;
    }
    let said = world.said().await;
    assert!(said.contains(&"card! failover:production:bot-bot-3".to_owned()), "{said:?}");
    assert_eq!((world.storm().await, world.standing(&incident).await), (None, (1, 0)));
}

#[tokio::test]
async fn few_bots_or_many_one_after_the_other_are_no_storm() {
    let mut world = calm().await;
    world.fail(0..3);
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await.len(), 3);
    for _ in 0..12 {
        world.later(30).await;
    }
    world.fail(3..6);
    world.later(30).await;
    world.later(30).await;
    assert_eq!(world.said().await.len(), 3);
    assert_eq!(world.storm().await, None);
}

#[tokio::test]
async fn p7_what_an_operator_does_is_no_part_of_a_storm() {
    let mut world = calm().await;
    for n in 0..4 {
        world.olga(Verb::Stop, &format!("bot{n}-a"), None).await;
    }
    world.later(30).await;
    world.later(30).await;
    let said = world.said().await;
    assert!(said.len() == 4 && said.iter().all(|said| said.starts_with("card failover")), "{said:?}");
}

#[tokio::test]
async fn a_storm_that_comes_back_is_the_same_one() {
    let mut world = calm().await;
    for (round, said) in [(0, "card! storm"), (1, "back! storm")] {
        world.fail(0..5);
        world.later(30).await;
        world.later(30).await;
        assert!(world.said().await.contains(&said.to_owned()), "round {round}");
        world.mend(0..5);
        world.later(30).await;
        world.later(60).await;
        assert_eq!((world.said().await, world.open_incidents().await), (vec!["edit storm".to_owned()], Vec::new()));
    }
}
