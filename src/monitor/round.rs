//! One round of judging: what is seen of each subject is held against what is kept of it, bots first, then what many of them
//! make together. Pure.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::observe::OwnIncident;
use crate::domain::connector::Environment;
use crate::domain::fleet::BotView;
use crate::domain::ids::{BotId, ChannelId, Id};
use crate::domain::incident::{Incident, Phase, Subject};
use crate::domain::judging::{After, Judged, Observation, Past, Patience, Reason, decide, is_confirmed};
use crate::domain::mute::{Mute, covering};
use crate::store::incidents::{Change, Changed, Kept, Last};

/// The incidents that are open or suspected, by what each is about.
pub(super) struct Open {
    by_name: BTreeMap<String, Kept>,
}

impl Open {
    pub(super) fn new(open: Vec<Kept>) -> Self {
        Self { by_name: open.into_iter().map(|kept| (kept.incident.subject.name(), kept)).collect() }
    }

    pub(super) fn get(&self, subject: &Subject) -> Option<&Kept> {
        self.by_name.get(&subject.name())
    }

    pub(super) fn incident(&self, subject: &Subject) -> Option<&Incident> {
        self.get(subject).map(|kept| &kept.incident)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Kept> {
        self.by_name.values()
    }

    /// Those of bots, by the bot and the environment: looked up for every bot at every look.
    pub(super) fn of_bots(&self) -> HashMap<(&BotId, &Environment), &Kept> {
        let keyed = self.all().filter_map(|kept| match &kept.incident.subject {
            Subject::Failover { bot, environment } => Some(((&bot.id, environment), kept)),
            _ => None,
        });
        keyed.collect()
    }
}

/// One subject, as it is seen and judged.
pub(super) struct Case<'a> {
    pub(super) seen: Observation,
    pub(super) judged: Judged,
    open: Option<&'a Kept>,
    last: Option<Last>,
    patience: Patience,
    channel: ChannelId,
}

/// One subject before it is judged.
pub(super) struct Seen<'a> {
    pub(super) observation: Observation,
    pub(super) open: Option<&'a Kept>,
    pub(super) patience: Patience,
    pub(super) channel: ChannelId,
}

impl<'a> Seen<'a> {
    /// Whether what was before must be known to judge it.
    pub(super) fn asks_for_the_last(&self, now: Timestamp) -> bool {
        let open = self.open.map(|kept| &kept.incident);
        is_confirmed(open, &self.observation, &self.patience, now)
    }

    pub(super) fn judge(self, last: Option<Last>, storm: Option<&Id>, now: Timestamp) -> Case<'a> {
        let Self { observation: seen, open, patience, channel } = self;
        let judged = decide(past(open, last.as_ref(), storm), &seen, &patience, now);
        Case { seen, judged, open, last, patience, channel }
    }
}

fn past<'a>(open: Option<&'a Kept>, last: Option<&'a Last>, storm: Option<&'a Id>) -> Past<'a> {
    let open = open.map(|kept| &kept.incident);
    Past { open, last: last.map(|last| (&last.kept.incident, last.card)), storm }
}

impl Case<'_> {
    /// Judges it once more, now that there is a storm or none.
    pub(super) fn judge_again(&mut self, storm: Option<&Id>, now: Timestamp) {
        self.judged = decide(past(self.open, self.last.as_ref(), storm), &self.seen, &self.patience, now);
    }

    /// The incident after it; `None` if there is none, or none any more.
    pub(super) fn incident(&self) -> Option<&Incident> {
        match &self.judged.after {
            After::Same => self.open.map(|kept| &kept.incident),
            After::Is(incident) | After::Back(incident) => Some(incident),
            After::Forgotten => None,
        }
    }

    /// The incident before it.
    pub(super) fn kept(&self) -> Option<&Incident> {
        self.open.map(|kept| &kept.incident)
    }

    pub(super) fn channel(&self) -> ChannelId {
        self.channel
    }

    /// How a notice that may list it instead has to take it.
    fn own(&self) -> OwnIncident {
        match self.incident().map(|incident| &incident.phase) {
            None | Some(Phase::Resolved { .. }) => OwnIncident::None,
            Some(Phase::Suspected { .. }) => OwnIncident::Suspected,
            Some(Phase::Open | Phase::Recovering { .. }) => OwnIncident::Carded,
        }
    }

    /// What is to be written of it, in this order.
    fn changes(&self) -> Vec<Change<'_>> {
        let Judged { call, shown, .. } = self.judged;
        let write = |before, after| Change { before, after, call, shown, channel: self.channel };
        match &self.judged.after {
            After::Same => Vec::new(),
            After::Is(incident) => vec![write(self.open, Some(incident))],
            After::Forgotten => vec![write(self.open, None)],
            After::Back(incident) => {
                let forgotten = self.open.map(|suspected| write(Some(suspected), None));
                let back = write(self.last.as_ref().map(|last| &last.kept), Some(incident));
                forgotten.into_iter().chain([back]).collect()
            }
        }
    }
}

