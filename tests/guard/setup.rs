//! What is missing in the guild: one message says so, follows what is mended, and says when all is there.

use botswain::discord::setup::Survey;
use botswain::discord_api::DiscordApi;
use botswain::domain::ids::ChannelId;
use botswain::domain::setup::Wanted;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::Scene;

const EMBED_LINKS: u64 = 1 << 14;
const ATTACH_FILES: u64 = 1 << 15;
const SEND_MESSAGES: u64 = 1 << 11;

fn survey(scene: &Scene, more: &[(&str, &str)]) -> Survey {
    let config = scene.sandbox.config(more).unwrap();
    let api = DiscordApi::new(&config.discord.token, config.discord.api_url.as_ref()).unwrap();
    let wanted = Wanted::of(&config.policy, &config.authority, config.discord.fallback_channel, config.audit.channel);
    Survey::new(scene.store.clone(), api, config.discord.guild, wanted, Default::default())
}

async fn deny(scene: &Scene, bits: u64) {
    deny_in(scene, scene.alerts(), bits).await;
}

async fn deny_in(scene: &Scene, channel: ChannelId, bits: u64) {
    let body = json!({"role_or_user_id": scene.seed.bot_user_id, "type": 1, "allow": "0", "deny": bits.to_string()});
    scene.control(Method::PUT, &format!("/channels/{channel}/permissions"), body).await;
}

/// The bot registers its commands, as it does when it starts.
async fn register(scene: &Scene) {
    let config = scene.sandbox.config(&[]).unwrap();
    let url = format!(
        "{}api/v10/applications/{}/guilds/{}/commands",
        config.discord.api_url.unwrap(),
        scene.seed.application_id,
        config.discord.guild
    );
    let body = botswain::discord::commands::registration();
    let put = reqwest::Client::new().put(url).header("authorization", "Bot x").json(&body).send().await.unwrap();
    assert!(put.status().is_success(), "{put:?}");
    // It is no message, and is looked at as none.
    scene.control(Method::DELETE, "/requests", Value::Null).await;
}

/// Looks, and delivers; how much is missing.
async fn look(scene: &mut Scene, survey: &Survey) -> usize {
    scene.passes(30);
    let missing = survey.step(scene.now()).await.unwrap();
    scene.deliver().await;
    missing
}

#[tokio::test]
async fn where_nothing_is_missing_nothing_is_said() {
    let mut scene = Scene::begin().await;
    register(&scene).await;
    let survey = survey(&scene, &[]);
    assert_eq!(look(&mut scene, &survey).await, 0);
    assert_eq!(scene.texts(scene.alerts()).await, [] as [String; 0]);
}

#[tokio::test]
async fn one_message_says_what_is_missing_and_is_edited_until_nothing_is() {
    let mut scene = Scene::begin().await;
    // Without Embed Links no embed would be seen, so it is said in plain text.
    deny(&scene, EMBED_LINKS).await;
    let of_scene = survey(&scene, &[("OPERATOR_ROLE_IDS", "77")]);
    assert_eq!(look(&mut scene, &of_scene).await, 3);
    let said = scene.texts(scene.alerts()).await;
    let [first] = said.as_slice() else { panic!("{said:?}") };
    for what in ["**Embed Links**", "no role with the id 77", "commands are not registered"] {
        assert!(first.contains(what), "{what}: {first}");
    }
    // It is said once, also by a process that was started anew.
    drop(of_scene);
    let mut scene = scene.restarted().await;
    let of_scene = survey(&scene, &[("OPERATOR_ROLE_IDS", "77")]);
    look(&mut scene, &of_scene).await;
    assert_eq!(scene.texts(scene.alerts()).await, said);
    deny(&scene, 0).await;
    register(&scene).await;
    assert_eq!(look(&mut scene, &of_scene).await, 1);
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && !said[0].contains("Embed Links") && said[0].contains("id 77"), "{said:?}");
    let of_scene = survey(&scene, &[]);
    assert_eq!(look(&mut scene, &of_scene).await, 0);
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && said[0].contains("✅"), "{said:?}");
    assert_eq!(scene.pings().await, 0, "p8: it names roles, and pings nobody");
    // What is missing later is a message of its own: an edit of the old one would be seen by nobody.
    deny(&scene, EMBED_LINKS).await;
    assert_eq!(look(&mut scene, &of_scene).await, 1);
    assert_eq!(scene.texts(scene.alerts()).await.len(), 2);
    scene.mentioned_only_whom_it_may().await;
}

#[tokio::test]
async fn where_nothing_can_be_posted_among_the_alerts_it_is_said_in_the_other_channel() {
    let mut scene = Scene::begin().await;
    register(&scene).await;
    deny(&scene, SEND_MESSAGES).await;
    let elsewhere = scene.elsewhere().to_string();
    let survey = survey(&scene, &[("DISCORD_FALLBACK_CHANNEL_ID", &elsewhere)]);
    assert_eq!(look(&mut scene, &survey).await, 1);
    let said = scene.texts(scene.elsewhere()).await;
    assert!(said.len() == 1 && said[0].contains("**Send Messages**"), "{said:?}");
    deny(&scene, 0).await;
    assert_eq!(look(&mut scene, &survey).await, 0);
    let said = scene.texts(scene.elsewhere()).await;
    assert!(said.len() == 1 && said[0].contains("✅"), "{said:?}");
    assert_eq!(scene.texts(scene.alerts()).await, [] as [String; 0]);
}

#[tokio::test]
async fn what_a_board_lacks_where_it_stands_is_named_as_long_as_it_is_wanted_there() {
    let mut scene = Scene::open().await;
    register(&scene).await;
    let survey = survey(&scene, &[]);
    deny_in(&scene, scene.elsewhere(), EMBED_LINKS).await;
    assert_eq!(look(&mut scene, &survey).await, 0, "nothing is wanted there");
    scene.board("production").await;
    assert_eq!(look(&mut scene, &survey).await, 1);
    let said = scene.texts(scene.alerts()).await;
    assert!(said.len() == 1 && said[0].contains("**Embed Links** in"), "{said:?}");
    assert!(said[0].contains("where a board stands") && said[0].contains("🔸"), "{said:?}");
    deny_in(&scene, scene.elsewhere(), ATTACH_FILES).await;
    look(&mut scene, &survey).await;
    let said = scene.texts(scene.alerts()).await;
    assert!(said[0].contains("**Attach Files**") && said[0].contains("`/bots history` has no picture"), "{said:?}");
    deny_in(&scene, scene.elsewhere(), 0).await;
    assert_eq!(look(&mut scene, &survey).await, 0);
}
