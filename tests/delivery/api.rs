//! The few routes that we send ourselves.

use botswain::discord_api::{ApiError, DiscordApi};
use botswain::domain::ids::{GuildId, UserId};
use reqwest::Method;
use serde_json::json;

use super::world::{TOKEN, World};

fn api(world: &World) -> DiscordApi {
    DiscordApi::new(&TOKEN.into(), Some(&world.url)).unwrap()
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(snowflake: impl ToString) -> T {
    snowflake.to_string().parse().unwrap()
}

#[tokio::test]
async fn p4_a_member_comes_with_the_roles_of_now_and_with_whether_they_manage_the_server() {
    let world = World::open().await;
    let (api, guild) = (api(&world), id::<GuildId>(world.seed.guild_id));
    let olga = api.member(guild, id(world.seed.olga.id)).await.unwrap().unwrap();
    assert_eq!((olga.name.as_str(), olga.manages_guild), ("Olga", Some(false)));
    assert_eq!(olga.roles, [id(world.seed.operators.id), id(world.seed.on_call.id)]);
    let adam = api.member(guild, id(world.seed.adam.id)).await.unwrap().unwrap();
    assert_eq!(adam.manages_guild, Some(true));
    world.control(Method::PUT, &format!("/members/{}/roles", world.seed.olga.id), json!({"roles": []})).await;
    assert_eq!(api.member(guild, id(world.seed.olga.id)).await.unwrap().unwrap().roles, []);
    assert_eq!(api.member(guild, id(424_242)).await.unwrap(), None);
}

#[tokio::test]
async fn p4_what_cannot_be_read_of_a_member_is_not_said_to_be_no() {
    let world = World::open().await;
    let (api, guild) = (api(&world), id::<GuildId>(world.seed.guild_id));
    world.fault(json!({"kind": "server_error", "route": "GET /guilds/{id}", "times": 1})).await;
    let adam = api.member(guild, id(world.seed.adam.id)).await.unwrap().unwrap();
    assert_eq!(adam.manages_guild, None);
    world.fault(json!({"kind": "server_error", "route": "GET /guilds/{id}/members/{id}", "times": 1})).await;
    assert_eq!(api.member(guild, id(world.seed.adam.id)).await, Err(ApiError::Server(502)));
}

#[tokio::test]
async fn a_429_is_read_to_the_millisecond_and_from_the_header_where_the_body_does_not_say() {
    let world = World::open().await;
    let api = api(&world);
    world.fault(json!({"kind": "rate_limit", "retry_after": 1.2345, "times": 1})).await;
    let limited =
        |millis, global| Err(ApiError::RateLimited { retry_after: std::time::Duration::from_millis(millis), global });
    assert_eq!(api.me().await, limited(1235, false));
    world.fault(json!({"kind": "rate_limit", "retry_after": 2.0, "global": true, "headers": false, "times": 1})).await;
    assert_eq!(api.me().await, limited(2000, true));
    assert_eq!(api.me().await, Ok(id::<UserId>(world.seed.bot_user_id)));
}

#[tokio::test]
async fn an_error_says_whether_it_may_have_been_carried_out() {
    let world = World::open().await;
    let api = api(&world);
    let body = json!({"content": "hello", "allowed_mentions": {"parse": []}});
    for (fault, maybe) in [("drop_after", true), ("drop", true), ("server_error", true), ("rate_limit", false)] {
        world.fault(json!({"kind": fault, "times": 1})).await;
        let error = api.create_message(world.alerts(), &body).await.unwrap_err();
        assert_eq!(error.maybe_carried_out(), maybe, "{fault}: {error}");
    }
    let nobody = DiscordApi::new(&TOKEN.into(), Some(&"http://127.0.0.1:9/".parse().unwrap())).unwrap();
    let error = nobody.create_message(world.alerts(), &body).await.unwrap_err();
    assert!(!error.maybe_carried_out(), "{error:?}");
    let error = api.edit_message(world.alerts(), id("123"), &body).await.unwrap_err();
    assert_eq!((error.code(), error.maybe_carried_out()), (Some(10_008), false));
}

#[tokio::test]
async fn p12_the_token_is_in_no_debug_text_and_in_no_error() {
    let world = World::open().await;
    let api = api(&world);
    world.fault(json!({"kind": "drop", "times": 1})).await;
    let broken = api.me().await.unwrap_err();
    let nowhere = DiscordApi::new(&TOKEN.into(), Some(&"http://127.0.0.1:9/".parse().unwrap())).unwrap();
    let nowhere = nowhere.me().await.unwrap_err();
    let texts = [
        format!("{api:?}"),
        format!("{broken:?} {broken}"),
        format!("{nowhere:?} {nowhere}"),
        format!("{:?}", world.delivery),
    ];
    for text in texts {
        assert!(!text.contains("nobody-may-see") && !text.contains("127.0.0.1"), "{text}");
    }
    assert!(DiscordApi::new(&"line\nbreak".into(), None).is_err_and(|error| !error.to_string().contains("line")));
}
