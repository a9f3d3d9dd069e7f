//! The words as people read them, and the promise that no name from outside breaks a message.

mod approval;
mod attention;
mod board;
mod doubt;
mod explain;
mod freeze;
mod glass;
mod history;
mod incidents;
mod record;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

use self::freeze::freeze;
use super::escape::length;
use super::message::Message;
use super::status::View;
use super::{Context, limits, notice, overview, prompt, refusal, status};
use crate::domain::action::{Action, CannotDo, Verb};
use crate::domain::authority::{Denied, Person, Right};
use crate::domain::connector::tests::connector;
use crate::domain::connector::{AgentStatus, Bot, Condition, Connector, Environment, LastOperation, Link};
use crate::domain::fleet::{Malformed, Reading};
use crate::domain::ids::{BotId, ChannelId, ConnectorId, GuildId, Id, RoleId, UserId};
use crate::domain::incident::{
    Advice, Blind, Blindness, BotCount, Ending, Facts, Failover, Incident, Line, OwnDoing, Phase, Severity, Storm,
    StormBot, StormPlace, Subject,
};
use crate::domain::notice::Notice;
use crate::domain::operation::guiding::{Meddling, Obstacle, Pause};
use crate::domain::operation::{Ended, Operation, Outcome, Seen, Step, StepFailure, StepState};
use crate::domain::pace::{TooMany, Whose};
use crate::domain::plan::{Drift, Impact, Known, Plan, Wanted};
use crate::domain::policy::tests::policy;
use crate::domain::policy::{Own, OwnOfEnvironment, Picture, Policy, Terms};
use crate::domain::progress::{Progress, Usual};
use crate::domain::redundancy::Level;
use crate::domain::request::{Refusal, Request, RequestState};
use crate::domain::tiles::Show;
use crate::operations::{Choice, Menu, Part};

const POLL: Duration = Duration::from_secs(30);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn picture(connectors: Vec<Connector>) -> Picture {
    let mut picture = Picture::default();
    picture.fleet.read(Reading { connectors, malformed: Vec::new(), complete: true }, at(1000));
    picture
}

fn olga() -> Person {
    Person { id: UserId(41), name: "Olga".into() }
}

/// The message as a person would read it off, with what its components are.
fn show(body: &Value) -> String {
    let mut shown = String::new();
    // A sign of no width is shown, so that it can be seen here.
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('\u{200b}', "^");
    if !text(&body["content"]).is_empty() {
        writeln!(shown, "{}", text(&body["content"])).unwrap();
    }
    for embed in body["embeds"].as_array().unwrap() {
        writeln!(shown, "# {}\n{}", text(&embed["title"]), text(&embed["description"])).unwrap();
        for field in embed["fields"].as_array().unwrap() {
            writeln!(shown, "| {}: {}", text(&field["name"]), text(&field["value"]).replace('\n', "\n|   ")).unwrap();
        }
        if embed["footer"].is_object() {
            writeln!(shown, "~ {}", text(&embed["footer"]["text"])).unwrap();
        }
    }
    for row in body["components"].as_array().unwrap() {
        for part in row["components"].as_array().unwrap() {
            if part["type"] == 3 {
                writeln!(shown, "▾ {}", text(&part["placeholder"])).unwrap();
                for option in part["options"].as_array().unwrap() {
                    writeln!(shown, "  · {} ({})", text(&option["label"]), text(&option["description"])).unwrap();
                }
            } else {
                let style = ["", "blue", "grey", "green", "red"][part["style"].as_u64().unwrap() as usize];
                writeln!(shown, "[{}] {style}", text(&part["label"])).unwrap();
            }
        }
    }
    if let Some(roles) = body["allowed_mentions"]["roles"].as_array() {
        let roles: Vec<_> = roles.iter().map(text).collect();
        writeln!(shown, "pings {}", roles.join(" ")).unwrap();
    }
    shown.trim_end().to_owned()
}

fn mask(body: &Value, ids: &[&Id]) -> String {
    ids.iter().fold(show(body), |text, id| text.replace(id.reference(), "ab12cd34"))
}

/// The same of a message, for the tests of its own room.
pub(super) fn masked(message: &Message, ids: &[&Id]) -> String {
    mask(&message.body(), ids)
}

/// An incident on a bot of this name, for the tests of other rooms.
pub(super) fn opened(bot: &str, level: Level, healthy: u32) -> Incident {
    let bot = Bot { id: BotId::new(bot), name: bot.to_owned() };
    let subject = Subject::Failover { bot, environment: Environment::new("production") };
    Incident { subject, ..incident(level, healthy, Vec::new()) }
}

// ---- What Discord would refuse -------------------------------------------------------------------------------------

