//! The gallery's actions: what is asked before a change, how it goes on, how it ends, and why it may not be.

use std::time::Duration;

use super::Exhibit;
use super::sample::{MINUTE, Sample, bot, demo, production};
use crate::discord::render::{modal, operation, prompt, refusal};
use crate::domain::action::{CannotDo, Verb};
use crate::domain::authority::{Denied, Right};
use crate::domain::connector::{AgentStatus, Condition, Connector, Environment, LastOperation, Link};
use crate::domain::glass::Glass;
use crate::domain::ids::Id;
use crate::domain::notice::Notice;
use crate::domain::operation::guiding::{Guidance, Meddling, Obstacle, Pause, Wish};
use crate::domain::operation::{Ended, Operation, Outcome, Seen, StepFailure, StepState};
use crate::domain::pace::{TooMany, Whose};
use crate::domain::plan::{Drift, Impact, Known, Plan, Wanted};
use crate::domain::progress::{Progress, Usual};
use crate::domain::request::{Refusal, Request, RequestState};
use crate::domain::setup::Permission;
use crate::operations::{Choice, Menu, Part};

impl Sample<'_> {
    /// What Olga asks, thirty seconds ago, of those of the fleet that have these names.
    fn asked(&self, verb: Verb, names: &[&str], to: Option<Environment>) -> (Request, Plan) {
        let fleet = self.fleet();
        let chosen: Vec<_> = fleet.iter().filter(|one| names.contains(&one.name.as_str())).collect();
        let bot = chosen.first().map_or_else(|| bot("Billing Bot"), |one| one.bot.clone());
        let connectors: Vec<_> = chosen.iter().map(|one| one.id.clone()).collect();
        let peers: Vec<Connector> = fleet.iter().filter(|one| one.bot == bot).cloned().collect();
        let environment = production();
        let wanted = Wanted {
            verb,
            bot: &bot,
            environment: &environment,
            to: to.as_ref(),
            connectors: &connectors,
            then_start: false,
        };
        let known = Known { connectors: &peers, uncertain: false, doubted: &[] };
        let nothing = |_| Plan {
            verb,
            bot: bot.clone(),
            environment: environment.clone(),
            to: to.clone(),
            connectors: Vec::new(),
            impacts: Vec::new(),
        };
        let plan = Plan::make(&wanted, known, &self.policy(), self.now).unwrap_or_else(nothing);
        let reason = (verb == Verb::Stop).then(|| "new configuration".to_owned());
        let ttl = Duration::from_secs(120);
        let mut request = Request::new(self.cast.olga.clone(), verb, reason, self.cast.channel, ttl, self.ago(30));
        request.plan = Some(plan.clone());
        request.state = RequestState::Asked;
        (request, plan)
    }

    fn prompt(&self, name: &str, verb: Verb, connectors: &[&str], to: Option<Environment>) -> Exhibit {
        let (request, plan) = self.asked(verb, connectors, to);
        Exhibit::private(name, &prompt::confirmation(&request, &plan))
    }

    /// An operation whose steps stand like this, the first one first; the rest wait.
    pub(super) fn operation(
        &self,
        verb: Verb,
        names: &[&str],
        to: Option<Environment>,
        states: Vec<StepState>,
    ) -> Operation {
        let (request, plan) = self.asked(verb, names, to);
        let mut operation = Operation::new(&request, &plan, &[], self.ago(2 * MINUTE));
        for (step, state) in operation.steps.iter_mut().zip(states) {
            step.began_at = Some(self.ago(100));
            step.ended_at = (state == StepState::Done).then(|| self.ago(20));
            step.state = state;
        }
        operation
    }

    fn ended(&self, operation: Operation, outcome: Outcome) -> Operation {
        Operation { ended: Some(Ended { at: self.ago(10), outcome }), ..operation }
    }
}

fn seen(agent: AgentStatus, cloud: Link) -> Seen {
    Seen { agent, conversational_cloud: cloud, bot_server: Link::Connected, environment: production() }
}

/// Its connector was seen like this.
fn see(operation: &mut Operation, seen: Seen) {
    operation.saw(0, seen);
}

