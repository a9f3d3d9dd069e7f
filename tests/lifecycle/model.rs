//! The fleet model, stepped: the courses of operations, and what holds whatever happens.
use std::collections::{HashMap, HashSet};

use botswain::lifecycle::contract::{Action, Connector, Event, NewOperation, OperationState, ProblemKind};
use botswain::sandbox::lifecycle::model::{IfMatch, Model, Settings};
use botswain::sandbox::lifecycle::seed::{healthy, idle};
use botswain::sandbox::lifecycle::{Deed, Patch, Timings, Trouble};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn settings(seed: u64) -> Settings {
    Settings {
        start_ms: 1_790_000_000_000,
        seed,
        timings: Timings::default(),
        failure_rate: 0.0,
        drift_every: Some(20_000),
        happenings_every: None,
        environments: vec!["Production".to_owned(), "Demo".to_owned()],
    }
}

fn fleet() -> Vec<(Connector, Option<Trouble>)> {
    vec![
        (healthy("a", "A Bot", "Production"), None),
        (idle("b", "B Bot", "Production", "Stopped"), None),
        (idle("c", "C Bot", "Demo", "Ready to Start"), None),
    ]
}

fn model() -> Model {
    Model::new(settings(1), fleet(), false)
}

fn ask(action: Action, to: Option<&str>) -> NewOperation {
    let requested_by = "olga".to_owned();
    let reason = None;
    match action {
        Action::Start => NewOperation::Start { requested_by, reason },
        Action::Stop => NewOperation::Stop { requested_by, reason },
        Action::Redeploy => NewOperation::Redeploy { target_environment: to.unwrap().to_owned(), requested_by, reason },
    }
}

fn accepted(model: &mut Model, id: &str, key: &str, new: NewOperation) -> String {
    model.begin(id, key, None, new).outcome.unwrap().id
}

fn step(model: &mut Model, ms: i64) {
    model.advance(model.now() + ms);
}

fn statuses(model: &Model, id: &str) -> [String; 3] {
    let c = model.connector(id).unwrap();
    [c.agent.clone(), c.conversational_cloud.clone(), c.bot_server.clone()]
}

#[test]
fn a_start_goes_through_not_connected_and_online_alone_before_it_works() {
    let mut model = model();
    let operation = accepted(&mut model, "b", "k", ask(Action::Start, None));
    assert_eq!(statuses(&model, "b"), ["Stopped", "Not Connected", "Not Connected"]);
    step(&mut model, 200);
    assert_eq!(statuses(&model, "b"), ["Not Connected", "Not Connected", "Not Connected"]);
    assert_eq!(model.operation(&operation).unwrap().state, "running");
    step(&mut model, 2_799);
    assert_eq!(model.operation(&operation).unwrap().state, "running");
    step(&mut model, 1);
    assert_eq!(statuses(&model, "b"), ["Online", "Not Connected", "Connected"]);
    assert_eq!(model.operation(&operation).unwrap().state, "succeeded");
    step(&mut model, 2_999);
    assert_eq!(statuses(&model, "b")[1], "Not Connected");
    step(&mut model, 1);
    assert_eq!(statuses(&model, "b"), ["Online", "Connected", "Connected"]);
    let since = model.connector("b").unwrap().since_ms;
    assert_eq!(since, model.now() - 3_000, "since it is Online");
}

#[test]
fn a_ready_connector_can_be_started_and_not_redeployed() {
    let mut model = model();
    let refused = model.begin("c", "k", None, ask(Action::Redeploy, Some("Production")));
    assert_eq!(refused.outcome.unwrap_err().kind(), Some(ProblemKind::NotStopped));
    accepted(&mut model, "c", "k2", ask(Action::Start, None));
    step(&mut model, 10_000);
    assert_eq!(statuses(&model, "c"), ["Online", "Connected", "Connected"]);
}

