//! What a plan says, and what makes it another.

use super::super::connector::tests::connector;
use super::super::connector::{AgentStatus, Link};
use super::super::policy::tests::policy;
use super::*;

fn one(name: &str) -> Connector {
    connector(name, "Billing Bot", "production")
}

fn stopped(name: &str) -> Connector {
    Connector { agent: AgentStatus::Stopped, ..one(name) }
}

fn in_demo(connector: Connector) -> Connector {
    Connector { environment: Environment::new("demo"), ..connector }
}

fn plan(verb: Verb, names: &[&str], to: Option<&str>, fleet: &[Connector]) -> Result<Plan, Unplanned> {
    let first = fleet.iter().find(|c| c.name == names[0]).unwrap();
    let to = to.map(Environment::new);
    let wanted = Wanted {
        verb,
        bot: &first.bot,
        environment: &first.environment,
        to: to.as_ref(),
        connectors: &names.iter().map(ConnectorId::new).collect::<Vec<_>>(),
        then_start: false,
    };
    Plan::make(&wanted, Known { connectors: fleet, uncertain: false, doubted: &[] }, &policy(), Timestamp::UNIX_EPOCH)
}

/// Healthy now, at the lowest and after, in each environment.
fn counts(plan: &Plan) -> Vec<(u32, u32, u32)> {
    plan.impacts.iter().map(|impact| (impact.healthy_now, impact.lowest, impact.healthy_after)).collect()
}

#[test]
fn a_stop_of_one_of_two_leaves_one_and_its_conversations_wait() {
    let stop = plan(Verb::Stop, &["b1"], None, &[one("b1"), one("b2"), in_demo(one("b3"))]).unwrap();
    assert_eq!(counts(&stop), [(2, 1, 1)]);
    let impact = &stop.impacts[0];
    assert_eq!((impact.left_waiting, impact.load_of_each(2), impact.load_of_each(1)), (Some(12), Some(12), Some(24)));
    assert!(impact.goes_below() && impact.crosses_minimum() && !impact.takes_offline());
    assert_eq!(impact.overload(), None, "50 are advised");
}

#[test]
fn a_stop_of_all_of_a_bot_takes_it_offline() {
    let stop = plan(Verb::Stop, &["b1", "b2"], None, &[one("b1"), one("b2")]).unwrap();
    assert_eq!(counts(&stop), [(2, 0, 0)]);
    assert!(stop.impacts[0].takes_offline());
    assert_eq!(stop.impacts[0].left_waiting, Some(24));
}

#[test]
fn stopping_what_is_not_healthy_costs_nothing() {
    let broken = Connector { bot_server: Link::NotConnected, ..one("b1") };
    let stop = plan(Verb::Stop, &["b1"], None, &[broken, one("b2")]).unwrap();
    assert_eq!(counts(&stop), [(1, 1, 1)]);
    assert!(!stop.impacts[0].goes_below() && !stop.impacts[0].crosses_minimum());
}

#[test]
fn a_start_gives_back_and_one_that_hangs_is_stopped_first() {
    let hangs = Connector { agent: AgentStatus::NotConnected, ..one("b2") };
    let start = plan(Verb::Start, &["b2", "b3"], None, &[one("b1"), hangs, stopped("b3")]).unwrap();
    assert_eq!(counts(&start), [(1, 1, 3)]);
    assert_eq!(start.connectors[0].steps, [Action::Stop, Action::Start]);
    assert_eq!(start.connectors[1].steps, [Action::Start]);
}

#[test]
fn a_redeploy_counts_both_environments() {
    let fleet = [one("b1"), in_demo(one("b9"))];
    let redeploy = plan(Verb::Redeploy, &["b1"], Some("demo"), &fleet).unwrap();
    assert_eq!(counts(&redeploy), [(1, 0, 0), (1, 1, 2)]);
    assert_eq!(redeploy.impacts.iter().map(|impact| impact.minimum).collect::<Vec<_>>(), [2, 0]);
    assert!(redeploy.impacts[0].takes_offline() && !redeploy.impacts[1].takes_offline());
    let moved = plan(Verb::Redeploy, &["b1"], Some("demo"), &[stopped("b1"), in_demo(one("b9"))]).unwrap();
    assert_eq!(counts(&moved), [(0, 0, 0), (1, 1, 1)], "what is stopped stays stopped");
}

#[test]
fn more_for_each_that_remains_than_is_advised_is_said() {
    let busy = |name| Connector { conversations: Some(40), ..one(name) };
    let stop = plan(Verb::Stop, &["b1"], None, &[busy("b1"), busy("b2"), busy("b3")]).unwrap();
    assert_eq!(stop.impacts[0].overload(), Some(60));
    let unknown = Connector { conversations: None, ..one("b2") };
    let stop = plan(Verb::Stop, &["b1"], None, &[busy("b1"), unknown]).unwrap();
    assert_eq!((stop.impacts[0].conversations, stop.impacts[0].overload()), (None, None));
}

