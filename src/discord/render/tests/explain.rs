//! How decisions come about, as people read it.

use super::super::explain;
use super::*;
use crate::domain::attention::{Attention, Done, Hush};
use crate::domain::authority::grants::Said;
use crate::domain::operation::doubt::Doubt;
use crate::operations::{Explained, InDoubt, Judged, Watched};

fn judged(right: Right, from: Said, judged: Result<Vec<RoleId>, Denied>) -> Judged {
    Judged { right, roles: vec![RoleId(70), RoleId(71)], from, judged }
}

fn watched(level: Level, healthy: (u32, u32), incident: Option<Incident>) -> Watched {
    let bot = Bot { id: BotId::new("billing"), name: "Billing Bot".into() };
    let terms = Terms {
        minimum: 2,
        alert_after: Duration::from_secs(30),
        outage_after: Duration::from_secs(15),
        recover_after: Duration::from_secs(60),
        start_grace: Duration::from_secs(300),
        ..Terms::default()
    };
    Watched { bot, level, healthy, total: 2, highest: 2, terms, incident }
}

fn explained() -> Explained {
    let production = Environment::new("production");
    let needs = Denied::NeedsManageServer { right: Right::Mute, environment: production.clone() };
    Explained {
        environment: production,
        bot: None,
        rights: vec![
            judged(Right::Change(Verb::Stop), Said::OfBot, Ok(vec![RoleId(70)])),
            judged(Right::Change(Verb::Start), Said::OfEnvironment, Ok(vec![RoleId(70)])),
            Judged { roles: Vec::new(), ..judged(Right::Mute, Said::OfEverything, Err(needs)) },
            judged(Right::Acknowledge, Said::OfEverything, Err(Denied::CannotTell)),
            Judged { roles: Vec::new(), ..judged(Right::Freeze, Said::OfEverything, Ok(Vec::new())) },
        ],
        second_person: vec![Verb::Stop],
        frozen: None,
        under_way: Vec::new(),
        in_doubt: Vec::new(),
    }
}

fn in_doubt() -> InDoubt {
    let operation = Operation { id: "ab12cd34ab12cd34".parse().unwrap(), ..operation(Verb::Stop, None, &two()[0]) };
    let doubt = Doubt {
        key: operation.steps[0].key.clone(),
        operation: operation.id.clone(),
        connector: operation.targets[0].connector.clone(),
        action: Action::Stop,
        requester: olga(),
        reason: None,
        since: at(1130),
    };
    InDoubt { doubt, name: operation.targets[0].name.clone() }
}

#[test]
fn p11_what_an_earlier_call_may_still_do_is_said_and_what_lifts_it() {
    let of = Explained { in_doubt: vec![in_doubt()], ..explained() };
    let body = explain::explained(&of).private_body();
    check(&body, &[]);
    insta::assert_snapshot!(body["embeds"][0]["fields"][0]["value"].as_str().unwrap(), @"❔ Stop of billing-1, for <@41>: its outcome was not known when it ended <t:1130:R> (ref ab12cd34). It may be carried out yet, so nobody counts on billing-1 until the lifecycle service says that nothing more comes of it. It is asked every few seconds; nobody need do anything");
}

