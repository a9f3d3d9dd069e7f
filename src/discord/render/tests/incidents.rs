//! What cards say of how incidents stand, and of what many bots make together.

use super::*;
use crate::domain::ids::MessageId;
use crate::domain::incident::Before;

fn olgas(verb: Verb, under_way: bool) -> OwnDoing {
    OwnDoing {
        by: olga(),
        verb,
        operation: "ab12cd34ab12cd34".parse().unwrap(),
        under_way,
        overran: false,
        glass: None,
    }
}

fn reply(notice_of: Notice) -> String {
    let body = notice(&notice_of, &context());
    check(&body, &[RoleId(70)]);
    show(&body)
}

#[test]
fn a_card_says_that_a_bot_looks_well_and_then_what_ended_it() {
    let by = Some(Ending::Doing(olgas(Verb::Start, false)));
    let phase = Phase::Recovering { since: at(1100), by: by.clone() };
    let well = Incident { phase, ..incident(Level::Redundant, 2, Vec::new()) };
    insta::assert_snapshot!(card(well.clone(), false), @r#"
    # 🔵 Recovering: Billing Bot in Production
    **2 of 2 healthy, 2 wanted.**
    Opened <t:1000:R>. It is resolved once it has stayed well.
    What ended it: started by <@41> (ref ab12cd34).
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Billing Bot] grey
    "#);
    let unseen = Facts::Failover(Failover {
        level: Level::Unknown,
        healthy: 0,
        total: 2,
        minimum: 2,
        lines: vec![Line { unread: true, ..line("billing-1", Condition::Healthy) }],
    });
    let unseen = card(Incident { facts: unseen, ..well.clone() }, false);
    assert!(unseen.starts_with("# ❔ Unknown: Billing Bot"), "{unseen}");
    let over = |by| card(Incident { phase: Phase::Resolved { at: at(1200), by }, ..well.clone() }, false);
    insta::assert_snapshot!(over(by), @r#"
    # ✅ Resolved: Billing Bot in Production
    **2 of 2 healthy, 2 wanted.**
    Lasted 3 min 20 s, ended <t:1200:R>.
    What ended it: started by <@41> (ref ab12cd34).
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Billing Bot] grey
    "#);
    let elsewhere = |who: Option<&str>| {
        let ending = Ending::Elsewhere { what: "MANUALLY_STARTED".into(), who: who.map(str::to_owned) };
        let said = over(Some(ending));
        said.lines().find(|line| line.contains("ended it")).unwrap().to_owned()
    };
    insta::assert_snapshot!([elsewhere(Some("Peer *")), elsewhere(None)].join("\n"), @r#"
    What ended it: MANUALLY\_STARTED by Peer \*, not through Botswain.
    What ended it: MANUALLY\_STARTED, not through Botswain.
    "#);
}

#[test]
fn a_card_says_how_often_it_fell_and_what_was_before_it() {
    let card_of_before = Some((ChannelId(5), MessageId(6)));
    let before = Before { incident: Id::random(), ended_at: at(100), card: card_of_before };
    let lines = vec![line("billing-1", Condition::NotConnected)];
    let fell = Incident { flaps: 1, before: Some(before), ..incident(Level::AtRisk, 1, lines) };
    insta::assert_snapshot!(card(fell.clone(), false), @r#"
    # 🟠 At risk: Billing Bot in Production
    **1 of 2 healthy: no failover left.**
    🔴 **billing-1** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Opened <t:1000:R>.
    It fell again once after it had looked well.
    It happened before: [that alert](https://discord.com/channels/1/5/6) ended <t:100:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Start billing-1 in Production] green
    [Status of Billing Bot] grey
    "#);
    let flaps = Incident { flaps: 3, back_at: Some(at(1500)), before: None, ..fell };
    insta::assert_snapshot!(card(flaps.clone(), false), @r#"
    # 🟠 At risk: Billing Bot in Production
    **1 of 2 healthy: no failover left.**
    🔴 **billing-1** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Opened <t:1000:R>, was resolved, and came back <t:1500:R>.
    🔁 Flapping: it fell again 3 times after it had looked well. Two connectors that share one bot user push each other out like this.
    ~ ref ab12cd34 · incident ef56ef56
    [Start billing-1 in Production] green
    [Status of Billing Bot] grey
    "#);
    insta::assert_snapshot!(reply(Notice::Back { incident: flaps }), @r#"
    <@&70> 🟠 At risk: Billing Bot in Production
    # 
    It was resolved, and it is back: 1 of 2 healthy: no failover left.
    🔁 Flapping: it fell again 3 times after it had looked well. Two connectors that share one bot user push each other out like this.
    ~ ref ab12cd34 · incident ef56ef56
    [Acknowledge incident] blue
    [Incident details] grey
    pings 70
    "#);
}

#[test]
fn a_card_says_what_is_gone_and_what_was_done_elsewhere_by_whom() {
    let gone =
        |name: &str| Line { condition: None, words: None, last_operation: None, ..line(name, Condition::Healthy) };
    let did = |what: &str, who: Option<&str>| Some((what.to_owned(), who.map(str::to_owned)));
    let lines = vec![
        gone("billing-1"),
        Line {
            moved_to: Some(Environment::new("demo")),
            last_operation: did("DEPLOYED", Some("Peer")),
            ..gone("billing-2")
        },
        Line { last_operation: did("MANUALLY_STOPPED", Some("@everyone")), ..line("billing-3", Condition::Stopped) },
        Line { last_operation: did("MANUALLY_STOPPED", None), ..line("billing-4", Condition::Stopped) },
        Line {
            own: Some(OwnDoing { overran: true, ..olgas(Verb::Start, true) }),
            ..line("b-5", Condition::NotConnected)
        },
    ];
    insta::assert_snapshot!(card(incident(Level::Outage, 0, lines), false), @r#"
    # 🔴 Outage: Billing Bot in Production
    **0 of 2 healthy: nothing is left to take conversations.**
    🚫 **billing-1** is gone: it is no longer in this environment, as two complete readings in a row say.
    ➡️ **billing-2** is no longer in this environment; it was moved to Demo by Peer, not through Botswain.
    ⚫ **billing-3** was stopped by @^everyone (last change <t:990:R>), not through Botswain.
    ⚫ **billing-4** was stopped (last change <t:990:R>), not through Botswain.
    🔴 **b-5** is not connected (last change <t:990:R>); <@41> is starting it (ref ab12cd34), and it takes longer than it may.
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Start billing-3 in Production] green
    [Start billing-4 in Production] green
    [Status of Billing Bot] grey
    "#);
}

fn storm(broken: u32, of: u32) -> Storm {
    let place = |name, broken, out, of| StormPlace { environment: Environment::new(name), broken, out, of };
    let bot = |level, healthy| StormBot {
        bot: billing(),
        environment: Environment::new("production"),
        level,
        healthy,
        total: 2,
    };
    Storm {
        places: vec![place("demo", 1, 1, 2), place("production", broken, 2, of)],
        peak: broken + 3,
        bots: vec![bot(Level::Outage, 0), bot(Level::AtRisk, 1)],
        with_own_cards: 1,
    }
}

fn in_storm(storm: Storm) -> Incident {
    Incident { subject: Subject::Storm, facts: Facts::Storm(storm), ..incident(Level::Outage, 0, Vec::new()) }
}

#[test]
fn a_storm_names_its_scope_and_asks_whether_the_platform_is_down() {
    let some = in_storm(storm(6, 40));
    insta::assert_snapshot!(card(some.clone(), true), @r#"
    <@&70> 🌩️ Storm: 7 of 42 bots failed at once
    # 🌩️ Storm: 7 of 42 bots failed at once
    **1 of 2 bots in Demo (1 with nothing left), 6 of 40 bots in Production (2 with nothing left).**
    **Is the platform down?** So many bots seldom fail by themselves: look at LivePerson's status page, and for what they share.
    While it lasts they stand here; what outlasts it gets a card of its own. One of them has a card of its own, from before.
    🔴 **Billing Bot** in Production: 0 of 2 healthy
    🟠 **Billing Bot** in Production: 1 of 2 healthy
    … and 4 more
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Demo] grey
    [Status of Production] grey
    pings 70
    "#);
    let most = card(in_storm(storm(30, 40)), true);
    insta::assert_snapshot!(most.lines().take(5).collect::<Vec<_>>().join("\n"), @r#"
    <@&70> 🌩️ Storm over most of the fleet: 31 of 42 bots failed at once
    # 🌩️ Storm over most of the fleet: 31 of 42 bots failed at once
    **1 of 2 bots in Demo (1 with nothing left), 30 of 40 bots in Production (2 with nothing left).**
    **Is the platform down?** That is most of the fleet: look at LivePerson's status page before anything is restarted.
    While it lasts they stand here; what outlasts it gets a card of its own. One of them has a card of its own, from before.
    "#);
    insta::assert_snapshot!(reply(Notice::Worse { incident: some.clone() }), @r#"
    <@&70> 🌩️ Storm: 7 of 42 bots failed at once
    # 
    It got worse: 1 of 2 bots in Demo (1 with nothing left), 6 of 40 bots in Production (2 with nothing left).
    ~ ref ab12cd34 · incident ef56ef56
    [Acknowledge incident] blue
    [Incident details] grey
    pings 70
    "#);
    let over = Incident { phase: Phase::Resolved { at: at(1600), by: None }, ..some };
    insta::assert_snapshot!(card(over, false), @r#"
    # ✅ The storm is over: 9 bots had failed at once
    At its worst 9 bots were broken. What was still broken at its end has a card of its own.
    Lasted 10 min, ended <t:1600:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Demo] grey
    [Status of Production] grey
    "#);
}

#[test]
fn p8_a_storm_calls_those_whom_any_of_its_bots_concern() {
    let own = |roles: &[u64]| Own { alert_roles: Some(roles.iter().copied().map(RoleId).collect()), ..Own::default() };
    let of_production = OwnOfEnvironment { all: own(&[81, 70]), bots: BTreeMap::from([(billing().id, own(&[82]))]) };
    let of = BTreeMap::from([(Environment::new("production"), of_production)]);
    let terms = Terms { alert_roles: vec![RoleId(70)], ..Terms::default() };
    let context = Context { policy: Arc::new(Policy::new(terms, Vec::new(), of)), ..context() };
    let body = notice(&Notice::Card { incident: in_storm(storm(6, 40)), ping: true }, &context);
    assert_eq!(body["allowed_mentions"]["roles"], serde_json::json!(["70", "81", "82"]));
}

#[test]
fn an_advice_names_how_many_connectors_would_do() {
    let of = |name: &str, wanted, full| Advice {
        bot: Bot { id: BotId::new(name), name: name.to_owned() },
        healthy: 2,
        wanted,
        load: 50,
        full,
    };
    let bots = vec![of("Billing Bot", 4, false), of("Orders Bot", 2, true)];
    let advised = Incident {
        subject: Subject::Load { environment: Environment::new("production") },
        facts: Facts::Load { bots },
        ..incident(Level::Redundant, 2, Vec::new())
    };
    insta::assert_snapshot!(card(advised.clone(), false), @r#"
    # 📈 Load: more connectors are advised in Production
    2 bots have more conversations for each healthy connector than is advised.
    📈 **Billing Bot**: 2 healthy connectors; 4 would do, at 50 conversations each
    ⛔ **Orders Bot**: one of 2 healthy connectors is at 999 conversations, beyond which none is assigned; 3 would do
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Production] grey
    "#);
    let over = Incident { phase: Phase::Resolved { at: at(1600), by: None }, ..advised };
    insta::assert_snapshot!(card(over, false), @r#"
    # ✅ The load in Production is as advised
    No bot here has more conversations for each healthy connector than is advised.
    Lasted 10 min, ended <t:1600:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Production] grey
    "#);
}

#[test]
fn each_kind_of_blindness_has_words_of_its_own() {
    let of = |kind, why: &str| {
        let facts = Blind { since: at(900), seen_well_at: Some(at(870)), why: why.to_owned(), kind };
        let said = card(
            Incident { subject: Subject::Blind, facts: Facts::Blind(facts), ..incident(Level::Unknown, 0, Vec::new()) },
            false,
        );
        said.lines().take(4).collect::<Vec<_>>().join("\n")
    };
    let kinds = [
        of(Blindness::Unreachable, "The lifecycle service did not answer in time."),
        of(Blindness::Unauthorised, "The lifecycle service refused our token."),
        of(Blindness::Malformed, "One record of the fleet cannot be understood."),
        of(Blindness::Incomplete, "A part of the fleet did not come."),
        of(Blindness::Stale, "The lifecycle service answers with what it knew long ago."),
    ];
    insta::assert_snapshot!(kinds.join("\n\n"), @r#"
    # 🙈 Blind: the lifecycle service cannot be read
    **Nothing of the fleet can be read: an outage now could go unseen.** It began <t:900:R>. It was last seen whole <t:870:R>.
    The lifecycle service did not answer in time.
    Bots Status in LivePerson still shows it. Whoever runs the lifecycle service should look at it.

    # 🔑 Blind: the lifecycle service refuses our token
    **Nothing of the fleet can be read: an outage now could go unseen.** It began <t:900:R>. It was last seen whole <t:870:R>.
    The lifecycle service refused our token.
    Bots Status in LivePerson still shows it. Whoever installed Botswain has to set LIFECYCLE_TOKEN right.

    # 🧩 Blind: the lifecycle service cannot be understood
    **Part or all of the fleet cannot be understood: an outage now could go unseen.** It began <t:900:R>. It was last seen whole <t:870:R>.
    One record of the fleet cannot be understood.
    Bots Status in LivePerson still shows it. Whoever installed Botswain should check LIFECYCLE_URL and the service behind it; the log says what could not be understood.

    # 🧩 Blind: a part of the fleet does not come
    **Only a part of the fleet can be read: an outage now could go unseen.** It began <t:900:R>. It was last seen whole <t:870:R>.
    A part of the fleet did not come.
    Bots Status in LivePerson still shows it. Whoever runs the lifecycle service should look at why its pages are missing.

    # 🕰️ Blind: the lifecycle service shows what is long past
    **What can be read of the fleet is old: an outage now could go unseen.** It began <t:900:R>. It was last seen whole <t:870:R>.
    The lifecycle service answers with what it knew long ago.
    Bots Status in LivePerson still shows it. Whoever runs the lifecycle service should look at its own connection to the platform.
    "#);
}

#[test]
fn a_bots_status_says_what_its_load_asks_for() {
    let loaded =
        |name: &str, load| Connector { conversations: Some(load), ..connector(name, "Billing Bot", "production") };
    let said = |loads: &[u32]| {
        let of = loads.iter().enumerate().map(|(n, load)| loaded(&format!("billing-{n}"), *load));
        let picture = picture(of.collect());
        let bot = picture.fleet.bots()[0].clone();
        let shown = show(&status::bot(view(&picture, &policy(), 1010), &bot, |_| false).private_body());
        shown.lines().find(|line| line.starts_with("Load")).unwrap().to_owned()
    };
    insta::assert_snapshot!([said(&[50, 50]), said(&[120, 31]), said(&[999, 1])].join("\n"), @r#"
    Load: 100 conversations on all of its connectors here.
    Load: 151 conversations on all of its connectors here. That is more than 50 for each healthy connector: 4 healthy connectors would do.
    Load: 1000 conversations on all of its connectors here. That is more than 50 for each healthy connector: 20 healthy connectors would do. One is at 999, beyond which none is assigned.
    "#);
}
