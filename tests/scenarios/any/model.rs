//! What ought to be said, worked out anew from what could be seen: written for these tests, from what the product promises,
//! and not with the product's own judging. Times are seconds.

use std::collections::{BTreeMap, BTreeSet};

/// The settings, in seconds; 0 is at once, and for reminders and escalation never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) alert_after: i64,
    pub(crate) outage_after: i64,
    pub(crate) recover_after: i64,
    pub(crate) reopen_within: i64,
    pub(crate) remind_after: i64,
    pub(crate) escalate_after: i64,
    /// How many bots that fail at once are a storm; 0 is never.
    pub(crate) storm_bots: usize,
}

/// How far apart looks may be until what was between them is not known, and how long one is blind until that is said.
const THREE_POLLS: i64 = 90;
const DAY: i64 = 24 * 3600;
/// What falls this often is an incident, however soon it looks well each time.
const FALLS: u32 = 3;
/// How far apart bots may fail and still fail at once.
const AT_ONCE: i64 = 300;
/// What is asked of each bot.
const MINIMUM: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Quiet,
    AtRisk,
    Outage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Bad(Severity),
    Well,
    CannotTell,
}

/// What a look at the service came to.
pub(crate) enum Answer<'a> {
    Failed,
    /// The connectors that came, each with whether it is healthy, and those whose record could not be read.
    Read {
        came: &'a BTreeMap<String, bool>,
        garbled: &'a BTreeSet<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Fresh,
    Unread,
    Missing,
}

/// What one process knows of the fleet.
#[derive(Clone, Debug, Default)]
struct Eye {
    known: BTreeMap<String, (bool, Sight)>,
    garbled_strangers: usize,
    read_once: bool,
    whole: u32,
    blind_since: Option<i64>,
    last_look: Option<i64>,
    watched_since: i64,
}

impl Eye {
    fn take(&mut self, answer: &Answer<'_>, now: i64) {
        self.watched_since = match self.last_look {
            Some(last) if now - last <= THREE_POLLS => self.watched_since,
            _ => now,
        };
        self.last_look = Some(now);
        match answer {
            Answer::Failed => {
                let seen = self.known.values_mut().filter(|(_, sight)| *sight != Sight::Missing);
                seen.for_each(|(_, sight)| *sight = Sight::Unread);
                self.blind_since = self.blind_since.or(Some(now));
            }
            Answer::Read { came, garbled } => {
                let before = std::mem::take(&mut self.known);
                self.garbled_strangers = garbled.iter().filter(|id| !before.contains_key(*id)).count();
                for (id, (healthy, sight)) in before {
                    match (garbled.contains(&id), came.contains_key(&id), sight) {
                        (true, ..) => drop(self.known.insert(id, (healthy, Sight::Unread))),
                        (false, false, Sight::Fresh | Sight::Unread) => {
                            self.known.insert(id, (healthy, Sight::Missing));
                        }
                        // Two complete readings did not have it.
                        (false, false, Sight::Missing) | (false, true, _) => {}
                    }
                }
                self.known.extend(came.iter().map(|(id, healthy)| (id.clone(), (*healthy, Sight::Fresh))));
                self.read_once = true;
                let sees = self.garbled_strangers == 0 && self.known.values().all(|(_, sight)| *sight != Sight::Unread);
                self.blind_since = if sees { None } else { self.blind_since.or(Some(now)) };
            }
        }
        self.whole += u32::from(self.sees_all());
    }

    fn sees_all(&self) -> bool {
        self.read_once && self.blind_since.is_none()
    }

    /// How many of a bot's connectors are healthy at worst and at best; nothing if nothing can be said of it.
    fn counts(&self, bot: &str) -> Option<(usize, usize)> {
        let mine: Vec<_> = self.known.iter().filter(|(id, _)| id.starts_with(bot)).map(|(_, seen)| *seen).collect();
        if mine.is_empty() {
            return (self.sees_all() && self.whole >= 2).then_some((0, 0));
        }
        let worst = mine.iter().filter(|seen| **seen == (true, Sight::Fresh)).count();
        let unknown = mine.iter().filter(|(_, sight)| *sight != Sight::Fresh).count();
        Some((worst, worst + unknown + self.garbled_strangers))
    }

