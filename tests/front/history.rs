//! What people see of how a bot did: a picture that only they see, by command and by button.

use std::time::Duration;

use botswain::history::Chronicle;
use serde_json::{Value, json};

use crate::harbour::{Harbour, text};

/// The picture of a message: its name, and what whoever cannot see it is told.
fn picture(message: &Value) -> (String, String) {
    let file = &message["attachments"][0];
    let name = file["filename"].as_str().unwrap_or_default().to_owned();
    (name, file["description"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_a_picture_with_its_figures_and_other_ranges_are_a_press_away() {
    let harbour = Harbour::open().await;
    let interval = Duration::from_secs(15);
    let mut chronicle = Chronicle::new(harbour.store.clone(), harbour.picture.subscribe(), interval, None);
    let kept = chronicle.step(jiff::Timestamp::now()).await.unwrap();
    assert!(kept > 2, "{kept}");
    let asked = harbour.run(harbour.vera(), "history", &[("env", "production"), ("bot", "Billing Bot")]).await;
    assert_eq!(asked["outcome"], "deferred", "drawn beside everything else: {asked}");
    let message = harbour.done(asked).await;
    assert_eq!(message["ephemeral"], true);
    assert!(text(&message).contains("Billing Bot in Production: the last 24 hours"), "{}", text(&message));
    let (name, alt) = picture(&message);
    assert_eq!(name, "history.png");
    assert!(alt.contains("Billing Bot in Production") && alt.contains("Uptime 100 %"), "{alt}");

    let week = harbour.done(harbour.press(harbour.vera(), &message, "Last 7 days").await).await;
    assert!(text(&week).contains("the last 7 days"), "{}", text(&week));
    assert_eq!(week["attachments"].as_array().unwrap().len(), 1, "one picture in place of the other");

    let now = harbour.done(harbour.press(harbour.vera(), &week, "How it is now").await).await;
    assert!(text(&now).contains("billing-1: Healthy"), "{}", text(&now));
    assert_eq!(now["attachments"].as_array().map_or(0, Vec::len), 0, "and none where there is none");
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_file_may_be_attached_the_figures_come_and_name_the_permission() {
    let harbour = Harbour::open().await;
    let (channel, me) = (harbour.seed.team_channel.id, harbour.seed.bot_user_id);
    let deny = json!({"role_or_user_id": me, "type": 1, "allow": "0", "deny": (1 << 15).to_string()});
    harbour.control().put(&format!("/channels/{channel}/permissions"), deny).await;
    let asked = harbour.run(harbour.vera(), "history", &[("env", "production"), ("bot", "Billing Bot")]).await;
    let message = harbour.done(asked).await;
    assert!(text(&message).contains("lacks **Attach Files** in"), "{}", text(&message));
    assert_eq!(message["attachments"].as_array().map_or(0, Vec::len), 0, "{message}");
    harbour.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_range_or_no_bot_is_said_in_a_sentence() {
    let harbour = Harbour::open().await;
    for (bot, range, says) in [
        ("Billing Bot", "5m", "is no range"),
        ("Billing Bot", "91 days", "is no range"),
        ("Billing Bot", "yesterday", "is no range"),
        ("Nobody", "24h", "There is no “Nobody”"),
    ] {
        let options = [("env", "production"), ("bot", bot), ("range", range)];
        let message = harbour.done(harbour.run(harbour.vera(), "history", &options).await).await;
        assert!(text(&message).contains(says), "{range}: {}", text(&message));
    }
    // No button of ours asks for so much.
    let message = harbour.run(harbour.vera(), "status", &[("env", "production"), ("bot", "Billing Bot")]).await;
    let message = harbour.done(message).await;
    let button = crate::harbour::button(&message, "Last 24 hours");
    let forged = harbour.forge(harbour.vera(), &message, &button.replace(":24", ":9999")).await;
    assert!(text(&harbour.done(forged).await).contains("This button"), "it is answered with a sentence");
    harbour.close().await;
}
