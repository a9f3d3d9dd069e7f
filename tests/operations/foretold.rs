//! What a plan foretells is what then happens: random fleets, random plans, nobody else at work. `SEED` replays a run.

use std::collections::BTreeMap;

use botswain::domain::action::Verb;
use botswain::domain::connector::Environment;
use botswain::domain::operation::Outcome;
use botswain::domain::request::Request;
use botswain::operations::{Answer, Part, Said, Stepped};
use botswain::sandbox::lifecycle::FleetSeed;
use botswain::sandbox::lifecycle::seed::{healthy, idle};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{RngExt as _, SeedableRng as _};

use crate::bench::{Bench, at};

const BOTS: usize = 120;
const ENVIRONMENTS: [&str; 2] = ["Production", "Demo"];
/// How long one operation may take, in seconds.
const LONG: i64 = 900;

/// One to five connectors of a bot, here and there, in any condition.
fn connectors_of(bot: usize, rng: &mut StdRng) -> Vec<botswain::lifecycle::contract::Connector> {
    let name = format!("Bot {bot:03}");
    let count = rng.random_range(1..=5);
    let one = |n: usize| {
        let (id, place) = (format!("c-{bot:03}-{n}"), *ENVIRONMENTS.choose(rng).unwrap());
        match rng.random_range(0..10) {
            0..6 => healthy(&id, &name, place),
            6 | 7 => idle(&id, &name, place, "Stopped"),
            8 => idle(&id, &name, place, "Not Connected"),
            _ => {
                let mut odd = healthy(&id, &name, place);
                odd.conversational_cloud = "Not Connected".to_owned();
                odd
            }
        }
    };
    (0..count).map(one).collect()
}

/// Healthy connectors of a bot in each environment, as the simulator has them.
fn counts(bench: &Bench, bot: &str) -> BTreeMap<Environment, u32> {
    let mut counts: BTreeMap<_, u32> = ENVIRONMENTS.iter().map(|name| (Environment::new(name), 0)).collect();
    for connector in bench.fleet().state().connectors.into_iter().map(|panel| panel.connector) {
        let works = connector.agent == "Online"
            && connector.conversational_cloud == "Connected"
            && connector.bot_server == "Connected";
        if connector.bot.name == bot && works {
            *counts.entry(Environment::new(&connector.environment)).or_default() += 1;
        }
    }
    counts
}

/// Asks for something that can be done to this bot: any number of connectors from the menu, where there is one.
async fn ask(bench: &Bench, bot: &str, rng: &mut StdRng, second: i64) -> Option<Request> {
    let verb = *Verb::ALL.choose(rng).unwrap();
    let said = Said { bot: Some(bot.to_owned()), ..Said::default() };
    let olga = bench.olga();
    let mut answer = bench.operations.ask(&olga, verb, said, at(second)).await.unwrap();
    loop {
        let menu = match answer {
            Answer::Choose(menu) => menu,
            Answer::Confirm(request) => return Some(request),
            Answer::Refused(_) => return None,
            Answer::Begun(operation) => panic!("begun without a question: {operation:?}"),
        };
        let mut values: Vec<_> = menu.choices.iter().map(|choice| choice.value.clone()).collect();
        values.shuffle(rng);
        let most = if menu.part == Part::Connector && verb.takes_several() { values.len() } else { 1 };
        values.truncate(rng.random_range(1..=most));
        let chosen = bench.operations.choose(&olga, &menu.request.id, menu.part, &values, at(second));
        answer = chosen.await.unwrap();
    }
}

#[tokio::test]
async fn p11_the_lowest_count_that_a_plan_foretells_is_the_lowest_that_the_fleet_then_has() {
    let seed = std::env::var("SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let fleet = (0..BOTS).flat_map(|bot| connectors_of(bot, &mut rng)).collect();
    let bench = Bench::of(FleetSeed::Connectors(fleet), |_| {}).await;
    let mut kinds = BTreeMap::<_, u32>::new();
    let mut second = 0;
    for bot in 0..BOTS {
        let bot = format!("Bot {bot:03}");
        bench.look(at(second)).await;
        let Some(request) = ask(&bench, &bot, &mut rng, second).await else { continue };
        let plan = request.plan.clone().unwrap();
        assert_eq!(plan.bot.name, bot, "SEED={seed}");
        let now = counts(&bench, &bot);
        let operation = bench.confirm(&bench.olga(), &request.id, at(second)).await.unwrap();
        let (mut lowest, end) = (now.clone(), second + LONG);
        let over = loop {
            while bench.runner.step(at(second)).await.unwrap() == Stepped::Worked {}
            let after = counts(&bench, &bot);
            lowest.iter_mut().for_each(|(place, lowest)| *lowest = (*lowest).min(after[place]));
            let operation = bench.operation(&operation.id).await;
            if operation.is_over() {
                break operation;
            }
            assert!(second < end, "SEED={seed}: never over: {operation:#?}");
            // Four looks a second, so that no state of the fleet is passed over.
            for _ in 0..4 {
                bench.fleet().step(250);
                let between = counts(&bench, &bot);
                lowest.iter_mut().for_each(|(place, lowest)| *lowest = (*lowest).min(between[place]));
            }
            second += 1;
        };
        assert_eq!(over.ended.as_ref().unwrap().outcome, Outcome::Done, "SEED={seed}: {over:#?}");
        let after = counts(&bench, &bot);
        for impact in &plan.impacts {
            let place = &impact.environment;
            let foretold = (impact.healthy_now, impact.lowest, impact.healthy_after);
            assert_eq!((now[place], lowest[place], after[place]), foretold, "SEED={seed}: {place}: {plan:#?}");
        }
        *kinds.entry((plan.verb, plan.connectors.len().min(2))).or_default() += 1;
        // So long that nobody is told to slow down.
        second += 900;
    }
    assert!(kinds.len() >= 5, "of each verb, for one and for several: {kinds:?}");
}