#[test]
fn what_cannot_be_done_or_is_not_there_is_named() {
    let fleet = [one("b1"), stopped("b2")];
    let why = |names: &[&str], verb| plan(verb, names, None, &fleet).unwrap_err();
    let already = |why| matches!(why, Unplanned::CannotDo { connector, .. } if connector == "b2");
    assert!(already(why(&["b1", "b2"], Verb::Stop)));
    assert_eq!(why(&["b1", "b7"], Verb::Stop), Unplanned::Gone(ConnectorId::new("b7")));
    let elsewhere = [one("b1"), in_demo(one("b2"))];
    assert_eq!(
        plan(Verb::Stop, &["b1", "b2"], None, &elsewhere).unwrap_err(),
        Unplanned::Gone(ConnectorId::new("b2")),
        "what moved to another environment is another matter"
    );
}

#[test]
fn p11_what_got_worse_since_it_was_shown_is_told_apart_from_what_only_moved() {
    let two = [one("b1"), one("b2")];
    let shown = plan(Verb::Stop, &["b1"], None, &two).unwrap();
    let drift = |fleet: &[Connector]| {
        shown.drift(&shown.again(
            Known { connectors: fleet, uncertain: false, doubted: &[] },
            &policy(),
            Timestamp::UNIX_EPOCH,
        ))
    };
    assert_eq!(drift(&two), []);
    assert_eq!(drift(&[one("b1"), one("b2"), one("b3")]), [], "one more is no worse");
    assert!(matches!(drift(&[one("b1"), stopped("b2")])[..], [Drift::Worse { .. }]), "a peer was lost");
    assert!(matches!(drift(&[stopped("b1"), one("b2")])[..], [Drift::Changed { .. }]));
    assert!(matches!(drift(&[one("b2")])[..], [Drift::Gone { .. }]));
    let with = |waiting| [Connector { conversations: Some(waiting), ..one("b1") }, one("b2")];
    assert_eq!(drift(&with(22)), [], "conversations come and go");
    assert!(matches!(drift(&with(23))[..], [Drift::Worse { .. }]));
    let blind =
        shown.again(Known { connectors: &two, uncertain: true, doubted: &[] }, &policy(), Timestamp::UNIX_EPOCH);
    assert!(matches!(shown.drift(&blind)[..], [Drift::Worse { .. }]), "less can be seen");
}

#[test]
fn p11_a_start_is_worse_only_when_it_is_not_what_it_was() {
    let fleet = [stopped("b1"), one("b2")];
    let shown = plan(Verb::Start, &["b1"], None, &fleet).unwrap();
    let again = |fleet: &[Connector], uncertain| {
        shown.drift(&shown.again(
            Known { connectors: fleet, uncertain, doubted: &[] },
            &policy(),
            Timestamp::UNIX_EPOCH,
        ))
    };
    assert_eq!(again(&[stopped("b1"), stopped("b2")], true), []);
    assert!(matches!(again(&[one("b1"), one("b2")], false)[..], [Drift::Changed { .. }]));
}

#[test]
fn a_digest_names_exactly_one_plan_and_survives_the_store() {
    let fleet = [one("b1"), one("b2"), one("b3")];
    let shown = plan(Verb::Stop, &["b1"], None, &fleet).unwrap();
    let stored: Plan = serde_json::from_str(&serde_json::to_string(&shown).unwrap()).unwrap();
    assert_eq!((&stored, stored.digest()), (&shown, shown.digest()));
    assert_eq!(shown.digest().len(), 32);
    for other in [plan(Verb::Stop, &["b2"], None, &fleet), plan(Verb::Stop, &["b1"], None, &fleet[..2])] {
        assert_ne!(other.unwrap().digest(), shown.digest());
    }
}

#[test]
fn a_plan_that_was_stored_while_it_had_one_connector_is_read() {
    let text = r#"{"connector":"faq-1","connector_name":"faq one","bot":{"id":"faq","name":"FAQ"},
        "environment":"production","to":"demo","steps":[{"do":"stop"},{"do":"redeploy","to":"demo"},{"do":"start"}],
        "impact":{"healthy_now":2,"healthy_after":1,"total_now":2,"minimum":2,"left_waiting":7,"target":[0,1],
        "uncertain":false},"condition":"Healthy"}"#;
    let plan: Plan = serde_json::from_str(text).unwrap();
    assert_eq!((plan.verb, plan.names().collect::<Vec<_>>()), (Verb::Redeploy, vec!["faq one"]));
    assert_eq!(counts(&plan), [(2, 1, 1), (0, 0, 1)]);
    assert_eq!((plan.connectors[0].steps.len(), plan.impacts[0].left_waiting), (3, Some(7)));
}

