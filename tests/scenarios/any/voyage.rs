//! Goes through the steps with the real parts, and the model beside them; whenever nothing waits to be said, what was said
//! must be exactly what the model wants said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use botswain::domain::incident::{Incident, Phase as RealPhase};
use botswain::lifecycle::contract::Connector;
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind};
use jiff::Timestamp;

use super::ledger::{Ledger, posted};
use super::model::{Answer, BLIND, Kind, Model, NOTICE, Phase, STORM, Said};
use super::steps::{BOTS, Step, Voyage};
use crate::channel::{id, text};
use crate::harbour::{Harbour, Outside};
use crate::script::time;

/// How long it is quiet at the end, so that all that waits is said: longer than anything is held back, and one look more, for
/// what is seen only then and waited for.
const QUIET: &[i64] = &[80, 80, 320, 80];
/// And then longer than the longest pause between two reminders, at which it is found out what was deleted, and longer than
/// where a thread could not be told.
const LONG_QUIET: &[i64] = &[90_000, 320];

struct Trip {
    harbour: Harbour,
    model: Model,
    ledger: Ledger,
    tells: bool,
    /// The references of each subject's incidents, in the order in which they were opened.
    references: BTreeMap<String, Vec<String>>,
    /// Cards that stood when nothing was in doubt, oldest first.
    cards: Vec<(u64, String)>,
    /// Those whose card somebody deleted, which is found out when there is something new to say on it.
    deleted: BTreeSet<String>,
    /// Those whose card somebody ever deleted.
    ever_deleted: BTreeSet<String>,
    /// The number of the last poll.
    asked: u64,
    /// What was looked at last.
    looked_at: (usize, usize),
    failing_polls: u32,
    garbled: Option<String>,
    log: String,
}

/// Goes through the steps, and gives what is wrong, with all that happened until then; if nothing is, what is outside can be
/// used again. `settings` are not as policy says, in a test of the test.
pub(crate) async fn sails(
    voyage: &Voyage,
    outside: Outside,
    settings: &[(&str, &str)],
    folder: Option<&Path>,
) -> Result<Outside, String> {
    let mut trip = Trip::begin(voyage, outside, settings, folder).await;
    match trip.goes(&voyage.steps).await {
        Ok(()) => Ok(trip.harbour.leaves().await),
        Err(wrong) => Err(format!("{wrong}\n--- what happened until then\n{}", trip.log)),
    }
}

/// The fleet.
pub(crate) fn fleet() -> Vec<Connector> {
    let connectors = |(bot, many): &(&str, usize)| {
        let name = format!("{}{} Bot", bot[..1].to_uppercase(), &bot[1..]);
        (1..=*many).map(|n| healthy(&format!("{bot}-{n}"), &name, "Production")).collect::<Vec<_>>()
    };
    BOTS.iter().flat_map(connectors).collect()
}

impl Trip {
    async fn begin(voyage: &Voyage, outside: Outside, other: &[(&str, &str)], folder: Option<&Path>) -> Self {
        let rules = voyage.rules;
        let seconds = |seconds: i64| format!("{seconds}s");
        let settings = [
            ("START_GRACE", "5m".to_owned()),
            ("ALERT_AFTER", seconds(rules.alert_after)),
            ("OUTAGE_AFTER", seconds(rules.outage_after)),
            ("RECOVER_AFTER", seconds(rules.recover_after)),
            ("REOPEN_WITHIN", seconds(rules.reopen_within)),
            ("REMIND_AFTER", seconds(rules.remind_after)),
            ("ESCALATE_AFTER", seconds(rules.escalate_after)),
            ("STORM_BOTS", rules.storm_bots.to_string()),
        ];
        let mut settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        for (name, value) in other {
            settings.retain(|(known, _)| known != name);
            settings.push(((*name).to_owned(), (*value).to_owned()));
        }
        let harbour = Harbour::open(outside, &settings, folder).await;
        let ledger = Ledger::new(harbour.stand_in().witness(), &harbour.seed);
        let asked = harbour.fleet().requests().last().map_or(0, |request| request.n);
        Self {
            harbour,
            asked,
            looked_at: (0, 0),
            model: Model::new(rules, BOTS),
            ledger,
            tells: voyage.tells,
            references: BTreeMap::new(),
            cards: Vec::new(),
            deleted: BTreeSet::new(),
            ever_deleted: BTreeSet::new(),
            failing_polls: 0,
            garbled: None,
            log: String::new(),
        }
    }