#[test]
fn a_stop_leaves_its_conversations_waiting_for_the_next_start() {
    let mut model = model();
    accepted(&mut model, "a", "k", ask(Action::Stop, None));
    step(&mut model, 1_000);
    assert_eq!(statuses(&model, "a"), ["Stopped", "Not Connected", "Not Connected"]);
    assert_eq!(model.connector("a").unwrap().conversations, Some(20));
    accepted(&mut model, "a", "k2", ask(Action::Start, None));
    step(&mut model, 6_000);
    assert_eq!(model.connector("a").unwrap().conversations, Some(20));
}

#[test]
fn a_redeploy_leaves_it_stopped_in_the_other_environment() {
    let mut model = model();
    let revision = model.connector("b").unwrap().revision.clone();
    accepted(&mut model, "b", "k", ask(Action::Redeploy, Some("demo")));
    step(&mut model, 999);
    assert_eq!(model.connector("b").unwrap().environment, "Production");
    assert_eq!(model.connector("b").unwrap().revision, revision);
    step(&mut model, 1);
    let moved = model.connector("b").unwrap();
    assert_eq!((moved.environment.as_str(), moved.agent.as_str()), ("Demo", "Stopped"));
    assert_ne!(moved.revision, revision);
    assert_eq!(moved.last_operation.as_ref().unwrap().what, "Redeployed");
}

#[test]
fn a_start_that_never_comes_up_is_given_up_and_left_not_connected() {
    let mut model = model();
    model.do_to("b", Deed::NeverComesUp { on: true }.into()).unwrap();
    let operation = accepted(&mut model, "b", "k", ask(Action::Start, None));
    step(&mut model, 179_999);
    assert_eq!(model.operation(&operation).unwrap().state, "running");
    step(&mut model, 1);
    let failed = model.operation(&operation).unwrap();
    assert_eq!(failed.state, "failed");
    assert_eq!(failed.problem.as_ref().unwrap().kind(), Some(ProblemKind::StartTimedOut));
    assert_eq!(statuses(&model, "b")[0], "Not Connected");
    // Stop it, mend it, start it.
    accepted(&mut model, "b", "k2", ask(Action::Stop, None));
    step(&mut model, 1_000);
    model.do_to("b", Deed::NeverComesUp { on: false }.into()).unwrap();
    accepted(&mut model, "b", "k3", ask(Action::Start, None));
    step(&mut model, 6_000);
    assert_eq!(statuses(&model, "b"), ["Online", "Connected", "Connected"]);
}

#[test]
fn a_start_may_be_refused_or_stay_without_conversational_cloud() {
    let mut model = model();
    model.do_to("b", Deed::StartRefused { on: true }.into()).unwrap();
    model.do_to("c", Deed::NeverConnects { on: true }.into()).unwrap();
    let refused = accepted(&mut model, "b", "k", ask(Action::Start, None));
    let alone = accepted(&mut model, "c", "k2", ask(Action::Start, None));
    step(&mut model, 600_000);
    let problem = model.operation(&refused).unwrap().problem.clone().unwrap();
    assert_eq!(problem.kind(), Some(ProblemKind::AgentRefused));
    assert_eq!(statuses(&model, "b")[0], "Not Connected");
    assert_eq!(model.operation(&alone).unwrap().state, "succeeded");
    assert_eq!(statuses(&model, "c"), ["Online", "Not Connected", "Connected"]);
}

#[test]
fn a_change_from_elsewhere_ends_the_operation_under_way() {
    let mut model = model();
    let operation = accepted(&mut model, "b", "k", ask(Action::Start, None));
    step(&mut model, 500);
    model.do_to("b", Deed::StopElsewhere.into()).unwrap();
    let failed = model.operation(&operation).unwrap().clone();
    assert_eq!(failed.problem.unwrap().kind(), Some(ProblemKind::Superseded));
    assert_eq!(model.connector("b").unwrap().operation_id, None);
    step(&mut model, 600_000);
    assert_eq!(statuses(&model, "b")[0], "Stopped", "nothing of the start comes after");
    // Its load is nobody's business.
    let operation = accepted(&mut model, "b", "k2", ask(Action::Start, None));
    let load = Patch { conversations: Some(Some(3)), ..Patch::default() };
    model.do_to("b", Deed::Set(Box::new(load)).into()).unwrap();
    step(&mut model, 10_000);
    assert_eq!(model.operation(&operation).unwrap().state, "succeeded");
}

