//! The gallery's incidents: each state of a card, what is said beside cards, and what concerns the fleet as a whole.

use serde_json::Value;

use super::Exhibit;
use super::sample::{HOUR, MINUTE, Sample, bot, demo, production};
use crate::discord::render::{Context, direct, notice};
use crate::domain::action::Verb;
use crate::domain::attention::{Attention, Due, Wish};
use crate::domain::connector::Condition;
use crate::domain::ids::{Id, RoleId};
use crate::domain::incident::{
    Advice, Before, Blind, Blindness, BotCount, Ending, Facts, Incident, Line, Phase, Severity, Storm, StormBot,
    StormPlace, Subject,
};
use crate::domain::notice::Notice;
use crate::domain::redundancy::Level;
use crate::domain::setup::{Lack, Permission, Purpose, Setup};
use crate::domain::trouble::{Obstacle, Trouble, Unseen};

impl Sample<'_> {
    pub(super) fn said(&self, of: &Notice) -> Value {
        notice(of, &self.context())
    }

    fn card(&self, name: &str, incident: Incident, ping: bool) -> Exhibit {
        Exhibit::public(name, self.said(&Notice::Card { incident, ping }))
    }

    fn frozen(&self, incident: Incident) -> Exhibit {
        let context = Context { freezes: vec![self.freeze()], ..self.context() };
        Exhibit::public("While its environment is frozen", notice(&Notice::Card { incident, ping: false }, &context))
    }

    /// Acknowledged by Olga, a minute ago.
    pub(super) fn acknowledged(&self) -> Incident {
        self.taken(self.at_risk(), Wish::Acknowledge)
    }

    /// And snoozed by her, for an hour.
    pub(super) fn snoozed(&self) -> Incident {
        self.taken(self.acknowledged(), Wish::Snooze(self.hence(HOUR)))
    }

    fn taken(&self, incident: Incident, wish: Wish) -> Incident {
        let after = incident.take(wish, &self.cast.olga, self.ago(MINUTE));
        Incident { attention: after.unwrap_or_default(), ..incident }
    }

    fn well(&self, phase: Phase) -> Incident {
        let attention = self.acknowledged().attention;
        Incident { phase, attention, ..self.incident(Level::Redundant, 2, Vec::new()) }
    }
}

/// A card in each of its states.
pub(super) fn cards(of: &Sample<'_>) -> Vec<Exhibit> {
    let by_olga = || Some(Ending::Doing(of.olgas(Verb::Start, false)));
    let stopped = Line { own: Some(of.olgas(Verb::Stop, false)), ..of.line("billing-2", Condition::Stopped) };
    let announced = Incident { announced: Severity::Quiet, ..of.incident(Level::AtRisk, 1, vec![stopped]) };
    let starting = vec![
        Line {
            own: Some(of.olgas(Verb::Start, true)),
            starting: true,
            ..of.line("billing-1", Condition::NotConnected)
        },
        Line { unread: true, ..of.line("billing-2", Condition::Healthy) },
    ];
    let muted = Attention { muted: Some(of.mute(None).hush()), ..of.acknowledged().attention };
    let before = Before { incident: Id::random(), ended_at: of.ago(5 * HOUR), card: None };
    let elsewhere = Ending::Elsewhere { what: "Started".to_owned(), who: Some("Peer".to_owned()) };
    vec![
        of.frozen(of.at_risk()),
        of.card("At risk, and it calls those on call", of.at_risk(), true),
        of.card("Outage", of.outage(), true),
        of.card("Announced: an operator stopped it, so nobody is called", announced, false),
        of.card("Acknowledged", of.acknowledged(), false),
        of.card("Given back", of.taken(of.acknowledged(), Wish::GiveBack), false),
        of.card("Snoozed", of.snoozed(), false),
        of.card("Muted", Incident { attention: muted, ..of.at_risk() }, false),
        of.card(
            "Escalated",
            Incident {
                attention: Attention { escalated_at: Some(of.ago(MINUTE)), ..Attention::default() },
                ..of.outage()
            },
            false,
        ),
        of.card("One is starting, one could not be read", of.incident(Level::Outage, 0, starting), false),
        of.card("Flapping, and it happened before", Incident { flaps: 4, before: Some(before), ..of.at_risk() }, false),
        of.card("Recovering", of.well(Phase::Recovering { since: of.ago(20), by: by_olga() }), false),
        of.card("Resolved by an operator", of.well(Phase::Resolved { at: of.ago(5), by: by_olga() }), false),
        of.card("Resolved elsewhere", of.well(Phase::Resolved { at: of.ago(5), by: Some(elsewhere) }), false),
    ]
}

/// What is said again or beside a card.
pub(super) fn replies(of: &Sample<'_>) -> Vec<Exhibit> {
    let again = |name, incident, due| Exhibit::public(name, of.said(&Notice::Again { incident, due, at: of.now }));
    let back = Incident { flaps: 1, back_at: Some(of.ago(30)), ..of.at_risk() };
    vec![
        Exhibit::public("It got worse", of.said(&Notice::Worse { incident: of.outage() })),
        Exhibit::public("It is back", of.said(&Notice::Back { incident: back })),
        again("A reminder", of.at_risk(), Due::Reminder),
        again("An escalation", of.outage(), Due::Escalation),
        again("A snooze is over", of.snoozed(), Due::Awake),
    ]
}