    fn has_any(&self, bot: &str) -> bool {
        self.known.keys().any(|id| id.starts_with(bot))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Suspected { since: i64, well_since: Option<i64>, falls: u32 },
    Open,
    Recovering { since: i64 },
}

/// An incident that is open or suspected, or the last one that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incident {
    /// Which one of its subject it is; none yet while it is suspected.
    pub(crate) number: usize,
    pub(crate) phase: Phase,
    announced: Severity,
    pub(crate) worse_since: Option<i64>,
    /// The storm on whose card it stands: which one, counted from the first.
    pub(crate) storm: Option<usize>,
    opened_at: i64,
    back_said_at: Option<i64>,
    counted_from: i64,
    reminded: u32,
    reminded_at: Option<i64>,
    escalated: bool,
    /// How often it was said again, and how often it called by a reply otherwise.
    pub(crate) said: u32,
    pub(crate) replies: u32,
    over_at: i64,
}

/// What one incident is about, with its history.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) open: Option<Incident>,
    last: Option<Incident>,
    pub(crate) carded: usize,
    listed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Card,
    Worse,
    Back,
    Reminder,
    Escalation,
}

/// What is to be said of an incident, or may have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) subject: String,
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    /// Nobody needs it any more unless it was said already.
    pub(crate) overtaken: bool,
    /// It was seen to be said.
    settled: bool,
}

/// All that ought to be known.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    rules: Rules,
    bots: Vec<(String, usize)>,
    eye: Eye,
    pub(crate) subjects: BTreeMap<String, Subject>,
    /// What calls somebody.
    pub(crate) said: Vec<Said>,
}

pub(crate) const STORM: &str = "storm";
pub(crate) const BLIND: &str = "blind";
pub(crate) const NOTICE: &str = "never-redundant:production";

impl Model {
    /// Each bot with how many connectors it ever had at once.
    pub(crate) fn new(rules: Rules, bots: &[(&str, usize)]) -> Self {
        let bots = bots.iter().map(|(bot, many)| ((*bot).to_owned(), *many)).collect();
        Self { rules, bots, eye: Eye::default(), subjects: BTreeMap::new(), said: Vec::new() }
    }

    /// The process ended: what it only remembered is gone.
    pub(crate) fn forgets(&mut self) {
        self.eye = Eye::default();
    }

    /// Nothing of the fleet is in doubt.
    pub(crate) fn sees_clearly(&self) -> bool {
        self.eye.sees_all() && self.eye.known.values().all(|(_, sight)| *sight == Sight::Fresh)
    }

