//! How a bot did over time in one environment: what was seen of its connectors, and what that comes to. Pure.
//!
//! What was not seen is nothing (P5): time in which nobody looked, or in which what could not be read decides, counts neither
//! as up nor as down.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::connector::{Condition, Connector};
use super::fleet::{Sight, Sighting};
use super::ids::ConnectorId;
use super::incident::{Incident, Phase};

/// The shortest range of which a history is shown.
pub const SHORTEST: Duration = Duration::from_secs(3600);
/// The longest range of which a history is shown.
pub const LONGEST: Duration = Duration::from_secs(90 * 86_400);

/// How a connector was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Online with both connections.
    Healthy,
    /// Online, and not connected.
    OnlineNotConnected,
    /// Dropped, or only just started.
    NotConnected,
    /// In a word that we do not know.
    UnknownWord,
    /// Stopped by somebody.
    Stopped,
    /// Deployed and never started.
    ReadyToStart,
    /// It could not be read.
    Unread,
    /// It was not there any more.
    Gone,
}

impl State {
    /// All of them, the best first.
    pub const ALL: [Self; 8] = [
        Self::Healthy,
        Self::OnlineNotConnected,
        Self::NotConnected,
        Self::UnknownWord,
        Self::Stopped,
        Self::ReadyToStart,
        Self::Unread,
        Self::Gone,
    ];

    /// How a connector is, as far as it was seen.
    pub fn of(sighting: &Sighting) -> Self {
        match sighting.sight {
            Sight::Fresh => Self::read(&sighting.connector),
            Sight::Unread | Sight::Missing => Self::Unread,
        }
    }

    fn read(connector: &Connector) -> Self {
        match connector.condition() {
            Condition::Healthy => Self::Healthy,
            Condition::OnlineNotConnected => Self::OnlineNotConnected,
            Condition::NotConnected => Self::NotConnected,
            Condition::UnknownWord => Self::UnknownWord,
            Condition::Stopped => Self::Stopped,
            Condition::ReadyToStart => Self::ReadyToStart,
        }
    }

    /// The word under which the store keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::OnlineNotConnected => "online_not_connected",
            Self::NotConnected => "not_connected",
            Self::UnknownWord => "unknown_word",
            Self::Stopped => "stopped",
            Self::ReadyToStart => "ready_to_start",
            Self::Unread => "unread",
            Self::Gone => "gone",
        }
    }

    /// Reads [`Self::word`] back. A word of another version says that nobody can tell.
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or(Self::Unread)
    }

    /// Whether it is down although nobody stopped it.
    fn is_broken(self) -> bool {
        matches!(self, Self::OnlineNotConnected | Self::NotConnected | Self::UnknownWord)
    }
}

/// A stretch of time: from a moment until before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl Span {
    /// How long it is.
    pub fn length(self) -> Duration {
        Duration::try_from(self.until.duration_since(self.from)).unwrap_or_default()
    }

    /// As much of it as is within another.
    pub fn within(self, other: Self) -> Option<Self> {
        let span = Self { from: self.from.max(other.from), until: self.until.min(other.until) };
        (span.from < span.until).then_some(span)
    }

    fn holds(self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// A connector's state from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The moment.
    pub at: Timestamp,
    /// The state, until the next change.
    pub state: State,
}

/// One connector over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The connector.
    pub connector: ConnectorId,
    /// The name that it bore last.
    pub name: String,
    /// Its changes, in the order of time. The first one may be from before the time that is looked at.
    pub changes: Vec<Change>,
}

impl Lane {
    /// How it was, stretch by stretch, within a time.
    pub fn stretches(&self, within: Span) -> impl Iterator<Item = (Span, State)> {
        let ends = self.changes.iter().skip(1).map(|change| change.at).chain([Timestamp::MAX]);
        let all = self.changes.iter().zip(ends);
        all.filter_map(move |(change, until)| Some((Span { from: change.at, until }.within(within)?, change.state)))
    }
}

/// What was seen of a bot in one environment over a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The time.
    pub span: Span,
    /// When somebody looked, in order, without overlaps.
    pub watched: Vec<Span>,
    /// Its connectors, in the order of their names.
    pub lanes: Vec<Lane>,
}

/// How many connectors were healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// For sure.
    pub healthy: u32,
    /// At best: if those that could not be read were.
    pub best: u32,
}

/// A stretch of time in which the count did not change; `None` while nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The stretch.
    pub span: Span,
    /// The count.
    pub count: Option<Count>,
}

/// What happens at a moment of the sweep.
enum Event {
    Watching(bool),
    From(Option<State>, State),
}

