//! What a command leaves out is asked in order, and only what the person may act on.

use std::time::Duration;

use super::*;
use crate::domain::action::CannotDo;
use crate::domain::authority::Person;
use crate::domain::connector::tests::connector;
use crate::domain::connector::{AgentStatus, Bot};
use crate::domain::fleet::Reading;
use crate::domain::ids::{ChannelId, UserId};
use crate::domain::policy::Terms;
use crate::domain::policy::tests::policy;

fn picture(connectors: Vec<Connector>) -> Picture {
    let mut picture = Picture::default();
    picture.fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, Timestamp::UNIX_EPOCH);
    picture
}

fn request(verb: Verb, selection: Selection) -> Request {
    let person = Person { id: UserId(1), name: "Olga".into() };
    let ttl = Duration::from_secs(120);
    let request = Request::new(person, verb, None, ChannelId(5), ttl, Timestamp::UNIX_EPOCH);
    Request { selection, ..request }
}

fn fleet() -> Picture {
    picture(vec![
        connector("billing-1", "Billing Bot", "production"),
        connector("billing-2", "Billing Bot", "production"),
        connector("faq-1", "FAQ Bot", "production"),
        Connector { agent: AgentStatus::Stopped, ..connector("faq-2", "FAQ Bot", "demo") },
    ])
}

#[test]
fn what_has_one_answer_is_taken_and_the_rest_is_asked_in_order() {
    let picture = fleet();
    let mut stop = request(Verb::Stop, Selection::default());
    let Narrowed::Missing(Part::Bot, choices) =
        narrow(&picture, &policy(), &mut stop, |_| Ok(()), &[], Timestamp::UNIX_EPOCH)
    else {
        panic!("only production has something to stop, so the bot is asked");
    };
    assert_eq!(choices.len(), 2);
    take(&picture.fleet, &policy(), &mut stop.selection, Part::Bot, std::slice::from_ref(&choices[0].value)).unwrap();
    let Narrowed::Missing(Part::Connector, choices) =
        narrow(&picture, &policy(), &mut stop, |_| Ok(()), &[], Timestamp::UNIX_EPOCH)
    else {
        panic!("the bot has two connectors");
    };
    let both = [choices[1].value.clone(), choices[0].value.clone(), choices[1].value.clone()];
    let mut several = stop.clone();
    take(&picture.fleet, &policy(), &mut several.selection, Part::Connector, &both).unwrap();
    let Narrowed::Planned(plan) = narrow(&picture, &policy(), &mut several, |_| Ok(()), &[], Timestamp::UNIX_EPOCH)
    else {
        panic!("all is known");
    };
    assert_eq!(plan.names().collect::<Vec<_>>(), ["billing-2", "billing-1"], "each once, in the order chosen");
    assert_eq!(plan.impacts[0].healthy_after, 0);
    take(&picture.fleet, &policy(), &mut stop.selection, Part::Connector, &both[..1]).unwrap();
    let Narrowed::Planned(plan) = narrow(&picture, &policy(), &mut stop, |_| Ok(()), &[], Timestamp::UNIX_EPOCH) else {
        panic!("all is known");
    };
    assert_eq!((plan.names().collect::<Vec<_>>(), plan.impacts[0].healthy_after), (vec!["billing-2"], 1));
}

#[test]
fn a_bot_that_was_named_is_not_asked_for_again_once_its_environment_is_chosen() {
    let picture = fleet();
    let said = Said { bot: Some("FAQ Bot".into()), ..Said::default() };
    let mut redeploy = request(Verb::Redeploy, understand(&picture.fleet, &policy(), &said).unwrap());
    let Narrowed::Missing(Part::Environment, _) =
        narrow(&picture, &policy(), &mut redeploy, |_| Ok(()), &[], Timestamp::UNIX_EPOCH)
    else {
        panic!("it is in two");
    };
    take(&picture.fleet, &policy(), &mut redeploy.selection, Part::Environment, &["demo".to_owned()]).unwrap();
    assert_eq!(redeploy.selection.bot, Some(BotId::new("FAQ Bot")));
    let Narrowed::Missing(Part::Target, _) =
        narrow(&picture, &policy(), &mut redeploy, |_| Ok(()), &[], Timestamp::UNIX_EPOCH)
    else {
        panic!("only where it goes is not known");
    };
}

