//! The gallery's answers about rules and about the past: what decides for a person, the timeline in a card's thread, and the
//! record with its mirror.

use super::Exhibit;
use super::sample::{HOUR, MINUTE, Sample, bot, demo, production};
use crate::discord::render::record::{self, Page, Shown};
use crate::discord::render::{explain, timeline};
use crate::domain::action::{Action, Verb};
use crate::domain::audit::filter::{Filter, View};
use crate::domain::audit::{Entry, Handling, Verdict};
use crate::domain::authority::grants::Said;
use crate::domain::authority::{Denied, Right};
use crate::domain::ids::{ConnectorId, Id, MessageId};
use crate::domain::notice::{Notice, Told};
use crate::domain::operation::doubt::Doubt;
use crate::domain::operation::{Outcome, StepState};
use crate::domain::redundancy::Level;
use crate::domain::timeline::{self as told, Deed, Happening, Stands, Turn};
use crate::operations::{Explained, InDoubt, Judged, Watched};

impl Sample<'_> {
    fn rights(&self, operator: bool) -> Vec<Judged> {
        let operators = vec![self.cast.operators];
        let judged = |right: Right| {
            let denied = Denied::NeedsRole { right, environment: demo(), of_bot: false, roles: operators.clone() };
            let judged = if operator { Ok(operators.clone()) } else { Err(denied) };
            Judged { right, roles: operators.clone(), from: Said::OfEverything, judged }
        };
        Right::all().map(judged).collect()
    }

    fn entries(&self) -> Vec<Told> {
        let (olga, otto) = (self.cast.olga.clone(), self.cast.otto.clone());
        let entry = |who, verdict, why, ago| {
            let channel = Some(self.cast.channel);
            Entry { channel, ..Entry::new(Id::random().as_str().to_owned(), who, verdict, why, self.ago(ago)) }
        };
        let stopped = Entry {
            verb: Some(Verb::Stop),
            target: "billing-1 of Billing Bot in Production".to_owned(),
            reason: Some("new configuration".to_owned()),
            operation: Some(Id::random()),
            message: Some(MessageId(1)),
            allowed_by: Some(vec![self.cast.operators]),
            ..entry(olga, Verdict::Done, "it is seen as Stopped", 12 * MINUTE)
        };
        let muted = Entry {
            handling: Some(Handling::Mute),
            target: "all of Production".to_owned(),
            allowed_by: Some(Vec::new()),
            ..entry(otto.clone(), Verdict::Done, "written", HOUR)
        };
        let denied = entry(otto, Verdict::Denied, "a press that is not ours", 2 * HOUR);
        (7..).zip([denied, muted, stopped]).map(|(seq, entry)| Told { seq, entry }).collect()
    }
}

/// Which rule decides, and why a bot is in alert.
pub(super) fn explanations(of: &Sample<'_>) -> Vec<Exhibit> {
    let plain = Explained {
        environment: production(),
        bot: None,
        rights: of.rights(true),
        second_person: vec![Verb::Redeploy],
        frozen: None,
        under_way: Vec::new(),
        in_doubt: Vec::new(),
    };
    let stop = of.operation(Verb::Stop, &["billing-1"], None, vec![StepState::Waiting]);
    let doubt = Doubt {
        key: String::new(),
        operation: stop.id.clone(),
        connector: ConnectorId::new("billing-1"),
        action: Action::Stop,
        requester: of.cast.otto.clone(),
        reason: None,
        since: of.ago(MINUTE),
    };
    let doubted = Explained { in_doubt: vec![InDoubt { doubt, name: "billing-1".to_owned() }], ..plain.clone() };
    let terms = of.policy().everywhere().clone();
    let watched = Watched {
        bot: bot("Billing Bot"),
        level: Level::AtRisk,
        healthy: (1, 1),
        total: 2,
        highest: 2,
        terms,
        incident: Some(of.acknowledged()),
    };
    let of_bot = Explained { bot: Some(watched), ..plain.clone() };
    let kept = Explained { frozen: Some(of.freeze()), ..plain.clone() };
    let viewer =
        Explained { environment: demo(), rights: of.rights(false), second_person: Vec::new(), ..plain.clone() };
    [
        ("What an operator may do", &plain),
        ("Why a bot is in alert", &of_bot),
        ("What is frozen", &kept),
        ("What an earlier call may still do", &doubted),
        ("What a viewer may do", &viewer),
    ]
    .map(|(name, explained)| Exhibit::private(name, &explain::explained(explained)))
    .into()
}

/// What is told in the thread of a card.
pub(super) fn timelines(of: &Sample<'_>) -> Vec<Exhibit> {
    let about = of.at_risk().subject;
    let stands = |level, healthy| Stands::Bot { level, healthy, total: 2, minimum: 2, unread: 0 };
    let deed = Deed {
        by: of.cast.olga.clone(),
        verb: Verb::Start,
        connector: "billing-2".to_owned(),
        bot: "Billing Bot".to_owned(),
        to: None,
    };
    let moving = Deed { verb: Verb::Redeploy, to: Some(demo()), ..deed.clone() };
    let by = of.cast.olga.clone();
    let happened = [
        Happening::Opened { stands: stands(Level::AtRisk, 1), calls: true, outlasted: false },
        Happening::GlassBroken { by: of.cast.otto.clone(), why: "It tells people to unplug their fridge".to_owned() },
        Happening::Began { deed: moving.clone(), glass: Some("The other one is no better".to_owned()) },
        Happening::Ended { deed: moving.clone(), outcome: Outcome::Failed },
        Happening::LeftStopped { deed: moving, by: by.clone() },
        Happening::Changed { stands: stands(Level::Outage, 0), turn: Turn::Worse, calls: true },
        Happening::Acknowledged { by },
        Happening::Began { deed: deed.clone(), glass: None },
        Happening::Ended { deed, outcome: Outcome::Done },
        Happening::Recovering { stands: stands(Level::Redundant, 2) },
        Happening::Resolved { from: of.ago(9 * MINUTE), at: of.ago(MINUTE), by: None },
    ];
    let entries: Vec<_> =
        (1..).zip(happened).map(|(n, what)| told::Entry { at: of.ago((13 - n) * MINUTE), what }).collect();
    let anew = timeline::part(&about, entries.get(..1).unwrap_or_default(), Some(of.cast.alerts));
    vec![
        Exhibit::public("From its beginning to its end", timeline::part(&about, &entries, None).body()),
        Exhibit::public("In the thread of a card that was posted anew", anew.body()),
    ]
}

/// Who did what, as it is asked for and as it is mirrored.
pub(super) fn records(of: &Sample<'_>) -> Vec<Exhibit> {
    let told = of.entries();
    let shown = |told: &Told| Shown { told: told.clone(), link: record::link(&told.entry, of.cast.guild) };
    let shown: Vec<_> = told.iter().rev().map(shown).collect();
    let everything = View { id: Id::random(), filter: Filter::default(), through: 9 };
    let filter = Filter { verdict: Some(Verdict::Failed), environment: Some(production()), ..Filter::default() };
    let failed = View { filter, ..everything.clone() };
    vec![
        Exhibit::private(
            "The record",
            &record::page(&Page { view: &everything, shown: &shown, number: 0, more: true }),
        ),
        Exhibit::private("Nothing fits", &record::page(&Page { view: &failed, shown: &[], number: 0, more: false })),
        Exhibit::private("Nobody of that name", &record::not_found("person", "Olaf")),
        Exhibit::private("A list that is too old", &record::forgotten()),
        Exhibit::public("Mirrored in a channel", of.said(&Notice::Records { records: told })),
    ]
}