/// What is asked before anything is done.
pub(super) fn prompts(of: &Sample<'_>) -> Vec<Exhibit> {
    let menu = |name: &str, part, choices: Vec<Choice>| {
        let (request, _) = of.asked(Verb::Stop, &["billing-1"], None);
        Exhibit::private(name, &prompt::menu(&Menu { request, part, choices }, 0))
    };
    let choice = |label: &str, description: &str| Choice {
        value: label.to_lowercase().replace(' ', "-"),
        label: label.to_owned(),
        description: description.to_owned(),
    };
    let (request, plan) = of.asked(Verb::Stop, &["billing-1"], None);
    let typed = modal::confirm(&request.id, &plan, &plan.bot.name);
    let many = (1..=60).map(|n| choice(&format!("Fleet {n:03} Bot"), "2 of 2 healthy, 2 wanted")).collect();
    let waits = |name: &str, state| {
        let (request, _) = of.asked(Verb::Stop, &["orders-1"], None);
        let approved_by = (state == RequestState::Confirmed).then(|| of.cast.otto.clone());
        let expires_at = of.hence(29 * MINUTE);
        let second_person = Some(vec![of.cast.operators]);
        let request = Request { second_person, approved_by, state, expires_at, ..request };
        Exhibit::public(name, of.said(&Notice::Approval { request }))
    };
    let settled = |name: &str, state| Exhibit::private(name, &prompt::settled(state, of.cast.channel, &Id::random()));
    vec![
        menu(
            "Which environment?",
            Part::Environment,
            vec![choice("Demo", "1 of 3 connectors healthy"), choice("Production", "7 of 10 connectors healthy")],
        ),
        menu("Which bot, of many?", Part::Bot, many),
        menu(
            "Which connector?",
            Part::Connector,
            vec![choice("billing-1", "Online, 18 conversations"), choice("billing-2", "Stopped")],
        ),
        of.prompt("Stop, and some are left", Verb::Stop, &["orders-1"], None),
        of.prompt("Stop, and nothing is left", Verb::Stop, &["billing-1"], None),
        of.prompt("Stop several", Verb::Stop, &["orders-1", "orders-2"], None),
        Exhibit::form("The bot's name is to be typed", &typed),
        of.prompt("Start", Verb::Start, &["billing-2"], None),
        of.prompt("Stop and start what hangs", Verb::Start, &["returns-2"], None),
        of.prompt("Redeploy what runs", Verb::Redeploy, &["orders-2"], Some(demo())),
        of.prompt("Redeploy what is stopped", Verb::Redeploy, &["billing-2"], Some(demo())),
        of.prompt("Restart all, one at a time", Verb::Restart, &["orders-1", "orders-2", "orders-3"], None),
        Exhibit::private("Stop, which needs a second person", &{
            let (request, plan) = of.asked(Verb::Stop, &["orders-1"], None);
            prompt::confirmation(&Request { second_person: Some(vec![of.cast.operators]), ..request }, &plan)
        }),
        Exhibit::private("Stop, which needs a second person, and may do without", &{
            let (request, plan) = of.asked(Verb::Stop, &["orders-1"], None);
            let second_person = Some(vec![of.cast.operators]);
            prompt::confirmation(&Request { second_person, may_break_glass: true, ..request }, &plan)
        }),
        Exhibit::form("Why it cannot wait is to be said", &modal::break_glass(&request.id, Some(&plan.bot.name))),
        waits("It waits for a second person", RequestState::Proposed),
        waits("A second person agreed", RequestState::Confirmed),
        waits("It was withdrawn", RequestState::Cancelled),
        waits("Nobody agreed in time", RequestState::Expired),
        waits("It was refused when somebody agreed", RequestState::Refused),
        settled("Confirmed, and it waits", RequestState::Proposed),
        settled("Confirmed", RequestState::Confirmed),
        settled("Cancelled", RequestState::Cancelled),
        settled("Expired", RequestState::Expired),
        Exhibit::private(
            "Confirmed, where its progress cannot be shown",
            &prompt::begun_unseen(of.cast.channel, &[Permission::SendMessages], &Id::random()),
        ),
    ]
}