impl History {
    /// How many were healthy, step by step, over the whole time.
    pub fn steps(&self) -> Vec<Step> {
        let mut events: Vec<(Timestamp, Event)> = Vec::new();
        for watched in self.watched.iter().filter_map(|watched| watched.within(self.span)) {
            events.push((watched.from, Event::Watching(true)));
            events.push((watched.until, Event::Watching(false)));
        }
        for lane in &self.lanes {
            let mut before = None;
            for (stretch, state) in lane.stretches(self.span) {
                events.push((stretch.from, Event::From(before, state)));
                before = Some(state);
            }
        }
        // Of one moment, an end comes before a beginning: what goes on without a gap has none.
        events.sort_by_key(|(at, event)| (*at, matches!(event, Event::Watching(true))));
        let mut steps: Vec<Step> = Vec::new();
        let (mut watching, mut healthy, mut unread, mut there) = (false, 0u32, 0u32, 0u32);
        let mut from = self.span.from;
        for (at, event) in events.into_iter().map(|(at, event)| (at, Some(event))).chain([(self.span.until, None)]) {
            let count = (watching && there > 0).then_some(Count { healthy, best: healthy + unread });
            add(&mut steps, Span { from, until: at }, count);
            from = at;
            match event {
                Some(Event::Watching(now)) => watching = now,
                Some(Event::From(before, now)) => {
                    let was = |state| u32::from(before == Some(state));
                    let is = |state| u32::from(now == state);
                    healthy = healthy + is(State::Healthy) - was(State::Healthy);
                    unread = unread + is(State::Unread) - was(State::Unread);
                    let was_there = u32::from(before.is_some_and(|before| before != State::Gone));
                    there = there + 1 - is(State::Gone) - was_there;
                }
                None => {}
            }
        }
        steps
    }

    /// How often a connector lost its health without anybody stopping it.
    pub fn drops(&self) -> u32 {
        self.lanes.iter().map(|lane| self.drops_of(lane)).sum()
    }

    fn drops_of(&self, lane: &Lane) -> u32 {
        let mut known = None;
        let mut drops = 0;
        for change in lane.changes.iter().filter(|change| change.state != State::Unread) {
            let dropped = known == Some(State::Healthy) && change.state.is_broken();
            drops += u32::from(dropped && self.span.holds(change.at));
            known = Some(change.state);
        }
        drops
    }

    /// What it comes to, against a minimum, with the incidents on the bot that were opened in this time.
    pub fn figures(&self, minimum: u32, incidents: &[Incident]) -> Figures {
        let mut figures = Figures { drops: self.drops(), ..Figures::default() };
        let mut out = Duration::ZERO;
        for Step { span, count } in self.steps() {
            let length = span.length();
            let is_out = count.is_some_and(|count| count.best == 0);
            out = if is_out { out + length } else { Duration::ZERO };
            figures.longest_outage = figures.longest_outage.max(out);
            let Some(Count { healthy, best }) = count else { continue };
            figures.seen += length;
            match () {
                () if healthy > 0 => figures.up += length,
                () if is_out => figures.out += length,
                () => {}
            }
            if best < minimum {
                figures.below += length;
            }
        }
        let card = |incident: &&Incident| !matches!(incident.phase, Phase::Suspected { .. });
        let counted = incidents.iter().filter(card).filter(|incident| self.span.holds(incident.opened_at));
        let counted: Vec<_> = counted.collect();
        let took = |incident: &Incident, until: Timestamp| until.duration_since(incident.opened_at);
        let acknowledged = |i: &&Incident| i.attention.acknowledged.as_ref().map(|done| took(i, done.at));
        figures.incidents = u32::try_from(counted.len()).unwrap_or(u32::MAX);
        figures.to_acknowledge = mean(counted.iter().filter_map(acknowledged));
        figures.to_recover = mean(counted.iter().filter_map(|i| Some(took(i, i.resolved_at()?))));
        figures
    }
}

/// Adds a step, or goes on with the last one if nothing changed.
fn add(steps: &mut Vec<Step>, span: Span, count: Option<Count>) {
    match steps.last_mut() {
        Some(last) if last.count == count => last.span.until = span.until,
        _ if span.from < span.until => steps.push(Step { span, count }),
        _ => {}
    }
}

fn mean(times: impl Iterator<Item = SignedDuration>) -> Option<Duration> {
    let times: Vec<_> = times.map(|time| Duration::try_from(time).unwrap_or_default()).collect();
    let count = u32::try_from(times.len()).ok().filter(|count| *count > 0)?;
    times.iter().sum::<Duration>().checked_div(count)
}

/// What a history comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// For how long the bot was seen.
    pub seen: Duration,
    /// For how long at least one connector was surely healthy.
    pub up: Duration,
    /// For how long surely none was.
    pub out: Duration,
    /// For how long surely fewer than the minimum were, outages included.
    pub below: Duration,
    /// The longest stretch of `out` without a break.
    pub longest_outage: Duration,
    /// How often a connector lost its health without anybody stopping it.
    pub drops: u32,
    /// Incidents that were opened in this time.
    pub incidents: u32,
    /// How long it took until somebody acknowledged, in the mean of those that somebody did.
    pub to_acknowledge: Option<Duration>,
    /// How long incidents lasted, in the mean of those that are over.
    pub to_recover: Option<Duration>,
}

impl Figures {
    /// For how much of the time in which that is known at least one connector was healthy, in millionths, rounded down so
    /// that not even a second of outage reads as 100 %; `None` if nothing is known.
    pub fn uptime(&self) -> Option<u32> {
        let known = (self.up + self.out).as_millis();
        (self.up.as_millis() * 1_000_000).checked_div(known).and_then(|millionths| u32::try_from(millionths).ok())
    }
}

#[cfg(test)]
mod tests;
