//! P4, as a table: every person × right × place × ownership, made from the enums and the policy, so that none can be missing.

use std::collections::{BTreeMap, BTreeSet};

use botswain::domain::action::Verb;
use botswain::domain::authority::{At, Authority, Grants, Member, OwnGrants, Right};
use botswain::domain::connector::{Bot, Environment};
use botswain::domain::ids::{BotId, ChannelId, Id, RoleId, UserId};
use botswain::domain::incident::{Blind, Blindness, Facts, Failover, Incident, Subject};
use botswain::domain::notice::Call;
use botswain::domain::operation::guiding::Wish;
use botswain::domain::policy::{Policy, Terms};
use botswain::domain::redundancy::Level;
use botswain::domain::request::{Refusal, Request};
use botswain::incidents::{Ask, Handled, MuteAnswer, Refused, ToMute, UnmuteAnswer};
use botswain::operations::{Answer, Asker, Form, FreezeAnswer, FreezeRefused, Guided, Left, Settled, ToFreeze};
use botswain::sandbox::lifecycle::{Deed, FaultKind};
use botswain::store::incidents::Opened;

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
    Asker { interaction: next_interaction(), member, channel: ChannelId(5) }
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
async fn ready(
    verb: Verb,
    environment: &str,
    of: &str,
    second_person: &[Verb],
) -> (Bench, String, Option<&'static str>) {
    let bench = Bench::with(|config| {
        config.authority = authority();
        let terms = Terms { second_person: second_person.to_vec(), ..config.policy.everywhere().clone() };
        config.policy = Policy::new(terms, config.policy.watched.clone(), BTreeMap::new());
    })
    .await;
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
                let (bench, connector, to) = ready(verb, environment, of, &[]).await;
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
                let begun = bench.confirm(&asker(everybody(), 99), &somebodys.id, at(1)).await.unwrap();
                for person in PEOPLE {
                    // Whoever may do what it does says how it goes on, whose ever it is.
                    let places = std::iter::once(environment).chain(to);
                    let lets = places.into_iter().all(|place| lets(person, Right::Change(verb), place, Some(of)));
                    let what = format!("{} guides a {} of {connector} to {to:?}", person.0, verb.word());
                    for user in [1, 99] {
                        let said = bench.operations.guide(&asker(person, user), &begun.id, Wish::Halt, at(1)).await;
                        match said.unwrap() {
                            Guided::Told(Wish::Halt) if lets => {}
                            Guided::Refused(Refusal::Denied { .. }) if !lets => {}
                            other => panic!("{what}: {other:?}"),
                        }
                        match bench.operations.leave_stopped(&asker(person, user), &begun.id, at(1)).await.unwrap() {
                            Left::Otherwise if lets => {}
                            Left::Refused(Refusal::Denied { .. }) if !lets => {}
                            other => panic!("{what}: {other:?}"),
                        }
                        cells += 2;
                    }
                }
            }
        }
    }
    assert_eq!(cells, Verb::ALL.len() * ENVIRONMENTS.len() * BOTS.len() * PEOPLE.len() * 6);
}

/// What needs a second person, asked for by somebody who may, waits for one.
async fn proposed(bench: &Bench, by: &Asker, verb: Verb, connector: &str, to: Option<&str>) -> Request {
    let request = bench.prompt(by, verb, connector, to, at(0)).await;
    let settled =
        bench.operations.confirm_typed(by, &request.id, &request.plan.as_ref().unwrap().bot.name, at(0)).await;
    assert!(matches!(settled, Ok(Settled::Proposed)), "{settled:?}");
    request
}

/// What becomes of what waits when somebody settles it while the fleet cannot be read: whoever may gets as far as that.
fn settled_as(settled: Settled, lets: bool) -> bool {
    match settled {
        Settled::Refused(Refusal::CannotRead { .. }) => lets,
        Settled::Refused(Refusal::Denied { .. }) => !lets,
        _ => false,
    }
}

