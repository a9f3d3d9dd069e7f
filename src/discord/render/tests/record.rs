//! The record as people read it: a page of a list, and the messages of its mirror.

use super::super::record::{self, Page, Shown};
use super::*;
use crate::domain::audit::chain::Link as Place;
use crate::domain::audit::filter::{Filter, View};
use crate::domain::audit::{Entry, Handling, Touched, Verdict};
use crate::domain::ids::MessageId;
use crate::domain::notice::Told;

fn seen_in(agent: AgentStatus, environment: &str) -> Option<Seen> {
    Some(seen(agent, Link::Connected, environment))
}

fn stop() -> Entry {
    let billing = Bot { id: BotId::new("billing"), name: "Billing Bot".into() };
    let entry = Entry::new("ab12cd34ab12cd34".into(), olga(), Verdict::Done, "seen", at(1000));
    Entry {
        verb: Some(Verb::Stop),
        target: "billing-1 of Billing Bot in production".into(),
        reason: Some("new settings, *all* of them".into()),
        operation: Some("ef56ef56ef56ef56".parse().unwrap()),
        touched: vec![Touched {
            name: Some("billing-1".into()),
            before: seen_in(AgentStatus::Online, "production"),
            after: seen_in(AgentStatus::Stopped, "production"),
            ..Touched::of(Some(&billing), Some(&Environment::new("production")))
        }],
        channel: Some(ChannelId(5)),
        message: Some(MessageId(9)),
        allowed_by: Some(vec![RoleId(70)]),
        ..entry
    }
}

fn some() -> Vec<Entry> {
    let denied = Entry::new("interaction:7".into(), olga(), Verdict::Denied, "a press that is not ours", at(1010));
    let muted = Entry {
        handling: Some(Handling::Mute),
        target: "all of production".into(),
        allowed_by: Some(Vec::new()),
        ..Entry::new("interaction:8".into(), olga(), Verdict::Done, "written", at(1020))
    };
    let us = Person { id: UserId(0), name: "Botswain".into() };
    let pruned = Entry {
        target: "records 1 to 7".into(),
        pruned: Some(Place::default()),
        ..Entry::new("pruned:7".into(), us, Verdict::Done, "older than AUDIT_RETENTION", at(1030))
    };
    vec![pruned, muted, Entry { channel: Some(ChannelId(5)), ..denied }, stop()]
}

fn shown(entries: Vec<Entry>) -> Vec<Shown> {
    let of = |(seq, entry)| Shown { link: record::link(&entry, GuildId(1)), told: Told { seq, entry } };
    (8..).zip(entries).map(of).collect()
}

fn view(filter: Filter) -> View {
    View { id: "9912cd34ab12cd34".parse().unwrap(), filter, through: 11 }
}

