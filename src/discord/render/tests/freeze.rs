//! Freezes as people read them.

use super::super::freeze as words;
use super::*;
use crate::domain::attention::Done;
use crate::domain::freeze::{Freeze, FreezeEnd};
use crate::domain::when::NotATime;
use crate::operations::FreezeRefused;

pub(super) fn freeze(ended: Option<FreezeEnd>) -> Freeze {
    Freeze {
        id: "fz12cd34ab12cd34".parse().unwrap(),
        environment: Environment::new("production"),
        by: olga(),
        reason: "the *sale* of @everyone".into(),
        at: at(1000),
        until: at(8200),
        channel: ChannelId(5),
        ended,
    }
}

#[test]
fn a_freeze_says_whose_it_is_until_when_and_why_and_what_stays_possible() {
    let said = |freeze| {
        let body = notice(&Notice::Freeze { freeze }, &context());
        check(&body, &[]);
        show(&body)
    };
    insta::assert_snapshot!(said(freeze(None)), @r#"
    # 🧊 Frozen: Production
    By <@41> until <t:8200:f> (<t:8200:R>).
    Until then nothing here is stopped, redeployed or restarted. Starting stays possible.
    Reason: the \*sale\* of @^everyone
    ~ ref ab12cd34 · freeze fz12cd34
    [Unfreeze Production] grey
    "#);
    let unfrozen = FreezeEnd::Unfrozen(Done { by: olga(), at: at(4600) });
    insta::assert_snapshot!(said(freeze(Some(unfrozen))), @r#"
    # 💧 No longer frozen: Production
    Frozen by <@41> for 1 h 0 min; <@41> ended it <t:4600:R>.
    Reason: the \*sale\* of @^everyone
    ~ ref ab12cd34 · freeze fz12cd34
    "#);
}

#[test]
fn a_status_says_that_its_environment_is_frozen_and_others_do_not() {
    let mut picture = picture(vec![
        connector("billing-1", "Billing Bot", "production"),
        connector("billing-9", "Billing Bot", "demo"),
    ]);
    picture.freezes = [freeze(None)].into();
    let policy = policy();
    let view = View { picture: &picture, policy: &policy, poll_interval: POLL, now: at(1010) };
    let says = |message: &Message| message.body().to_string().contains("**Frozen** by <@41>");
    assert!(says(&overview::page(view, &Environment::new("production"), Show::Everything, 0)));
    assert!(!says(&overview::page(view, &Environment::new("demo"), Show::Everything, 0)));
    let billing = picture.fleet.bots_in(&Environment::new("production"))[0].clone();
    assert!(says(&status::bot(view, &billing, |_| true)));
    assert_eq!(view.stands_until(), at(1010 + 80), "the reading gets old before");
    let over = View { now: at(8200), ..view };
    assert!(!says(&status::bot(over, &billing, |_| true)));
}

#[test]
fn every_answer_about_a_freeze_is_a_sentence() {
    let unfrozen = FreezeEnd::Unfrozen(Done { by: olga(), at: at(4600) });
    let all = [
        words::frozen(&freeze(None)),
        words::unfrozen(&freeze(None)),
        words::refused(&FreezeRefused::Denied(Denied::CannotTell)),
        words::refused(&FreezeRefused::NotFound { what: "prodution".into() }),
        words::refused(&FreezeRefused::NotATime { said: "soon".into(), why: NotATime::NotUnderstood }),
        words::refused(&FreezeRefused::NoReason),
        words::refused(&FreezeRefused::FrozenBefore(Box::new(freeze(None)))),
        words::refused(&FreezeRefused::Over(Box::new(freeze(Some(unfrozen))))),
        words::refused(&FreezeRefused::Over(Box::new(freeze(Some(FreezeEnd::Over { at: at(9) }))))),
        words::refused(&FreezeRefused::NotFrozen { environment: Environment::new("demo") }),
        words::refused(&FreezeRefused::Unknown),
    ];
    let mut text = String::new();
    for message in &all {
        check(&message.private_body(), &[]);
        writeln!(text, "{}", show(&message.body())).unwrap();
    }
    insta::assert_snapshot!(text, @r#"
    🧊 Frozen: Production until <t:8200:f> (<t:8200:R>). It stands in <#5>, where it can be ended.
    💧 No longer frozen: Production.
    ⛔ Discord did not say enough to tell whether you may do this, so the answer is no. Try again in a moment.
    ⛔ No environment goes by “prodution”. Pick one of the suggestions.
    ⛔ “soon” is no time that Botswain understands. Write how long, such as 45m, 2h 30m or 3 days, or a time of day, such as 14:30 or tomorrow 9:00.
    ⛔ Say why: the reason is what everybody reads who is refused meanwhile.
    ⛔ <@41> was first: Production is frozen until <t:8200:f>. End that freeze to begin another one.
    ⛔ <@41> was first: that freeze was ended <t:4600:R>.
    ⛔ That freeze is over already.
    ⛔ Demo is not frozen.
    ⛔ This belongs to no freeze that is known any more. Nothing was done.
    "#);
}

proptest! {
    #[test]
    fn p8_no_name_or_reason_of_a_freeze_breaks_a_limit_or_mentions_anybody(
        name in odd_text(),
        environment in odd_text(),
        reason in odd_text(),
    ) {
        let frozen = Freeze {
            environment: Environment::new(&environment),
            by: Person { id: UserId(41), name },
            reason,
            ..freeze(None)
        };
        let refusal = Refusal::Frozen { freeze: Box::new(frozen.clone()) };
        let bodies = [
            notice(&Notice::Freeze { freeze: frozen.clone() }, &context()),
            refusal::refusal(&refusal, None).private_body(),
            words::frozen(&frozen).private_body(),
            words::refused(&FreezeRefused::FrozenBefore(Box::new(frozen))).private_body(),
        ];
        for body in &bodies {
            check(body, &[]);
            mentions_nobody_else(body);
        }
    }
}

#[test]
fn a_card_says_that_it_is_frozen_there_as_long_as_it_is_open_and_that_is_on() {
    let context = Context { freezes: vec![freeze(None)], ..context() };
    let said = |incident: &Incident, context: &Context| {
        let body = notice(&Notice::Card { incident: incident.clone(), ping: false }, context);
        check(&body, &[]);
        show(&body)
    };
    let open = incident(Level::AtRisk, 1, Vec::new());
    let line = "🧊 **Frozen** by <@41>, ends <t:8200:R>: the \\*sale\\* of @^everyone\nStarting stays possible.";
    assert!(said(&open, &context).contains(line), "{}", said(&open, &context));
    let resolved = Incident { phase: Phase::Resolved { at: at(1100), by: None }, ..open.clone() };
    let ended = Context { freezes: vec![freeze(Some(FreezeEnd::Over { at: at(1) }))], ..context.clone() };
    let mut elsewhere = freeze(None);
    elsewhere.environment = Environment::new("demo");
    let elsewhere = Context { freezes: vec![elsewhere], ..context.clone() };
    for (incident, context) in [(&resolved, &context), (&open, &ended), (&open, &elsewhere)] {
        assert!(!said(incident, context).contains("Frozen"), "{}", said(incident, context));
    }
}
