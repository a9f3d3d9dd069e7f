//! The rules of interactions: three seconds, one answer, fifteen minutes, private or not.
use std::time::Duration;

use botswain::sandbox::discord::Options;
use reqwest::Method;
use serde_json::{Value, json};
use serenity::all::{Interaction, InteractionContext};

use crate::{
    harbour::Harbour,
    puppet::{Puppet, private, quiet},
};

fn message(data: Value) -> Value {
    json!({"type": 4, "data": data})
}

fn panel() -> Value {
    let mut data = quiet("panel");
    data["components"] = json!([{"type": 1, "components": [
        {"type": 2, "style": 1, "label": "Go", "custom_id": "go"},
        {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": true},
    ]}]);
    data
}

fn press(harbour: &Harbour, told: &Value, custom_id: &str) -> Value {
    json!({"as": harbour.olga(), "channel_id": harbour.team(), "message_id": told["message"]["id"], "custom_id": custom_id})
}

#[tokio::test]
async fn an_interaction_takes_one_answer() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (open, first, told) = puppet.act(&harbour, message(quiet("one"))).await;
    assert_eq!((first.status, &told["message"]["content"]), (204, &json!("one")));
    let second = open.answer(&harbour, message(quiet("two"))).await;
    assert_eq!((second.status, second.code()), (400, 40060));
    let (open, ..) = puppet.act(&harbour, json!({"type": 5})).await;
    assert_eq!(open.answer(&harbour, json!({"type": 5})).await.code(), 40060);
}

#[tokio::test]
async fn an_answer_after_three_seconds_is_to_an_unknown_interaction() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let run = harbour.run(harbour.olga(), "act", json!([]));
    let late = async {
        let open = puppet.next().await;
        harbour.act(Method::POST, "/clock", json!({"advance_ms": 3100})).await;
        open.answer(&harbour, message(quiet("late"))).await
    };
    let (told, late) = tokio::join!(run, late);
    assert_eq!((late.status, late.code()), (404, 10062));
    assert_eq!((&told["outcome"], &told["error"]), (&json!("failed"), &json!("The application did not respond")));
}

#[tokio::test]
async fn an_interaction_that_nobody_answers_fails() {
    let options = Options { interaction_deadline: Duration::from_millis(150), ..Options::default() };
    let harbour = Harbour::with(options).await;
    let puppet = Puppet::start(&harbour).await;
    let told = harbour.run(harbour.olga(), "act", json!([])).await;
    assert_eq!(told["outcome"], "failed");
    let open = puppet.next().await;
    assert_eq!(open.answer(&harbour, message(quiet("late"))).await.code(), 10062);
    let wait = json!({"interaction_id": open.id.to_string(), "timeout_ms": 20_000});
    assert_eq!(harbour.act(Method::POST, "/wait", wait).await["state"], "failed");
}

#[tokio::test]
async fn a_token_serves_for_fifteen_minutes_and_the_message_for_longer() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (open, _, told) = puppet.act(&harbour, message(quiet("one"))).await;
    harbour.act(Method::POST, "/clock", json!({"advance_ms": 14 * 60 * 1000})).await;
    assert_eq!(open.original(&harbour, Method::PATCH, quiet("two")).await.status, 200);
    harbour.act(Method::POST, "/clock", json!({"advance_ms": 2 * 60 * 1000})).await;
    for reply in [
        open.original(&harbour, Method::PATCH, quiet("three")).await,
        open.original(&harbour, Method::GET, Value::Null).await,
        open.follow_up(&harbour, quiet("three")).await,
    ] {
        assert_eq!((reply.status, reply.code()), (401, 50027));
    }
    let path = format!("/channels/{}/messages/{}", harbour.team(), told["message"]["id"].as_str().unwrap());
    assert_eq!(harbour.bot(Method::PATCH, &path, quiet("by the bot itself")).await.status, 200);
}

#[tokio::test]
async fn before_the_first_answer_the_token_serves_nothing() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let run = harbour.run(harbour.olga(), "act", json!([]));
    let early = async {
        let open = puppet.next().await;
        assert_eq!(open.follow_up(&harbour, quiet("x")).await.code(), 10015);
        assert_eq!(open.original(&harbour, Method::PATCH, quiet("x")).await.code(), 10015);
        open.answer(&harbour, message(quiet("x"))).await.ok();
    };
    tokio::join!(run, early);
}

