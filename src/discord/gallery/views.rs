//! The gallery's views: status of environments and bots, the list of what is open, mutes, and the answers to presses.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Exhibit;
use super::sample::{HOUR, MINUTE, Sample, bot, demo, production};
use crate::discord::render::{alerts as listed, attention, freeze, handled, modal, overview, status as shown};
use crate::domain::attention::{Done, SnoozeEnd, Unchanged};
use crate::domain::audit::Handling;
use crate::domain::connector::{Bot, Environment};
use crate::domain::freeze::{Freeze, FreezeEnd};
use crate::domain::ids::{BotId, Id};
use crate::domain::incident::{Incident, Phase};
use crate::domain::mute::{Mute, MuteEnd, Scope, Summary};
use crate::domain::notice::Notice;
use crate::domain::policy::Picture;
use crate::domain::tiles::Show;
use crate::domain::when::NotATime;
use crate::incidents::{OpenAlerts, Refused};
use crate::operations::FreezeRefused;

impl Sample<'_> {
    /// Otto mutes Production, or one bot there, for two hours.
    pub(super) fn mute(&self, of: Option<Bot>) -> Mute {
        Mute {
            id: Id::random(),
            scope: Scope { environment: Some(production()), bot: of },
            by: self.cast.otto.clone(),
            reason: "planned maintenance of the platform".to_owned(),
            at: self.ago(5 * MINUTE),
            until: self.hence(2 * HOUR),
            channel: self.cast.alerts,
            prolonged: None,
            ended: None,
        }
    }
}

/// How the fleet stands, from far and near.
pub(super) fn status(of: &Sample<'_>) -> Vec<Exhibit> {
    let (picture, policy) = (of.picture(), of.policy());
    let mut stale = picture.clone();
    stale.fleet.could_not_read(of.ago(1));
    stale.trouble = Some("The lifecycle service did not answer in time.".to_owned());
    let frozen = Picture { freezes: [of.freeze()].into(), ..picture.clone() };
    let many = (1..=120).flat_map(|n| {
        let name = format!("Fleet {n:03} Bot");
        [1, 2].map(|c| match (n, c) {
            (7, 2) => of.stopped("fleet-007-2", &name),
            _ => of.healthy(&format!("fleet-{n:03}-{c}"), &name, 20),
        })
    });
    let many = of.picture_of(many.collect());
    let view = of.view(&picture, &policy);
    let near = |title: &str, name: &str, may: bool| {
        let found = picture.fleet.bot(&BotId::new(name), &production());
        found.map(|bot| Exhibit::private(title, &shown::bot(view, bot, |_| may)))
    };
    let far = |title: &str, picture: &Picture, place: &Environment, show, page| {
        Exhibit::private(title, &overview::page(of.view(picture, &policy), place, show, page))
    };
    let mut all = vec![
        far("An environment, worst first", &picture, &production(), Show::Everything, 0),
        far("An environment where nothing is asked", &picture, &demo(), Show::Everything, 0),
        far("A frozen environment", &frozen, &production(), Show::Everything, 0),
        far("When not all can be read", &stale, &production(), Show::Everything, 0),
        far("A hundred and twenty bots", &many, &production(), Show::Everything, 0),
        far("A hundred and twenty bots, the last page", &many, &production(), Show::Everything, 4),
        far("Those with a stopped connector", &many, &production(), Show::Stopped, 0),
    ];
    all.extend(near("A bot, for an operator", "Billing Bot", true));
    all.extend(near("A bot that is broken", "Returns Bot", true));
    all.extend(near("A bot with much load, for a viewer", "Survey Bot", false));
    all.push(Exhibit::private("Nothing was read yet", &shown::not_ready(Some("It did not answer."))));
    all.push(Exhibit::private(
        "No such environment",
        &shown::not_found("Prodution", &["demo".into(), "production".into()]),
    ));
    all.push(Exhibit::private("Two of one name", &shown::ambiguous("Billing Bot")));
    all
}