#[test]
fn a_page_of_the_record_says_who_what_when_why_and_how_it_ended() {
    let (view, shown) = (view(Filter::default()), shown(some()));
    let message = record::page(&Page { view: &view, shown: &shown, number: 1, more: true });
    check(&message.private_body(), &[]);
    insta::assert_snapshot!(show(&message.body()), @r#"
    # 📜 The record
    Everything.
    | ✅ Done · Prune: records 1 to 7: Botswain itself · <t:1030:f>
    |   Why: older than AUDIT\_RETENTION
    |   #8
    | ✅ Done · Mute: all of production: <@41> (Olga) · <t:1020:f>
    |   Why: written
    |   Allowed: manages the server
    |   #9
    | ⛔ Denied · Unknown action: <@41> (Olga) · <t:1010:f>
    |   Why: a press that is not ours
    |   #10 · <#5>
    | ✅ Done · Stop: billing-1 of Billing Bot in production: <@41> (Olga) · <t:1000:f>
    |   Why: seen
    |   Reason: new settings, \*all\* of them
    |   Was: Online in Production · is: Stopped in Production
    |   Allowed by <@&70>
    |   #11 · operation ef56ef56 · [message](https://discord.com/channels/1/5/9)
    ~ The last first. Only you see this.
    [Show newest] grey
    [Show newer] grey
    [Show older] grey
    "#);
}

#[test]
fn what_was_asked_for_is_said_above_the_list_also_where_nothing_fits() {
    let filter = Filter {
        environment: Some(Environment::new("production")),
        bot: Some(Bot { id: BotId::new("billing"), name: "Billing *Bot*".into() }),
        person: Some(olga()),
        verdict: Some(Verdict::OutcomeUnknown),
        action: Some("stop".into()),
        glass: false,
        since: Some(at(900)),
    };
    let view = view(filter);
    let message = record::page(&Page { view: &view, shown: &[], number: 0, more: false });
    check(&message.private_body(), &[]);
    insta::assert_snapshot!(show(&message.body()), @r#"
    # 📜 The record
    Only “outcome unknown”, “stop”, by <@41>, of Billing \*Bot\*, in Production, since <t:900:f>.
    Nothing that fits is recorded.
    ~ The last first. Only you see this.
    [Show newest] grey
    "#);
}

#[test]
fn the_mirror_tells_the_same_and_pings_nobody() {
    let records = shown(vec![stop()]).into_iter().map(|shown| shown.told).collect();
    let body = notice(&Notice::Records { records }, &context());
    check(&body, &[]);
    insta::assert_snapshot!(show(&body), @r#"
    # 📜 Recorded

    | ✅ Done · Stop: billing-1 of Billing Bot in production: <@41> (Olga) · <t:1000:f>
    |   Why: seen
    |   Reason: new settings, \*all\* of them
    |   Was: Online in Production · is: Stopped in Production
    |   Allowed by <@&70>
    |   #8 · operation ef56ef56 · [message](https://discord.com/channels/1/5/9)
    ~ ref ab12cd34
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn p8_no_name_breaks_a_limit_mentions_anybody_or_hides_a_record(
        name in odd_text(),
        bot in odd_text(),
        environment in odd_text(),
        reason in odd_text(),
        why in odd_text(),
        status in odd_text(),
    ) {
        let place = Environment::new(&environment);
        let of = Bot { id: BotId::new(&bot), name: bot.clone() };
        let person = Person { id: UserId(u64::MAX), name: name.clone() };
        let other = seen_in(AgentStatus::Other(status), &environment);
        let touched = Touched { before: other.clone(), after: other, to: Some(place.clone()), ..Touched::of(Some(&of), Some(&place)) };
        let entry = Entry {
            person: person.clone(),
            target: format!("{name} of {bot} in {environment} to {environment}"),
            why,
            reason: Some(reason.clone()),
            touched: vec![touched; 3],
            channel: Some(ChannelId(u64::MAX)),
            message: Some(MessageId(u64::MAX)),
            allowed_by: Some((1..=20).map(|n| RoleId(u64::MAX - n)).collect()),
            verdict: Verdict::OutcomeUnknown,
            ..stop()
        };
        let entries = vec![entry; record::PAGE];
        let filter = Filter {
            environment: Some(place),
            bot: Some(of),
            person: Some(person),
            action: Some(reason),
            ..Filter::default()
        };
        let (view, shown) = (view(filter), shown(entries));
        let told = shown.iter().map(|shown| shown.told.clone()).collect();
        let page = record::page(&Page { view: &view, shown: &shown, number: 1, more: true });
        for body in [page.private_body(), notice(&Notice::Records { records: told }, &context())] {
            check(&body, &[]);
            mentions_nobody_else(&body);
            prop_assert_eq!(body["embeds"][0]["fields"].as_array().unwrap().len(), record::PAGE, "none is left out");
        }
        check(&record::not_found("person", &name).private_body(), &[]);
        check(&record::forgotten().private_body(), &[]);
    }
}