    /// Judges what a look came to.
    pub(crate) fn judge(&mut self, answer: &Answer<'_>, now: i64) {
        self.eye.take(answer, now);
        let rules = self.rules;
        let mut seen = Vec::new();
        for (bot, most) in self.bots.clone() {
            let Some((worst, best)) = self.eye.counts(&bot) else { continue };
            let never = most < MINIMUM;
            let standing = match (worst, best) {
                _ if worst >= MINIMUM => Standing::Well,
                _ if best >= MINIMUM => Standing::CannotTell,
                (_, 0) => Standing::Bad(Severity::Outage),
                (0, _) if never => Standing::CannotTell,
                _ if never => Standing::Well,
                _ => Standing::Bad(Severity::AtRisk),
            };
            seen.push((bot, never, standing));
        }
        let storm = self.storm_that_is_on();
        let before = (self.subjects.clone(), self.said.clone());
        for (bot, _, standing) in &seen {
            self.hears(&failover(bot), *standing, &rules, storm, now);
        }
        self.gathers(&seen, before, storm, now);
        let mut listed = false;
        for (bot, _, standing) in seen.iter().filter(|(bot, never, _)| *never && self.eye.has_any(bot)) {
            let was_listed = self.subjects.get(NOTICE).is_some_and(|notice| notice.open.is_some() && notice.listed);
            listed = match (standing, self.subjects[&failover(bot)].open.as_ref().map(|open| &open.phase)) {
                (_, Some(Phase::Open | Phase::Recovering { .. })) => false,
                (Standing::Well, _) => true,
                (Standing::CannotTell, _) | (Standing::Bad(_), Some(Phase::Suspected { .. })) => was_listed,
                (Standing::Bad(_), None) => false,
            };
        }
        if self.eye.read_once {
            let standing = if listed { Standing::Bad(Severity::Quiet) } else { Standing::Well };
            self.hears(NOTICE, standing, &rules, None, now);
            self.subjects.get_mut(NOTICE).unwrap().listed = listed;
        }
        let blind = self.eye.blind_since.is_some_and(|since| now - since >= THREE_POLLS);
        let standing = match (self.eye.sees_all(), blind) {
            (true, _) => Standing::Well,
            (false, true) => Standing::Bad(Severity::AtRisk),
            (false, false) => Standing::CannotTell,
        };
        let at_once = Rules { alert_after: 0, outage_after: 0, ..self.rules };
        self.hears(BLIND, standing, &at_once, None, now);
    }

    /// Which storm is on, if one is.
    fn storm_that_is_on(&self) -> Option<usize> {
        self.subjects.get(STORM)?.open.as_ref().map(|open| open.number)
    }

    /// Judges whether there is a storm; then those who are part of it are judged once more, as they were before.
    fn gathers(
        &mut self,
        seen: &[(String, bool, Standing)],
        before: (BTreeMap<String, Subject>, Vec<Said>),
        on: Option<usize>,
        now: i64,
    ) {
        let needed = self.rules.storm_bots.min(3.max(seen.len() / 2 + 1));
        let (mut newly, mut lately, mut swept, mut worst) = (Vec::new(), 0, Vec::new(), Severity::AtRisk);
        let storm_since =
            self.subjects.get(STORM).and_then(|storm| storm.open.as_ref()).map_or(now, |open| open.opened_at);
        // What cannot be looked at now is as it was: it does not end a storm.
        for (bot, _) in &self.bots {
            let name = failover(bot);
            let open = self.subjects.get(&name).and_then(|subject| subject.open.as_ref());
            let Some(open) = open.filter(|open| open.phase == Phase::Open) else { continue };
            let said_of = |all: &[Said]| {
                all.iter().filter(|said| said.subject == name && matches!(said.kind, Kind::Card | Kind::Back)).count()
            };
            let before_it = before.0.get(&name).and_then(|subject| subject.open.as_ref());
            let outlasted_a_storm = before_it.is_some_and(|open| open.storm.is_some());
            let is_new = said_of(&self.said) > said_of(&before.1) && !outlasted_a_storm;
            let is_out = seen.iter().any(|(of, _, now)| of == bot && *now == Standing::Bad(Severity::Outage));
            if is_new {
                newly.push(bot.clone());
            } else if open.storm.is_some() && open.storm == on {
                swept.push(bot.clone());
            } else {
                lately += usize::from(open.storm.is_none() && open.opened_at + AT_ONCE >= storm_since);
                continue;
            }
            worst = if is_out { Severity::Outage } else { worst };
        }
        let standing = match on {
            None if self.rules.storm_bots > 0 && !newly.is_empty() && newly.len() + lately >= needed => {
                Standing::Bad(worst)
            }
            None => return,
            Some(_) if newly.is_empty() && swept.is_empty() => Standing::Well,
            Some(_) if newly.len() + swept.len() + lately >= needed.div_ceil(2).max(2) => Standing::Bad(worst),
            Some(_) => Standing::Well,
        };
        let rules = self.rules;
        self.hears(STORM, standing, &Rules { alert_after: 0, outage_after: 0, ..rules }, None, now);
        let after = self.storm_that_is_on();
        let again = if after.is_some() { newly } else { swept };
        for (bot, _, standing) in seen.iter().filter(|(bot, ..)| again.contains(bot)) {
            let name = failover(bot);
            self.said.retain(|said| said.subject != name);
            self.said.extend(before.1.iter().filter(|said| said.subject == name).cloned());
            self.subjects.insert(name.clone(), before.0.get(&name).cloned().unwrap_or_default());
            self.hears(&name, *standing, &rules, after, now);
        }
    }