#[tokio::test]
async fn p4_every_person_agrees_to_what_waits_and_breaks_the_glass_where_the_rules_say() {
    let form = Form { why: "the table".to_owned(), name: String::new() };
    for verb in Verb::ALL.into_iter().filter(|verb| verb.takes_away()) {
        for environment in ENVIRONMENTS {
            for of in BOTS {
                let (bench, connector, to) = ready(verb, environment, of, &Verb::ALL).await;
                for person in PEOPLE {
                    let places = || std::iter::once(environment).chain(to);
                    let lets = |right| places().all(|place| lets(person, right, place, Some(of)));
                    let what = format!("{} {} {connector} to {to:?}", person.0, verb.word());
                    let owner = asker(everybody(), 99);
                    let waits = proposed(&bench, &owner, verb, &connector, to).await;
                    let own = bench.operations.approve(&asker(person, 99), &waits.id, at(1)).await.unwrap();
                    assert!(matches!(own, Settled::Refused(Refusal::OwnRequest)), "{what}: {own:?}");
                    let foreign = bench.operations.break_glass(&asker(person, 1), &waits.id, Some(&form), at(1)).await;
                    assert!(
                        matches!(foreign, Ok(Settled::Refused(Refusal::SomebodyElses { .. }))),
                        "{what}: {foreign:?}"
                    );
                    bench.fleet().add_fault(FaultKind::ServerError { status: 503 });
                    let agreed = bench.operations.approve(&asker(person, 1), &waits.id, at(1)).await.unwrap();
                    let said = format!("{what}: {agreed:?}");
                    assert!(settled_as(agreed, lets(Right::Approve)), "{said}");
                    bench.fleet().clear_faults();
                    let _withdrawn = bench.operations.cancel(&owner, &waits.id, at(1)).await.unwrap();
                    if !lets(Right::Change(verb)) {
                        continue;
                    }
                    let waits = proposed(&bench, &asker(person, 1), verb, &connector, to).await;
                    let form = Form { name: waits.plan.unwrap().bot.name, ..form.clone() };
                    bench.fleet().add_fault(FaultKind::ServerError { status: 503 });
                    let broken = bench.operations.break_glass(&asker(person, 1), &waits.id, Some(&form), at(1)).await;
                    let said = format!("{what}: {broken:?}");
                    assert!(settled_as(broken.unwrap(), lets(Right::BreakGlass)), "{said}");
                    bench.fleet().clear_faults();
                    let _withdrawn = bench.operations.cancel(&asker(person, 1), &waits.id, at(1)).await.unwrap();
                }
                assert_eq!(bench.deeds(), Vec::<String>::new());
            }
        }
    }
}

/// Whether the rules let somebody in an environment and with each bot there.
fn lets_all(person: &(&str, &[u64], Option<bool>), right: Right, environment: &str) -> bool {
    BOTS.map(Some).into_iter().chain([None]).all(|of| lets(person, right, environment, of))
}