#[tokio::test]
async fn what_is_private_is_fixed_by_the_first_answer() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (open, _, told) = puppet.act(&harbour, json!({"type": 5, "data": {"flags": 64}})).await;
    assert_eq!(
        (&told["outcome"], &told["message"]["thinking"], &told["message"]["ephemeral"]),
        (&json!("deferred"), &json!(true), &json!(true))
    );
    // Right after a deferral a follow-up fills the deferred message, whatever its flags say.
    let filled = open.follow_up(&harbour, quiet("filled")).await.ok();
    assert_eq!(filled["id"], told["message"]["id"]);
    assert_eq!(filled["flags"], 64);
    // What follows is private or not on its own.
    let public = open.follow_up(&harbour, quiet("public")).await.ok();
    assert_eq!(public["flags"], 0);

    let (open, _, told) = puppet.act(&harbour, json!({"type": 5})).await;
    let mut hidden = private("still public");
    hidden["flags"] = json!(64);
    let edited = open.original(&harbour, Method::PATCH, hidden).await.ok();
    assert_eq!((edited["flags"].clone(), told["message"]["ephemeral"].clone()), (json!(0), json!(false)));
}

#[tokio::test]
async fn a_private_message_is_seen_by_its_addressee_and_reached_by_its_token_only() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (open, _, told) = puppet.act(&harbour, message(private("for olga"))).await;
    let id = told["message"]["id"].as_str().unwrap();
    let path = format!("/channels/{}/messages", harbour.team());
    let seen = async |who| harbour.look(&format!("{path}?as={who}")).await.as_array().unwrap().len();
    assert_eq!((seen(harbour.olga()).await, seen(harbour.vera()).await), (1, 0));
    assert_eq!(harbour.get(&path).await.ok(), json!([]));
    let one = format!("{path}/{id}");
    assert_eq!(harbour.get(&one).await.code(), 10008);
    assert_eq!(harbour.bot(Method::PATCH, &one, quiet("x")).await.code(), 10008);
    assert_eq!(harbour.bot(Method::DELETE, &one, Value::Null).await.code(), 10008);
    assert_eq!(open.original(&harbour, Method::PATCH, quiet("edited")).await.status, 200);
    assert_eq!(open.original(&harbour, Method::DELETE, Value::Null).await.status, 204);
    assert_eq!(open.original(&harbour, Method::GET, Value::Null).await.code(), 10008);
    assert_eq!(seen(harbour.olga()).await, 0);
}

#[tokio::test]
async fn each_kind_of_interaction_takes_its_own_answers() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let modal = json!({"type": 9, "data": {"custom_id": "m", "title": "T", "components": [{"type": 1, "components": [{"type": 4, "custom_id": "i", "style": 1, "label": "L"}]}]}});
    let refuse = async |wrong: Vec<Value>| {
        let open = puppet.next().await;
        for body in wrong {
            let reply = open.answer(&harbour, body.clone()).await;
            assert_eq!((reply.status, reply.code()), (400, 50035), "{body}");
            assert_eq!(reply.body["errors"]["type"]["_errors"][0]["code"], "BASE_TYPE_CHOICES", "{body}");
        }
        open
    };
    // A command: no update, no choices, no pong.
    let run = harbour.run(harbour.olga(), "act", json!([]));
    let answer = async {
        refuse(vec![
            json!({"type": 1}),
            json!({"type": 6}),
            json!({"type": 7, "data": quiet("x")}),
            json!({"type": 8, "data": {"choices": []}}),
        ])
        .await
        .answer(&harbour, modal.clone())
        .await
        .ok()
    };
    let (shown, _) = tokio::join!(run, answer);
    assert_eq!(shown["outcome"], "modal");
    // A modal of a command: no further modal, and nothing to update.
    let submit = json!({"as": harbour.olga(), "interaction_id": shown["interaction_id"], "custom_id": "m", "values": {"i": "text"}});
    let send = harbour.act(Method::POST, "/submit", submit);
    let answer = async {
        refuse(vec![modal.clone(), json!({"type": 7, "data": quiet("x")}), json!({"type": 6})])
            .await
            .answer(&harbour, message(panel()))
            .await
            .ok()
    };
    let (told, _) = tokio::join!(send, answer);
    assert_eq!(told["message"]["content"], "panel");
    // A press: no choices.
    let pressing = harbour.act(Method::POST, "/press", press(&harbour, &told, "go"));
    let answer = async {
        refuse(vec![json!({"type": 8, "data": {"choices": []}})]).await.answer(&harbour, json!({"type": 6})).await.ok()
    };
    tokio::join!(pressing, answer);
    // Autocomplete: choices only.
    let typing = json!({"as": harbour.olga(), "channel_id": harbour.team(), "name": "type", "options": [{"name": "bot", "value": "b", "focused": true}]});
    let typed = harbour.act(Method::POST, "/autocomplete", typing);
    let choices = |n: usize| json!({"type": 8, "data": {"choices": (0..n).map(|n| json!({"name": format!("c{n}"), "value": "v"})).collect::<Vec<_>>()}});
    let answer = async {
        let open = refuse(vec![message(quiet("x")), json!({"type": 5}), modal.clone()]).await;
        assert_eq!(open.answer(&harbour, choices(26)).await.code(), 50035);
        let long = json!({"type": 8, "data": {"choices": [{"name": "n".repeat(101), "value": "v"}]}});
        assert_eq!(open.answer(&harbour, long).await.code(), 50035);
        let wrong = json!({"type": 8, "data": {"choices": [{"name": "n", "value": 5}]}});
        assert_eq!(open.answer(&harbour, wrong).await.code(), 50035);
        open.answer(&harbour, choices(25)).await.ok()
    };
    let (offered, _) = tokio::join!(typed, answer);
    assert_eq!(offered["choices"].as_array().unwrap().len(), 25);
}