/// What is open, and what is muted.
pub(super) fn alerts(of: &Sample<'_>) -> Vec<Exhibit> {
    let (first, second) = (of.outage(), of.snoozed());
    let card = format!("https://discord.com/channels/{}/{}", of.cast.guild, of.cast.alerts);
    let links = BTreeMap::from([(first.id.clone(), card.clone())]);
    let open = OpenAlerts {
        incidents: vec![first.clone(), second.clone()],
        mutes: vec![of.mute(Some(bot("FAQ Bot")))],
        freezes: vec![of.freeze()],
    };
    let many = OpenAlerts { incidents: (0..25).map(|_| of.at_risk()).collect(), ..OpenAlerts::default() };
    let none = BTreeMap::new();
    let over = Incident { id: Id::random(), phase: Phase::Resolved { at: of.ago(30), by: None }, ..of.at_risk() };
    let ended = Mute { ended: Some(MuteEnd::Over { at: of.ago(1) }), ..of.mute(None) };
    let unmuted = Done { by: of.cast.olga.clone(), at: of.ago(1) };
    let unmuted = Mute { ended: Some(MuteEnd::Unmuted(unmuted)), ..of.mute(Some(bot("Billing Bot"))) };
    let unfrozen = FreezeEnd::Unfrozen(Done { by: of.cast.olga.clone(), at: of.ago(1) });
    let unfrozen = Freeze { ended: Some(unfrozen), ..of.freeze() };
    let summary = |of_all: &[Incident]| Notice::Summary { mute: ended.clone(), summary: Summary::of(of_all) };
    vec![
        Exhibit::private("What is open", &listed::list(&open, Some(&production()), 0, &links)),
        Exhibit::private("More than a page", &listed::list(&many, None, 1, &none)),
        Exhibit::private("Nothing is open", &listed::list(&OpenAlerts::default(), None, 0, &none)),
        Exhibit::private("Details, for an operator", &attention::details(&first, true, Some(&card), of.cast.guild)),
        Exhibit::private("Details, for a viewer", &attention::details(&second, false, Some(&card), of.cast.guild)),
        Exhibit::form("Snooze until …", &modal::snooze(&first.id, "Europe/Vienna")),
        Exhibit::public("A mute", of.said(&Notice::Mute { mute: of.mute(None) })),
        Exhibit::public("A mute that was ended", of.said(&Notice::Mute { mute: unmuted })),
        Exhibit::public("What happened meanwhile", of.said(&summary(&[over, of.at_risk()]))),
        Exhibit::public("Nothing happened meanwhile", of.said(&summary(&[]))),
        Exhibit::public("A freeze", of.said(&Notice::Freeze { freeze: of.freeze() })),
        Exhibit::public("A freeze that was ended", of.said(&Notice::Freeze { freeze: unfrozen })),
        Exhibit::private("Frozen", &freeze::frozen(&of.freeze())),
        Exhibit::private("Unfrozen", &freeze::unfrozen(&of.freeze())),
        Exhibit::private("It is frozen already", &freeze::refused(&FreezeRefused::FrozenBefore(Box::new(of.freeze())))),
        Exhibit::private(
            "Which mute is to end?",
            &listed::which_mute(&[of.mute(None), of.mute(Some(bot("Billing Bot")))]),
        ),
    ]
}

/// What a press on a card is answered with.
pub(super) fn answers(of: &Sample<'_>) -> Vec<Exhibit> {
    let (olga, otto) = (of.cast.olga.clone(), of.cast.otto.clone());
    let done = Done { by: olga.clone(), at: of.ago(MINUTE) };
    let unmuted = Mute { ended: Some(MuteEnd::Unmuted(done.clone())), ..of.mute(None) };
    let longer = Mute { prolonged: Some(done.clone()), ..of.mute(None) };
    let not_a_time = |said: &str, why| Refused::NotATime { said: said.to_owned(), why };
    let refused = [
        ("Nothing is known of it", Refused::Unknown),
        ("It is over", Refused::Unchanged(Unchanged::Over { at: of.ago(MINUTE) })),
        ("Somebody has it", Refused::Unchanged(Unchanged::Acknowledged(done.clone()))),
        ("Nobody has it", Refused::Unchanged(Unchanged::NobodyHasIt(Some(done.clone())))),
        ("It is snoozed", Refused::Unchanged(Unchanged::Snoozed { by: olga, until: of.hence(HOUR) })),
        ("It is not snoozed", Refused::Unchanged(Unchanged::NotSnoozed(None))),
        ("The snooze was ended", Refused::Unchanged(Unchanged::NotSnoozed(Some(SnoozeEnd::Unsnoozed(done))))),
        ("It got worse", Refused::Unchanged(Unchanged::NotSnoozed(Some(SnoozeEnd::Worse)))),
        ("Not a time", not_a_time("soon", NotATime::NotUnderstood)),
        ("Too soon", not_a_time("0m", NotATime::TooSoon)),
        ("Too late", not_a_time("9 days", NotATime::TooLate { most: Duration::from_secs(7 * 86_400) })),
        ("Nothing to mute is named", Refused::NothingNamed),
        ("No reason", Refused::NoReason),
        ("It is muted", Refused::MutedBefore(Box::new(of.mute(None)))),
        ("The mute is over", Refused::MuteOver(Box::new(unmuted))),
        ("Nothing is muted", Refused::NotMuted),
    ];
    let mut all = vec![
        Exhibit::private("Acknowledged", &handled::done(Handling::Acknowledge, &of.acknowledged())),
        Exhibit::private("Given back", &handled::done(Handling::GiveBack, &of.at_risk())),
        Exhibit::private("Snoozed", &handled::done(Handling::Snooze, &of.snoozed())),
        Exhibit::private("A snooze ended", &handled::done(Handling::Unsnooze, &of.acknowledged())),
        Exhibit::private("Muted for longer", &handled::muted(&longer)),
        Exhibit::private("Muted", &handled::muted(&of.mute(None))),
        Exhibit::private("Unmuted", &handled::unmuted(&of.mute(None))),
    ];
    all.extend(refused.iter().map(|(name, why)| Exhibit::private(name, &handled::refused(why, otto.id))));
    all
}