fn storm(of: &Sample<'_>, broken: u32) -> Incident {
    let place = |environment, broken, out, of| StormPlace { environment, broken, out, of };
    let hit =
        |name: &str, level, healthy| StormBot { bot: bot(name), environment: production(), level, healthy, total: 2 };
    let storm = Storm {
        places: vec![place(production(), broken, 2, 8), place(demo(), 1, 1, 4)],
        peak: broken + 1,
        bots: vec![hit("Billing Bot", Level::Outage, 0), hit("Orders Bot", Level::AtRisk, 1)],
        with_own_cards: 1,
    };
    Incident { subject: Subject::Storm, facts: Facts::Storm(storm), ..of.outage() }
}

/// Incidents of many bots, and of the fleet.
pub(super) fn together(of: &Sample<'_>) -> Vec<Exhibit> {
    let over = |incident| Incident { phase: Phase::Resolved { at: of.ago(5), by: None }, ..incident };
    let alone = |name: &str| BotCount { bot: bot(name), healthy: 1, total: 1, minimum: 2 };
    let grouped = Incident {
        subject: Subject::NeverRedundant { environment: production() },
        facts: Facts::NeverRedundant { bots: vec![alone("FAQ Bot"), alone("Greeter Bot")] },
        ..of.incident(Level::NeverRedundant, 1, Vec::new())
    };
    let advice = |name: &str, wanted, full| Advice { bot: bot(name), healthy: 2, wanted, load: 50, full };
    let load = Incident {
        subject: Subject::Load { environment: production() },
        facts: Facts::Load { bots: vec![advice("Survey Bot", 3, false), advice("Orders Bot", 2, true)] },
        ..of.incident(Level::Redundant, 2, Vec::new())
    };
    let blind = |kind, why: &str| {
        let (since, seen_well_at) = (of.ago(4 * MINUTE), Some(of.ago(5 * MINUTE)));
        let facts = Facts::Blind(Blind { since, seen_well_at, why: why.to_owned(), kind });
        Incident { subject: Subject::Blind, facts, ..of.incident(Level::Unknown, 0, Vec::new()) }
    };
    let unreachable = || blind(Blindness::Unreachable, "The lifecycle service did not answer in time.");
    vec![
        of.card("A storm", storm(of, 5), true),
        of.card("A storm over most of the fleet", storm(of, 7), true),
        of.card("A storm that is over", over(storm(of, 5)), false),
        of.card("Bots that never were redundant", grouped, false),
        of.card("Load", load.clone(), false),
        of.card("Load that is as advised again", over(load), false),
        of.card("Blind: no answer", unreachable(), true),
        of.card(
            "Blind: a refused token",
            blind(Blindness::Unauthorised, "The lifecycle service refused our token."),
            true,
        ),
        of.card(
            "Blind: not to be understood",
            blind(Blindness::Malformed, "One record of the fleet cannot be understood."),
            true,
        ),
        of.card("Blind: incomplete", blind(Blindness::Incomplete, "A part of the fleet did not come."), true),
        of.card(
            "Blind: old",
            blind(Blindness::Stale, "The lifecycle service answers with what it knew long ago."),
            true,
        ),
        of.card("Seen again", over(unreachable()), false),
    ]
}

/// What is said when Botswain's own store or channel fails.
pub(super) fn troubles(of: &Sample<'_>) -> Vec<Exhibit> {
    let context = of.context();
    let directly =
        |name, ping, standing| Exhibit::public(name, direct::alert(&of.outage(), ping, &standing, &context).body());
    let trouble = Trouble {
        id: Id::random(),
        channel: of.cast.alerts,
        obstacle: Obstacle::NoPermission,
        since: of.ago(6 * MINUTE),
        mended_at: None,
        unseen: vec![Unseen { incident: of.outage(), mention: true }],
    };
    let mended = Trouble { mended_at: Some(of.ago(10)), unseen: Vec::new(), ..trouble.clone() };
    let in_fallback = |name, trouble| Exhibit::public(name, of.said(&Notice::Trouble { trouble }));
    let gone = Trouble { obstacle: Obstacle::Gone, ..trouble.clone() };
    let refused = Obstacle::Refused { why: "Invalid Form Body".to_owned() };
    let refused = Trouble { obstacle: refused, ..trouble.clone() };
    let lacking = Lack::Permissions {
        channel: of.cast.alerts,
        name: String::new(),
        purpose: Purpose::Alerts,
        is_thread: false,
        missing: vec![Permission::EmbedLinks, Permission::CreatePublicThreads],
    };
    let of_board = Lack::Permissions {
        channel: of.cast.channel,
        name: String::new(),
        purpose: Purpose::Board,
        is_thread: false,
        missing: vec![Permission::EmbedLinks, Permission::AttachFiles],
    };
    let in_setup = |name, lacks, whole_at| {
        let setup = Setup { id: Id::random(), since: of.ago(6 * MINUTE), lacks, whole_at };
        Exhibit::public(name, of.said(&Notice::Setup { setup }))
    };
    vec![
        directly("Posted directly: the database cannot be written", true, direct::Standing::Alone),
        directly("Posted directly, and left so", false, direct::Standing::Left),
        directly("Posted directly, and remembered since", false, direct::Standing::Over { card: None }),
        in_fallback("The alert channel lacks a permission", trouble),
        in_fallback("The alert channel is gone", gone),
        in_fallback("The alert channel refuses a message", refused),
        in_fallback("The alert channel takes alerts again", mended),
        Exhibit::public(
            "An incident that its channel does not show",
            of.said(&Notice::Unseen { incident: of.at_risk() }),
        ),
        in_setup(
            "Something is missing in the server",
            vec![lacking, Lack::NoRole { role: RoleId(1), called: true }, of_board],
            None,
        ),
        in_setup("Nothing is missing in the server any more", Vec::new(), Some(of.ago(10))),
        Exhibit::public("A test alert", of.said(&Notice::Drill { at: of.ago(2) })),
    ]
}