    async fn goes(&mut self, steps: &[Step]) -> Result<(), String> {
        // What it has is seen before anything is lost.
        self.look().await;
        for step in steps {
            let at = time(self.harbour.second);
            writeln!(self.log, "{at:>8}  {step:?}").unwrap();
            self.does(step).await?;
            self.ledger.take()?;
        }
        self.harbour.no_faults().await;
        self.failing_polls = 0;
        let long = if self.tells || !self.ever_deleted.is_empty() { LONG_QUIET } else { &[] };
        for seconds in QUIET.iter().chain(long) {
            writeln!(self.log, "{:>8}  {seconds} s of quiet", time(self.harbour.second)).unwrap();
            self.harbour.passes(*seconds);
            self.look().await;
            self.deliver().await?;
        }
        self.ends().await
    }

    async fn does(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Drop(name) => self.harbour.does(name, Deed::Drop),
            Step::Recover(name) => self.harbour.does(name, Deed::Recover),
            Step::Vanish(name) => self.harbour.does(name, Deed::Vanish),
            Step::Return(name) => self.harbour.does(name, Deed::Return),
            Step::AllRecover => {
                super::steps::connectors().iter().for_each(|name| self.harbour.does(name, Deed::Recover));
            }
            Step::ServiceFails(times) => self.failing_polls = *times,
            Step::Garbled(name) => self.garbled = Some(name.clone()),
            Step::Passes(seconds) => self.harbour.passes(*seconds),
            Step::Look => self.look().await,
            Step::Deliver => self.deliver().await?,
            Step::DeliverSome(many) => {
                self.harbour.sync().await;
                for _ in 0..*many {
                    self.harbour.parts().delivery.step(self.harbour.now()).await.unwrap();
                }
            }
            Step::Discord(fault) => self.harbour.fault(fault.clone()).await,
            Step::Deleted(from_last) => self.deletes(*from_last).await,
            Step::Killed => self.is_killed().await,
            Step::KilledAmidLook(turns) => self.is_killed_amid_a_look(*turns).await?,
            Step::KilledAmidDelivery(turns) => {
                self.harbour.sync().await;
                let now = self.harbour.now();
                if self.tells && turns % 2 == 1 {
                    self.harbour.deliver().await;
                    begun(self.harbour.parts().timelines.step(now), *turns).await;
                } else {
                    begun(self.harbour.parts().delivery.step(now), *turns).await;
                }
                self.is_killed().await;
            }
            Step::KilledAfterClaim => {
                let now = self.harbour.now();
                self.harbour.parts().store.claim_message(Duration::from_secs(60), now).await.unwrap();
                self.is_killed().await;
            }
            Step::KilledAfterPost => {
                self.harbour.is_killed_while_it_delivers().await;
                self.model.forgets();
            }
        }
        Ok(())
    }

    async fn is_killed(&mut self) {
        self.harbour.is_killed().await;
        self.model.forgets();
    }

    /// One poll, and in the model as well.
    async fn look(&mut self) {
        self.prepare();
        let before = self.asked;
        self.harbour.look().await;
        self.judge(before);
        let now = self.harbour.second;
        self.model.attend(now);
    }

    /// Lays the faults in wait that the next poll meets.
    fn prepare(&mut self) {
        let fleet = self.harbour.fleet();
        fleet.clear_faults();
        if self.failing_polls > 0 {
            self.failing_polls -= 1;
            fleet.add_fault(Fault::from(FaultKind::ServerError { status: 503 }).times(1));
        } else if let Some(connector) = self.garbled.take() {
            fleet.add_fault(Fault::from(FaultKind::MalformedRecord { connector }).times(1));
        }
    }

    /// Judges in the model what the last poll was answered.
    fn judge(&mut self, before: u64) {
        let now = self.harbour.second;
        let asked = self.harbour.fleet().requests_after(before);
        self.asked = asked.last().map_or(before, |request| request.n);
        let state = self.harbour.fleet().state();
        let is_well = |c: &Connector| c.agent == "Online" && c.conversational_cloud == "Connected";
        let mut came: BTreeMap<_, _> = state
            .connectors
            .iter()
            .filter(|panel| !panel.vanished)
            .map(|panel| (panel.connector.id.clone(), is_well(&panel.connector)))
            .collect();
        let struck = asked.iter().find_map(|request| request.fault.as_ref().map(|fault| (fault, request.status)));
        let mut garbled = BTreeSet::new();
        let answer = match struck {
            Some((FaultKind::ServerError { .. }, _)) => Answer::Failed,
            // Nothing changed: there was no record in the answer.
            Some((_, Some(304))) | None => Answer::Read { came: &came, garbled: &garbled },
            Some((FaultKind::MalformedRecord { connector }, _)) => {
                garbled.extend(came.remove_entry(connector).map(|(id, _)| id));
                Answer::Read { came: &came, garbled: &garbled }
            }
            Some((other, _)) => panic!("nobody laid {other:?} in wait"),
        };
        let what = match &answer {
            Answer::Failed => "it cannot be read".to_owned(),
            Answer::Read { came, garbled } => {
                let down: Vec<_> = came.iter().filter(|(_, well)| !**well).map(|(id, _)| id.as_str()).collect();
                format!("{} came, of which down: {down:?}, garbled: {garbled:?}", came.len())
            }
        };
        self.model.judge(&answer, now);
        writeln!(self.log, "{:>8}      {what}", "").unwrap();
    }

    /// Killed at so many turns into a look. What of it was written down, the store says, and the model goes on from there.
    async fn is_killed_amid_a_look(&mut self, turns: usize) -> Result<(), String> {
        self.prepare();
        let before = self.asked;
        let now = self.harbour.now();
        begun(self.harbour.monitor().tick(now), turns).await;
        let untouched = self.model.clone();
        self.judge(before);
        let judged = self.model.clone();
        self.harbour.is_killed().await;
        let kept = self.kept().await;
        let second = self.harbour.second;
        let mut attended = judged;
        let named: Vec<_> = attended.subjects.keys().cloned().collect();
        for name in named {
            let mut more = attended.clone();
            more.attend_to(&name, second);
            if of(&more, &name) == kept.get(&name).cloned() {
                attended = more;
            }
        }
        let all = |model: &Model| {
            model.subjects.keys().filter_map(|name| Some((name.clone(), of(model, name)?))).collect::<BTreeMap<_, _>>()
        };
        self.model = if all(&untouched) == kept {
            untouched
        } else if all(&attended) == kept {
            attended
        } else {
            return Err(format!(
                "what is kept is neither as before nor as after: {kept:#?}\nbefore: {:#?}\nafter: {:#?}",
                all(&untouched),
                all(&attended)
            ));
        };
        self.model.forgets();
        Ok(())
    }

    /// What the store has, as far as the model tells it.
    async fn kept(&self) -> BTreeMap<String, String> {
        let open = self.harbour.parts().store.open_incidents().await.unwrap();
        let began = self.harbour.now().as_second() - self.harbour.second;
        let at = |at: Timestamp| at.as_second() - began;
        let tell = |incident: &Incident| {
            let phase = match &incident.phase {
                RealPhase::Suspected { since, well_since } => {
                    Phase::Suspected { since: at(*since), well_since: well_since.map(at), falls: incident.flaps + 1 }
                }
                RealPhase::Recovering { since, .. } => Phase::Recovering { since: at(*since) },
                RealPhase::Open | RealPhase::Resolved { .. } => Phase::Open,
            };
            let worse = incident.worse_since.map(at);
            told(&phase, worse, incident.attention.said, incident.replies)
        };
        open.iter().map(|kept| (kept.incident.subject.name(), tell(&kept.incident))).collect()
    }

    async fn deletes(&mut self, from_last: usize) {
        let Some((message, reference)) = self.cards.iter().rev().nth(from_last).cloned() else { return };
        writeln!(self.log, "{:>8}      the card of {reference}", "").unwrap();
        self.cards.retain(|(card, _)| *card != message);
        self.ever_deleted.insert(reference.clone());
        self.deleted.insert(reference);
        self.harbour.deletes(&message.to_string()).await;
    }

    /// Everything is delivered that can be; if then nothing waits, what was said is looked at.
    async fn deliver(&mut self) -> Result<(), String> {
        let any = self.harbour.deliver().await;
        if self.tells {
            self.harbour.tell().await;
        }
        self.ledger.take()?;
        let backlog = self.harbour.parts().store.backlog().await.unwrap();
        if backlog.given_up > 0 {
            return Err("something was given up".to_owned());
        }
        if backlog.waiting > 0 {
            writeln!(self.log, "{:>8}      {} wait", "", backlog.waiting).unwrap();
            return Ok(());
        }
        let now = (self.model.said.len(), self.model.subjects.values().map(|subject| subject.carded).sum());
        if !any && now == self.looked_at {
            return Ok(());
        }
        self.checks().await?;
        self.looked_at = (self.model.said.len(), now.1);
        Ok(())
    }

    async fn checks(&mut self) -> Result<(), String> {
        self.refer().await;
        let standing = self.harbour.messages(&self.harbour.seed.alert_channel.id.to_string()).await;
        let mut cards: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
        for message in &standing {
            let posted = posted(message)?;
            if posted.kind == Kind::Card {
                cards.entry(posted.incident).or_default().push((id(&message["id"]), posted.title));
            }
        }
        let pings = self.harbour.pings().await;
        let mut pinged: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for ping in &pings {
            pinged
                .entry(id(&ping["message_id"]))
                .or_default()
                .push(ping["role_id"].as_str().unwrap_or("nobody's").to_owned());
        }
        self.replies_stand(&standing)?;
        self.all_are_wanted(&pinged)?;
        for (name, subject) in self.model.subjects.clone() {
            for number in 0..subject.carded {
                let Some(reference) = self.references.get(&name).and_then(|all| all.get(number)).cloned() else {
                    return Err(format!("P1: {name} has no card of its incident {number}"));
                };
                self.incident_is_right(&name, number, &reference, &cards, &pinged)?;
            }
        }
        let known: usize = self.model.subjects.values().map(|subject| subject.carded).sum();
        let told: usize = self.references.values().map(Vec::len).sum();
        if known != told {
            return Err(format!("P2: {told} incidents have cards, and {known} ought to: {:?}", self.references));
        }
        self.cards = cards
            .into_iter()
            .flat_map(|(reference, all)| all.into_iter().map(move |(id, _)| (id, reference.clone())))
            .collect();
        // A grouped notice is nobody's reminder, so nobody would find out.
        self.cards.retain(|(id, _)| {
            self.ledger.posted.get(id).is_some_and(|posted| !posted.title.contains("Never redundant"))
        });
        self.cards.sort();
        Ok(())
    }

    /// Which incident of which subject each reference is: in the order in which they were opened, whenever they were posted.
    async fn refer(&mut self) {
        let mut new: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for posted in self.ledger.posted.values().filter(|posted| posted.kind == Kind::Card) {
            let subject = subject_of(&posted.title);
            if !self.references.get(&subject).is_some_and(|all| all.contains(&posted.incident)) {
                new.entry(subject).or_default().insert(posted.incident.clone());
            }
        }
        let opened_at = if new.is_empty() { BTreeMap::new() } else { self.harbour.opened_at().await };
        for (subject, new) in new {
            let mut new: Vec<_> = new.into_iter().collect();
            new.sort_by_key(|reference| opened_at.get(reference).copied());
            self.references.entry(subject).or_default().extend(new);
        }
    }

    fn replies_stand(&self, standing: &[serde_json::Value]) -> Result<(), String> {
        let there: BTreeSet<_> = standing.iter().map(|message| id(&message["id"])).collect();
        let gone = self.ledger.posted.iter().find(|(id, posted)| posted.kind != Kind::Card && !there.contains(id));
        gone.map_or(Ok(()), |(_, posted)| Err(format!("a reply is gone: {posted:?}")))
    }

    /// Whoever was pinged was pinged by what is meant to, once, and in the role that it is meant for.
    fn all_are_wanted(&self, pinged: &BTreeMap<u64, Vec<String>>) -> Result<(), String> {
        let (on_call, leads) = (self.harbour.seed.on_call.id.to_string(), self.harbour.seed.viewers.id.to_string());
        for (message, posted) in &self.ledger.posted {
            let of = pinged.get(message).map(Vec::as_slice).unwrap_or_default();
            let role = if posted.kind == Kind::Escalation { &leads } else { &on_call };
            let is_right = match of {
                [] => posted.kind == Kind::Card,
                [one] => one == role,
                _ => false,
            };
            if !is_right {
                return Err(format!("P8: {posted:?} pinged {of:?}"));
            }
        }
        let stranger = pinged.keys().find(|message| !self.ledger.posted.contains_key(message));
        stranger.map_or(Ok(()), |message| Err(format!("P8: {message} pinged, and nobody knows it")))
    }

    fn incident_is_right(
        &mut self,
        name: &str,
        number: usize,
        reference: &str,
        cards: &BTreeMap<String, Vec<(u64, String)>>,
        pinged: &BTreeMap<u64, Vec<String>>,
    ) -> Result<(), String> {
        let mine = |kind| {
            self.ledger.posted.iter().filter(move |(_, posted)| posted.incident == reference && posted.kind == kind)
        };
        for kind in [Kind::Card, Kind::Worse, Kind::Back, Kind::Reminder, Kind::Escalation] {
            let found = match kind {
                Kind::Card => mine(kind).filter(|(id, _)| pinged.contains_key(id)).count(),
                _ => mine(kind).count(),
            };
            let is_it = |said: &&Said| said.subject == name && said.number == number && said.kind == kind;
            let said: Vec<_> = self.model.said.iter().filter(is_it).collect();
            let (most, least) = (said.len(), said.iter().filter(|said| !said.overtaken).count());
            if !(least..=most).contains(&found) {
                let promise = if found < least { "P1" } else { "P2" };
                return Err(format!(
                    "{promise}: {kind:?} of {name} {number} ({reference}) called {found} times, and ought to {least} to {most} times"
                ));
            }
            self.model.settles(name, number, kind, found);
        }
        let standing = cards.get(reference).map(Vec::as_slice).unwrap_or_default();
        match standing {
            [(_, title)] => {
                self.deleted.remove(reference);
                self.title_is_true(name, number, title)
            }
            [] if self.deleted.contains(reference) => Ok(()),
            [] => Err(format!("P1: {name} {number} ({reference}) has no card")),
            _ => Err(format!("P2: {name} {number} ({reference}) has {} cards", standing.len())),
        }
    }

    fn title_is_true(&self, name: &str, number: usize, title: &str) -> Result<(), String> {
        // What stands on a storm's card has no number yet.
        let open = self.model.subjects[name].open.as_ref().filter(|open| open.number == number && open.storm.is_none());
        let open = open.filter(|open| !matches!(open.phase, Phase::Suspected { .. }));
        let wanted: &[&str] = match (open.map(|open| &open.phase), name) {
            (None, _) => &["✅"],
            (Some(_), NOTICE) => &["🟡"],
            (Some(Phase::Recovering { .. }), _) => &["🔵"],
            (Some(_), STORM) => &["🌩️"],
            (Some(_), BLIND) => &["🙈", "🧩"],
            (Some(_), _) => &["🟠", "🔴"],
        };
        let is_clear = open.is_none() || self.model.sees_clearly();
        if is_clear && !wanted.iter().any(|face| title.starts_with(face)) {
            return Err(format!("{name} {number} is headed {title:?}, and ought to be one of {wanted:?}"));
        }
        Ok(())
    }

    /// All is said, and the channel shows the fleet as it is.
    async fn ends(&mut self) -> Result<(), String> {
        let backlog = self.harbour.parts().store.backlog().await.unwrap();
        if backlog.waiting > 0 {
            return Err(format!("P1: {} messages wait, however quiet it is", backlog.waiting));
        }
        if self.tells {
            self.timelines_are_whole().await?;
        }
        let standing = self.harbour.messages(&self.harbour.seed.alert_channel.id.to_string()).await;
        let (mut open, mut storm) = (BTreeMap::new(), String::new());
        for message in &standing {
            let posted = posted(message)?;
            if posted.kind == Kind::Card && !posted.title.starts_with('✅') {
                let subject = subject_of(&posted.title);
                if subject == STORM {
                    storm = text(message).to_lowercase();
                }
                *open.entry(subject).or_insert(0) += 1;
            }
        }
        let state = self.harbour.fleet().state();
        for (bot, most) in BOTS {
            let healthy = state.connectors.iter().filter(|panel| {
                panel.connector.bot.id == format!("bot-{bot}") && !panel.vanished && panel.connector.agent == "Online"
            });
            let healthy = healthy.count();
            let is_out = if *most < 2 { healthy == 0 } else { healthy < 2 };
            let name = format!("failover:production:bot-{bot}");
            let found = open.get(&name).copied().unwrap_or(0) + usize::from(storm.contains(&format!("{bot} bot in")));
            if found != usize::from(is_out) {
                return Err(format!("the channel shows {found} open cards of {bot}, of which {healthy} are healthy"));
            }
            if is_out && self.open_is_deleted(&name) {
                return Err(format!("P2: the card of {bot} is gone, and it is still open"));
            }
        }
        Ok(())
    }

    /// Every incident's beginning is told in the thread of its card, and no line twice.
    async fn timelines_are_whole(&self) -> Result<(), String> {
        let waiting = self.harbour.parts().store.waiting_lines().await.unwrap();
        if waiting > 0 {
            return Err(format!("P1: {waiting} lines wait to be told, however quiet it is"));
        }
        let mut told: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (card, posted) in self.ledger.posted.iter().filter(|(_, posted)| posted.kind == Kind::Card) {
            told.entry(&posted.incident)
                .or_default()
                .extend(self.ledger.told.get(card).into_iter().flat_map(BTreeMap::values).flatten());
        }
        for (reference, lines) in told {
            if lines.iter().collect::<BTreeSet<_>>().len() < lines.len() {
                return Err(format!("P2: something is told twice of {reference}: {lines:#?}"));
            }
            let beginnings = lines.iter().filter(|line| line.contains("**Opened")).count();
            if beginnings != 1 && !self.ever_deleted.contains(reference) {
                return Err(format!("P1: of {reference} {beginnings} beginnings are told: {lines:#?}"));
            }
        }
        Ok(())
    }

    fn open_is_deleted(&self, name: &str) -> bool {
        let open = self.model.subjects[name].open.as_ref().filter(|open| open.storm.is_none());
        let reference = open.and_then(|open| self.references.get(name)?.get(open.number));
        reference.is_some_and(|reference| self.deleted.contains(reference))
    }
}

/// An incident as the store would tell it.
fn of(model: &Model, name: &str) -> Option<String> {
    let open = model.subjects.get(name)?.open.as_ref()?;
    Some(told(&open.phase, open.worse_since, open.said, open.replies))
}

fn told(phase: &Phase, worse_since: Option<i64>, said: u32, replies: u32) -> String {
    format!("{phase:?} worse since {worse_since:?} said {said} replies {replies}")
}

/// What a card is about, by its title.
fn subject_of(title: &str) -> String {
    if title.to_lowercase().contains("storm") {
        return STORM.to_owned();
    }
    if title.contains("ever redundant") {
        return NOTICE.to_owned();
    }
    let bots = BOTS.iter().map(|(bot, _)| *bot);
    let bot = bots.into_iter().find(|bot| title.to_lowercase().contains(&format!("{bot} bot")));
    bot.map_or_else(|| BLIND.to_owned(), |bot| format!("failover:production:bot-{bot}"))
}

/// Carries something out for so many turns, and then never again.
async fn begun<T>(what: impl Future<Output = T>, mut turns: usize) {
    let mut what = pin!(what);
    std::future::poll_fn(|context| {
        if turns == 0 || what.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        turns -= 1;
        Poll::Pending
    })
    .await;
}