    /// Says again what still stands.
    pub(crate) fn attend(&mut self, now: i64) {
        let names: Vec<_> = self.subjects.keys().cloned().collect();
        for name in names {
            self.attend_to(&name, now);
        }
    }

    pub(crate) fn attend_to(&mut self, name: &str, now: i64) {
        let Rules { remind_after, escalate_after, .. } = self.rules;
        let Some(open) = self.subjects.get_mut(name).and_then(|subject| subject.open.as_mut()) else { return };
        if name == NOTICE || open.phase != Phase::Open || open.storm.is_some() {
            return;
        }
        let mut due = Vec::new();
        let pause = (remind_after << open.reminded.min(20)).min(DAY.max(remind_after));
        if remind_after > 0 && now >= open.reminded_at.unwrap_or(open.counted_from) + pause {
            open.reminded += 1;
            open.reminded_at = Some(now);
            due.push(Kind::Reminder);
        }
        let may_escalate = escalate_after > 0 && !open.escalated && open.announced > Severity::Quiet;
        if may_escalate && now >= open.counted_from + escalate_after {
            open.escalated = true;
            due.push(Kind::Escalation);
        }
        open.said += u32::try_from(due.len()).unwrap();
        let number = open.number;
        for kind in due {
            // An earlier one that nobody got would only say the same.
            self.overtake(name, number, |said| said == kind);
            self.say(name, number, kind);
        }
    }

    fn say(&mut self, subject: &str, number: usize, kind: Kind) {
        self.said.push(Said { subject: subject.to_owned(), number, kind, overtaken: false, settled: false });
    }

    fn overtake(&mut self, subject: &str, number: usize, which: impl Fn(Kind) -> bool) {
        let of = self.said.iter_mut().filter(|said| said.subject == subject && said.number == number);
        of.filter(|said| which(said.kind) && !said.settled).for_each(|said| said.overtaken = true);
    }

    /// It was seen how often this was said: what was not said until now never will be.
    pub(crate) fn settles(&mut self, subject: &str, number: usize, kind: Kind, times: usize) {
        self.said.retain(|said| (said.subject.as_str(), said.number, said.kind) != (subject, number, kind));
        let said = Said { subject: subject.to_owned(), number, kind, overtaken: false, settled: true };
        self.said.extend(std::iter::repeat_n(said, times));
    }