#[test]
fn p4_nothing_is_asked_or_planned_where_the_person_may_not_act() {
    let picture = fleet();
    let demo_only = |places: &[At<'_>]| {
        let refused = places.iter().find(|at| at.environment.as_str() != "demo");
        refused.map_or(Ok(()), |_| Err(Denied::CannotTell))
    };
    let mut stop = request(Verb::Stop, Selection::default());
    assert!(matches!(
        narrow(&picture, &policy(), &mut stop, demo_only, &[], Timestamp::UNIX_EPOCH),
        Narrowed::Refused(Refusal::Denied { .. })
    ));
    let said = Said { connector: Some("faq-2".into()), to: Some("Production".into()), ..Said::default() };
    let mut redeploy = request(Verb::Redeploy, understand(&picture.fleet, &policy(), &said).unwrap());
    assert!(matches!(
        narrow(&picture, &policy(), &mut redeploy, demo_only, &[], Timestamp::UNIX_EPOCH),
        Narrowed::Refused(Refusal::Denied { .. })
    ));
}

#[test]
fn p4_no_menu_is_shown_for_what_would_be_refused_once_it_is_answered() {
    let stopped = |name: &str| Connector { agent: AgentStatus::Stopped, ..connector(name, "FAQ Bot", "demo") };
    let picture = picture(vec![stopped("faq-1"), stopped("faq-2")]);
    let demo_only = |places: &[At<'_>]| {
        let refused = places.iter().find(|at| at.environment.as_str() != "demo");
        refused.map_or(Ok(()), |_| Err(Denied::CannotTell))
    };
    let said = Said { environment: Some("demo".into()), to: Some("Production".into()), ..Said::default() };
    let mut redeploy = request(Verb::Redeploy, understand(&picture.fleet, &policy(), &said).unwrap());
    let narrowed = narrow(&picture, &policy(), &mut redeploy, demo_only, &[], Timestamp::UNIX_EPOCH);
    assert!(matches!(narrowed, Narrowed::Refused(Refusal::Denied { .. })), "which connector it is makes no difference");
}

#[test]
fn a_watched_environment_that_is_still_empty_is_the_target_that_its_choice_names() {
    let picture = fleet();
    let far = Environment::new("Production, Asia");
    let policy = Policy::new(Terms::default(), vec![far.clone()], Default::default());
    let choices = targets(&picture, &policy, &picture.fleet.sightings().next().unwrap().connector);
    let choice = choices.iter().find(|choice| choice.label == far.title()).unwrap();
    let mut selection = Selection::default();
    take(&picture.fleet, &policy, &mut selection, Part::Target, std::slice::from_ref(&choice.value)).unwrap();
    assert_eq!(selection.to, Some(far));
}

#[test]
fn two_bots_with_one_name_are_told_apart() {
    let twin = |id: &str, name: &str| Connector {
        bot: Bot { id: BotId::new(id), name: "Twin".into() },
        ..connector(name, "Twin", "production")
    };
    let picture = picture(vec![twin("a", "one"), twin("b", "two")]);
    let said = Said { bot: Some("Twin".into()), ..Said::default() };
    assert!(matches!(understand(&picture.fleet, &policy(), &said), Err(Refusal::NotFound { .. })));
    let said = Said { bot: Some(BotId::new("b").key().to_string()), ..Said::default() };
    assert_eq!(understand(&picture.fleet, &policy(), &said).unwrap().bot, Some(BotId::new("b")));
}

#[test]
fn a_misspelt_target_is_not_found_before_anything_is_stopped() {
    let picture = fleet();
    let mut policy = policy();
    policy.named.push(Environment::new("staging"));
    let redeploy_to = |to: &str| {
        let said = Said { connector: Some("billing-1".into()), to: Some(to.into()), ..Said::default() };
        let mut redeploy = request(Verb::Redeploy, understand(&picture.fleet, &policy, &said).unwrap());
        narrow(&picture, &policy, &mut redeploy, |_| Ok(()), &[], Timestamp::UNIX_EPOCH)
    };
    assert!(matches!(redeploy_to("dmeo"), Narrowed::Refused(Refusal::NotFound { what }) if what == "dmeo"));
    assert!(matches!(redeploy_to("Demo"), Narrowed::Planned(_)));
    assert!(matches!(redeploy_to("staging"), Narrowed::Planned(_)), "the settings name it");
}

#[test]
fn what_is_stopped_cannot_be_stopped_and_what_runs_cannot_be_started() {
    let picture = fleet();
    for (verb, name, why) in
        [(Verb::Stop, "faq-2", CannotDo::AlreadyStopped), (Verb::Start, "faq-1", CannotDo::AlreadyRunning)]
    {
        let said = Said { connector: Some(name.into()), ..Said::default() };
        let mut request = request(verb, understand(&picture.fleet, &policy(), &said).unwrap());
        let narrowed = narrow(&picture, &policy(), &mut request, |_| Ok(()), &[], Timestamp::UNIX_EPOCH);
        assert!(matches!(narrowed, Narrowed::Refused(Refusal::CannotDo { why: said, .. }) if said == why));
    }
}