#[test]
fn a_start_from_elsewhere_takes_its_time() {
    let mut model = model();
    model.do_to("b", Deed::StartElsewhere.into()).unwrap();
    assert_eq!(statuses(&model, "b")[0], "Not Connected");
    let last = model.connector("b").unwrap().last_operation.clone().unwrap();
    assert_eq!(last.by.as_deref(), Some("somebody in Bots Status"));
    step(&mut model, 10_000);
    assert_eq!(statuses(&model, "b"), ["Online", "Connected", "Connected"]);
    assert!(model.carried().is_empty(), "nobody asked us for it");
}

#[test]
fn p3_a_key_is_kept_a_day() {
    let mut model = model();
    let operation = accepted(&mut model, "a", "k", ask(Action::Stop, None));
    step(&mut model, 24 * 3_600_000);
    let again = model.begin("a", "k", None, ask(Action::Stop, None));
    assert!(again.replayed);
    assert_eq!(again.outcome.unwrap().id, operation);
    assert_eq!(model.carried().len(), 1);
}

#[test]
fn the_same_seed_gives_the_same_life() {
    let live = |seed| {
        let lively = Settings { failure_rate: 0.4, happenings_every: Some(30_000), ..settings(seed) };
        let mut model = Model::new(lively, fleet(), true);
        accepted(&mut model, "b", "k", ask(Action::Start, None));
        step(&mut model, 600_000);
        model.events_after(0).1
    };
    assert_eq!(live(7), live(7));
    assert_ne!(live(7), live(8));
}

#[derive(Debug, Clone)]
enum Move {
    Begin { connector: usize, key: usize, action: usize, to: usize, revision: Option<usize> },
    Step(i64),
    Do { connector: usize, deed: usize },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let begin = (0..4_usize, 0..8_usize, 0..3_usize, 0..3_usize, proptest::option::of(0..4_usize));
    let one = prop_oneof![
        4 => begin.prop_map(|(connector, key, action, to, revision)| Move::Begin {
            connector, key, action, to, revision
        }),
        4 => prop_oneof![0..300_i64, 300..4_000_i64, 100_000..400_000_i64].prop_map(Move::Step),
        2 => (0..3_usize, 0..13_usize).prop_map(|(connector, deed)| Move::Do { connector, deed }),
    ];
    proptest::collection::vec(one, 1..60)
}

fn deed(n: usize) -> Deed {
    let set = |agent: &str| Deed::Set(Box::new(Patch { agent: Some(agent.to_owned()), ..Patch::default() }));
    match n {
        0 => Deed::Drop,
        1 => Deed::Recover,
        2 => Deed::DisconnectCloud,
        3 => Deed::DisconnectBotServer,
        4 => Deed::StopElsewhere,
        5 => Deed::StartElsewhere,
        6 => Deed::NeverComesUp { on: true },
        7 => Deed::NeverComesUp { on: false },
        8 => Deed::StartRefused { on: true },
        9 => set("Updating"),
        10 => set("Stopped"),
        11 => Deed::Vanish,
        _ => Deed::Return,
    }
}

