//! One schedule: what happens, in which order, all of it chosen by its seed.

use std::collections::BTreeMap;

use botswain::domain::action::Verb;
use botswain::domain::ids::Id;
use botswain::domain::operation::guiding::Wish;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinHandle;

use crate::crew::{Call, Done, Who};
use crate::gate::{Held, Way};
use crate::ledger::Ledger;
use crate::truth::{Agreed, Evidence, Sent};
use crate::world::{CONNECTORS, HANDS, World};

const VERBS: [Verb; 5] = [Verb::Stop, Verb::Stop, Verb::Start, Verb::Redeploy, Verb::Restart];
/// How many things happen until everybody lets go.
const EVENTS: usize = 60;
/// How many requests there are, at most.
const ASKED: usize = 5;
/// How long all may take to come to rest: longer than every deadline.
const REST_MS: i64 = 7_200_000;
/// How the time goes while all comes to rest.
const TICK_MS: i64 = 2_500;
/// How it goes while an operation waits for somebody.
const LONG_TICK_MS: i64 = 300_000;
/// The bots, by the range of their connectors.
const BOTS: [std::ops::Range<usize>; 2] = [0..2, 2..5];

/// What a schedule came to, so that somebody sees that something happened.
#[derive(Clone, Debug, Default)]
pub struct Tally(BTreeMap<String, usize>);

impl Tally {
    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what.clone()).or_default() += count;
        }
    }

    pub fn count(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }
}

/// A call that is under way.
struct Running {
    hand: usize,
    call: Call,
    /// When it was made, in events.
    made: usize,
    /// When it was made, in milliseconds.
    made_at: i64,
    task: JoinHandle<Done>,
    held: Option<Held>,
}

pub struct Schedule<'a> {
    world: &'a mut World,
    rng: StdRng,
    began: i64,
    event: usize,
    running: Vec<Running>,
    prompts: Vec<(Who, Id)>,
    /// What waits, or waited, for a second person, with whoever asked.
    proposed: Vec<(Who, Id)>,
    operations: Vec<Id>,
    asked: usize,
    /// When Olga lost her roles or was given them back, in events.
    roles: Vec<(usize, bool)>,
    /// Whether Pia has hers.
    pia_agrees: bool,
    agreed: Vec<Agreed>,
    sent: Vec<Sent>,
    lowest: [usize; 2],
    log: Vec<String>,
    tally: Tally,
    interactions: u64,
}

impl<'a> Schedule<'a> {
    pub fn new(seed: u64, world: &'a mut World) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        let (running, prompts, operations, roles) = (Vec::new(), Vec::new(), Vec::new(), vec![(0, true)]);
        let (proposed, agreed, pia_agrees) = (Vec::new(), Vec::new(), true);
        let (sent, log) = (Vec::new(), Vec::new());
        let (began, event, asked, interactions) = (0, 0, 0, seed * 1_000);
        let (lowest, tally) = ([usize::MAX; 2], Tally::default());
        Self {
            world,
            rng,
            began,
            event,
            running,
            prompts,
            proposed,
            operations,
            asked,
            roles,
            pia_agrees,
            agreed,
            sent,
            lowest,
            log,
            tally,
            interactions,
        }
    }

    /// Plays it.
    ///
    /// # Errors
    /// The promise that was broken, and how it came to that.
    pub async fn play(mut self) -> Result<Tally, String> {
        self.world.begin_anew().await;
        self.began = self.world.now;
        self.world.gate.set_open(false);
        let deeds = self.world.fleet().actions().len();
        for event in 1..=EVENTS {
            self.event = event;
            self.world.now += 1;
            self.happen().await;
            self.look();
        }
        let held = match self.come_to_rest().await {
            Ok(()) => self.judge(deeds).await,
            Err(broken) => Err(broken),
        };
        let log = self.log.join("\n");
        held.map(|()| self.tally).map_err(|broken| format!("{broken}\n--- what happened:\n{log}"))
    }

    async fn happen(&mut self) {
        let held: Vec<_> = (0..self.running.len()).filter(|place| self.running[*place].held.is_some()).collect();
        match self.rng.random_range(0..100) {
            0..45 if !held.is_empty() => {
                let place = held[self.rng.random_range(0..held.len())];
                let way = match self.rng.random_range(0..10) {
                    0 => Way::Unanswered,
                    1 => Way::Nowhere,
                    _ => Way::On,
                };
                self.let_go(place, way).await;
            }
            0..60 => {
                let call = self.press();
                self.make(call).await;
            }
            60..82 => self.make(Call::Step).await,
            82..92 => {
                let ms = self.rng.random_range(500..5_000);
                self.pass(ms);
            }
            92..94 => {
                // Longer than a prompt stands, than a lease holds, than a step may take.
                let ms = [61_000, 119_000, 121_000][self.rng.random_range(0..3)];
                self.pass(ms);
            }
            94 => self.make(Call::Expire).await,
            95 => self.make(Call::Settle).await,
            96..98 if self.rng.random_ratio(1, 3) => {
                self.pia_agrees = !self.pia_agrees;
                self.note(format!("Pia has her role: {}", self.pia_agrees));
            }
            96..98 => {
                let has = !self.has_roles(Who::Olga);
                self.note(format!("Olga has her roles: {has}"));
                self.world.set_roles(has).await;
                self.roles.push((self.event, has));
            }
            _ => self.crash().await,
        }
    }