#[tokio::test]
async fn a_modal_outside_the_rules_is_refused() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let input = |id: &str| json!({"type": 1, "components": [{"type": 4, "custom_id": id, "style": 1, "label": "L"}]});
    let with = |key: &str, value: Value| {
        let mut row = input("i");
        row["components"][0][key] = value;
        json!({"custom_id": "m", "title": "T", "components": [row]})
    };
    let table = [
        json!({"custom_id": "m", "title": "t".repeat(46), "components": [input("i")]}),
        json!({"custom_id": "m".repeat(101), "title": "T", "components": [input("i")]}),
        json!({"custom_id": "m", "title": "T", "components": []}),
        json!({"custom_id": "m", "title": "T", "components": (0..6).map(|n| input(&n.to_string())).collect::<Vec<_>>()}),
        json!({"custom_id": "m", "title": "T", "components": [input("i"), input("i")]}),
        json!({"custom_id": "m", "title": "T", "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "L", "custom_id": "b"}]}]}),
        json!({"custom_id": "m", "title": "T", "content": "x", "components": [input("i")]}),
        with("label", json!("l".repeat(46))),
        with("style", json!(3)),
        with("placeholder", json!("p".repeat(101))),
        with("max_length", json!(4001)),
        with("min_length", json!(-1)),
        with("value", json!("v".repeat(4001))),
    ];
    let run = harbour.run(harbour.olga(), "act", json!([]));
    let answer = async {
        let open = puppet.next().await;
        for data in table {
            let reply = open.answer(&harbour, json!({"type": 9, "data": data})).await;
            assert_eq!((reply.status, reply.code()), (400, 50035), "{data}");
            assert!(reply.body["errors"]["data"].is_object(), "{data}: {}", reply.body);
        }
        open.answer(&harbour, message(quiet("x"))).await.ok();
    };
    tokio::join!(run, answer);
}

#[tokio::test]
async fn an_answer_is_held_to_the_rules_of_messages() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let run = harbour.run(harbour.olga(), "act", json!([]));
    let answer = async {
        let open = puppet.next().await;
        let long = open.answer(&harbour, message(json!({"content": "x".repeat(2001)}))).await;
        assert_eq!(long.body["errors"]["data"]["content"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
        assert_eq!(open.answer(&harbour, message(json!({}))).await.code(), 50006);
        assert_eq!(open.answer(&harbour, json!({"type": 4, "dat": {}})).await.code(), 50035);
        assert_eq!(open.answer(&harbour, message(json!({"content": "bare"}))).await.status, 204);
        assert_eq!(open.follow_up(&harbour, json!({"content": "x".repeat(2001)})).await.code(), 50035);
        assert_eq!(open.follow_up(&harbour, json!({})).await.code(), 50006);
    };
    tokio::join!(run, answer);
    let remarks = harbour.look("/violations").await;
    let bare: Vec<_> =
        remarks.as_array().unwrap().iter().filter(|entry| entry["message"] == "allowed_mentions missing").collect();
    assert_eq!(bare.len(), 1, "{remarks}");
}

#[tokio::test]
async fn the_answer_to_a_callback_brings_the_message_when_asked() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let run = harbour.run(harbour.olga(), "act", json!([]));
    let answer = async {
        let open = puppet.next().await;
        let path = format!("/interactions/{}/{}/callback?with_response=1", open.id, open.token);
        harbour.post(&path, message(private("x"))).await.ok()
    };
    let (told, whole) = tokio::join!(run, answer);
    assert_eq!(whole["resource"]["message"]["id"], told["message"]["id"]);
    assert_eq!(whole["interaction"]["response_message_ephemeral"], true);
}

#[tokio::test]
async fn a_press_on_what_cannot_be_pressed_never_reaches_the_bot_unless_forged() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (_, _, told) = puppet
        .act(
            &harbour,
            message({
                let mut data = panel();
                data["flags"] = json!(64);
                data
            }),
        )
        .await;
    let by = |who, custom_id: &str, forged: bool| {
        let mut input = press(&harbour, &told, custom_id);
        input["as"] = json!(who);
        input["forged"] = json!(forged);
        input
    };
    for (input, status) in [
        (by(harbour.olga(), "none", false), 400),
        (by(harbour.olga(), "off", false), 400),
        (by(harbour.vera(), "go", false), 404),
    ] {
        let (found, answer) = harbour.control(Method::POST, "/press", input.clone()).await;
        assert_eq!(found.as_u16(), status, "{input}: {answer}");
        assert!(answer["message"].is_string());
    }
    let (open, _, forged) =
        puppet.press(&harbour, by(harbour.vera(), "old:button", true), message(private("That is not yours."))).await;
    let Interaction::Component(press) = &open.whole else { panic!("a press") };
    assert_eq!((press.data.custom_id.as_str(), press.user.id.get()), ("old:button", harbour.vera().0));
    assert_eq!(forged["message"]["content"], "That is not yours.");
}