/// How operations go on and end.
pub(super) fn operations(of: &Sample<'_>) -> Vec<Exhibit> {
    let said = |name: &str, operation| Exhibit::public(name, of.said(&Notice::Operation { operation }));
    let followed = || "op".to_owned();
    let failed = |why| StepState::Failed { why };
    let mut starting =
        of.operation(Verb::Start, &["billing-2"], None, vec![StepState::Watching { operation: followed() }]);
    see(&mut starting, seen(AgentStatus::Online, Link::NotConnected));
    let usual = Some(Usual { takes: Duration::from_secs(150), of: 12 });
    if let Some(step) = starting.steps.first_mut() {
        step.progress = Some(Progress { usual, parts: 6 });
    }
    let mut started = of.ended(of.operation(Verb::Start, &["billing-2"], None, vec![StepState::Done]), Outcome::Done);
    see(&mut started, seen(AgentStatus::Online, Link::Connected));
    let mut stopped = of.ended(of.operation(Verb::Stop, &["billing-1"], None, vec![StepState::Done]), Outcome::Done);
    see(&mut stopped, seen(AgentStatus::Stopped, Link::NotConnected));
    let (request, plan) = of.asked(Verb::Stop, &["orders-1", "orders-2"], None);
    let mut several = Operation::new(&request, &plan, &[], of.ago(MINUTE));
    let states = [StepState::Done, StepState::Accepted { operation: followed() }];
    for (step, state) in several.steps.iter_mut().zip(states) {
        step.began_at = Some(of.ago(40));
        step.ended_at = (state == StepState::Done).then(|| of.ago(20));
        step.state = state;
    }
    let moves = |states| of.operation(Verb::Redeploy, &["orders-2"], Some(demo()), states);
    let mut moved = of.ended(moves(vec![StepState::Done; 3]), Outcome::Done);
    see(&mut moved, Seen { environment: demo(), ..seen(AgentStatus::Online, Link::Connected) });
    let refused = StepFailure::Refused { said: "The target has no free bot user.".to_owned() };
    let mut left = of.ended(moves(vec![StepState::Done, failed(refused)]), Outcome::Failed);
    see(&mut left, seen(AgentStatus::Stopped, Link::NotConnected));
    let given_up = left.left_stopped(of.cast.otto.clone(), of.ago(5));
    let unknown = of.ended(moves(vec![StepState::Done, failed(StepFailure::OutcomeUnknown)]), Outcome::Unknown);
    let mut never =
        of.ended(of.operation(Verb::Start, &["billing-2"], None, vec![failed(StepFailure::NotSeen)]), Outcome::Failed);
    see(&mut never, seen(AgentStatus::NotConnected, Link::NotConnected));
    let costs = failed(StepFailure::CostsMore { left: 0, agreed: 1 });
    let mut costs = of.ended(of.operation(Verb::Stop, &["billing-1"], None, vec![costs]), Outcome::Failed);
    see(&mut costs, seen(AgentStatus::Online, Link::Connected));
    let lost = of.ended(moves(vec![StepState::Done, failed(StepFailure::RoleLost)]), Outcome::Failed);
    vec![
        said(
            "Accepted",
            of.operation(Verb::Stop, &["billing-1"], None, vec![StepState::Accepted { operation: followed() }]),
        ),
        said("Starting, and not there yet", starting),
        said("A redeploy in its second step", moves(vec![StepState::Done, StepState::Sending])),
        said("Started", started),
        said("Stopping several", several),
        said("Stopped", stopped),
        said("Redeployed", moved),
        said("Failed half-way", left),
        said("Outcome unknown", unknown),
        said("Never seen healthy", never),
        said("Ended, because a role was lost", lost),
        said("Not begun, because it would cost more by now", costs),
    ]
    .into_iter()
    .chain(given_up.map(|operation| said("Left stopped, after it failed", operation)))
    .chain(restarts(of))
    .chain(without_a_second_person(of))
    .collect()
}

