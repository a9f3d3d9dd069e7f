//! The language of the scenarios: what the fleet, people and Discord do at which time, and exactly what happens in the alert
//! channel, with whom it pings. It is played on the production path, and what happened is written down in the same words.
//!
//! ```text
//! given Billing 2, FAQ 1                 the bots in Production, with how many healthy connectors: billing-1, billing-2, faq-1
//! with ALERT_AFTER 60s, STORM_BOTS 0     settings; else those of `USUAL`
//!
//!  0:10  billing-1 drops                 something is done: see `Deed` below for all that can be
//!  1:30  + 🟠 At risk: … — 1 of 2 …  @On call    a message is new, and pings the role
//!        ~ …                             one is edited, which pings nobody
//!        - …                             one is gone
//!        > …                             one is new in a card's thread; told only where the script tells of one
//! 31:30  + ↳ …                           a reply
//!  5:00..7:00  + …                       at some time between these, and in whatever order among others that may then be
//!  6:00  = …                             all that stands at this time: every message, oldest first
//!  6:00  over                            nothing more happens until here
//! ```
//!
//! Times are minutes and seconds; a line without one happens at the time of the line above it. The fleet is polled every
//! half minute, from 0:00 on, and when something is due. Whatever happens that the script does not say fails it.

use std::fmt::Write as _;

/// What every script is played with, unless it says otherwise.
const USUAL: &[(&str, &str)] = &[
    ("START_GRACE", "5m"),
    ("CHANGES_PER_PERSON", "0"),
    ("CHANGES_PER_ENVIRONMENT", "0"),
    ("ALERT_AFTER", "60s"),
    ("OUTAGE_AFTER", "20s"),
    ("RECOVER_AFTER", "60s"),
    ("REOPEN_WITHIN", "15m"),
    ("STORM_BOTS", "0"),
    ("REMIND_AFTER", "30m"),
    ("ESCALATE_AFTER", "0s"),
];

/// A script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// The bots, each with its number of connectors.
    pub(crate) bots: Vec<(String, u32)>,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) deeds: Vec<(i64, String)>,
    /// What happens in the channel.
    pub(crate) effects: Vec<Effect>,
    /// What stands at a time.
    pub(crate) stands: Vec<(i64, Vec<String>)>,
    pub(crate) over: i64,
}

/// Something that happens in the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) what: String,
}

impl Script {
    pub(crate) fn read(text: &str) -> Self {
        let settings = USUAL.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut script = Self { settings, ..Self::default() };
        let mut at = (0, 0);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(bots) = line.strip_prefix("given ") {
                script.bots = pairs(bots).map(|(bot, many)| (bot, many.parse().unwrap())).collect();
            } else if let Some(settings) = line.strip_prefix("with ") {
                for (name, value) in pairs(settings) {
                    script.settings.retain(|(known, _)| *known != name);
                    script.settings.push((name, value));
                }
            } else {
                let (time, what) = timed(line);
                at = time.unwrap_or(at);
                script.take(at, &squeezed(what));
            }
        }
        assert!(script.over > 0, "a script says when it is over");
        script
    }

    fn take(&mut self, (from, to): (i64, i64), what: &str) {
        if what == "over" {
            self.over = to;
        } else if what.starts_with(['+', '~', '-', '>', '!']) {
            self.effects.push(Effect { from, to, what: what.to_owned() });
        } else if what.starts_with('=') {
            match self.stands.last_mut() {
                Some((at, stands)) if *at == from => stands.push(what.to_owned()),
                _ => self.stands.push((from, vec![what.to_owned()])),
            }
        } else {
            self.deeds.push((from, what.to_owned()));
        }
    }

    /// Whether it tells what is said in threads.
    pub(crate) fn tells_of_threads(&self) -> bool {
        self.effects.iter().any(|effect| effect.what.starts_with('>'))
    }

    /// Holds what happened against it.
    pub(crate) fn judge(&self, happened: &Happened) -> Result<(), String> {
        let wanted = in_order(self.effects.clone());
        let mut effects = happened.effects.clone();
        effects.retain(|effect| self.tells_of_threads() || !effect.what.starts_with('>'));
        let effects = in_order(effects);
        let (missing, unwanted) = unmatched(&wanted, &effects);
        if missing.is_empty() && unwanted.is_empty() && self.stands == happened.stands {
            return Ok(());
        }
        let mut said = String::new();
        let mut tell = |title: &str, effects: &[Effect], marked: &[usize], stands: &[(i64, Vec<String>)]| {
            writeln!(said, "\n--- {title}").unwrap();
            let mut lines: Vec<_> =
                self.deeds.iter().map(|(at, deed)| (*at, 0, format!("{:>14}  {deed}", time(*at)))).collect();
            for (n, effect) in effects.iter().enumerate() {
                let mark = if marked.contains(&n) { ">>>" } else { "   " };
                lines.push((effect.to, 1, format!("{mark} {:>10}  {}", span(effect), effect.what)));
            }
            for (at, all) in stands {
                lines.extend(all.iter().map(|line| (*at, 2, format!("{:>14}  {line}", time(*at)))));
            }
            lines.sort_by_key(|(at, kind, _)| (*at, *kind));
            lines.iter().for_each(|(_, _, line)| writeln!(said, "{line}").unwrap());
        };
        tell("what was to happen", &wanted, &missing, &self.stands);
        tell("what happened", &effects, &unwanted, &happened.stands);
        writeln!(said, "--- what did not happen, and what was not to happen, is marked >>>").unwrap();
        Err(said)
    }
}

