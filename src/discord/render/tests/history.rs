//! What is said beside the picture of a history.

use super::super::history::{self, Drawn, Shown};
use super::*;
use crate::domain::attention::Done;
use crate::domain::history::{Change, History, Lane, Span, State};

fn shown(name: &str, length: i64) -> Shown {
    let change = |second, state| Change { at: at(second), state };
    let lane = Lane {
        connector: ConnectorId::new("billing-1"),
        name: name.to_owned(),
        changes: vec![change(0, State::Healthy), change(4000, State::NotConnected), change(4100, State::Healthy)],
    };
    let span = Span { from: at(1000), until: at(1000 + length) };
    let mut over = opened(name, Level::Outage, 0);
    over.opened_at = at(4000);
    over.attention.acknowledged = Some(Done { by: olga(), at: at(4030) });
    over.phase = Phase::Resolved { at: at(4160), by: None };
    let (request, plan) = request(Verb::Start, None, &stopped("billing-1", "Billing Bot"), &two());
    Shown {
        bot: Bot { id: BotId::new(name), name: name.to_owned() },
        environment: Environment::new("production"),
        history: History { span, watched: vec![Span { until: at(800 + length), ..span }], lanes: vec![lane] },
        minimum: 2,
        operations: vec![Operation::new(&request, &plan, &[], at(4050))],
        incidents: vec![over],
    }
}

#[test]
fn what_a_history_comes_to_stands_beside_its_picture() {
    let shown = shown("Billing Bot", 3600);
    let body = history::message(&shown, Drawn::Attached).private_body();
    check(&body, &[]);
    assert_eq!(body["embeds"][0]["image"]["url"], "attachment://history.png");
    insta::assert_snapshot!(show(&body), @r#"
    # 📈 Billing Bot in Production: the last hour
    ❔ It was seen for 56 min 40 s of the last hour; the figures are of that time.
    <t:4050:f> · billing-1 started by <@41>
    <t:4000:f> · incident, over after 2 min 40 s
    | Uptime: **97.058 %**
    | Below the minimum: **56 min 40 s** (minimum 2)
    | Longest outage: 1 min 40 s
    | Drops: 1 (nobody stopped it)
    | Incidents: 1
    | Mean time to acknowledge: 30 s
    | Mean time to recover: 2 min 40 s
    [Last hour] blue
    [Last 24 hours] grey
    [Last 7 days] grey
    [Last 30 days] grey
    [Last 90 days] grey
    [How it is now] grey
    "#);
    insta::assert_snapshot!(shown.alt(), @"Healthy connectors over time. Billing Bot in Production: the last hour. Uptime 97.058 %. Below the minimum of 2 for 56 min 40 s. Longest outage 1 min 40 s. 1 drop, 1 incident.");
}

#[test]
fn without_a_picture_the_figures_are_told_and_nothing_refers_to_it() {
    let body = history::message(&shown("Billing Bot", 86_400), Drawn::Failed).private_body();
    assert!(body["embeds"][0].get("image").is_none());
    assert!(show(&body).contains("The picture could not be drawn or attached"), "{}", show(&body));
    let forbidden = Drawn::Forbidden { channel: ChannelId(5) };
    let body = history::message(&shown("Billing Bot", 86_400), forbidden).private_body();
    assert!(body["embeds"][0].get("image").is_none());
    let says = "⚠️ Botswain lacks **Attach Files** in <#5>, so it shows no picture; the figures are these.";
    assert!(show(&body).contains(says), "{}", show(&body));
}

#[test]
fn a_history_of_the_longest_names_keeps_the_limits() {
    let long = "*_~`|>@everyone ".repeat(100);
    let mut shown = shown(&long, 90 * 86_400);
    shown.operations = vec![shown.operations[0].clone(); 50];
    shown.operations.iter_mut().for_each(|operation| operation.targets[0].name.clone_from(&long));
    let body = history::message(&shown, Drawn::Attached).private_body();
    check(&body, &[]);
    mentions_nobody_else(&body);
    assert!(shown.alt().encode_utf16().count() <= 1024);
    check(&history::not_a_range(&long).private_body(), &[]);
}