    /// Takes in how it stands with a subject, while this storm is on that may take it up.
    fn hears(&mut self, name: &str, standing: Standing, rules: &Rules, storm: Option<usize>, now: i64) {
        let watched_since = self.eye.watched_since;
        let subject = self.subjects.entry(name.to_owned()).or_default();
        let until = |severity| {
            if severity == Severity::Outage { rules.alert_after.min(rules.outage_after) } else { rules.alert_after }
        };
        let well_for_long = |since: i64| since.max(watched_since) + rules.recover_after <= now;
        let suspected = |since, well_since, falls| Incident {
            number: 0,
            phase: Phase::Suspected { since, well_since, falls },
            announced: Severity::Quiet,
            worse_since: None,
            storm: None,
            opened_at: now,
            back_said_at: None,
            counted_from: now,
            reminded: 0,
            reminded_at: None,
            escalated: false,
            said: 0,
            replies: 0,
            over_at: 0,
        };
        let (since, well_since, falls) = match (&mut subject.open, standing) {
            (None, Standing::Bad(_)) => (now, None, 1),
            (None, _) => return,
            (Some(open), _) => match (&mut open.phase, standing) {
                (Phase::Suspected { since, well_since, falls }, Standing::Bad(_)) => match well_since {
                    None => (*since, None, *falls),
                    Some(_) => (now, None, *falls + 1),
                },
                (Phase::Suspected { well_since, .. }, Standing::Well) => {
                    let well = *well_since.get_or_insert(now);
                    if well_for_long(well) {
                        subject.open = None;
                    }
                    return;
                }
                (Phase::Suspected { well_since, .. }, Standing::CannotTell) => {
                    *well_since = well_since.map(|_| now);
                    return;
                }
                (Phase::Open, Standing::CannotTell) => return,
                (Phase::Recovering { since }, Standing::CannotTell) => {
                    *since = now;
                    open.worse_since = None;
                    return;
                }
                (phase, Standing::Well) => {
                    let since = if let Phase::Recovering { since } = phase { *since } else { now };
                    open.phase = Phase::Recovering { since };
                    open.worse_since = None;
                    if well_for_long(since) {
                        open.over_at = since;
                        let (number, own) = (open.number, open.storm.is_none());
                        subject.last = subject.open.take();
                        // What is over wakes nobody.
                        if own {
                            self.overtake(name, number, |_| true);
                        }
                    }
                    return;
                }
                (_, Standing::Bad(severity)) => {
                    open.phase = Phase::Open;
                    if open.storm.is_some() && open.storm != storm {
                        // It outlasted its storm.
                        open.storm = None;
                        open.announced = severity;
                        open.worse_since = None;
                        open.rearm(now);
                        open.number = subject.carded;
                        subject.carded += 1;
                        let number = open.number;
                        self.say(name, number, Kind::Card);
                        return;
                    }
                    open.worse_since = (severity > open.announced).then(|| open.worse_since.unwrap_or(now));
                    if open.worse_since.is_some_and(|since| since + until(severity) <= now) {
                        open.announced = severity;
                        open.worse_since = None;
                        open.rearm(now);
                        if open.storm.is_none() {
                            open.replies += 1;
                            let number = open.number;
                            self.say(name, number, Kind::Worse);
                        }
                    }
                    return;
                }
            },
        };
        let Standing::Bad(severity) = standing else { return };
        if falls < FALLS && since + until(severity) > now {
            subject.open = Some(suspected(since, well_since, falls));
            return;
        }
        match subject.last.take() {
            Some(last) if storm.is_none() && last.storm.is_none() && since < last.over_at + rules.reopen_within => {
                let mut back = Incident { phase: Phase::Open, worse_since: None, opened_at: now, ..last };
                let lately = back.back_said_at.is_some_and(|at| now < at + rules.reopen_within);
                let calls = severity > Severity::Quiet && (!lately || severity > back.announced);
                let number = back.number;
                if severity == Severity::Quiet {
                    back.announced = Severity::Quiet;
                    back.rearm(now);
                } else if calls {
                    back.announced = severity;
                    back.back_said_at = Some(now);
                    back.replies += 1;
                    back.rearm(now);
                }
                subject.open = Some(back);
                if calls {
                    self.say(name, number, Kind::Back);
                }
            }
            last if storm.is_some() && severity > Severity::Quiet => {
                subject.last = last;
                subject.open =
                    Some(Incident { phase: Phase::Open, announced: severity, storm, ..suspected(now, None, 1) });
            }
            last => {
                subject.last = last;
                let number = subject.carded;
                subject.carded += 1;
                let open = Incident { number, phase: Phase::Open, announced: severity, ..suspected(now, None, 1) };
                subject.open = Some(open);
                if severity > Severity::Quiet {
                    self.say(name, number, Kind::Card);
                }
            }
        }
    }
}

fn failover(bot: &str) -> String {
    format!("failover:production:bot-{bot}")
}

impl Incident {
    fn rearm(&mut self, now: i64) {
        self.counted_from = now;
        self.reminded = 0;
        self.reminded_at = None;
        self.escalated = false;
    }
}