/// What happened when a script was played.
#[derive(Clone, Debug, Default)]
pub(crate) struct Happened {
    pub(crate) effects: Vec<Effect>,
    pub(crate) stands: Vec<(i64, Vec<String>)>,
}

/// Which of what was wanted did not happen, and which of what happened was not wanted: each fulfils one wish, at a time at which
/// that may be. What may happen in one span has no order, since the jitter of retries decides on it.
fn unmatched(wanted: &[Effect], found: &[Effect]) -> (Vec<usize>, Vec<usize>) {
    let mut missing: Vec<_> = (0..wanted.len()).collect();
    let mut unwanted = Vec::new();
    for (n, effect) in found.iter().enumerate() {
        // Whichever must happen soonest, so that the others are left for what comes later.
        let fits = |wish: &Effect| wish.what == effect.what && (wish.from..=wish.to).contains(&effect.to);
        match missing.iter().position(|wish| fits(&wanted[*wish])) {
            Some(place) => drop(missing.remove(place)),
            None => unwanted.push(n),
        }
    }
    (missing, unwanted)
}

/// What happens at one time has no order.
fn in_order(mut effects: Vec<Effect>) -> Vec<Effect> {
    effects.sort_by(|a, b| (a.to, &a.what).cmp(&(b.to, &b.what)));
    effects
}

fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split(',').map(|pair| {
        let (name, value) = pair.trim().split_once(' ').unwrap_or_else(|| panic!("{pair:?} is no pair"));
        (name.to_owned(), value.trim().to_owned())
    })
}

/// A line's time or span of time, and the rest.
fn timed(line: &str) -> (Option<(i64, i64)>, &str) {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (from, to) = first.split_once("..").unwrap_or((first, first));
    match (seconds(from), seconds(to)) {
        (Some(from), Some(to)) => (Some((from, to)), rest.trim()),
        _ => (None, line),
    }
}

fn seconds(text: &str) -> Option<i64> {
    let (minutes, seconds) = text.split_once(':')?;
    Some(minutes.parse::<i64>().ok()? * 60 + seconds.parse::<i64>().ok()?)
}

pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn time(second: i64) -> String {
    format!("{}:{:02}", second / 60, second % 60)
}

fn span(effect: &Effect) -> String {
    if effect.from == effect.to { time(effect.to) } else { format!("{}..{}", time(effect.from), time(effect.to)) }
}

#[test]
fn a_script_wants_each_thing_once_and_in_its_time_and_lets_a_span_have_no_order() {
    let script = Script::read("0:10  + one\n 0:20..0:40  + two\n + three\n 0:30  + two\n 1:00  over");
    let happened = |all: &[(i64, &str)]| Happened {
        effects: all.iter().map(|(at, what)| Effect { from: *at, to: *at, what: (*what).to_owned() }).collect(),
        stands: Vec::new(),
    };
    for right in [
        &[(10, "+ one"), (25, "+ three"), (30, "+ two"), (40, "+ two")],
        &[(10, "+ one"), (20, "+ two"), (30, "+ two"), (40, "+ three")],
    ] {
        assert_eq!(script.judge(&happened(right)), Ok(()));
    }
    for wrong in [
        &[(11, "+ one"), (25, "+ three"), (30, "+ two"), (40, "+ two")][..],
        &[(10, "+ one"), (25, "+ three"), (31, "+ two"), (40, "+ two")],
        &[(10, "+ one"), (25, "+ three"), (30, "+ two")],
        &[(10, "+ one"), (25, "+ three"), (30, "+ two"), (35, "+ two"), (40, "+ two")],
        &[(10, "+ one"), (25, "+ three"), (30, "+ two"), (40, "+ two"), (50, "- one")],
    ] {
        let said = script.judge(&happened(wrong)).unwrap_err();
        assert!(said.contains(">>>"), "{said}");
    }
}