/// What the glass was broken for: the operation, and what is told where alerts come.
fn without_a_second_person(of: &Sample<'_>) -> Vec<Exhibit> {
    let why = "It tells people to unplug their fridge, and nobody else is awake".to_owned();
    let glass = Some(Glass { why, allowed_by: vec![of.cast.on_call], said_in: vec![of.cast.alerts] });
    let accepted = vec![StepState::Accepted { operation: "op".to_owned() }];
    let begun = Operation { glass, ..of.operation(Verb::Stop, &["orders-1"], None, accepted) };
    let mut done = begun.clone();
    done.steps.iter_mut().for_each(|step| step.state = StepState::Done);
    let done = of.ended(done, Outcome::Done);
    let told = |name: &str, operation: &Operation| {
        Exhibit::public(name, of.said(&Notice::Glass { operation: operation.clone() }))
    };
    vec![
        told("The glass was broken, where alerts come", &begun),
        told("What the glass was broken for is done", &done),
        Exhibit::public("The operation for which it was broken", of.said(&Notice::Operation { operation: begun })),
    ]
}

/// How a restart of several goes on, waits, and is ended; and what somebody else does meanwhile.
fn restarts(of: &Sample<'_>) -> Vec<Exhibit> {
    let said = |name: &str, operation| Exhibit::public(name, of.said(&Notice::Operation { operation }));
    let watching = || StepState::Watching { operation: "op".to_owned() };
    let restart = |states| of.operation(Verb::Restart, &["orders-1", "orders-2", "orders-3"], None, states);
    let waits = |states, why| {
        let guidance = Guidance { paused: Some(Pause { since: of.ago(20), why }), ..Guidance::default() };
        Operation { guidance, ..restart(states) }
    };
    let not_back = Obstacle::NotBack { why: StepFailure::NotSeen };
    let left = StepState::Left { why: Some(StepFailure::NotSeen) };
    let few = waits(vec![StepState::Done, left], Obstacle::TooFew { left: 1, agreed: 2 });
    let guidance = Guidance { halted_by: Some(of.cast.otto.clone()), ..Guidance::default() };
    let rest = vec![StepState::Left { why: None }; 4];
    let halted = restart([vec![StepState::Done; 2], rest].concat());
    let halted = of.ended(Operation { guidance, ..halted }, Outcome::Halted);
    let by = Some("Pat".to_owned());
    let meddling = Meddling {
        at: of.ago(30),
        connector: "billing-1".to_owned(),
        seen: seen(AgentStatus::Online, Link::Connected),
        last: Some(LastOperation { what: "Started".to_owned(), by, at: Some(of.ago(40)) }),
    };
    let refused = StepFailure::Refused { said: "Somebody else changed the connector.".to_owned() };
    let stop = of.operation(Verb::Stop, &["billing-1"], None, vec![StepState::Failed { why: refused }]);
    let guidance = Guidance { meddling: vec![meddling], ..Guidance::default() };
    let meddled = of.ended(Operation { guidance, ..stop }, Outcome::Failed);
    vec![
        said("A restart, one at a time", restart(vec![StepState::Done, watching()])),
        said("A restart that waits for one", waits(vec![StepState::Done, watching()], not_back)),
        said("A restart that would cost too much", few),
        said("A restart that was ended early", halted),
        said("Somebody else was at it too", meddled),
        Exhibit::private("Somebody said how it goes on", &operation::heard(Wish::Halt)),
        Exhibit::private("It is over already", &operation::is_over()),
        Exhibit::private("Somebody left it stopped", &operation::left_stopped()),
        Exhibit::private("Somebody did so before", &operation::left_stopped_before(&of.cast.otto)),
        Exhibit::private("It is not stopped any more", &operation::changed_since()),
    ]
}

