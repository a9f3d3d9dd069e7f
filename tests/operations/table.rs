//! P4, as a table: every person × right × place × ownership, made from the enums and the policy, so that none can be missing.

use std::collections::BTreeSet;

use botswain::domain::action::Verb;
use botswain::domain::authority::{At, Authority, Grants, Member, OwnGrants, Right};
use botswain::domain::connector::Environment;
use botswain::domain::ids::{BotId, RoleId, UserId};
use botswain::domain::request::Refusal;
use botswain::incidents::{MuteAnswer, Refused, ToMute};
use botswain::operations::{Answer, Asker, FreezeAnswer, FreezeRefused, ToFreeze};
use botswain::sandbox::lifecycle::Deed;

use crate::bench::{Bench, at};

const OPERATORS: u64 = 7;
const OF_PRODUCTION: u64 = 9;
const OF_ORDERS: u64 = 5;
const ON_CALL: u64 = 8;

/// A rule: of which environment and bot, of which right (`None` is each), and whose. No roles are those who manage the server.
type Rule = (Option<&'static str>, Option<&'static str>, Option<Right>, &'static [u64]);

const STOP: Right = Right::Change(Verb::Stop);
const START: Right = Right::Change(Verb::Start);

/// The policy. Where several rules could hold it is the nearest, and of one place the one that names the right.
const RULES: &[Rule] = &[
    (None, None, None, &[OPERATORS]),
    (None, None, Some(Right::Mute), &[OPERATORS, ON_CALL]),
    (None, None, Some(Right::BreakGlass), &[ON_CALL]),
    (Some("demo"), Some("billing"), Some(Right::BreakGlass), &[OPERATORS, ON_CALL]),
    (Some("production"), None, None, &[OF_PRODUCTION]),
    (Some("production"), None, Some(Right::Acknowledge), &[OF_PRODUCTION, ON_CALL]),
    (Some("production"), None, Some(START), &[OF_PRODUCTION, OPERATORS]),
    (Some("production"), Some("orders"), Some(STOP), &[OF_ORDERS]),
    (Some("production"), Some("orders"), Some(START), &[OF_ORDERS, OPERATORS, OF_PRODUCTION]),
    (Some("demo"), None, None, &[]),
];

/// Everybody who may come: their roles, and whether they manage the server as far as Discord says.
const PEOPLE: &[(&str, &[u64], Option<bool>)] = &[
    ("a stranger", &[], Some(false)),
    ("of whom nothing is known", &[], None),
    ("who manages the server", &[], Some(true)),
    ("on call", &[ON_CALL], Some(false)),
    ("an operator", &[OPERATORS], Some(false)),
    ("of production", &[OF_PRODUCTION], Some(false)),
    ("of the Orders Bot", &[OF_ORDERS], Some(false)),
    ("an operator who manages the server", &[OPERATORS], Some(true)),
    ("who has every role", &[ON_CALL, OPERATORS, OF_PRODUCTION, OF_ORDERS], Some(true)),
];

const ENVIRONMENTS: [&str; 2] = ["production", "demo"];
const BOTS: [&str; 2] = ["billing", "orders"];

fn bot(name: &str) -> BotId {
    BotId::new(format!("bot-{name}"))
}

fn roles(ids: &[u64]) -> Vec<RoleId> {
    ids.iter().map(|id| RoleId(*id)).collect()
}

/// The rules as the settings would say them.
fn authority() -> Authority {
    let mut authority = Authority::default();
    for (environment, of, right, ids) in RULES {
        let grants = match environment {
            None => &mut authority.everywhere,
            Some(name) => {
                let own: &mut OwnGrants = authority.places.entry(Environment::new(name)).or_default();
                of.map_or(&mut own.all, |of| own.bots.entry(bot(of)).or_default())
            }
        };
        let Grants { operators, by_right } = grants;
        match right {
            None => *operators = Some(roles(ids)),
            Some(right) => drop(by_right.insert(*right, roles(ids))),
        }
    }
    authority
}

/// Whether the rules let somebody, by a way of its own: the rule that says most about what is asked is the one that holds.
fn lets(person: &(&str, &[u64], Option<bool>), right: Right, environment: &str, of: Option<&str>) -> bool {
    let fits = |rule: &&Rule| {
        rule.0.is_none_or(|place| place == environment)
            && rule.1.is_none_or(|bot| Some(bot) == of)
            && rule.2.map_or(right != Right::BreakGlass, |named| named == right)
    };
    let says = |rule: &&Rule| (rule.0.is_some(), rule.1.is_some(), rule.2.is_some());
    let (.., ids) = RULES.iter().filter(fits).max_by_key(says).unwrap();
    let (_, theirs, manages) = person;
    if ids.is_empty() { *manages == Some(true) } else { theirs.iter().any(|role| ids.contains(role)) }
}

fn member((name, ids, manages): &(&str, &[u64], Option<bool>)) -> Member {
    Member { id: UserId(1), name: (*name).to_owned(), roles: roles(ids), manages_guild: *manages }
}

fn asker(person: &(&str, &[u64], Option<bool>), user: u64) -> Asker {
    let member = Member { id: UserId(user), ..member(person) };
    Asker { interaction: next_interaction(), member, channel: botswain::domain::ids::ChannelId(5) }
}

/// An interaction's id that no other in this test has.
fn next_interaction() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1_000_000);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn everybody() -> &'static (&'static str, &'static [u64], Option<bool>) {
    PEOPLE.last().unwrap()
}

