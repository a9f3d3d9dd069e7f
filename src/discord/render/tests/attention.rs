//! Who has an incident, on its card and beside it: acknowledged, snoozed, muted, said again; and what is open at all.

use jiff::tz::TimeZone;

use super::super::{alerts, attention, handled, modal};
use super::*;
use crate::domain::attention::{Attention, Done, Due, Hush, Snooze, SnoozeEnd, Unchanged, Wish};
use crate::domain::audit::Handling;
use crate::domain::mute::{Mute, MuteEnd, Scope, Summary};
use crate::domain::when::{self, NotATime};
use crate::incidents::{OpenAlerts, Refused};

fn otto() -> Person {
    Person { id: UserId(42), name: "Otto".into() }
}

fn at_risk() -> Incident {
    incident(Level::AtRisk, 1, vec![line("billing-2", Condition::NotConnected)])
}

fn with(attention: Attention) -> Incident {
    Incident { attention, ..at_risk() }
}

fn acknowledged() -> Attention {
    at_risk().take(Wish::Acknowledge, &olga(), at(1060)).unwrap()
}

fn snoozed() -> Attention {
    with(acknowledged()).take(Wish::Snooze(at(4600)), &otto(), at(1070)).unwrap()
}

fn mute(of: Option<Bot>) -> Mute {
    Mute {
        id: "9912cd34ab12cd34".parse().unwrap(),
        scope: Scope { environment: Some(Environment::new("production")), bot: of },
        by: otto(),
        reason: "new settings, *all* of them".into(),
        at: at(1000),
        until: at(8200),
        channel: ChannelId(900),
        prolonged: None,
        ended: None,
    }
}

fn unasked(said: Notice, may_ping: u64) -> String {
    let body = notice(&said, &context());
    check(&body, &[RoleId(may_ping)]);
    show(&body)
}

#[test]
fn a_card_offers_to_acknowledge_and_to_snooze() {
    insta::assert_snapshot!(unasked(Notice::Card { incident: at_risk(), ping: true }, 70), @r#"
    <@&70> 🟠 At risk: Billing Bot in Production
    # 🟠 At risk: Billing Bot in Production
    **1 of 2 healthy: no failover left.**
    🔴 **billing-2** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Start billing-2 in Production] green
    [Acknowledge incident] blue
    [Incident details] grey
    [Status of Billing Bot] grey
    ▾ Snooze incident: no reminders until …
      · Snooze for 15 minutes ()
      · Snooze for 1 hour ()
      · Snooze for 4 hours ()
      · Snooze until tomorrow 9:00 (At night, that is the coming morning)
      · Snooze until … (Type for how long, or until what time of day)
    pings 70
    "#);
}

#[test]
fn every_choice_of_the_menu_is_understood() {
    let body = notice(&Notice::Card { incident: at_risk(), ping: false }, &context());
    let rows = body["components"].as_array().unwrap();
    let menu = rows.iter().map(|row| &row["components"][0]).find(|part| part["type"] == 3).unwrap();
    let values: Vec<_> = menu["options"].as_array().unwrap().iter().map(|o| o["value"].as_str().unwrap()).collect();
    let (last, times) = values.split_last().unwrap();
    assert_eq!(*last, attention::CUSTOM);
    for text in times {
        assert!(when::until(text, &TimeZone::UTC, Duration::from_secs(86_400 * 2), at(1000)).is_ok(), "{text}");
    }
}