/// Each refusal, in the order in which a person may meet them.
pub(super) fn all_refusals(of: &Sample<'_>) -> Vec<(&'static str, Refusal)> {
    let impact = |now, after| Impact {
        environment: production(),
        healthy_now: now,
        lowest: after,
        healthy_after: after,
        total: 2,
        minimum: 2,
        left_waiting: None,
        conversations: None,
        load_limit: 50,
        uncertain: false,
        in_doubt: Vec::new(),
    };
    let one = || "billing-2".to_owned();
    let cannot = |why| Refusal::CannotDo { why, connector: one() };
    let (right, again_at) = (Right::Change(Verb::Stop), of.hence(4 * MINUTE));
    let drifted = |drift| Refusal::Drifted { drifts: vec![drift] };
    let roles = || vec![of.cast.operators];
    let needs_role = |of_bot| Denied::NeedsRole { right, environment: production(), of_bot, roles: roles() };
    vec![
        ("The role is missing", Refusal::Denied { denied: needs_role(false) }),
        ("The role for this bot is missing", Refusal::Denied { denied: needs_role(true) }),
        (
            "No roles are configured",
            Refusal::Denied { denied: Denied::NeedsManageServer { right, environment: production() } },
        ),
        ("Nobody can tell", Refusal::Denied { denied: Denied::CannotTell }),
        ("Somebody else's prompt", Refusal::SomebodyElses { owner: of.cast.otto.clone() }),
        ("It is stopped already", cannot(CannotDo::AlreadyStopped)),
        ("It runs already", cannot(CannotDo::AlreadyRunning)),
        ("It is there already", cannot(CannotDo::SameEnvironment)),
        ("No such bot", Refusal::NotFound { what: "Biling Bot".to_owned() }),
        ("It is gone", Refusal::Gone { what: Some(one()) }),
        ("What was chosen is gone", Refusal::Gone { what: None }),
        ("There is nothing to choose", Refusal::NothingToChoose { verb: Verb::Start }),
        ("It was asked by the same person", Refusal::OwnRequest),
        ("It has expired", Refusal::Expired),
        ("It was settled before", Refusal::Settled { state: RequestState::Confirmed }),
        ("An unknown button", Refusal::Unknown),
        ("It changed meanwhile", drifted(Drift::Changed { now: Condition::Stopped, connector: one() })),
        ("It was not said why it cannot wait", Refusal::Unexplained),
        ("There is no glass to break", Refusal::NoGlass),
        (
            "Nobody may break the glass",
            Refusal::Denied { denied: Denied::Nobody { right: Right::BreakGlass, environment: production() } },
        ),
        ("The bot's name was not typed", Refusal::Mistyped { wanted: "Billing Bot".to_owned() }),
        ("It went away meanwhile", drifted(Drift::Gone { connector: one() })),
        ("It got worse meanwhile", drifted(Drift::Worse { stated: impact(2, 1), now: impact(1, 0) })),
        (
            "The fleet cannot be read",
            Refusal::CannotRead { why: "The lifecycle service did not answer in time.".to_owned() },
        ),
        ("Somebody was first", Refusal::Busy { by: of.cast.otto.clone(), verb: Verb::Stop, operation: Id::random() }),
        ("The environment is frozen", Refusal::Frozen { freeze: Box::new(of.freeze()) }),
        ("Too many changes", Refusal::TooMany { too_many: TooMany { whose: Whose::Person, most: 10, again_at } }),
        ("The fleet was not read yet", Refusal::NotReady),
    ]
}

/// Each refusal as a message.
pub(super) fn refusals(of: &Sample<'_>) -> Vec<Exhibit> {
    let mut all: Vec<_> = all_refusals(of)
        .iter()
        .map(|(name, refused)| Exhibit::private(name, &refusal::of_request(refused, None, &Id::random())))
        .collect();
    all.push(Exhibit::private("The form came too late", &refusal::press_again()));
    all.push(Exhibit::private("Not in our server", &refusal::elsewhere()));
    all.push(Exhibit::private("An old button", &refusal::unknown_press()));
    all.push(Exhibit::private("Not to be read", &refusal::unreadable("ab12cd34")));
    let failed = "The database cannot be written just now, so nothing was done. Try again in a moment. (ref ab12cd34)";
    all.push(Exhibit::private("Something of ours failed", &refusal::trouble(failed)));
    all
}