#[test]
fn p4_every_person_right_and_place_is_judged_as_the_rules_say() {
    let authority = authority();
    assert_eq!(authority.stranding(), [], "whoever may stop may start");
    let (mut cells, mut may) = (0, BTreeSet::new());
    for person in PEOPLE {
        for right in Right::all() {
            for environment in ENVIRONMENTS {
                let place = Environment::new(environment);
                for of in BOTS.map(Some).into_iter().chain([None]) {
                    let id = of.map(bot);
                    let at = At { environment: &place, bot: id.as_ref() };
                    let (judged, lets) =
                        (authority.judge(&member(person), right, [at]), lets(person, right, environment, of));
                    assert_eq!(judged.is_ok(), lets, "{} {right:?} {of:?} in {environment}: {judged:?}", person.0);
                    cells += 1;
                    if lets {
                        may.insert((right, environment, of));
                    }
                }
            }
        }
    }
    let rights = Right::all().count();
    assert_eq!(cells, PEOPLE.len() * rights * ENVIRONMENTS.len() * (BOTS.len() + 1));
    assert_eq!(may.len(), rights * ENVIRONMENTS.len() * (BOTS.len() + 1), "for each there is somebody who may");
}

/// A connector of this bot in this environment, in a state that allows the verb; and where it could go.
async fn ready(verb: Verb, environment: &str, of: &str) -> (Bench, String, Option<&'static str>) {
    let bench = Bench::with(|config| config.authority = authority()).await;
    let connector = match environment {
        "demo" => format!("{of}-demo-1"),
        _ => format!("{of}-1"),
    };
    let (deed, to) = match verb {
        Verb::Start => (Deed::StopElsewhere, None),
        Verb::Stop | Verb::Restart => (Deed::Recover, None),
        Verb::Redeploy => (Deed::Recover, ENVIRONMENTS.into_iter().find(|other| *other != environment)),
    };
    bench.fleet().do_to(&connector, deed).unwrap();
    bench.fleet().step(600_000);
    bench.look(at(0)).await;
    (bench, connector, to)
}