    /// Somebody does something: a new command, or a press on what stands.
    fn press(&mut self) -> Call {
        if !self.proposed.is_empty() && self.rng.random_ratio(1, 3) {
            return self.press_what_waits();
        }
        use Who::{Olga, Otto, Pia, Vera};
        let who = [Olga, Olga, Olga, Olga, Otto, Otto, Otto, Otto, Pia, Vera][self.rng.random_range(0..10)];
        if self.prompts.is_empty() || (self.asked < ASKED && self.rng.random_ratio(2, 5)) {
            self.asked += 1;
            if self.rng.random_ratio(1, 5) {
                return Call::Restart { who, bot: ["Billing Bot", "Orders Bot"][self.rng.random_range(0..2)] };
            }
            // Mostly they are after the same bot.
            let connector = CONNECTORS[[0, 0, 1, 1, 2, 3, 4][self.rng.random_range(0..7)]];
            let verb = VERBS[self.rng.random_range(0..VERBS.len())];
            let here = self.world.fleet().connector(connector).is_some_and(|c| c.environment == "Production");
            let to = (verb == Verb::Redeploy).then_some(if here { "demo" } else { "production" });
            return Call::Ask { who, verb, connector, to };
        }
        if !self.operations.is_empty() && self.rng.random_ratio(1, 6) {
            let operation = self.operations[self.rng.random_range(0..self.operations.len())].clone();
            let wish = Wish::ALL[self.rng.random_range(0..Wish::ALL.len())];
            return Call::Guide { who, operation, wish };
        }
        let (owner, request) = self.prompts[self.rng.random_range(0..self.prompts.len())].clone();
        // Now and then somebody else presses it.
        let who = if self.rng.random_ratio(1, 8) { who } else { owner };
        match self.rng.random_range(0..24) {
            0..3 => Call::Cancel { who, request },
            3 => Call::BreakGlass { who, request },
            _ => Call::Confirm { who, request },
        }
    }

    /// Somebody presses what waits for a second person: mostly who may agree, and did not ask.
    fn press_what_waits(&mut self) -> Call {
        let (owner, request) = self.proposed[self.rng.random_range(0..self.proposed.len())].clone();
        match self.rng.random_range(0..12) {
            0 | 1 => Call::Approve { who: owner, request },
            2 => Call::Cancel { who: owner, request },
            3 => Call::BreakGlass { who: owner, request },
            4 => Call::Approve { who: Who::Vera, request },
            5..8 => Call::Approve { who: if owner == Who::Otto { Who::Olga } else { Who::Otto }, request },
            _ => Call::Approve { who: Who::Pia, request },
        }
    }

    async fn make(&mut self, call: Call) {
        let free = (0..HANDS).find(|hand| self.running.iter().all(|running| running.hand != *hand));
        let Some(hand) = free else { return };
        self.interactions += 1;
        if let Call::Approve { who, request } = &call {
            let (by, may) = (who.id(&self.world.seed), who.agrees() && self.has_roles(*who));
            self.agreed.push(Agreed { request: request.clone(), by, may });
        }
        let asker = call.who().map(|who| who.asker(&self.world.seed, self.has_roles(who), self.interactions));
        self.note(format!("hand {hand}: {call:?}"));
        let (operations, runner) = self.world.hands[hand].clone();
        let task = tokio::spawn(call.clone().make(operations, runner, asker, self.world.at()));
        let (made, made_at) = (self.event, self.world.now);
        self.running.push(Running { hand, call, made, made_at, task, held: None });
        self.go_on(self.running.len() - 1).await;
    }

    async fn let_go(&mut self, place: usize, way: Way) {
        let running = &mut self.running[place];
        let (hand, Some(held)) = (running.hand, running.held.take()) else { return };
        if let Some(key) = &held.key {
            self.sent.push(Sent { key: key.clone(), made: running.made, made_at: running.made_at, went: self.event });
        }
        let what = held.key.clone().unwrap_or_default();
        held.go(way);
        self.note(format!("hand {hand} goes on, {way:?} {what}"));
        self.go_on(place).await;
    }

    /// Lets one call run until it is held again, or over. Nothing else runs meanwhile.
    async fn go_on(&mut self, place: usize) {
        let Running { hand, task, held, .. } = &mut self.running[place];
        let hand = *hand;
        let done = tokio::select! {
            call = self.world.gate.doors[hand].calls.recv() => {
                *held = call;
                return;
            }
            done = task => done.unwrap(),
        };
        let running = self.running.remove(place);
        match (&done, running.call) {
            (Done::Prompt(request), Call::Ask { who, .. } | Call::Restart { who, .. }) => {
                self.prompts.push((who, request.clone()))
            }
            (Done::Proposed(request), Call::Confirm { .. }) => {
                let owner = self.prompts.iter().find(|(_, prompt)| prompt == request).map(|(owner, _)| *owner);
                self.tally.count("proposed");
                self.proposed.extend(owner.map(|owner| (owner, request.clone())));
            }
            (Done::Begun(operation), _) => {
                self.tally.count("begun");
                self.operations.push(operation.clone());
            }
            _ => {}
        }
        if !matches!(done, Done::Idle) {
            self.note(format!("hand {hand}: {done:?}"));
        }
    }

