//! What waits for a second person, as people read it.

use super::*;

/// A stop that waits for a second person, or did.
pub(super) fn waiting(state: RequestState) -> Request {
    let (request, _) = request(Verb::Stop, None, &two()[0], &two());
    let approved_by = (state == RequestState::Confirmed).then(|| Person { id: UserId(42), name: "Pia".into() });
    let id = "ab12cd34ab12cd34".parse().unwrap();
    Request { id, second_person: Some(vec![RoleId(7)]), approved_by, expires_at: at(2800), state, ..request }
}

/// A stop of one of two connectors, whose names are what the world gave them.
pub(super) fn odd_request(name: &str, bot: &str, environment: &str) -> (Request, Plan) {
    let odd = |n: &str| connector(&format!("{n}{name}"), bot, environment);
    request(Verb::Stop, None, &odd("1"), &[odd("1"), odd("2")])
}

#[test]
fn what_waits_for_a_second_person_says_who_asks_for_what_what_it_costs_and_how_it_ended() {
    let mut text = String::new();
    for state in [
        RequestState::Proposed,
        RequestState::Confirmed,
        RequestState::Cancelled,
        RequestState::Expired,
        RequestState::Refused,
    ] {
        let body = notice(&Notice::Approval { request: waiting(state) }, &context());
        check(&body, &[]);
        writeln!(text, "{}", show(&body)).unwrap();
    }
    insta::assert_snapshot!(text, @r#"
    # 🤝 Waits for a second person: Stop billing-1 in Production
    <@41> asks for it. One of <@&7>, but not who asked, must agree; it ends <t:2800:R>.
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
    # ✅ Approved: Stop billing-1 in Production
    <@42> agreed to it for <@41>. Its progress stands in a message of its own.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-1
    | Healthy in Production: **2** now → **1** after (of 2; 2 wanted)
    | Reason: new \*configuration\*
    ~ ref ab12cd34 · request ab12cd34
    # 🚫 Withdrawn: Stop billing-1 in Production
    <@41> withdrew it. Nothing was done.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-1
    | Healthy in Production: **2** now → **1** after (of 2; 2 wanted)
    | Reason: new \*configuration\*
    ~ ref ab12cd34 · request ab12cd34
    # ⌛ Expired: Stop billing-1 in Production
    Nobody agreed in time, so nothing was done. <@41> can ask again.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-1
    | Healthy in Production: **2** now → **1** after (of 2; 2 wanted)
    | Reason: new \*configuration\*
    ~ ref ab12cd34 · request ab12cd34
    # ⛔ Not carried out: Stop billing-1 in Production
    When somebody agreed, it was refused, as that person was told. Nothing was done; <@41> can ask again.
    | Bot: Billing Bot
    | Environment: Production
    | Connector: billing-1
    | Healthy in Production: **2** now → **1** after (of 2; 2 wanted)
    | Reason: new \*configuration\*
    ~ ref ab12cd34 · request ab12cd34
    "#);
}

#[test]
fn a_prompt_says_that_somebody_else_must_agree() {
    let request = waiting(RequestState::Asked);
    let prompt = prompt::confirmation(&request, request.plan.as_ref().unwrap());
    let body = prompt.private_body().to_string();
    assert!(body.contains("It needs a second person: once you confirm, one of <@&7> must agree."), "{body}");
    let said = prompt::settled(RequestState::Proposed, ChannelId(5), &request.id).body().to_string();
    assert!(said.contains("It waits in <#5> for a second person"), "{said}");
}

proptest! {
    #[test]
    fn p8_no_name_or_reason_of_a_request_that_waits_breaks_a_limit_or_mentions_anybody(
        name in odd_text(),
        bot in odd_text(),
        environment in odd_text(),
        reason in odd_text(),
        count in 1u64..40,
    ) {
        let (asked, _) = odd_request(&name, &bot, &environment);
        let waits = Request {
            requester: Person { id: UserId(41), name: name.clone() },
            reason: Some(reason),
            second_person: Some((0..count).map(|n| RoleId(u64::MAX - n)).collect()),
            state: RequestState::Proposed,
            ..asked
        };
        let prompt = prompt::confirmation(&waits, waits.plan.as_ref().unwrap()).private_body();
        for body in [notice(&Notice::Approval { request: waits }, &context()), prompt] {
            check(&body, &[]);
            mentions_nobody_else(&body);
        }
    }
}