#[tokio::test]
async fn an_update_of_a_message_that_is_gone_is_refused() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (_, _, told) = puppet.act(&harbour, message(panel())).await;
    let pressing = harbour.act(Method::POST, "/press", press(&harbour, &told, "go"));
    let answer = async {
        let open = puppet.next().await;
        let path = format!("/channels/{}/messages/{}", harbour.team(), told["message"]["id"].as_str().unwrap());
        harbour.act(Method::DELETE, &path, Value::Null).await;
        assert_eq!(open.answer(&harbour, json!({"type": 7, "data": quiet("x")})).await.code(), 10008);
        open.answer(&harbour, json!({"type": 6})).await.ok();
        assert_eq!(open.original(&harbour, Method::PATCH, quiet("x")).await.code(), 10008);
    };
    tokio::join!(pressing, answer);
}

#[tokio::test]
async fn an_interaction_says_where_it_comes_from_and_what_may_be_done_there() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let run = async |elsewhere: &str| {
        let input = json!({"as": harbour.olga(), "channel_id": harbour.team(), "name": "act", "elsewhere": elsewhere});
        let run = harbour.act(Method::POST, "/commands", input);
        let answer = async {
            let open = puppet.next().await;
            open.answer(&harbour, message(private("x"))).await.ok();
            open
        };
        let Interaction::Command(command) = tokio::join!(run, answer).1.whole else { panic!("a command") };
        command
    };
    let home = run("no").await;
    assert_eq!(home.guild_id.map(serenity::all::GuildId::get), Some(harbour.seed.guild_id.0));
    assert!(home.app_permissions.unwrap().send_messages());
    assert!(home.member.as_ref().unwrap().permissions.unwrap().use_application_commands());
    assert_eq!(home.context, Some(InteractionContext::Guild));
    let other = run("other_guild").await;
    assert_ne!(other.guild_id.map(serenity::all::GuildId::get), Some(harbour.seed.guild_id.0));
    let direct = run("direct_message").await;
    assert_eq!((direct.guild_id, direct.user.id.get()), (None, harbour.olga().0));
    assert_eq!(direct.context, Some(InteractionContext::BotDm));
}

#[tokio::test]
async fn a_deferred_press_is_settled_by_whichever_door_the_message_is_edited() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let (_, _, told) = puppet.act(&harbour, message(panel())).await;
    let (_, _, pressed) = puppet.press(&harbour, press(&harbour, &told, "go"), json!({"type": 6})).await;
    assert_eq!((&pressed["outcome"], &pressed["state"]), (&json!("deferred_update"), &json!("thinking")));
    let path = format!("/channels/{}/messages/{}", harbour.team(), told["message"]["id"].as_str().unwrap());
    harbour.bot(Method::PATCH, &path, quiet("done")).await.ok();
    let wait = json!({"interaction_id": pressed["interaction_id"], "timeout_ms": 20_000});
    let done = harbour.act(Method::POST, "/wait", wait).await;
    assert_eq!((&done["state"], &done["message"]["content"]), (&json!("answered"), &json!("done")));
}

#[tokio::test]
async fn a_channel_that_is_gone_takes_no_answer() {
    let harbour = Harbour::open().await;
    let puppet = Puppet::start(&harbour).await;
    let run = harbour.run(harbour.olga(), "act", json!([]));
    let answer = async {
        let open = puppet.next().await;
        harbour.act(Method::DELETE, &format!("/channels/{}", harbour.team()), Value::Null).await;
        assert_eq!(open.answer(&harbour, message(quiet("x"))).await.code(), 10003);
        harbour.act(Method::POST, "/clock", json!({"advance_ms": 4000})).await;
    };
    tokio::join!(run, answer);
}