#[test]
fn a_card_says_who_has_it_until_when_it_is_snoozed_and_what_mutes_it() {
    let muted = Attention { muted: Some(mute(None).hush()), escalated_at: Some(at(1050)), ..snoozed() };
    insta::assert_snapshot!(unasked(Notice::Card { incident: with(muted), ping: false }, 70), @r#"
    # 🟠 At risk: Billing Bot in Production
    **1 of 2 healthy: no failover left.**
    🔴 **billing-2** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Opened <t:1000:R>.
    | Attention: 🙋 <@41> has it, since <t:1060:R>.
    |   😴 Snoozed by <@42> until <t:4600:f>: until then it is not said again, unless it gets worse.
    |   🔕 Muted by <@42> until <t:8200:f>: it pings nobody. Reason: new settings, \*all\* of them
    ~ ref ab12cd34 · incident ef56ef56
    [Start billing-2 in Production] green
    [Give incident back] grey
    [End snooze] grey
    [Incident details] grey
    [Status of Billing Bot] grey
    "#);
    let escalated = Attention { escalated_at: Some(at(1900)), ..Attention::default() };
    assert!(card(with(escalated), false).contains("📣 Escalated <t:1900:R>: nobody has acknowledged it."));
    let given_back = with(with(acknowledged()).take(Wish::GiveBack, &otto(), at(1080)).unwrap());
    let given_back = unasked(Notice::Card { incident: given_back, ping: false }, 70);
    assert!(given_back.contains("| Attention: 🙌 <@42> gave it back <t:1080:R>: nobody has it.\n"), "{given_back}");
    assert!(given_back.contains("[Acknowledge incident] blue"), "{given_back}");
    let over = Incident { phase: Phase::Resolved { at: at(1200), by: None }, ..with(snoozed()) };
    insta::assert_snapshot!(card(over, false), @r#"
    # ✅ Resolved: Billing Bot in Production
    **1 of 2 healthy: no failover left.**
    🔴 **billing-2** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Lasted 3 min 20 s, ended <t:1200:R>.
    | Attention: 🙋 Acknowledged by <@41> after 1 min.
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Billing Bot] grey
    "#);
}

#[test]
fn what_is_said_again_mentions_those_whom_it_concerns() {
    let again = |incident, due, may_ping| unasked(Notice::Again { incident, due, at: at(2800) }, may_ping);
    insta::assert_snapshot!(again(at_risk(), Due::Reminder, 70), @r#"
    <@&70> 🟠 At risk: Billing Bot in Production
    # 
    **Still so after 30 min:** 1 of 2 healthy: no failover left.
    🔴 **billing-2** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Nobody has it. It can be snoozed on its card, above.
    ~ ref ab12cd34 · incident ef56ef56
    [Acknowledge incident] blue
    [Incident details] grey
    pings 70
    "#);
    insta::assert_snapshot!(again(at_risk(), Due::Escalation, 77), @r#"
    <@&77> 🟠 At risk: Billing Bot in Production
    # 
    **Nobody has acknowledged it, and it is still so after 30 min:** 1 of 2 healthy: no failover left.
    🔴 **billing-2** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Nobody has it. It can be snoozed on its card, above.
    ~ ref ab12cd34 · incident ef56ef56
    [Acknowledge incident] blue
    [Incident details] grey
    pings 77
    "#);
    insta::assert_snapshot!(again(with(snoozed()), Due::Awake, 70), @r#"
    <@&70> 🟠 At risk: Billing Bot in Production
    # 
    **The snooze by <@42> is over, and it is still so after 30 min:** 1 of 2 healthy: no failover left.
    🔴 **billing-2** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    <@41> has it. The card is above: it can be snoozed there.
    ~ ref ab12cd34 · incident ef56ef56
    [Incident details] grey
    pings 70
    "#);
}

#[test]
fn the_details_tell_what_happened_and_offer_what_this_person_may_do() {
    let told = |incident: &Incident, may| {
        let message = attention::details(incident, may, Some("https://discord.com/channels/1/2/3"), GuildId(1));
        check(&message.private_body(), &[]);
        show(&message.body())
    };
    insta::assert_snapshot!(told(&with(snoozed()), true), @r#"
    # 🟠 At risk: Billing Bot in Production
    **1 of 2 healthy: no failover left.**
    🔴 **billing-2** is not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Opened <t:1000:R>.
    | Attention: 🙋 <@41> has it, since <t:1060:R>.
    |   😴 Snoozed by <@42> until <t:4600:f>: until then it is not said again, unless it gets worse.
    | What happened to it: Opened <t:1000:f>.
    |   Acknowledged by <@41> <t:1060:f>.
    |   Snoozed by <@42> <t:1070:f> until <t:4600:f>.
    |   [Its card](https://discord.com/channels/1/2/3)
    [Give incident back] grey
    [End snooze] grey
    [Status of Billing Bot] grey
    [All open incidents] grey
    "#);
    let viewer = told(&at_risk(), false);
    assert!(viewer.ends_with("/3)\n[Status of Billing Bot] grey\n[All open incidents] grey"), "{viewer}");
    let awake = with(snoozed()).take(Wish::Unsnooze, &olga(), at(1100)).unwrap();
    assert!(told(&with(awake), true).contains("until <t:4600:f>; <@41> ended that <t:1100:f>."));
}

#[test]
fn what_is_open_is_listed_with_who_has_it() {
    let mut second = Incident { id: Id::random(), ..with(Attention { muted: Some(mute(None).hush()), ..snoozed() }) };
    second.opened_at = at(1300);
    let open =
        OpenAlerts { incidents: vec![at_risk(), second.clone()], mutes: vec![mute(None)], freezes: vec![freeze(None)] };
    let links = BTreeMap::from([(at_risk().id, "https://discord.com/channels/1/2/3".to_owned())]);
    let list = alerts::list(&open, Some(&Environment::new("production")), 0, &links);
    check(&list.private_body(), &[]);
    insta::assert_snapshot!(mask(&list.body(), &[&second.id]), @r#"
    # 🚨 2 incidents are open in Production
    **🟠 At risk: Billing Bot in Production** · opened <t:1000:R> · nobody has it · 🧊 frozen until <t:8200:f> · [card](https://discord.com/channels/1/2/3)
    **🟠 At risk: Billing Bot in Production** · opened <t:1300:R> · 🙋 <@41> has it · 😴 until <t:4600:f> · 🔕 until <t:8200:f> · 🧊 frozen until <t:8200:f>
    | Muted: 🔕 all of Production by <@42> until <t:8200:f>: new settings, \*all\* of them
    ▾ Details of an incident, and what to do about it
      · Billing Bot in Production (Nobody has it)
      · Billing Bot in Production (Olga has it)
    [Refresh list] grey
    "#);
    let nothing = alerts::list(&OpenAlerts::default(), None, 0, &BTreeMap::new());
    insta::assert_snapshot!(show(&nothing.body()), @r"
    # ✅ Nothing is open

    [Refresh list] grey
    ");
}

#[test]
fn more_incidents_than_a_page_holds_are_paged_round() {
    let incidents = (0..25).map(|_| Incident { id: Id::random(), ..at_risk() }).collect();
    let open = OpenAlerts { incidents, ..OpenAlerts::default() };
    for (page, buttons) in [
        (0, ["Refresh list", "Show page 3", "Show page 2"]),
        (2, ["Refresh list", "Show page 2", "Show page 1"]),
        (900, ["Refresh list", "Show page 2", "Show page 1"]),
    ] {
        let list = alerts::list(&open, None, page, &BTreeMap::new());
        check(&list.private_body(), &[]);
        let rows = list.body()["components"].as_array().unwrap().clone();
        let labels: Vec<_> = rows[1]["components"].as_array().unwrap().iter().map(|b| text_of(&b["label"])).collect();
        assert_eq!(labels, buttons);
        let shown = if page == 0 { 10 } else { 5 };
        assert_eq!(rows[0]["components"][0]["options"].as_array().unwrap().len(), shown);
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_mute_says_whose_it_is_until_when_and_why_and_how_it_ended() {
    insta::assert_snapshot!(unasked(Notice::Mute { mute: mute(Some(billing())) }, 70), @r#"
    # 🔕 Muted: Billing Bot in Production
    By <@42> until <t:8200:f> (<t:8200:R>).
    Until then incidents here stand on their cards as ever, and ping nobody.
    Reason: new settings, \*all\* of them
    ~ ref ab12cd34 · mute 9912cd34
    [Unmute Billing Bot in Production] grey
    "#);
    let longer = Mute { prolonged: Some(Done { by: olga(), at: at(1500) }), ..mute(None) };
    let longer = unasked(Notice::Mute { mute: longer }, 70);
    assert!(longer.contains("of them\nProlonged by <@41> <t:1500:R>.\n~ ref"), "{longer}");
    let ended = Some(MuteEnd::Unmuted(Done { by: olga(), at: at(4600) }));
    insta::assert_snapshot!(unasked(Notice::Mute { mute: Mute { ended, ..mute(None) } }, 70), @r#"
    # 🔔 No longer muted: all of Production
    Muted by <@42> for 1 h 0 min; <@41> ended it <t:4600:R>.
    Reason: new settings, \*all\* of them
    ~ ref ab12cd34 · mute 9912cd34
    "#);
}

#[test]
fn a_summary_pings_if_something_stands_that_nobody_has_seen() {
    let mute = Mute { ended: Some(MuteEnd::Over { at: at(8200) }), ..mute(None) };
    let told =
        |incidents: &[Incident]| unasked(Notice::Summary { mute: mute.clone(), summary: Summary::of(incidents) }, 70);
    let over = Incident {
        phase: Phase::Resolved { at: at(1300), by: None },
        id: "aa56ef56ef56ef56".parse().unwrap(),
        ..at_risk()
    };
    insta::assert_snapshot!(told(&[over, at_risk()]), @r#"
    <@&70> 🔔 No longer muted: all of Production: 1 still open
    # 🔔 No longer muted: all of Production
    **2 incidents meanwhile, and 1 still open.**
    🟠 **Billing Bot** in Production: at risk, opened <t:1000:R> (incident ef56ef56)
    ✅ **Billing Bot** in Production: lasted 5 min (incident aa56ef56)
    ~ ref ab12cd34 · mute 9912cd34
    pings 70
    "#);
    insta::assert_snapshot!(told(&[]), @r#"
    # 🔔 No longer muted: all of Production
    **Nothing happened meanwhile.**
    ~ ref ab12cd34 · mute 9912cd34
    "#);
}

#[test]
fn every_press_is_answered_with_a_sentence() {
    let mut said = vec![
        handled::done(Handling::Acknowledge, &with(acknowledged())),
        handled::done(Handling::GiveBack, &at_risk()),
        handled::done(Handling::Snooze, &with(snoozed())),
        handled::done(Handling::Unsnooze, &with(acknowledged())),
        handled::muted(&mute(None)),
        handled::muted(&Mute { prolonged: Some(Done { by: olga(), at: at(1500) }), ..mute(None) }),
        handled::unmuted(&mute(None)),
    ];
    let ended = Some(MuteEnd::Unmuted(Done { by: olga(), at: at(4600) }));
    let done = Done { by: olga(), at: at(1060) };
    let refused = [
        Refused::Denied(Denied::CannotTell),
        Refused::Unknown,
        Refused::Unchanged(Unchanged::Over { at: at(1200) }),
        Refused::Unchanged(Unchanged::Acknowledged(done.clone())),
        Refused::Unchanged(Unchanged::Acknowledged(Done { by: otto(), at: at(1060) })),
        Refused::Unchanged(Unchanged::NobodyHasIt(Some(done.clone()))),
        Refused::Unchanged(Unchanged::NobodyHasIt(None)),
        Refused::Unchanged(Unchanged::Snoozed { by: olga(), until: at(4600) }),
        Refused::Unchanged(Unchanged::NotSnoozed(None)),
        Refused::Unchanged(Unchanged::NotSnoozed(Some(SnoozeEnd::Unsnoozed(done)))),
        Refused::Unchanged(Unchanged::NotSnoozed(Some(SnoozeEnd::Worse))),
        Refused::NotATime { said: "soon".into(), why: NotATime::NotUnderstood },
        Refused::NotATime { said: "0m".into(), why: NotATime::TooSoon },
        Refused::NotATime { said: "9 days".into(), why: NotATime::TooLate { most: Duration::from_secs(7 * 86_400) } },
        Refused::NotFound { what: "nowhere".into() },
        Refused::NothingNamed,
        Refused::NoReason,
        Refused::MutedBefore(Box::new(mute(None))),
        Refused::MuteOver(Box::new(Mute { ended, ..mute(None) })),
        Refused::NotMuted,
    ];
    said.extend(refused.iter().map(|refused| handled::refused(refused, UserId(42))));
    said.push(alerts::which_mute(&[mute(None), Mute { id: Id::random(), ..mute(Some(billing())) }]));
    for message in &said {
        check(&message.private_body(), &[]);
    }
    let said: Vec<_> = said.iter().map(|message| show(&message.body())).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    🙋 You have it: it is not escalated. You are still reminded while it stands, unless you snooze it.
    🙌 You have given it back: nobody has it. It is escalated if nobody acknowledges it in time.
    😴 Snoozed until <t:4600:f> (<t:4600:R>): until then it is not said again, unless it gets worse. The card shows it.
    The snooze is over: reminders go on.
    🔕 Muted: all of Production until <t:8200:f> (<t:8200:R>). It stands in <#900>, where it can be ended.
    🔕 Still muted: all of Production until <t:8200:f> (<t:8200:R>). It stands in <#900>, where it can be ended.
    🔔 No longer muted: all of Production. What was kept quiet is told in <#900>.
    ⛔ Discord did not say enough to tell whether you may do this, so the answer is no. Try again in a moment.
    ⛔ This belongs to nothing that is known any more. Nothing was done; `/bots alerts` shows what is open.
    ⛔ That incident is over since <t:1200:R>. Nothing is left to do.
    ⛔ <@41> was first: they have it since <t:1060:R>.
    ⛔ You have it already, since <t:1060:R>.
    ⛔ <@41> gave it back <t:1060:R>: nobody has it.
    ⛔ Nobody has it: there is nothing to give back.
    ⛔ <@41> was first: it is snoozed until <t:4600:f>. End that snooze to choose another time.
    ⛔ It is not snoozed any more.
    ⛔ <@41> was first: the snooze was ended <t:1060:R>.
    ⛔ It got worse or came back, and that ended the snooze.
    ⛔ “soon” is no time that Botswain understands. Write how long, such as 45m, 2h 30m or 3 days, or a time of day, such as 14:30 or tomorrow 9:00.
    ⛔ “0m” is over already, or in less than a minute. Say a later time.
    ⛔ “9 days” is too far away: at most 7 days are possible.
    ⛔ No environment or bot goes by “nowhere” now, or more than one does. Pick one of the suggestions.
    ⛔ Say what to mute: an environment (`env`), a bot (`bot`), or both.
    ⛔ Say why: the reason stands on every card that is muted.
    ⛔ <@42> was first: all of Production is muted until <t:8200:f>. Say a later time to prolong that, or end it.
    ⛔ <@41> was first: that mute was ended <t:4600:R>.
    ⛔ No such mute is on. `/bots alerts` lists those that are.
    More than one mute is on. Which one is to end? Nothing was done yet.
    ▾ Choose the mute to end
      · Unmute Production (By Otto: new settings, *all* of them)
      · Unmute Billing Bot in Production (By Otto: new settings, *all* of them)
    ");
}

#[test]
fn the_form_asks_one_question_within_discords_limits() {
    let zone = "America/Argentina/ComodRivadavia".repeat(9);
    let form = serde_json::to_value(modal::snooze(&at_risk().id, &zone)).unwrap();
    let input = &form["components"][0]["components"][0];
    for (text, limit) in [
        (&form["title"], limits::MODAL_TITLE),
        (&form["custom_id"], limits::CUSTOM_ID),
        (&input["label"], limits::INPUT_LABEL),
        (&input["placeholder"], limits::INPUT_PLACEHOLDER),
    ] {
        assert!((1..=limit).contains(&length(text.as_str().unwrap())), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn p8_no_name_or_reason_breaks_a_limit_or_mentions_anybody(
        name in odd_text(),
        bot in odd_text(),
        environment in odd_text(),
        reason in odd_text(),
        count in 1usize..40,
    ) {
        let bot = Bot { id: BotId::new(&bot), name: bot.clone() };
        let person = Person { id: UserId(7), name: name.clone() };
        let place = Environment::new(&environment);
        let hush = Hush { mute: Id::random(), by: person.clone(), until: at(9000), reason: reason.clone() };
        let snooze = Snooze { by: person.clone(), at: at(1000), until: at(9000), ended: None };
        let taken = at_risk().take(Wish::Acknowledge, &person, at(1010)).unwrap();
        let attention = Attention { muted: Some(hush), snoozed: Some(snooze), escalated_at: Some(at(1005)), ..taken };
        let lines = |n| Line { connector: ConnectorId::new(format!("{name}{n}")), ..line(&name, Condition::UnknownWord) };
        let of = |n: usize| Incident {
            id: Id::random(),
            subject: Subject::Failover { bot: bot.clone(), environment: place.clone() },
            attention: if n.is_multiple_of(2) { attention.clone() } else { Attention::default() },
            ..incident(Level::Outage, 0, (0..n).map(lines).collect())
        };
        let incidents: Vec<_> = (0..count).map(of).collect();
        let mute = Mute {
            scope: Scope { environment: Some(place.clone()), bot: Some(bot.clone()) },
            by: person,
            reason: reason.clone(),
            ..mute(None)
        };
        let ended = Mute { ended: Some(MuteEnd::Over { at: at(9000) }), ..mute.clone() };
        let mut bodies = vec![
            notice(&Notice::Mute { mute: mute.clone() }, &context()),
            notice(&Notice::Summary { mute: ended, summary: Summary::of(&incidents) }, &context()),
        ];
        for incident in &incidents {
            bodies.push(notice(&Notice::Card { incident: incident.clone(), ping: true }, &context()));
            for due in [Due::Awake, Due::Reminder] {
                bodies.push(notice(&Notice::Again { incident: incident.clone(), due, at: at(2000) }, &context()));
            }
            bodies.push(attention::details(incident, true, Some("https://discord.com/channels/1/2/3"), GuildId(1)).private_body());
        }
        let links = incidents.iter().map(|incident| (incident.id.clone(), format!("https://discord.com/channels/{}", u64::MAX)));
        let links = links.collect();
        let mutes: Vec<_> = (0..count).map(|_| Mute { id: Id::random(), ..mute.clone() }).collect();
        let open = OpenAlerts { incidents, mutes: mutes.clone(), freezes: vec![freeze(None)] };
        bodies.push(alerts::list(&open, Some(&place), 1, &links).private_body());
        bodies.push(alerts::which_mute(&mutes).private_body());
        bodies.push(handled::muted(&mute).private_body());
        bodies.push(handled::refused(&Refused::NotFound { what: name.clone() }, UserId(1)).private_body());
        bodies.push(handled::refused(&Refused::MutedBefore(Box::new(mute)), UserId(1)).private_body());
        for body in &bodies {
            check(body, &[RoleId(70)]);
            mentions_nobody_else(body);
        }
    }
}