/// Says on each card that changes which mute covers it: what calls somebody else is quiet then.
pub(super) fn mute(cases: &mut [Case<'_>], mutes: &[Mute], now: Timestamp) {
    for case in cases.iter_mut().filter(|_| !mutes.is_empty()) {
        if let After::Is(incident) | After::Back(incident) = &mut case.judged.after
            && let Some(mute) = covering(mutes, incident, now).filter(|_| incident.has_own_card())
        {
            incident.attention.muted = Some(mute.hush());
        }
    }
}

/// What is to be written of all cases, and where the changes of each end.
pub(super) fn changes<'a>(cases: &'a [Case<'_>]) -> (Vec<Change<'a>>, Vec<usize>) {
    let (mut all, mut ends) = (Vec::new(), Vec::with_capacity(cases.len()));
    for case in cases {
        all.extend(case.changes());
        ends.push(all.len());
    }
    (all, ends)
}

/// Says in the log what became of each case, and counts.
pub(super) fn tell(cases: &[Case<'_>], written: &[Changed], ends: &[usize]) -> Told {
    let mut told = Told::default();
    let mut from = 0;
    for (case, end) in cases.iter().zip(ends) {
        let of_case = written.get(from..*end).unwrap_or_default();
        from = *end;
        told.next_due = [told.next_due, case.judged.due].into_iter().flatten().min();
        if of_case.is_empty() {
            continue;
        }
        let (subject, reason) = (case.seen.subject.name(), case.judged.reason);
        if of_case.contains(&Changed::Stale) {
            tracing::info!(subject, reason = reason.word(), "another process has changed it");
            continue;
        }
        let incident = case.incident().map(|incident| incident.id.reference().to_owned()).unwrap_or_default();
        let call = case.judged.call;
        match reason {
            Reason::Opened | Reason::Swept | Reason::Back => {
                told.opened += 1;
                tracing::warn!(incident, subject, ?call, facts = case.seen.facts.summary(), "{}", reason.word());
            }
            Reason::Resolved => {
                told.resolved += 1;
                tracing::info!(incident, subject, "{}", reason.word());
            }
            Reason::Suspected | Reason::Forgotten | Reason::Nothing => {
                tracing::debug!(incident, subject, facts = case.seen.facts.summary(), "{}", reason.word());
            }
            _ => {
                told.changed += usize::from(case.judged.shown);
                tracing::info!(incident, subject, ?call, facts = case.seen.facts.summary(), "{}", reason.word());
            }
        }
    }
    told
}

/// What was told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) opened: usize,
    pub(super) changed: usize,
    pub(super) resolved: usize,
    pub(super) next_due: Option<Timestamp>,
}

/// How each bot's own incident stands after these cases.
pub(super) fn own_incidents<'a>(cases: &'a [Case<'_>]) -> impl Fn(&BotView) -> OwnIncident + 'a {
    let own: HashMap<_, _> = cases
        .iter()
        .filter_map(|case| match &case.seen.subject {
            Subject::Failover { bot, environment } => Some(((&bot.id, environment), case.own())),
            _ => None,
        })
        .collect();
    move |view| own.get(&(&view.bot.id, &view.environment)).copied().unwrap_or(OwnIncident::None)
}