#[test]
fn each_right_is_told_with_its_rule_and_what_is_in_the_way() {
    insta::assert_snapshot!(show(&explain::explained(&explained()).private_body()), @r#"
    # What you may do: Production
    ✅ **stop**: by <@&70>; open to <@&70>, <@&71> (said of this bot); it needs a second person
    ✅ **start**: by <@&70>; open to <@&70>, <@&71> (said of Production)
    ⛔ **mute or unmute**: open to members who manage the server (said of everything)
    ❔ **acknowledge or snooze**: Discord did not say enough to tell, so no; open to <@&70>, <@&71> (said of everything)
    ✅ **freeze or unfreeze**: you manage the server, and no role is named
    👀 look: everybody may
    | Now in the way: Nothing: it is not frozen, no operation is under way, and none is in doubt.
    "#);
    let kept = Explained {
        frozen: Some(freeze(None)),
        under_way: vec![Operation {
            id: "ab12cd34ab12cd34".parse().unwrap(),
            ..operation(Verb::Stop, None, &two()[0])
        }],
        bot: Some(watched(Level::Redundant, (2, 2), None)),
        ..explained()
    };
    insta::assert_snapshot!(show(&explain::explained(&kept).private_body()), @r#"
        # What you may do: Billing Bot in Production
        🧊 **stop**: you may, but it is frozen
        ✅ **start**: by <@&70>; open to <@&70>, <@&71> (said of Production)
        ⛔ **mute or unmute**: open to members who manage the server (said of everything)
        ❔ **acknowledge or snooze**: Discord did not say enough to tell, so no; open to <@&70>, <@&71> (said of everything)
        ✅ **freeze or unfreeze**: you manage the server, and no role is named
        👀 look: everybody may
        | Now in the way: 🧊 **Frozen** by <@41>, ends <t:8200:R>: the \*sale\* of @^everyone
        |   ⏳ Stopping billing-1, for <@41>, since <t:1000:R> (ref ab12cd34): other changes of this bot wait for its end
        | 🟢 Why it is not in alert: 2 of 2 healthy, 2 wanted: enough.
        "#);
}

#[test]
fn why_a_bot_is_or_is_not_in_alert_is_told_for_every_level_and_phase() {
    let attention = Attention {
        muted: Some(Hush { mute: Id::random(), by: olga(), until: at(9000), reason: "new settings".into() }),
        acknowledged: Some(Done { by: olga(), at: at(1010) }),
        ..Attention::default()
    };
    let open = |phase| Incident { phase, attention: attention.clone(), ..incident(Level::AtRisk, 1, Vec::new()) };
    let mut text = String::new();
    for watched in [
        watched(Level::Redundant, (2, 2), None),
        watched(Level::Unknown, (1, 2), None),
        watched(Level::Starting, (1, 1), None),
        watched(Level::NotInUse, (0, 0), None),
        watched(Level::AtRisk, (1, 1), None),
        watched(Level::Outage, (0, 0), Some(open(Phase::Suspected { since: at(1000), well_since: None }))),
        watched(Level::AtRisk, (1, 1), Some(open(Phase::Open))),
        watched(Level::Redundant, (2, 2), Some(open(Phase::Recovering { since: at(1100), by: None }))),
        Watched { highest: 1, ..watched(Level::NeverRedundant, (1, 1), None) },
        Watched { terms: Terms::default(), ..watched(Level::Redundant, (0, 0), None) },
    ] {
        let body = explain::explained(&Explained { bot: Some(watched), ..explained() }).private_body();
        check(&body, &[]);
        let field = &body["embeds"][0]["fields"][1];
        writeln!(text, "{}: {}", field["name"].as_str().unwrap(), field["value"].as_str().unwrap()).unwrap();
    }
    insta::assert_snapshot!(text, @r#"
        🟢 Why it is not in alert: 2 of 2 healthy, 2 wanted: enough.
        ❔ Why it is not in alert: 1 of 2 healthy, 2 wanted, and 2 at best: some of it cannot be read, and what is not known is no alert unless even the best case is too little.
        🔵 Why it is not in alert: 1 of 2 healthy, 2 wanted: one was just started, and has 5 min to come up.
        ⚪ Why it is not in alert: 0 of 2 healthy, 2 wanted: all of it was stopped before it was ever seen running, so nothing was lost.
        🟠 Why it is not in alert: 1 of 2 healthy, 2 wanted: fewer than wanted, and it had 2 once.
        It is an alert once that has lasted 30 s, or 15 s with none healthy.
        🔴 Why it is not in alert: 0 of 2 healthy, 2 wanted: none is left, even at best.
        So it is <t:1000:R>. It is an alert once that has lasted 30 s, or 15 s with none healthy.
        🔕 Muted by <@41> until <t:9000:R>.
        🙋 <@41> has it.
        🟠 Why it is in alert: 1 of 2 healthy, 2 wanted: fewer than wanted, and it had 2 once.
        Open <t:1000:R> (incident ef56ef56).
        🔕 Muted by <@41> until <t:9000:R>.
        🙋 <@41> has it.
        🟢 Why it is in alert: 2 of 2 healthy, 2 wanted: enough.
        It looks well <t:1100:R>; its alert is resolved once that has lasted 1 min.
        🔕 Muted by <@41> until <t:9000:R>.
        🙋 <@41> has it.
        🟡 Why it is not in alert: 1 of 2 healthy, 2 wanted: it never had them (1 at most), so it is in the notice of its environment.
        🟢 Why it is not in alert: 0 of 2 healthy. No minimum is asked of it here, so it is never in alert.
        "#);
}

proptest! {
    #[test]
    fn p8_no_name_breaks_an_explanation_or_mentions_anybody(
        bot in odd_text(), environment in odd_text(), name in odd_text(), count in 0usize..40
    ) {
        let bot = Bot { id: BotId::new(&bot), name: bot };
        let roles: Vec<_> = (0..count as u64).map(|n| RoleId(u64::MAX - n)).collect();
        let rights = Right::all().map(|right| Judged { roles: roles.clone(), ..judged(right, Said::OfEnvironment, Ok(roles.clone())) });
        let of = Explained {
            environment: Environment::new(&environment),
            bot: Some(Watched { bot, ..watched(Level::AtRisk, (1, 1), None) }),
            rights: rights.collect(),
            second_person: Verb::ALL.to_vec(),
            frozen: Some(freeze(None)),
            under_way: (0..count).map(|_| operation(Verb::Stop, None, &two()[0])).collect(),
            in_doubt: (0..count).map(|_| InDoubt { name: name.clone(), ..in_doubt() }).collect(),
        };
        let body = explain::explained(&of).private_body();
        check(&body, &[]);
        mentions_nobody_else(&body);
    }
}