fn check(body: &Value, may_ping: &[RoleId]) {
    let len = |value: &Value| length(value.as_str().unwrap_or_default());
    assert!(len(&body["content"]) <= limits::CONTENT);
    assert_eq!(body["allowed_mentions"]["parse"], serde_json::json!([]), "nobody is parsed");
    let roles: Vec<String> = may_ping.iter().map(ToString::to_string).collect();
    for role in body["allowed_mentions"]["roles"].as_array().into_iter().flatten() {
        assert!(roles.contains(&role.as_str().unwrap().to_owned()), "only configured roles are mentioned");
    }
    let mut total = 0;
    let embeds = body["embeds"].as_array().unwrap();
    assert!(!embeds.is_empty() || len(&body["content"]) > 0, "a message says something");
    for embed in embeds {
        let fields = embed["fields"].as_array().unwrap();
        assert!(len(&embed["title"]) <= limits::TITLE);
        assert!(len(&embed["description"]) <= limits::DESCRIPTION);
        assert!(fields.len() <= limits::FIELDS);
        assert!(len(&embed["footer"]["text"]) <= limits::FOOTER);
        total += len(&embed["title"]) + len(&embed["description"]) + len(&embed["footer"]["text"]);
        for field in fields {
            assert!((1..=limits::FIELD_NAME).contains(&len(&field["name"])));
            assert!((1..=limits::FIELD_VALUE).contains(&len(&field["value"])));
            total += len(&field["name"]) + len(&field["value"]);
        }
    }
    assert!(total <= limits::EMBEDS_TOTAL, "{total}");
    let rows = body["components"].as_array().unwrap();
    assert!(rows.len() <= limits::ROWS);
    let mut ids = Vec::new();
    for row in rows {
        let parts = row["components"].as_array().unwrap();
        assert!((1..=limits::BUTTONS).contains(&parts.len()));
        for part in parts {
            ids.push(part["custom_id"].as_str().unwrap().to_owned());
            assert!((1..=limits::CUSTOM_ID).contains(&len(&part["custom_id"])));
            if part["type"] == 3 {
                assert_eq!(parts.len(), 1, "a select takes a row");
                let options = part["options"].as_array().unwrap();
                assert!((1..=limits::OPTIONS).contains(&options.len()));
                for option in options {
                    for name in ["label", "value"] {
                        assert!((1..=limits::OPTION).contains(&len(&option[name])));
                    }
                    assert!(len(&option["description"]) <= limits::OPTION);
                }
            } else {
                assert!((1..=limits::BUTTON_LABEL).contains(&len(&part["label"])));
            }
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "custom ids of one message differ");
}

// ---- Status ---------------------------------------------------------------------------------------------------------

fn dropped(name: &str, bot: &str) -> Connector {
    Connector {
        agent: AgentStatus::NotConnected,
        conversational_cloud: Link::NotConnected,
        ..connector(name, bot, "production")
    }
}

fn stopped(name: &str, bot: &str) -> Connector {
    let last = LastOperation { what: "MANUALLY_STOPPED".into(), by: Some("svc_bots".into()), at: Some(at(900)) };
    Connector {
        agent: AgentStatus::Stopped,
        conversational_cloud: Link::NotConnected,
        bot_server: Link::NotConnected,
        conversations: None,
        since: Some(at(900)),
        last_operation: Some(last),
        ..connector(name, bot, "production")
    }
}

fn view<'a>(picture: &'a Picture, policy: &'a Policy, now: i64) -> View<'a> {
    View { picture, policy, poll_interval: POLL, now: at(now) }
}

fn some_fleet() -> Picture {
    let mut picture = picture(vec![
        connector("billing-1", "Billing Bot", "production"),
        stopped("billing-2", "Billing Bot"),
        dropped("orders-1", "Orders Bot"),
        connector("faq-1", "FAQ Bot", "production"),
        connector("returns-1", "Returns Bot", "production"),
        connector("returns-2", "Returns Bot", "production"),
    ]);
    for bot in ["Billing Bot", "Orders Bot"] {
        picture.highest.raise(&BotId::new(bot), &Environment::new("production"), 2);
    }
    picture
}

#[test]
fn the_status_of_an_environment_is_worst_first() {
    let (picture, policy) = (some_fleet(), policy());
    let message = overview::page(view(&picture, &policy, 1010), &Environment::new("production"), Show::Everything, 0);
    check(&message.private_body(), &[]);
    insta::assert_snapshot!(show(&message.body()), @r#"
    # 🔴 Outage in Production
    4 bots: 1 outage, 1 at risk, 1 never redundant, 1 redundant. Read <t:1000:R>.
    | Active: **4** of 6 connectors
    | Not connected to Conversational Cloud: **1**
    | Not connected to Bot Server: **0**
    | Stopped: **1**
    # All bots
    🔴 **Orders Bot** · Outage: 0 of 1 healthy: nothing is left to take conversations
    🟠 **Billing Bot** · At risk: 1 of 2 healthy: no failover left
    🟡 **FAQ Bot** · Never redundant: 1 of 1 healthy: it never had the 2 that are wanted
    🟢 **Returns Bot** · Redundant: 2 of 2 healthy, 2 wanted
    ▾ Details of a bot, worst first
      · Orders Bot (Outage: 0 of 1 healthy: nothing is left to take conversations)
      · Billing Bot (At risk: 1 of 2 healthy: no failover left)
      · FAQ Bot (Never redundant: 1 of 1 healthy: it never had the 2 that are wanted)
      · Returns Bot (Redundant: 2 of 2 healthy, 2 wanted)
    ▾ Show only some of the bots
      · All bots (4) ()
      · In trouble (3) ()
      · Not connected to Conversational Cloud (1) ()
      · Stopped (1) ()
    [Refresh] grey
    "#);
}

#[test]
fn what_could_not_be_read_is_said_as_such_and_how_old_it_is() {
    let (mut picture, policy) = (some_fleet(), policy());
    picture.fleet.could_not_read(at(1030));
    picture.trouble = Some("It did not answer within 10 s.".into());
    let message = overview::page(view(&picture, &policy, 1040), &Environment::new("production"), Show::Everything, 0);
    insta::assert_snapshot!(show(&message.body()), @r#"
    # 🟠 At risk in Production
    4 bots: 1 at risk, 3 unknown.
    ⚠️ Last seen <t:1000:R>, and not all of it can be read from the lifecycle service now, so this may be out of date. It did not answer within 10 s.
    ❔ 6 records could not be read, so the counts may be too low.
    | Active: **0** of 6 connectors
    | Not connected to Conversational Cloud: **0**
    | Not connected to Bot Server: **0**
    | Stopped: **0**
    | Could not be read: **6**
    # All bots
    🟠 **Orders Bot** · At risk: between 0 and 1 of 1 healthy: 1 record could not be read
    ❔ **Billing Bot** · Unknown: between 0 and 2 of 2 healthy: 2 records could not be read
    ❔ **FAQ Bot** · Unknown: between 0 and 1 of 1 healthy: 1 record could not be read
    ❔ **Returns Bot** · Unknown: between 0 and 2 of 2 healthy: 2 records could not be read
    ▾ Details of a bot, worst first
      · Orders Bot (At risk: between 0 and 1 of 1 healthy: 1 record could not be read)
      · Billing Bot (Unknown: between 0 and 2 of 2 healthy: 2 records could not be read)
      · FAQ Bot (Unknown: between 0 and 1 of 1 healthy: 1 record could not be read)
      · Returns Bot (Unknown: between 0 and 2 of 2 healthy: 2 records could not be read)
    ▾ Show only some of the bots
      · All bots (4) ()
      · In trouble (4) ()
      · Could not be read (4) ()
    [Refresh] grey
    "#);
}

#[test]
fn where_no_minimum_is_asked_it_is_said_what_is_seen() {
    let policy = policy();
    let odd = Connector { agent: "Hibernating".to_owned().into(), ..connector("odd", "Odd Bot", "demo") };
    let ready = Connector { agent: AgentStatus::ReadyToStart, ..connector("new", "New Bot", "demo") };
    let picture = picture(vec![connector("faq-9", "FAQ Bot", "demo"), odd, ready]);
    let message = overview::page(view(&picture, &policy, 1010), &Environment::new("demo"), Show::Everything, 0);
    insta::assert_snapshot!(show(&message.body()), @r#"
    # 🟠 Demo: no minimum is asked here
    3 bots: 1 none healthy, 1 not running, 1 all healthy. Read <t:1000:R>.
    | Active: **1** of 3 connectors
    | Not connected to Conversational Cloud: **0**
    | Not connected to Bot Server: **0**
    | Stopped: **1**
    | Not Online otherwise: **1**
    # All bots
    🟠 **Odd Bot** · None healthy: 0 of 1 healthy
    ⚪ **New Bot** · Not running: 0 of 1 healthy
    🟢 **FAQ Bot** · All healthy: 1 of 1 healthy
    ▾ Details of a bot, worst first
      · Odd Bot (None healthy: 0 of 1 healthy)
      · New Bot (Not running: 0 of 1 healthy)
      · FAQ Bot (All healthy: 1 of 1 healthy)
    ▾ Show only some of the bots
      · All bots (3) ()
      · In trouble (1) ()
      · Stopped (1) ()
    [Refresh] grey
    "#);
}

#[test]
fn hundreds_of_bots_are_summed_up_within_the_limits() {
    let policy = policy();
    let bots = (0..240).flat_map(|n| {
        let bot = format!("Bot {n:03}");
        let [one, two] = [1, 2].map(|c| connector(&format!("{n}-{c}"), &bot, "production"));
        [one, if n == 7 { dropped("7-2", &bot) } else { two }]
    });
    let mut picture = picture(bots.collect());
    picture.highest.raise(&BotId::new("Bot 007"), &Environment::new("production"), 2);
    let message = overview::page(view(&picture, &policy, 1010), &Environment::new("production"), Show::Everything, 0);
    let text = show(&message.private_body());
    check(&message.private_body(), &[]);
    assert!(text.contains("240 bots: 1 at risk, 239 redundant."), "{text}");
    assert!(text.contains("| Active: **479** of 480 connectors"), "{text}");
    assert!(text.contains("# All bots: 1 to 25 of 240"), "{text}");
    assert!(text.find("Bot 007") < text.find("Bot 000"), "the worst comes first");
    assert!(text.contains("· In trouble (1) ()") && !text.contains("· Stopped"), "only what there is: {text}");
    assert!(text.contains("[Next page]") && !text.contains("[Previous page]"), "{text}");

    let far = |show, page| overview::page(view(&picture, &policy, 1010), &Environment::new("production"), show, page);
    let last = show(&far(Show::Everything, u16::MAX).private_body());
    check(&far(Show::Everything, u16::MAX).private_body(), &[]);
    assert!(last.contains("# All bots: 226 to 240 of 240"), "there is no page beyond the last: {last}");
    assert!(last.contains("[Previous page]") && !last.contains("[Next page]"), "{last}");
    let broken = show(&far(Show::WithoutCloud, 0).private_body());
    assert!(broken.contains("# Not connected to Conversational Cloud\n🟠 **Bot 007**"), "{broken}");
    assert!(!broken.contains("Bot 008"), "{broken}");
    let none = show(&far(Show::Unread, 3).private_body());
    assert!(none.contains("# Could not be read\nNone just now.") && none.contains("· Could not be read (0)"), "{none}");
}

#[test]
fn every_page_of_the_longest_names_keeps_all_its_bots_within_the_limits() {
    let (policy, long) = (policy(), "*_~`|>*_~`|>".repeat(20));
    let of = |n: u32| Connector {
        id: ConnectorId::new(format!("{n}")),
        bot: Bot { id: BotId::new(format!("{n}{long}")), name: long.clone() },
        ..connector("x", "x", &long)
    };
    let mut picture = picture((0..60).map(of).collect());
    picture.fleet.could_not_read(at(1000));
    picture.trouble = Some(long.clone());
    for (page, bots) in [(0, 25), (1, 25), (2, 10)] {
        let place = Environment::new(&long);
        let body = overview::page(view(&picture, &policy, 1010), &place, Show::Everything, page).private_body();
        check(&body, &[]);
        let listed = body["embeds"][1]["description"].as_str().unwrap();
        assert_eq!(listed.lines().count(), bots, "{listed}");
    }
}

#[test]
fn the_status_of_a_bot_has_all_three_statuses_and_the_buttons_that_fit() {
    let (picture, policy) = (some_fleet(), policy());
    let bot = picture.fleet.bot(&BotId::new("Billing Bot"), &Environment::new("production")).unwrap();
    let message = status::bot(view(&picture, &policy, 1010), bot, |_| true);
    check(&message.private_body(), &[]);
    insta::assert_snapshot!(show(&message.body()), @r#"
    # 🟠 At risk: Billing Bot in Production
    1 of 2 healthy: no failover left. Read <t:1000:R>.
    Load: 12 conversations on all of its connectors here.
    | ⚫ billing-2: Stopped: Bot Agent Connector: **Stopped** · Conversational Cloud: **Not Connected** · Bot Server: **Not Connected**
    |   Load not known · last change <t:900:R>
    |   Last operation: MANUALLY\_STOPPED by svc\_bots <t:900:R>
    | 🟢 billing-1: Healthy: Bot Agent Connector: **Online** · Conversational Cloud: **Connected** · Bot Server: **Connected**
    |   12 conversations · last change not known
    [Refresh] grey
    [Last 24 hours] grey
    [All bots in Production] grey
    [Start billing-2 in Production] green
    [Redeploy billing-2 in Production] blue
    [Stop billing-1 in Production] red
    [Redeploy billing-1 in Production] red
    "#);
    let looks_only = status::bot(view(&picture, &policy, 1010), bot, |_| false);
    assert!(!show(&looks_only.body()).contains("[Stop") && !show(&looks_only.body()).contains("[Start"));
}

#[test]
fn records_that_could_not_be_read_are_counted() {
    let (mut picture, policy) = (some_fleet(), policy());
    let malformed = vec![Malformed { id: Some(ConnectorId::new("billing-1")), why: String::new() }];
    let connectors = picture.fleet.sightings().map(|s| s.connector.clone()).filter(|c| c.name != "billing-1").collect();
    picture.fleet.read(Reading { connectors, malformed, complete: true }, at(1030));
    let message = overview::page(view(&picture, &policy, 1031), &Environment::new("production"), Show::Everything, 0);
    let text = show(&message.body());
    assert!(text.contains("❔ 1 record could not be read"), "{text}");
    assert!(text.contains("between 0 and 1 of 2 healthy"), "{text}");
}

// ---- Prompts --------------------------------------------------------------------------------------------------------

fn request(verb: Verb, to: Option<&str>, of: &Connector, peers: &[Connector]) -> (Request, Plan) {
    let to = to.map(Environment::new);
    let wanted = Wanted {
        verb,
        bot: &of.bot,
        environment: &of.environment,
        to: to.as_ref(),
        connectors: std::slice::from_ref(&of.id),
        then_start: false,
    };
    let others = peers.iter().filter(|peer| peer.id != of.id);
    let connectors: Vec<_> = others.chain(std::iter::once(of)).cloned().collect();
    let known = Known { connectors: &connectors, uncertain: false, doubted: &[] };
    let plan = Plan::make(&wanted, known, &policy(), at(1000)).unwrap();
    let reason = (verb == Verb::Stop).then(|| "new *configuration*".to_owned());
    let mut request = Request::new(olga(), verb, reason, ChannelId(5), Duration::from_secs(120), at(1000));
    request.plan = Some(plan.clone());
    request.state = RequestState::Asked;
    (request, plan)
}

fn two() -> [Connector; 2] {
    [connector("billing-1", "Billing Bot", "production"), connector("billing-2", "Billing Bot", "production")]
}

#[test]
fn the_prompt_of_a_stop_is_the_contract() {
    let (request, plan) = request(Verb::Stop, None, &two()[1], &two());
    let message = prompt::confirmation(&request, &plan);
    check(&message.private_body(), &[]);
    insta::assert_snapshot!(mask(&message.body(), &[&request.id]), @r#"
    # Stop billing-2 in Production?
    ⚠️ **This takes Billing Bot below its minimum in Production: 1 healthy, 2 wanted.** No failover is left.
    It stays stopped until somebody starts it again.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-2
    | Healthy connectors: **2** now → **1** after (of 2; 2 wanted)
    | Conversations left waiting: **12**, left as they are until it is started again
    | Load of those that remain: about **12** each now → **24** each
    | Reason: new \*configuration\*
    | Expires: <t:1120:R>
    ~ ref ab12cd34
    [Stop billing-2 in Production] red
    [Cancel] grey
    "#);
}

#[test]
fn p11_a_prompt_says_plainly_when_nothing_is_left() {
    let last = [two()[0].clone()];
    let (request, plan) = request(Verb::Redeploy, Some("demo"), &last[0], &last);
    let message = prompt::confirmation(&request, &plan);
    insta::assert_snapshot!(mask(&message.body(), &[&request.id]), @r#"
    # Redeploy billing-1 from Production to Demo?
    ⛔ **This takes Billing Bot offline in Production: no healthy connector is left.**
    It runs, so this is one operation of 3 steps: Stop → Redeploy to Demo → Start.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-1
    | Healthy connectors: **1** now → **0** after (of 1; 2 wanted)
    | Healthy in Demo: **0** now → **1** after (of 0; none asked in Demo)
    | Conversations left waiting: **12**, left as they are until it is started again
    | Expires: <t:1120:R>
    ~ ref ab12cd34
    [Redeploy billing-1 to Demo] red
    [Cancel] grey
    "#);
}

#[test]
fn the_prompt_of_a_start_is_green_and_says_how_long_it_takes() {
    let peers = [two()[0].clone(), stopped("billing-2", "Billing Bot")];
    let (request, plan) = request(Verb::Start, None, &peers[1], &peers);
    insta::assert_snapshot!(mask(&prompt::confirmation(&request, &plan).body(), &[&request.id]), @r#"
    # Start billing-2 in Production?
    It can take a few minutes until it is seen healthy.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-2
    | Healthy connectors: **1** now → **2** after (of 2; 2 wanted)
    | Expires: <t:1120:R>
    ~ ref ab12cd34
    [Start billing-2 in Production] green
    [Cancel] grey
    "#);
}

fn menu(count: usize) -> Menu {
    let choice =
        |n| Choice { value: format!("key{n}"), label: format!("Bot {n}"), description: "2 of 2 healthy".into() };
    let request = Request::new(olga(), Verb::Stop, None, ChannelId(5), Duration::from_secs(120), at(1000));
    Menu { request, part: Part::Bot, choices: (0..count).map(choice).collect() }
}

#[test]
fn a_menu_of_more_than_25_choices_has_pages() {
    let menu = menu(60);
    for page in [0, 1, 2, 999] {
        check(&prompt::menu(&menu, page).private_body(), &[]);
    }
    let last = show(&prompt::menu(&menu, 2).body());
    assert!(last.contains("Bot 59") && last.contains("Page 3 of 3, 60 in all"), "{last}");
    assert!(last.contains("[Page 2]") && last.contains("[Page 1]"), "{last}");
    let small = self::menu(2);
    insta::assert_snapshot!(mask(&prompt::menu(&small, 0).body(), &[&small.request.id]), @r#"
    # Stop a connector: of which bot?
    Nothing happens before you confirm. This closes <t:1120:R>.
    ~ ref ab12cd34
    ▾ Choose a bot
      · Bot 0 (2 of 2 healthy)
      · Bot 1 (2 of 2 healthy)
    [Cancel] grey
    "#);
}

#[test]
fn every_refusal_says_what_is_so_and_what_to_do() {
    let production = Environment::new("production");
    let impact = |now, after| Impact {
        environment: Environment::new("production"),
        healthy_now: now,
        lowest: after,
        healthy_after: after,
        total: 2,
        minimum: 2,
        left_waiting: None,
        conversations: None,
        load_limit: 50,
        uncertain: false,
        in_doubt: Vec::new(),
    };
    let roles = || vec![RoleId(7), RoleId(8)];
    let needs_role =
        |right, of_bot| Denied::NeedsRole { right, environment: production.clone(), of_bot, roles: roles() };
    let operation: Id = "ab12cd34ab12cd34".parse().unwrap();
    let all = [
        Refusal::Denied { denied: needs_role(Right::Change(Verb::Stop), false) },
        Refusal::Denied { denied: needs_role(Right::Change(Verb::Redeploy), true) },
        Refusal::Denied { denied: needs_role(Right::Mute, false) },
        Refusal::Denied {
            denied: Denied::NeedsManageServer { right: Right::Acknowledge, environment: production.clone() },
        },
        Refusal::Denied { denied: Denied::CannotTell },
        Refusal::SomebodyElses { owner: olga() },
        Refusal::CannotDo { why: CannotDo::AlreadyStopped, connector: "billing-2".into() },
        Refusal::CannotDo { why: CannotDo::AlreadyRunning, connector: "billing-2".into() },
        Refusal::CannotDo { why: CannotDo::SameEnvironment, connector: "billing-2".into() },
        Refusal::NotFound { what: "@everyone".into() },
        Refusal::Gone { what: None },
        Refusal::Gone { what: Some("billing-2".into()) },
        Refusal::NothingToChoose { verb: Verb::Start },
        Refusal::OwnRequest,
        Refusal::Expired,
        Refusal::Settled { state: RequestState::Confirmed },
        Refusal::Unknown,
        Refusal::Drifted {
            drifts: vec![
                Drift::Gone { connector: "billing-1".into() },
                Drift::Changed { now: Condition::Stopped, connector: "billing-2".into() },
                Drift::Worse { stated: impact(2, 1), now: impact(1, 0) },
            ],
        },
        Refusal::CannotRead { why: "It did not answer within 10 s.".into() },
        Refusal::Busy { by: olga(), verb: Verb::Stop, operation },
        Refusal::Frozen { freeze: Box::new(freeze(None)) },
        Refusal::TooMany { too_many: TooMany { whose: Whose::Person, most: 10, again_at: at(1600) } },
        Refusal::TooMany {
            too_many: TooMany {
                whose: Whose::Environment { environment: Environment::new("production") },
                most: 1,
                again_at: at(1600),
            },
        },
        Refusal::NotReady,
    ];
    let mut text = String::new();
    for refused in &all {
        let message = refusal::refusal(refused, Some("https://discord.com/channels/1/2/3"));
        check(&message.private_body(), &[]);
        writeln!(text, "{}", show(&message.body())).unwrap();
    }
    insta::assert_snapshot!(text, @r#"
    ⛔ You may not stop anything in Production. Those with <@&7> or <@&8> may.
    ⛔ You may not redeploy anything of this bot in Production. Those with <@&7> or <@&8> may.
    ⛔ You may not mute or unmute anything in Production. Those with <@&7> or <@&8> may.
    ⛔ You may not acknowledge or snooze anything in Production. No roles are configured for that, so only members who can manage the server may; whoever runs Botswain can set OPERATOR_ROLE_IDS.
    ⛔ Discord did not say enough to tell whether you may do this, so the answer is no. Try again in a moment.
    ⛔ This prompt belongs to <@41>; only they can answer it. Run the command yourself to ask.
    ⛔ billing-2 does not run, so there is nothing to stop.
    ⛔ billing-2 runs already, or is trying to. If it does not come up, stop it and start it again.
    ⛔ billing-2 is in that environment already. Choose another one.
    ⛔ No environment, bot or connector goes by “@^everyone” now, or more than one does. Pick one of the suggestions.
    ⛔ What you chose is not there any more: it was removed or moved since this was shown. Nothing was done; run the command again to see what is there now.
    ⛔ billing-2 is not there any more: it was removed or moved since this was shown. Nothing was done; run the command again to see what is there now.
    ⛔ Nothing here can be started now: no connector is in a state that allows it.
    ⛔ You asked for this yourself, so somebody else must agree to it. You can withdraw it.
    ⛔ This prompt has expired, and nothing was done. Run the command again.
    ⛔ This was confirmed before; it runs once, and this press did nothing more.
    ⛔ This button belongs to nothing that is known any more. Nothing was done; run the command again.
    ⛔ billing-1 is not there any more: it was removed or moved since you were asked. billing-2 has changed since you were asked: it is now “stopped”. It would mean more in Production than you were told: you were told 2 → 1 healthy connectors, and now it would be 1 → 0. Nothing was done; plan it again to see what it means now.
    ⛔ The state could not be read just now, so nothing was done. It did not answer within 10 s. Try again when it answers.
    ⛔ <@41> was first: a stop of the same bot is under way, and only one may be at a time. Wait for its end: https://discord.com/channels/1/2/3. (ref ab12cd34)
    ⛔ Production is frozen by <@41> until <t:8200:f> (<t:8200:R>): “the \*sale\* of @^everyone”. Nothing is stopped, redeployed or restarted there before; starting stays possible. Whoever may freeze can end it with `/bots unfreeze`.
    ⛔ You have begun 10 changes within 10 min, which is as many as are allowed, so that a stuck finger is no outage. Nothing was done; try again <t:1600:R>. Starting is always possible.
    ⛔ In Production people have begun 1 change within 10 min, which is as many as are allowed, so that a stuck finger is no outage. Nothing was done; try again <t:1600:R>. Starting is always possible.
    ⛔ The fleet has not been read yet, so nothing can be judged. Try again in a moment.
    "#);
}

#[test]
fn a_settled_prompt_says_what_became_of_it() {
    let id: Id = "ab12cd34ab12cd34".parse().unwrap();
    let settled = |state| show(&prompt::settled(state, ChannelId(5), &id).body());
    assert_eq!(settled(RequestState::Confirmed), "✅ Confirmed. Its progress stands in <#5>. (ref ab12cd34)");
    assert_eq!(settled(RequestState::Cancelled), "🚫 Cancelled. Nothing was done. (ref ab12cd34)");
}

// ---- Notices --------------------------------------------------------------------------------------------------------

pub(super) fn context() -> Context {
    let terms =
        Terms { minimum: 2, alert_roles: vec![RoleId(70)], escalation_roles: vec![RoleId(77)], ..Terms::default() };
    let policy = Policy::new(terms, vec![Environment::new("production")], BTreeMap::new());
    Context { policy: Arc::new(policy), guild: GuildId(1), reference: "ab12cd34".into(), ..Context::default() }
}

fn operation(verb: Verb, to: Option<&str>, of: &Connector) -> Operation {
    let (request, plan) = request(verb, to, of, &two());
    Operation::new(&request, &plan, &[], at(1000))
}

fn seen(agent: AgentStatus, cloud: Link, environment: &str) -> Seen {
    Seen { agent, conversational_cloud: cloud, bot_server: Link::Connected, environment: Environment::new(environment) }
}

fn said(operation: &Operation) -> String {
    let body = notice(&Notice::Operation { operation: operation.clone() }, &context());
    check(&body, &[]);
    mask(&body, &[&operation.id])
}

#[test]
fn a_start_shows_how_long_it_has_been_and_whether_it_is_online_yet() {
    let mut start = operation(Verb::Start, None, &stopped("billing-2", "Billing Bot"));
    start.steps[0].state = StepState::Watching { operation: "op".into() };
    start.steps[0].began_at = Some(at(1001));
    start.saw(0, seen(AgentStatus::Online, Link::NotConnected, "production"));
    insta::assert_snapshot!(said(&start), @r#"
    # ⏳ Starting billing-2 in Production
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    ⏳ Start: said to be done, not seen yet, begun <t:1001:R>
    | Online yet?: ✅ yes (Online)
    | Conversational Cloud yet?: ⏳ not yet (Not Connected)
    | Bot Server yet?: ✅ yes (Connected)
    ~ ref ab12cd34 · operation ab12cd34
    "#);
    start.steps[0].state = StepState::Done;
    start.steps[0].ended_at = Some(at(1131));
    start.saw(0, seen(AgentStatus::Online, Link::Connected, "production"));
    start.ended = Some(Ended { at: at(1131), outcome: Outcome::Done });
    insta::assert_snapshot!(said(&start), @r#"
    # ✅ Started billing-2 in Production
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    ✅ Start: seen after 2 min 10 s
    Took 2 min 11 s.
    | Where it is now: billing-2 is in **Production**, as last seen.
    |   Bot Agent Connector: **Online** · Conversational Cloud: **Connected** · Bot Server: **Connected**
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    "#);
}

#[test]
fn a_start_shows_how_far_it_is_against_what_is_usual_for_this_bot() {
    let line = |parts: u8, usual: Option<Usual>| {
        let mut start = operation(Verb::Start, None, &stopped("billing-2", "Billing Bot"));
        start.steps[0].state = StepState::Accepted { operation: "op".into() };
        start.steps[0].progress = Some(Progress { usual, parts });
        said(&start).lines().nth(3).unwrap().trim().to_owned()
    };
    let usual = Some(Usual { takes: Duration::from_secs(130), of: 5 });
    assert_eq!(line(0, None), "-# How long a start of this bot usually takes is not known yet.");
    assert_eq!(line(3, usual), "▰▰▰▱▱▱▱▱▱▱ usually 2 min 10 s, by 5 earlier starts");
    let one = Some(Usual { takes: Duration::from_secs(40), of: 1 });
    assert_eq!(line(10, one), "▰▰▰▰▰▰▰▰▰▰ longer than usual: 40 s, by 1 earlier start");
}

#[test]
fn a_restart_that_waits_says_why_until_when_and_what_may_be_said_to_it() {
    let mut restart = operation(Verb::Restart, None, &two()[1]);
    let mut other = restart.targets.iter().next().unwrap().clone();
    other.name = "billing-1".into();
    let steps: Vec<_> = restart.steps.iter().cloned().map(|step| Step { on: 1, ..step }).collect();
    restart.targets = restart.targets.iter().cloned().chain([other]).collect();
    restart.steps.extend(steps);
    restart.steps[0].state = StepState::Done;
    restart.steps[1].state = StepState::Watching { operation: "op".into() };
    restart.guidance.paused = Some(Pause { since: at(1000), why: Obstacle::NotBack { why: StepFailure::NotSeen } });
    insta::assert_snapshot!(said(&restart), @r#"
    # ✋ Restarting 2 connectors of Billing Bot in Production
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    ✅ billing-2 · Stop: seen
    ⏳ billing-2 · Start: said to be done, not seen yet
    ▫️ billing-1 · Stop
    ▫️ billing-1 · Start
    ✋ **billing-2 does not come back**: the service says that it is done, but it was not seen in time. It goes on by itself once that is mended. If nobody decides, it ends <t:2800:R>.
    ~ ref ab12cd34 · operation ab12cd34
    [Wait on for billing-2] blue
    [Leave billing-2, go on] grey
    [End it here] grey
    "#);
    restart.guidance.paused = None;
    restart.guidance.halted_by = Some(Person { id: UserId(42), name: "Otto".into() });
    restart.steps[1].state = StepState::Done;
    for step in &mut restart.steps[2..] {
        step.state = StepState::Left { why: None };
    }
    let (by, at_then) = (Some("Pat *the* admin".to_owned()), Some(at(1005)));
    restart.guidance.meddling = vec![Meddling {
        at: at(1006),
        connector: "billing-2".into(),
        seen: seen(AgentStatus::Stopped, Link::NotConnected, "production"),
        last: Some(LastOperation { what: "Stopped".into(), by, at: at_then }),
    }];
    restart.ended = Some(Ended { at: at(1010), outcome: Outcome::Halted });
    let ended = said(&restart);
    for line in [
        "# 🛑 Ended early: restart of 2 connectors of Billing Bot in Production",
        "⏭️ billing-1 · Stop: not begun",
        "⚠️ **Changed from elsewhere meanwhile**: billing-2 was found Stopped in Production; the last operation there is \
         “Stopped” by Pat \\*the\\* admin <t:1005:R>.",
        "🛑 <@42> ended it: nothing more is begun, and what is stopped is started.",
    ] {
        assert!(ended.lines().any(|said| said.trim() == line), "{line} in {ended}");
    }
}

#[test]
fn a_stop_that_is_done_offers_the_way_back() {
    let mut stop = operation(Verb::Stop, None, &two()[1]);
    stop.steps[0].state = StepState::Done;
    stop.steps[0].began_at = Some(at(1001));
    stop.steps[0].ended_at = Some(at(1004));
    stop.saw(0, seen(AgentStatus::Stopped, Link::NotConnected, "production"));
    stop.ended = Some(Ended { at: at(1004), outcome: Outcome::Done });
    insta::assert_snapshot!(said(&stop), @r#"
    # ✅ Stopped billing-2 in Production
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    ✅ Stop: seen after 3 s
    Took 4 s.
    | Reason: new \*configuration\*
    | Where it is now: billing-2 is in **Production**, as last seen.
    |   Bot Agent Connector: **Stopped** · Conversational Cloud: **Not Connected** · Bot Server: **Connected**
    | What to do next: Its conversations are left as they are until it is started again.
    ~ ref ab12cd34 · operation ab12cd34
    [Start billing-2 in Production] green
    [Status of Billing Bot] grey
    "#);
}

#[test]
fn a_redeploy_that_failed_says_where_it_was_left() {
    let mut redeploy = operation(Verb::Redeploy, Some("demo"), &two()[1]);
    redeploy.steps[0].state = StepState::Done;
    let why = StepFailure::Refused { said: "The target has no free bot user.".into() };
    redeploy.steps[1].state = StepState::Failed { why };
    redeploy.saw(0, seen(AgentStatus::Stopped, Link::NotConnected, "production"));
    redeploy.ended = Some(Ended { at: at(1010), outcome: Outcome::Failed });
    insta::assert_snapshot!(said(&redeploy), @r#"
    # ❌ Failed: redeploy of billing-2 in Production to Demo
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    ✅ Stop: seen
    ❌ Redeploy to Demo: the lifecycle service refused. The target has no free bot user.
    ▫️ Start
    Took 10 s.
    | Where it is now: billing-2 is in **Production**, as last seen.
    |   Bot Agent Connector: **Stopped** · Conversational Cloud: **Not Connected** · Bot Server: **Connected**
    | What to do next: It is stopped, and stays so until somebody decides: go on, start it where it was, or leave it stopped. What changes anything asks before.
    ~ ref ab12cd34 · operation ab12cd34
    [Try again: move to Demo and start billing-2] blue
    [Start billing-2 in Production] green
    [Leave billing-2 stopped] grey
    [Status of Billing Bot] grey
    "#);
    let left = redeploy.left_stopped(Person { id: UserId(42), name: "Otto".into() }, at(1020)).unwrap();
    assert_eq!(left.left_stopped(left.requester.clone(), at(1030)), None, "it is left once");
    insta::assert_snapshot!(said(&left), @r#"
    # ⏹️ Left stopped: redeploy of billing-2 in Production to Demo
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    ✅ Stop: seen
    ❌ Redeploy to Demo: the lifecycle service refused. The target has no free bot user.
    ▫️ Start
    ⏹️ Left stopped by <@42> <t:1020:R>.
    Took 10 s.
    | Where it is now: billing-2 is in **Production**, as last seen.
    |   Bot Agent Connector: **Stopped** · Conversational Cloud: **Not Connected** · Bot Server: **Connected**
    | What to do next: It stays stopped until somebody starts it, and alerts about it go on.
    ~ ref ab12cd34 · operation ab12cd34
    [Start billing-2 in Production] green
    [Status of Billing Bot] grey
    "#);
    let mut hangs = redeploy.clone();
    hangs.steps[1].state = StepState::Done;
    hangs.steps[2].state = StepState::Failed { why: StepFailure::NotSeen };
    hangs.saw(0, seen(AgentStatus::Online, Link::NotConnected, "demo"));
    let said_of_it = said(&hangs);
    for button in ["[Start billing-2 in Demo] green", "[Back to Production and start billing-2] blue"] {
        assert!(said_of_it.contains(button), "{said_of_it}");
    }
    assert!(!said_of_it.contains("Try again"), "it is there already: {said_of_it}");
    assert!(!said_of_it.contains("stopped]"), "what runs is not left stopped: {said_of_it}");
    redeploy.steps[1].state = StepState::Failed { why: StepFailure::OutcomeUnknown };
    redeploy.targets[0].seen = None;
    redeploy.ended = Some(Ended { at: at(1010), outcome: Outcome::Unknown });
    insta::assert_snapshot!(said(&redeploy), @r#"
    # ❔ Outcome unknown: redeploy of billing-2 in Production to Demo
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    ✅ Stop: seen
    ❔ Redeploy to Demo: the answer was lost, and nobody could be asked in time whether it was carried out.
    ▫️ Start
    Took 10 s.
    | Where it is now: billing-2 has not been read since: its status tells.
    | What to do next: Look at its status before anything else: it may or may not have been carried out. Then ask again if needed.
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    "#);
}

fn billing() -> Bot {
    Bot { id: BotId::new("billing"), name: "Billing Bot".into() }
}

fn line(name: &str, condition: Condition) -> Line {
    Line {
        connector: ConnectorId::new(name),
        name: name.into(),
        condition: Some(condition),
        words: Some(["Online", "Not Connected", "Connected"].map(str::to_owned)),
        since: Some(at(990)),
        moved_to: None,
        starting: false,
        unread: false,
        last_operation: Some(("SYSTEM_RECOVERY_STARTED".into(), None)),
        own: None,
    }
}

fn incident(level: Level, healthy: u32, lines: Vec<Line>) -> Incident {
    let subject = Subject::Failover { bot: billing(), environment: Environment::new("production") };
    let facts = Facts::Failover(Failover { level, healthy, total: 2, minimum: 2, lines });
    let opened = Incident::new(subject, facts, at(1000));
    Incident { id: "ef56ef56ef56ef56".parse().unwrap(), announced: Severity::AtRisk, ..opened }
}

fn card(incident: Incident, ping: bool) -> String {
    let body = notice(&Notice::Card { incident, ping }, &context());
    check(&body, &[RoleId(70)]);
    // What can be done about any incident is shown where it is tested.
    let of_all = ["▾ Snooze", "  · Snooze", "[Acknowledge", "[Incident details"];
    let shown = show(&body);
    let lines = shown.lines().filter(|line| !of_all.iter().any(|start| line.starts_with(start)));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_card_names_what_is_wrong_and_who_did_it() {
    let own = OwnDoing {
        by: olga(),
        verb: Verb::Stop,
        operation: "ab12cd34ab12cd34".parse().unwrap(),
        under_way: false,
        overran: false,
        glass: None,
    };
    let stopped = Line { own: Some(own), ..line("billing-2", Condition::Stopped) };
    insta::assert_snapshot!(card(incident(Level::AtRisk, 1, vec![stopped.clone()]), false), @r#"
    # 🟠 At risk: Billing Bot in Production
    **1 of 2 healthy: no failover left.**
    ⚫ **billing-2** was stopped by <@41> (ref ab12cd34) (last change <t:990:R>).
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Start billing-2 in Production] green
    [Status of Billing Bot] grey
    "#);
    let lines = vec![
        line("billing-1", Condition::OnlineNotConnected),
        stopped,
        Line { unread: true, ..line("billing-3", Condition::Healthy) },
        Line { starting: true, ..line("billing-4", Condition::NotConnected) },
    ];
    insta::assert_snapshot!(card(incident(Level::Outage, 0, lines), true), @r#"
    <@&70> 🔴 Outage: Billing Bot in Production
    # 🔴 Outage: Billing Bot in Production
    **Between 0 and 1 of 2 healthy: 1 record could not be read.**
    🟠 **billing-1** is online, but not connected (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Bot Agent Connector: **Online** · Conversational Cloud: **Not Connected** · Bot Server: **Connected**
    ⚫ **billing-2** was stopped by <@41> (ref ab12cd34) (last change <t:990:R>).
    ❔ **billing-3** could not be read.
    🔵 **billing-4** is starting (last change <t:990:R>); last operation: SYSTEM\_RECOVERY\_STARTED.
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Start billing-1 in Production] green
    [Start billing-2 in Production] green
    [Status of Billing Bot] grey
    pings 70
    "#);
}

#[test]
fn a_card_ends_with_how_long_it_lasted() {
    let resolved =
        Incident { phase: Phase::Resolved { at: at(1200), by: None }, ..incident(Level::Redundant, 2, Vec::new()) };
    insta::assert_snapshot!(card(resolved, false), @r#"
    # ✅ Resolved: Billing Bot in Production
    **2 of 2 healthy, 2 wanted.**
    Lasted 3 min 20 s, ended <t:1200:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Billing Bot] grey
    "#);
}

#[test]
fn what_got_worse_is_a_reply_that_mentions_the_roles_in_its_content() {
    let body = notice(&Notice::Worse { incident: incident(Level::Outage, 0, Vec::new()) }, &context());
    check(&body, &[RoleId(70)]);
    insta::assert_snapshot!(show(&body), @r#"
    <@&70> 🔴 Outage: Billing Bot in Production
    # 
    It got worse: 0 of 2 healthy: nothing is left to take conversations.
    ~ ref ab12cd34 · incident ef56ef56
    [Acknowledge incident] blue
    [Incident details] grey
    pings 70
    "#);
}

#[test]
fn bots_that_never_were_redundant_stand_on_one_notice() {
    let bots = vec![BotCount { bot: billing(), healthy: 1, total: 1, minimum: 2 }];
    let grouped = Incident {
        subject: Subject::NeverRedundant { environment: Environment::new("production") },
        facts: Facts::NeverRedundant { bots },
        ..incident(Level::NeverRedundant, 1, Vec::new())
    };
    insta::assert_snapshot!(card(grouped, false), @r#"
    # 🟡 Never redundant: bots in Production
    1 bot never had as many healthy connectors as are wanted: one failure, and nothing is left.
    🟡 **Billing Bot**: 1 of 1 healthy, 2 wanted
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    [Status of Production] grey
    "#);
}

#[test]
fn being_blind_is_said_and_what_to_do() {
    let facts = Facts::Blind(Blind {
        since: at(900),
        seen_well_at: Some(at(870)),
        why: "It refused the token.".into(),
        kind: Blindness::Unauthorised,
    });
    let blind = Incident { subject: Subject::Blind, facts, ..incident(Level::Unknown, 0, Vec::new()) };
    insta::assert_snapshot!(card(blind.clone(), true), @r#"
    <@&70> 🔑 Blind: the lifecycle service refuses our token
    # 🔑 Blind: the lifecycle service refuses our token
    **Nothing of the fleet can be read: an outage now could go unseen.** It began <t:900:R>. It was last seen whole <t:870:R>.
    It refused the token.
    Bots Status in LivePerson still shows it. Whoever installed Botswain has to set LIFECYCLE_TOKEN right.
    Opened <t:1000:R>.
    ~ ref ab12cd34 · incident ef56ef56
    pings 70
    "#);
    insta::assert_snapshot!(card(Incident { phase: Phase::Resolved { at: at(1500), by: None }, ..blind }, false), @r#"
    # ✅ The fleet can be seen again
    All of it is read again.
    Lasted 10 min, ended <t:1500:R>.
    ~ ref ab12cd34 · incident ef56ef56
    "#);
}

// ---- Whatever the names ---------------------------------------------------------------------------------------------

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,200}",
        Just("@everyone @here <@41> <@&70> <#5>".to_owned()),
        Just("**`_~|>#[x](https://evil.example)".repeat(40)),
        Just("🛟".repeat(3000)),
        Just("مرحبا \u{202e}\u{2067}".repeat(200)),
        Just("\\".repeat(5000)),
        Just("\u{0}\n\t\u{200b}".to_owned()),
    ]
}

/// That no mention from outside stands where mentions render: content and embeds. (A label shows it as plain text.)
fn mentions_nobody_else(body: &Value) {
    let rendered = format!("{}{}", body["content"], body["embeds"]);
    assert!(!rendered.contains("@everyone") && !rendered.contains("@here"));
    let pings = body["content"].as_str().unwrap_or_default().matches("<@&").count();
    assert!(pings <= 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn p8_no_text_from_outside_breaks_a_limit_or_mentions_anybody(
        name in odd_text(),
        bot in odd_text(),
        environment in odd_text(),
        word in odd_text(),
        reason in odd_text(),
        count in 1usize..60,
    ) {
        let policy = policy();
        let odd = |n: usize| Connector {
            id: ConnectorId::new(format!("{name}{n}")),
            name: name.clone(),
            bot: Bot { id: BotId::new(format!("{bot}{}", n / 30)), name: bot.clone() },
            environment: Environment::new(&environment),
            agent: if n.is_multiple_of(2) { AgentStatus::Stopped } else { word.clone().into() },
            last_operation: Some(LastOperation { what: word.clone(), by: Some(name.clone()), at: Some(at(900)) }),
            ..connector("x", "x", "x")
        };
        let connectors: Vec<_> = (0..count).map(odd).collect();
        let mut picture = picture(connectors.clone());
        picture.trouble = Some(word.clone());
        let place = Environment::new(&environment);
        let mut bodies = vec![overview::page(view(&picture, &policy, 1010), &place, Show::Everything, 0).private_body()];
        for bot in picture.fleet.bots_in(&place) {
            bodies.push(status::bot(view(&picture, &policy, 1010), bot, |_| true).private_body());
        }
        let to = format!("{word} x");
        let (mut request, plan) = request(Verb::Redeploy, Some(&to), &odd(1), &connectors);
        request.reason = Some(reason.clone());
        bodies.push(prompt::confirmation(&request, &plan).private_body());
        let choice = |n: usize| Choice { value: format!("{n}"), label: name.clone(), description: word.clone() };
        let menu = Menu { request: request.clone(), part: Part::Connector, choices: (0..count).map(choice).collect() };
        bodies.push(prompt::menu(&menu, 1).private_body());
        let mut operation = Operation::new(&request, &plan, &[], at(1000));
        let fails = StepState::Failed { why: StepFailure::Refused { said: word.clone() } };
        for step in &mut operation.steps {
            step.state = fails.clone();
        }
        operation.saw(0, Seen::from(&odd(1)));
        bodies.push(notice(&Notice::Operation { operation: operation.clone() }, &context()));
        operation.ended = Some(Ended { at: at(1010), outcome: Outcome::Failed });
        bodies.push(notice(&Notice::Operation { operation }, &context()));
        let lines = |n| Line {
            connector: ConnectorId::new(format!("{name}{n}")),
            condition: (n % 3 > 0).then_some(if n % 2 == 0 { Condition::UnknownWord } else { Condition::Stopped }),
            moved_to: (n % 6 == 0).then(|| place.clone()),
            words: Some([word.clone(), word.clone(), word.clone()]),
            last_operation: Some((word.clone(), Some(name.clone()))),
            ..line(&name, Condition::Healthy)
        };
        let failover = Incident {
            subject: Subject::Failover { bot: odd(1).bot, environment: place.clone() },
            ..incident(Level::Outage, 0, (0..count).map(lines).collect())
        };
        bodies.push(notice(&Notice::Card { incident: failover.clone(), ping: true }, &context()));
        bodies.push(notice(&Notice::Worse { incident: failover.clone() }, &context()));
        let bots = (0..count * 10).map(|n| BotCount { bot: odd(n).bot, healthy: 0, total: 1, minimum: 2 }).collect();
        let grouped = Incident {
            subject: Subject::NeverRedundant { environment: place.clone() },
            facts: Facts::NeverRedundant { bots },
            ..failover.clone()
        };
        bodies.push(notice(&Notice::Card { incident: grouped, ping: false }, &context()));
        let elsewhere = Ending::Elsewhere { what: word.clone(), who: Some(name.clone()) };
        let over = Phase::Resolved { at: at(1010), by: Some(elsewhere) };
        bodies.push(notice(&Notice::Card { incident: Incident { phase: over, flaps: 9, ..failover.clone() }, ping: false }, &context()));
        bodies.push(notice(&Notice::Back { incident: failover.clone() }, &context()));
        let many = |n: usize| Environment::new(&format!("{environment}{n}"));
        let storm = Storm {
            places: (0..count).map(|n| StormPlace { environment: many(n), broken: 3, out: 1, of: 5 }).collect(),
            bots: (0..count)
                .map(|n| StormBot { bot: odd(n).bot, environment: many(n), level: Level::Outage, healthy: 0, total: 1 })
                .collect(),
            peak: 9,
            with_own_cards: 2,
        };
        let storm = Incident { subject: Subject::Storm, facts: Facts::Storm(storm), ..failover.clone() };
        bodies.push(notice(&Notice::Card { incident: storm.clone(), ping: true }, &context()));
        bodies.push(notice(&Notice::Worse { incident: storm }, &context()));
        let full = |n: usize| Advice { bot: odd(n).bot, healthy: 1, wanted: 9, load: 50, full: n.is_multiple_of(2) };
        let loaded = Incident {
            subject: Subject::Load { environment: place.clone() },
            facts: Facts::Load { bots: (0..count * 10).map(full).collect() },
            ..failover.clone()
        };
        bodies.push(notice(&Notice::Card { incident: loaded, ping: false }, &context()));
        let facts = Facts::Blind(Blind { since: at(900), seen_well_at: None, why: word.clone(), kind: Blindness::Malformed });
        bodies.push(notice(&Notice::Card { incident: Incident { subject: Subject::Blind, facts, ..failover }, ping: true }, &context()));
        bodies.push(refusal::refusal(&Refusal::NotFound { what: name.clone() }, None).private_body());
        bodies.push(refusal::refusal(&Refusal::CannotRead { why: word.clone() }, None).private_body());
        bodies.push(status::not_found(&name, &vec![environment.clone(); count]).private_body());
        for body in &bodies {
            check(body, &[RoleId(70)]);
            mentions_nobody_else(body);
        }
    }
}

#[test]
fn an_edit_takes_away_what_it_replaces() {
    let body = Message::text("Done.").body();
    assert_eq!((&body["embeds"], &body["components"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn steps_are_named_in_order() {
    let (_, plan) = request(Verb::Redeploy, Some("demo"), &two()[0], &two());
    assert_eq!(plan.connectors[0].steps.first(), Some(&Action::Stop));
}