#[tokio::test]
async fn p4_every_person_verb_place_and_ownership_gets_what_the_rules_say_at_the_prompt_and_at_the_click() {
    let mut cells = 0;
    for verb in Verb::ALL {
        for environment in ENVIRONMENTS {
            for of in BOTS {
                let (bench, connector, to) = ready(verb, environment, of).await;
                let somebodys = bench.prompt(&asker(everybody(), 99), verb, &connector, to, at(0)).await;
                for person in PEOPLE {
                    let right = Right::Change(verb);
                    let places = std::iter::once(environment).chain(to);
                    let lets = places.into_iter().all(|place| lets(person, right, place, Some(of)));
                    let what = format!("{} {} {connector} to {to:?}", person.0, verb.word());
                    // Somebody else's is nobody's to settle.
                    let refused = bench.confirm(&asker(person, 1), &somebodys.id, at(0)).await;
                    assert!(matches!(refused, Err(Refusal::SomebodyElses { .. })), "{what}: {refused:?}");
                    // Their own is what the rules say, when it is asked and once more when it is confirmed.
                    let own = bench.ask(&asker(person, 1), verb, &connector, to, at(0)).await;
                    match own {
                        Answer::Confirm(request) if lets => {
                            let lost = asker(&("without roles", &[], Some(false)), 1);
                            let refused = bench.confirm(&lost, &request.id, at(0)).await;
                            assert!(matches!(refused, Err(Refusal::Denied { .. })), "{what}: {refused:?}");
                        }
                        Answer::Refused(Refusal::Denied { .. }) if !lets => {}
                        other => panic!("{what}: {other:?}"),
                    }
                    cells += 2;
                }
                assert_eq!(bench.deeds(), Vec::<String>::new());
                bench.confirm(&asker(everybody(), 99), &somebodys.id, at(1)).await.unwrap();
            }
        }
    }
    assert_eq!(cells, Verb::ALL.len() * ENVIRONMENTS.len() * BOTS.len() * PEOPLE.len() * 2);
}

/// Whether the rules let somebody in an environment and with each bot there.
fn lets_all(person: &(&str, &[u64], Option<bool>), right: Right, environment: &str) -> bool {
    BOTS.map(Some).into_iter().chain([None]).all(|of| lets(person, right, environment, of))
}

#[tokio::test]
async fn p4_every_person_freezes_and_mutes_where_the_rules_say() {
    let bench = Bench::with(|config| config.authority = authority()).await;
    for person in PEOPLE {
        for environment in ENVIRONMENTS {
            let what = format!("{} in {environment}", person.0);
            let named = || Some(environment.to_owned());
            let (until, reason) = (Some("2h".to_owned()), Some("the table".to_owned()));
            let wish = ToFreeze { environment: named(), until: until.clone(), reason: reason.clone() };
            match bench.operations.freeze(&asker(person, 1), &wish, at(0)).await.unwrap() {
                FreezeAnswer::On(on) => {
                    assert!(lets_all(person, Right::Freeze, environment), "{what}");
                    let stranger = asker(&PEOPLE[0], 2);
                    let refused = bench.operations.end_freeze(&stranger, &on.id, at(0)).await.unwrap();
                    assert!(matches!(refused, FreezeAnswer::Refused(FreezeRefused::Denied(_))), "{what}");
                    let over = bench.operations.end_freeze(&asker(person, 1), &on.id, at(0)).await.unwrap();
                    assert!(matches!(over, FreezeAnswer::Over(_)), "{what}");
                }
                FreezeAnswer::Refused(FreezeRefused::Denied(_)) => {
                    assert!(!lets_all(person, Right::Freeze, environment), "{what}");
                }
                other => panic!("{what}: {other:?}"),
            }
            let wish = ToMute { environment: named(), bot: None, until, reason };
            match bench.incidents.mute(&asker(person, 1), &wish, at(0)).await.unwrap() {
                MuteAnswer::On(on) => {
                    assert!(lets_all(person, Right::Mute, environment), "{what}");
                    let _over = bench.incidents.end_mute(&asker(person, 1), &on.id, at(0)).await.unwrap();
                }
                MuteAnswer::Refused(Refused::Denied(_)) => {
                    assert!(!lets_all(person, Right::Mute, environment), "{what}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    }
}