#[test]
fn p11_the_bots_name_is_typed_where_its_minimum_is_crossed_or_it_goes_offline_and_only_there() {
    let asks = |verb, names: &[&str], fleet: &[Connector]| {
        plan(verb, names, Some("demo"), fleet).unwrap().consent() == Consent::Typed("Billing Bot".to_owned())
    };
    let three = [one("b1"), one("b2"), one("b3")];
    assert!(!asks(Verb::Stop, &["b1"], &three), "two are left, as are wanted");
    assert!(asks(Verb::Stop, &["b1", "b2"], &three));
    assert!(asks(Verb::Stop, &["b1"], &three[..2]));
    assert!(asks(Verb::Redeploy, &["b1"], &three[..2]), "judged where it is taken from");
    assert!(asks(Verb::Stop, &["b1"], &three[..1]), "below it already, but this is its last");
    let demo = three.clone().map(in_demo);
    let in_demo_asks = |verb, names: &[&str], fleet: &[Connector]| {
        let environment = Environment::new("demo");
        let ids: Vec<_> = names.iter().map(|name| ConnectorId::new(*name)).collect();
        let bot = fleet[0].bot.clone();
        let wanted =
            Wanted { verb, bot: &bot, environment: &environment, to: None, connectors: &ids, then_start: false };
        let known = Known { connectors: fleet, uncertain: false, doubted: &[] };
        Plan::make(&wanted, known, &policy(), Timestamp::UNIX_EPOCH).unwrap().consent() != Consent::Press
    };
    assert!(!in_demo_asks(Verb::Stop, &["b1"], &demo[..1]), "nothing is asked in Demo");
    assert!(
        in_demo_asks(Verb::Restart, &["b1"], &demo[..1]),
        "a restart that leaves none for a while is asked anywhere"
    );
    assert!(!in_demo_asks(Verb::Restart, &["b1", "b2"], &demo[..2]), "one at a time, and one is always up");
    let dropped = Connector { agent: AgentStatus::NotConnected, ..one("b1") };
    assert!(!asks(Verb::Stop, &["b1"], &[dropped, one("b2")]), "what is not healthy needs no guard");
    assert!(!asks(Verb::Start, &["b1"], &[stopped("b1")]));
}

#[test]
fn p11_what_is_typed_is_the_name_whatever_its_case_and_spaces() {
    let stop = plan(Verb::Stop, &["b1"], None, &[one("b1")]).unwrap();
    assert!(stop.is_typed("  billing  BOT "));
    for wrong in ["", "Billing", "Billing Bot 2", "b1"] {
        assert!(!stop.is_typed(wrong), "{wrong}");
    }
    for odd in ["", " \n ", "a\u{7}b", &"x".repeat(61)] {
        let named = Plan { bot: Bot { name: odd.to_owned(), ..stop.bot.clone() }, ..stop.clone() };
        let key = stop.bot.id.key().to_string();
        assert_eq!(named.consent(), Consent::Typed(key.clone()), "nobody can type {odd:?}");
        assert!(named.is_typed(&key));
    }
}

/// A plan where some connectors are in doubt: its counts, and whom it names for that.
fn in_doubt(verb: Verb, names: &[&str], doubted: &[&str], fleet: &[Connector]) -> (u32, u32, u32, Vec<String>) {
    let ids: Vec<_> = names.iter().map(ConnectorId::new).collect();
    let doubted: Vec<_> = doubted.iter().map(ConnectorId::new).collect();
    let (bot, environment) = (&fleet[0].bot, &fleet[0].environment);
    let wanted = Wanted { verb, bot, environment, to: None, connectors: &ids, then_start: false };
    let known = Known { connectors: fleet, uncertain: false, doubted: &doubted };
    let plan = Plan::make(&wanted, known, &policy(), Timestamp::UNIX_EPOCH).unwrap();
    let impact = plan.impacts[0].clone();
    (impact.healthy_now, impact.lowest, impact.healthy_after, impact.in_doubt)
}

#[test]
fn p11_nobody_counts_on_a_connector_in_doubt_be_it_a_peer_or_another_turn_of_the_same_plan() {
    let three = [one("b1"), one("b2"), one("b3")];
    let named = |name: &str| vec![three.iter().find(|c| c.id.as_str() == name).unwrap().name.clone()];
    assert_eq!(in_doubt(Verb::Stop, &["b1"], &["b2"], &three), (3, 1, 1, named("b2")), "a peer");
    assert_eq!(in_doubt(Verb::Restart, &["b1", "b2", "b3"], &["b2"], &three), (3, 1, 3, named("b2")), "its own turn");
    assert_eq!(in_doubt(Verb::Restart, &["b1", "b2"], &["b2", "b3"], &three).1, 0, "either, and both");
    assert_eq!(in_doubt(Verb::Stop, &["b2"], &["b2"], &three), (3, 2, 2, Vec::new()), "what is stopped is not counted");
    assert_eq!(
        in_doubt(Verb::Stop, &["b1", "b2"], &["b2"], &three),
        (3, 1, 1, Vec::new()),
        "nor what is stopped beside"
    );
    let dropped = [Connector { agent: AgentStatus::NotConnected, ..one("b1") }, one("b2")];
    assert_eq!(in_doubt(Verb::Restart, &["b1", "b2"], &["b1"], &dropped).1, 0, "it is back, and may go again");
}