    /// The process dies with whatever is under way; what was sent may still get there.
    async fn crash(&mut self) {
        self.note("it dies".to_owned());
        self.tally.count("crashes");
        for running in std::mem::take(&mut self.running) {
            running.task.abort();
            drop(running.task.await);
            let Some(held) = running.held else { continue };
            if let Some(key) = &held.key {
                self.sent.push(Sent {
                    key: key.clone(),
                    made: running.made,
                    made_at: running.made_at,
                    went: self.event,
                });
            }
            let gets_there = self.rng.random_bool(0.5);
            let key = held.key.clone();
            held.go(if gets_there { Way::On } else { Way::Nowhere });
            // It is there before anything else happens.
            let has_come = |key: &String| self.world.fleet().actions().iter().any(|action| action.key == *key);
            for _ in 0..20 {
                tokio::task::yield_now().await;
                if key.as_ref().is_none_or(has_come) {
                    break;
                }
            }
        }
        self.world.gate.set_open(true);
        self.world.restart().await;
        self.world.gate.set_open(false);
    }

    fn pass(&mut self, ms: i64) {
        self.note(format!("{ms} ms pass"));
        self.world.now += ms;
        // In small steps, so that nothing that happens on the way is missed.
        for _ in 0..ms / 500 {
            self.world.fleet().step(500);
            self.look();
        }
        self.world.fleet().step(ms % 500);
    }

    fn look(&mut self) {
        for (lowest, bot) in self.lowest.iter_mut().zip(BOTS) {
            *lowest = (*lowest).min(self.world.healthy(&CONNECTORS[bot]));
        }
    }

    fn has_roles(&self, who: Who) -> bool {
        match who {
            Who::Olga => self.roles.last().is_some_and(|(_, has)| *has),
            Who::Pia => self.pia_agrees,
            Who::Otto | Who::Vera => true,
        }
    }

    fn note(&mut self, what: String) {
        let since = self.world.now - self.began;
        self.log.push(format!("{:>3} {since:>8} ms  {what}", self.event));
    }

    /// Everybody lets go, and time passes until nothing is open any more.
    async fn come_to_rest(&mut self) -> Result<(), String> {
        self.event += 1;
        self.note("everybody lets go".to_owned());
        while !self.running.is_empty() {
            match self.running.iter().position(|running| running.held.is_some()) {
                Some(place) => self.let_go(place, Way::On).await,
                None => self.go_on(0).await,
            }
        }
        self.world.gate.set_open(true);
        let end = self.world.now + REST_MS;
        while self.world.now < end {
            let (operations, runner) = self.world.hands[0].clone();
            while runner.step(self.world.at()).await.map_err(|error| error.to_string())?
                == botswain::operations::Stepped::Worked
            {}
            runner.settle_doubts(self.world.at()).await.map_err(|error| error.to_string())?;
            operations.expire(self.world.at()).await.map_err(|error| error.to_string())?;
            self.look();
            let ledger = Ledger::read(&self.world.reader, self.began).await;
            if ledger.is_at_rest() {
                return Ok(());
            }
            let open = ledger.operations.iter().filter(|operation| !operation.is_over());
            let waits = open.clone().all(|operation| operation.guidance.paused.is_some());
            let tick = match open.count() {
                0 => 121_000,
                _ if waits => LONG_TICK_MS,
                _ => TICK_MS,
            };
            self.world.now += tick;
            self.world.fleet().step(tick.min(TICK_MS));
            self.look();
        }
        Err("P6, P10: it never comes to rest".to_owned())
    }

    async fn judge(&mut self, deeds: usize) -> Result<(), String> {
        let ledger = Ledger::read(&self.world.reader, self.began).await;
        for operation in &ledger.operations {
            self.tally.count(&format!("{} {:?}", operation.verb.word(), operation.ended.as_ref().map(|e| e.outcome)));
        }
        for operation in &ledger.operations {
            self.tally.count(match (&operation.approved_by, &operation.glass) {
                (Some(_), _) => "agreed to by a second person",
                (_, Some(_)) => "with broken glass",
                (None, None) => "by one person",
            });
        }
        for entry in &ledger.audit {
            self.tally.count(entry.verdict.word());
        }
        let actions = self.world.fleet().actions().split_off(deeds);
        let evidence = Evidence {
            ledger,
            actions,
            sent: std::mem::take(&mut self.sent),
            agreed: std::mem::take(&mut self.agreed),
            roles: self.roles.clone(),
            operators: [Who::Olga, Who::Otto].map(|who| who.id(&self.world.seed)),
            lowest: BOTS.map(|bot| CONNECTORS[bot].to_vec()).into_iter().zip(self.lowest).collect(),
        };
        evidence.judge()
    }
}
