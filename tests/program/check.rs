//! `botswain check` against both stand-ins: what is in the way is named, with what to do about it.

use botswain::check::{Mark, Report, check};
use botswain::domain::audit::{Entry, Handling, Verdict};
use botswain::domain::authority::Person;
use botswain::domain::board::Board;
use botswain::domain::connector::Environment;
use botswain::domain::ids::{ChannelId, Id, UserId};
use botswain::sandbox::discord::Seed;
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use botswain::store::boards::Placed;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::witness::Witness;
use super::{botswain, ended, with_settings_of};

struct Place {
    sandbox: Sandbox,
    seed: Seed,
    _witness: Witness,
}

impl Place {
    async fn new(change: impl FnOnce(&mut Seed)) -> Self {
        // A channel, a guild or a command that is not there is what is looked for.
        Self::expecting(change, &[10_003, 10_004, 50_001, 50_013]).await
    }

    async fn expecting(change: impl FnOnce(&mut Seed), refusals: &'static [u64]) -> Self {
        let mut options = Options::default();
        change(&mut options.world.seed);
        let seed = options.world.seed.clone();
        let sandbox = Sandbox::start(options).await.unwrap();
        let witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, refusals);
        Self { sandbox, seed, _witness: witness }
    }

    async fn checked(&self, more: &[(&str, &str)], alert: bool) -> Report {
        check(&self.sandbox.config(more).unwrap(), alert).await
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}control/discord{path}", self.sandbox.page().unwrap());
        let answer = reqwest::Client::new().request(method, url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.json().await.unwrap_or_default()
    }

    /// Denies the bot something in the channel of alerts.
    async fn deny(&self, bits: u64) {
        let body = json!({"role_or_user_id": self.seed.bot_user_id, "type": 1, "allow": "0", "deny": bits.to_string()});
        self.control(Method::PUT, &format!("/channels/{}/permissions", self.seed.alert_channel.id), body).await;
    }

    async fn alerts(&self) -> Vec<Value> {
        let path = format!("/channels/{}/messages", self.seed.alert_channel.id);
        self.control(Method::GET, &path, Value::Null).await.as_array().unwrap().clone()
    }

    async fn posts(&self) -> Vec<Value> {
        let requests = self.control(Method::GET, "/requests", Value::Null).await;
        let posts = requests.as_array().unwrap().iter().filter(|request| request["method"] == "POST");
        posts.cloned().collect()
    }
}

fn wrong(report: &Report) -> Vec<&str> {
    let wrong = report.findings().iter().filter(|finding| finding.mark == Mark::Wrong);
    wrong.map(|finding| finding.what.as_str()).collect()
}

#[tokio::test]
async fn where_all_is_in_place_the_check_says_so_and_changes_nothing() {
    let place = Place::new(|_| {}).await;
    let report = place.checked(&[], false).await;
    assert!(report.is_fine(), "{report}");
    for says in ["connectors of", "takes the token", "gateway answers", "is in the server", "each role is there"] {
        assert!(report.to_string().contains(says), "{says}: {report}");
    }
    assert!(place.posts().await.is_empty(), "it says nothing on Discord");
    let folder = place.sandbox.config(&[]).unwrap();
    assert!(report.to_string().contains("made at the first start"), "{report}");
    use secrecy::ExposeSecret as _;
    let file = folder.database_url.expose_secret().trim_start_matches("sqlite:").to_owned();
    assert!(!std::path::Path::new(&file).exists(), "it makes no database");
}