#[tokio::test]
async fn p4_every_person_freezes_where_the_rules_say_and_ends_what_somebody_else_froze() {
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
                    let somebodys = bench.operations.freeze(&asker(everybody(), 99), &wish, at(0)).await.unwrap();
                    let FreezeAnswer::On(on) = somebodys else { panic!("{what}: {somebodys:?}") };
                    let over = bench.operations.end_freeze(&asker(person, 1), &on.id, at(0)).await.unwrap();
                    assert!(matches!(over, FreezeAnswer::Over(_)), "{what}");
                }
                FreezeAnswer::Refused(FreezeRefused::Denied(_)) => {
                    assert!(!lets_all(person, Right::Freeze, environment), "{what}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    }
}

/// What may be muted: an environment, a bot there, or a bot wherever it is.
fn scopes() -> Vec<(Option<&'static str>, Option<&'static str>)> {
    let everywhere = BOTS.map(|bot| (None, Some(bot)));
    let places = ENVIRONMENTS
        .into_iter()
        .flat_map(|place| std::iter::once((Some(place), None)).chain(BOTS.map(|bot| (Some(place), Some(bot)))));
    places.chain(everywhere).collect()
}

#[tokio::test]
async fn p4_every_person_mutes_and_unmutes_where_the_rules_say_whose_ever_it_is() {
    let bench = Bench::with(|config| config.authority = authority()).await;
    let title = |of: &str| format!("{}{} Bot", of[..1].to_uppercase(), &of[1..]);
    for person in PEOPLE {
        for (environment, of) in scopes() {
            let what = format!("{} mutes {of:?} in {environment:?}", person.0);
            let lets =
                ENVIRONMENTS.into_iter().filter(|place| environment.is_none_or(|named| named == *place)).all(|place| {
                    of.map_or_else(
                        || lets_all(person, Right::Mute, place),
                        |of| lets(person, Right::Mute, place, Some(of)),
                    )
                });
            let (until, reason) = (Some("2h".to_owned()), Some("the table".to_owned()));
            let wish = ToMute { environment: environment.map(str::to_owned), bot: of.map(title), until, reason };
            for (owner, user) in [(person, 1), (everybody(), 99)] {
                let on = match bench.incidents.mute(&asker(owner, user), &wish, at(0)).await.unwrap() {
                    MuteAnswer::On(on) if user == 99 || lets => on,
                    MuteAnswer::Refused(Refused::Denied(_)) if !lets => continue,
                    other => panic!("{what}: {other:?}"),
                };
                match bench.incidents.end_mute(&asker(person, 1), &on.id, at(0)).await.unwrap() {
                    UnmuteAnswer::Over(_) if lets => {}
                    UnmuteAnswer::Refused(Refused::Denied(_)) if !lets => {
                        let over = bench.incidents.end_mute(&asker(everybody(), 99), &on.id, at(0)).await.unwrap();
                        assert!(matches!(over, UnmuteAnswer::Over(_)), "{what}: {over:?}");
                    }
                    other => panic!("{what}: {other:?}"),
                }
            }
        }
    }
}

/// Opens an incident about this.
async fn open(bench: &Bench, subject: Subject) -> Id {
    let facts = match &subject {
        Subject::Blind => Facts::Blind(Blind {
            since: at(0),
            seen_well_at: None,
            why: "no answer".to_owned(),
            kind: Blindness::Unreachable,
        }),
        _ => Facts::Failover(Failover { level: Level::AtRisk, healthy: 1, total: 2, minimum: 2, lines: Vec::new() }),
    };
    let incident = Incident::new(subject, facts, at(0));
    let opened = bench.store.open_incident(&incident, Call::Card, ChannelId(9), at(0)).await.unwrap();
    assert_eq!(opened, Opened::Now);
    incident.id
}

#[tokio::test]
async fn p4_every_person_acknowledges_and_snoozes_where_the_rules_say_whose_ever_it_is() {
    const ASKS: [(Option<Ask<'_>>, Ask<'_>); 4] = [
        (None, Ask::Acknowledge),
        (Some(Ask::Acknowledge), Ask::GiveBack),
        (None, Ask::Snooze("2h")),
        (Some(Ask::Snooze("2h")), Ask::Unsnooze),
    ];
    let bench = Bench::with(|config| config.authority = authority()).await;
    let mut about = vec![(None, None, open(&bench, Subject::Blind).await)];
    for environment in ENVIRONMENTS {
        for of in BOTS {
            let (bot, place) = (Bot { id: bot(of), name: of.to_owned() }, Environment::new(environment));
            let incident = open(&bench, Subject::Failover { bot, environment: place }).await;
            about.push((Some(environment), Some(of), incident));
        }
    }
    let mut cells = 0;
    for person in PEOPLE {
        for (environment, of, incident) in &about {
            // What is about every environment is open to whoever may in any.
            let lets = ENVIRONMENTS
                .into_iter()
                .filter(|place| environment.is_none_or(|named| named == *place))
                .any(|place| lets(person, Right::Acknowledge, place, *of));
            for (before, ask) in ASKS {
                let owners = [(everybody(), 99), (person, 1)];
                for (owner, user) in owners.into_iter().filter(|(_, user)| *user == 99 || lets) {
                    let handle =
                        async |who: &Asker, ask| bench.incidents.handle(who, incident, ask, at(1)).await.unwrap();
                    let what = format!("{} {ask:?} of {user} on {of:?} in {environment:?}", person.0);
                    if let Some(before) = before {
                        let prepared = handle(&asker(owner, user), before).await;
                        assert!(matches!(prepared, Handled::Done(_)), "{what}: {prepared:?}");
                    }
                    match handle(&asker(person, 1), ask).await {
                        Handled::Done(_) if lets => {}
                        Handled::Refused(Refused::Denied(_)) if !lets => {}
                        other => panic!("{what}: {other:?}"),
                    }
                    // As it was, for the next.
                    for undone in [Ask::GiveBack, Ask::Unsnooze] {
                        let _as_it_was = handle(&asker(everybody(), 99), undone).await;
                    }
                    cells += 1;
                }
            }
        }
    }
    assert!(cells > PEOPLE.len() * about.len() * ASKS.len(), "somebody may");
}
