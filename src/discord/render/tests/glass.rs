//! What the glass was broken for, as people read it.

use super::super::modal;
use super::approval::{odd_request, waiting};
use super::*;
use crate::domain::glass::Glass;

fn glass(why: &str) -> Option<Glass> {
    Some(Glass { why: why.to_owned(), allowed_by: vec![RoleId(70)], said_in: vec![ChannelId(8)] })
}

fn broken(why: &str) -> Operation {
    Operation { glass: glass(why), ..operation(Verb::Stop, None, &two()[0]) }
}

#[test]
fn it_is_told_who_did_what_without_the_second_person_why_and_how_it_went() {
    let mut text = String::new();
    let mut operation = broken("it *lies* to @everyone");
    let mut say = |operation: &Operation| {
        let body = notice(&Notice::Glass { operation: operation.clone() }, &context());
        check(&body, &[]);
        writeln!(text, "{}", mask(&body, &[&operation.id])).unwrap();
    };
    say(&operation);
    for outcome in [Outcome::Done, Outcome::Failed, Outcome::Unknown, Outcome::Halted, Outcome::LeftStopped] {
        operation.ended = Some(Ended { at: at(1100), outcome });
        say(&operation);
    }
    insta::assert_snapshot!(text, @r#"
    # 🔨 Glass broken: stop of Billing Bot in Production
    <@41> did not wait for the second person whom this needs: “it \*lies\* to @^everyone”.
    ⏳ Begun <t:1000:R>. Its progress stands in <#5>.
    | Connector: billing-1
    | Healthy in Production: **2** before → **1** afterwards
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    # 🔨 Glass broken: stop of Billing Bot in Production
    <@41> did not wait for the second person whom this needs: “it \*lies\* to @^everyone”.
    ✅ Done, <t:1100:R>. What was done stands in <#5>.
    | Connector: billing-1
    | Healthy in Production: **2** before → **1** afterwards
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    # 🔨 Glass broken: stop of Billing Bot in Production
    <@41> did not wait for the second person whom this needs: “it \*lies\* to @^everyone”.
    ❌ It failed, <t:1100:R>. What was done stands in <#5>.
    | Connector: billing-1
    | Healthy in Production: **2** before → **1** afterwards
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    # 🔨 Glass broken: stop of Billing Bot in Production
    <@41> did not wait for the second person whom this needs: “it \*lies\* to @^everyone”.
    ❔ Its outcome is unknown, <t:1100:R>. What was done stands in <#5>.
    | Connector: billing-1
    | Healthy in Production: **2** before → **1** afterwards
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    # 🔨 Glass broken: stop of Billing Bot in Production
    <@41> did not wait for the second person whom this needs: “it \*lies\* to @^everyone”.
    🛑 It was ended early, <t:1100:R>. What was done stands in <#5>.
    | Connector: billing-1
    | Healthy in Production: **2** before → **1** afterwards
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    # 🔨 Glass broken: stop of Billing Bot in Production
    <@41> did not wait for the second person whom this needs: “it \*lies\* to @^everyone”.
    ⏹️ It failed, and was left stopped, <t:1100:R>. What was done stands in <#5>.
    | Connector: billing-1
    | Healthy in Production: **2** before → **1** afterwards
    ~ ref ab12cd34 · operation ab12cd34
    [Status of Billing Bot] grey
    "#);
}

#[test]
fn the_operation_and_what_waited_say_so_in_a_look_of_their_own() {
    let operation = broken("nobody is there");
    let plain = notice(&Notice::Operation { operation: Operation { glass: None, ..operation.clone() } }, &context());
    let body = notice(&Notice::Operation { operation: operation.clone() }, &context());
    assert_ne!(plain["embeds"][0]["color"], body["embeds"][0]["color"]);
    insta::assert_snapshot!(mask(&body, &[&operation.id]), @r#"
    # ⏳ Stopping billing-1 in Production
    Of **Billing Bot**, asked by <@41> <t:1000:R>.
    🔨 **Glass broken**: <@41> did not wait for the second person whom this needs: “nobody is there”.
    ▫️ Stop
    | Reason: new \*configuration\*
    ~ ref ab12cd34 · operation ab12cd34
    "#);
    let waits = Request { may_break_glass: true, expires_at: at(1120), ..waiting(RequestState::Proposed) };
    let done = Request { glass: glass("nobody is there"), state: RequestState::Confirmed, ..waits.clone() };
    let mut text = String::new();
    for request in [waits, done] {
        writeln!(text, "{}", show(&notice(&Notice::Approval { request }, &context()))).unwrap();
    }
    insta::assert_snapshot!(text, @r#"
    # 🤝 Waits for a second person: Stop billing-1 in Production
    <@41> asks for it. One of <@&7>, but not who asked, must agree; it ends <t:1120:R>.
    ⚠️ **This takes Billing Bot below its minimum in Production: 1 healthy, 2 wanted.** No failover is left.
    It stays stopped until somebody starts it again.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-1
    | Healthy in Production: **2** now → **1** after (of 2; 2 wanted)
    | Reason: new \*configuration\*
    ~ ref ab12cd34 · request ab12cd34
    [Approve: Stop billing-1 in Production] red
    [Withdraw] grey
    [🔨 Break the glass: Stop billing-1 in Production] red
    # 🔨 Begun without a second person: Stop billing-1 in Production
    <@41> did not wait for the second person whom this needs: “nobody is there”. Its progress stands in a message of its own.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-1
    | Healthy in Production: **2** now → **1** after (of 2; 2 wanted)
    | Reason: new \*configuration\*
    ~ ref ab12cd34 · request ab12cd34
    "#);
}

#[test]
fn the_form_asks_why_and_for_the_name_where_that_is_to_be_typed() {
    let id = Id::random();
    for (wanted, inputs) in [(None, vec!["text"]), (Some("Billing Bot"), vec!["text", "name"])] {
        let form = serde_json::to_value(modal::break_glass(&id, wanted)).unwrap();
        let rows = form["components"].as_array().unwrap();
        let ids: Vec<_> = rows.iter().map(|row| row["components"][0]["custom_id"].as_str().unwrap()).collect();
        assert_eq!(ids, inputs);
    }
}

proptest! {
    #[test]
    fn p8_no_reason_or_name_breaks_a_limit_or_mentions_anybody(
        name in odd_text(),
        bot in odd_text(),
        environment in odd_text(),
        why in odd_text(),
    ) {
        let (asked, plan) = odd_request(&name, &bot, &environment);
        let operation = Operation { glass: glass(&why), ..Operation::new(&asked, &plan, &[], at(1000)) };
        let waited = Request {
            second_person: Some(vec![RoleId(7)]),
            glass: glass(&why),
            may_break_glass: true,
            state: RequestState::Proposed,
            ..asked
        };
        let done = Request { state: RequestState::Confirmed, ..waited.clone() };
        let prompt = prompt::confirmation(&waited, &plan).private_body();
        let notices = [
            Notice::Glass { operation: operation.clone() },
            Notice::Operation { operation },
            Notice::Approval { request: waited },
            Notice::Approval { request: done },
        ];
        for body in notices.iter().map(|said| notice(said, &context())).chain([prompt]) {
            check(&body, &[]);
            mentions_nobody_else(&body);
        }
    }
}