/// What a revision stands for, written down a second time.
fn configuration(c: &Connector) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        [&c.agent, &c.conversational_cloud, &c.bot_server].map(Clone::clone),
        [&c.name, &c.bot.id, &c.bot.name, &c.environment].map(Clone::clone),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn p3_no_key_acts_twice_and_its_answer_never_changes(moves in moves(), seed: u64, lively: bool) {
        let ids = ["a", "b", "c", "nobody"];
        let settings = Settings { failure_rate: 0.2, ..settings(seed) };
        let mut model = Model::new(settings, fleet(), lively);
        let mut answers = HashMap::new();
        let mut last: HashMap<String, Connector> =
            model.connectors().map(|c| (c.id.clone(), c.clone())).collect();
        let mut read = 0;
        for one in moves {
            match one {
                Move::Begin { connector, key, action, to, revision } => {
                    let id = ids[connector];
                    let action = [Action::Start, Action::Stop, Action::Redeploy][action];
                    let to = (action == Action::Redeploy)
                        .then(|| ["Production", "Demo", "Nowhere"][to]);
                    let if_match = revision.map(|n| IfMatch::Revisions(vec![format!("r{n}")]));
                    let before = model.connector(id).cloned();
                    let count = model.carried().len();
                    let answer = model.begin(id, &format!("k{key}"), if_match.as_ref(), ask(action, to));
                    let first = answers.entry(key).or_insert_with(|| (id, action, to, answer.outcome.clone()));
                    let outcome = match &answer.outcome {
                        Ok(operation) => Ok(operation.id.clone()),
                        Err(problem) => Err(problem.type_uri.clone()),
                    };
                    if (first.0, first.1, first.2) == (id, action, to) {
                        let before = first.3.as_ref().map(|o| o.id.clone()).map_err(|p| p.type_uri.clone());
                        prop_assert_eq!(&outcome, &before);
                    } else {
                        prop_assert_eq!(outcome.as_ref().unwrap_err(), &ProblemKind::IdempotencyKeyReused.type_uri());
                    }
                    prop_assert_eq!(model.carried().len() - count, usize::from(outcome.is_ok() && !answer.replayed));
                    if outcome.is_ok() && !answer.replayed {
                        let before = before.unwrap();
                        prop_assert_eq!(&before.operation_id, &None, "one operation at a time");
                        let idle = ["Stopped", "Ready to Start"].contains(&before.agent.as_str());
                        match action {
                            Action::Start => prop_assert!(idle),
                            Action::Stop => prop_assert!(!idle),
                            Action::Redeploy => prop_assert_eq!(&before.agent, "Stopped"),
                        }
                        if let Some(IfMatch::Revisions(wanted)) = if_match {
                            prop_assert!(wanted.contains(&before.revision));
                        }
                    }
                }
                Move::Step(ms) => step(&mut model, ms),
                Move::Do { connector, deed: n } => model.do_to(ids[connector], deed(n).into()).unwrap(),
            }
            let (missing, events) = model.events_after(read);
            prop_assert!(!missing);
            for (n, event) in events {
                prop_assert_eq!(n, read + 1);
                read = n;
                match event {
                    // What is done to it while it is gone, nobody sees.
                    Event::ConnectorRemoved { connector_id } => {
                        prop_assert!(last.remove(&connector_id).is_some());
                    }
                    Event::ConnectorChanged { connector } => {
                        if let Some(before) = last.insert(connector.id.clone(), (*connector).clone()) {
                            let same = configuration(&before) == configuration(&connector);
                            prop_assert_eq!(
                                same, before.revision == connector.revision,
                                "the revision moves exactly with state and configuration: {:?} {:?}", before, connector
                            );
                        }
                    }
                    Event::OperationChanged { .. } | Event::Reset {} => {}
                }
            }
        }
        let keys: HashSet<_> = model.carried().iter().map(|carried| carried.key.clone()).collect();
        prop_assert_eq!(keys.len(), model.carried().len());
        step(&mut model, 600_000);
        for carried in model.carried() {
            let operation = model.operation(&carried.operation).unwrap();
            let state = OperationState::parse(&operation.state).unwrap();
            prop_assert!(state.is_over(), "{:?} is still {:?}", operation, state);
            prop_assert_eq!(operation.problem.is_some(), state == OperationState::Failed);
        }
        prop_assert!(model.connectors().all(|c| c.operation_id.is_none()));
    }
}