#[tokio::test]
async fn what_is_missing_in_the_guild_is_named_with_what_to_do() {
    let place = Place::new(|seed| seed.on_call.mentionable = false).await;
    place.deny(1 << 14 | 1 << 35).await;
    let more = [
        ("OPERATOR_ROLE_IDS", "77"),
        ("DISCORD_FALLBACK_CHANNEL_ID", "78"),
        ("FAILOVER_ENVIRONMENTS", "production,staging"),
    ];
    let report = place.checked(&more, false).await;
    let text = report.to_string();
    for says in [
        "lacks Embed Links and Create Public Threads",
        "no channel with the id 78",
        "no role with the id 77",
        "@On call",
        "cannot be pinged in #bots-alerts",
        "nothing is deployed to Staging",
        "OPERATOR_ROLE_IDS",
        "DISCORD_FALLBACK_CHANNEL_ID",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    assert_eq!(wrong(&report).len(), 4, "{text}");
}

#[tokio::test]
async fn what_alerts_can_do_without_is_a_note() {
    let place = Place::new(|_| {}).await;
    place.deny(1 << 35).await;
    let report = place.checked(&[], false).await;
    assert!(report.is_fine() && report.to_string().contains("● Discord: Botswain lacks Create Public"), "{report}");
}

#[tokio::test]
async fn what_a_board_lacks_is_read_from_the_database_beside_the_bot_and_is_a_note() {
    let place = Place::new(|_| {}).await;
    let config = place.sandbox.config(&[]).unwrap();
    let store = Store::open(&config.database_url).await.unwrap();
    let channel = ChannelId(place.seed.team_channel.id.to_string().parse().unwrap());
    let by = Person { id: UserId(1), name: "Olga".to_owned() };
    let (id, environment, at) = (Id::random(), Environment::new("production"), jiff::Timestamp::now());
    let entry = Entry { handling: Some(Handling::Board), ..Entry::new("1".into(), by.clone(), Verdict::Done, "", at) };
    let board = Board { id, environment, channel, by, at, shown: None, ended: None };
    assert_eq!(store.place_board(&board, &entry, at).await.unwrap(), Placed::Now);
    let body = json!({"role_or_user_id": place.seed.bot_user_id, "type": 1, "allow": "0", "deny": "34816"});
    place.control(Method::PUT, &format!("/channels/{channel}/permissions"), body).await;
    let report = check(&config, false).await;
    let says = "● Discord: Botswain lacks Send Messages, Embed Links and Attach Files in #";
    assert!(report.is_fine() && report.to_string().contains(says), "{report}");
    assert!(report.to_string().contains("where a board stands"), "{report}");
    store.close().await;
}

#[tokio::test]
async fn a_channel_that_the_bot_cannot_see_is_no_missing_channel() {
    let place = Place::new(|_| {}).await;
    place.deny(1 << 10).await;
    let report = place.checked(&[], false).await;
    assert!(wrong(&report)[0].contains("lacks View Channel, Send Messages"), "{report}");
}

#[tokio::test]
async fn another_guild_is_said_to_be_one_that_the_bot_is_not_in() {
    let place = Place::new(|_| {}).await;
    let report = place.checked(&[("DISCORD_GUILD_ID", "79")], false).await;
    assert_eq!(wrong(&report), ["Discord: Botswain is not in the server with the id 79."], "{report}");
}

#[tokio::test]
async fn a_wrong_token_of_the_service_and_a_folder_that_is_not_there_are_named_at_once() {
    let place = Place::new(|_| {}).await;
    let more = [("LIFECYCLE_TOKEN", "hunter2"), ("DATABASE_URL", "sqlite:/nowhere/at/all/botswain.sqlite3")];
    let report = place.checked(&more, false).await;
    assert_eq!(wrong(&report).len(), 2, "{report}");
    assert!(report.to_string().contains("LIFECYCLE_TOKEN") && report.to_string().contains("DATABASE_URL"), "{report}");
    assert!(!report.to_string().contains("hunter2"), "p12: {report}");
}

#[tokio::test]
async fn p8_a_test_alert_stands_pings_nobody_and_is_removed() {
    let place = Place::new(|_| {}).await;
    let report = place.checked(&[], true).await;
    assert!(report.is_fine() && report.to_string().contains("was removed"), "{report}");
    let posts = place.posts().await;
    let [post] = posts.as_slice() else { panic!("{posts:#?}") };
    assert_eq!(post["body"]["allowed_mentions"], json!({"parse": []}));
    assert!(post["body"]["embeds"][0]["title"].as_str().unwrap().contains("nothing is wrong"), "{post}");
    assert_eq!(place.alerts().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_test_alert_that_does_not_come_is_said() {
    let place = Place::new(|_| {}).await;
    place.deny(1 << 11).await;
    let report = place.checked(&[], true).await;
    assert!(wrong(&report).iter().any(|what| what.contains("did not come into")), "{report}");
}

#[tokio::test]
async fn a_check_beside_a_running_bot_says_that_all_is_well_and_its_exit_code_says_so_too() {
    let folder = TempDir::new().unwrap();
    let place = Place::expecting(|_| {}, &[]).await;
    let mut running = botswain(folder.path(), &["run"]);
    with_settings_of(&place.sandbox, &mut running);
    let mut asked = botswain(folder.path(), &["check", "--alert"]);
    with_settings_of(&place.sandbox, &mut asked);
    let (code, said) = tokio::task::spawn_blocking(move || {
        let mut running = super::Running::start(running);
        running.logs("the commands are registered");
        let checked = ended(&mut asked);
        assert_eq!(running.signal("TERM"), 0);
        checked
    })
    .await
    .unwrap();
    assert!(code == 0 && said.contains("✔ Database: it can be used.") && !said.contains('●'), "{said}");
    place.sandbox.stop().await;
}

#[tokio::test]
async fn a_token_that_discord_rejects_is_named_with_exit_code_9() {
    let folder = TempDir::new().unwrap();
    let place = Place::expecting(|_| {}, &[]).await;
    place.control(Method::POST, "/gateway", json!({"action": "reject_token", "on": true})).await;
    let mut command = botswain(folder.path(), &["check"]);
    with_settings_of(&place.sandbox, &mut command);
    let (code, said) = tokio::task::spawn_blocking(move || ended(&mut command)).await.unwrap();
    assert!(code == 9 && said.contains("DISCORD_TOKEN") && said.contains("One thing is in the way"), "{code}: {said}");
}

#[tokio::test]
async fn health_is_asked_of_the_process_that_runs_here() {
    let folder = TempDir::new().unwrap();
    let place = Place::expecting(|_| {}, &[]).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // Whoever listens everywhere is asked on this machine.
    let everywhere = format!("0.0.0.0:{}", free.port());
    let asked = move |folder: &std::path::Path| {
        let mut command = botswain(folder, &["health"]);
        command.env("HTTP_LISTEN", &everywhere);
        ended(&mut command)
    };
    let mut running = botswain(folder.path(), &["run"]);
    with_settings_of(&place.sandbox, &mut running);
    running.env("HTTP_LISTEN", free.to_string());
    tokio::task::spawn_blocking(move || {
        assert_eq!(asked(folder.path()).0, 1, "nobody runs");
        let mut running = super::Running::start(running);
        running.logs("the commands are registered");
        assert_eq!(asked(folder.path()), (0, String::new()));
        assert_eq!(running.signal("TERM"), 0);
        let (code, said) = ended(&mut botswain(folder.path(), &["health"]));
        assert!(code == 2 && said.contains("HTTP_LISTEN"), "{said}");
    })
    .await
    .unwrap();
    place.sandbox.stop().await;
}
