//! The program as a process: what it prints, how it ends, and with which exit code.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod audit;
mod check;
#[expect(dead_code, reason = "the store's own tests need more of it")]
#[path = "../database/mod.rs"]
mod database;
mod postgresql;
mod proxy;
#[path = "../clients/tls.rs"]
mod tls;
#[path = "../description/witness.rs"]
mod witness;

use std::io::BufReader;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use tempfile::TempDir;
use witness::Witness;

fn botswain(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_botswain"));
    command.args(words).env_clear().current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs to the end: the exit code, and what was printed on both ways.
fn ended(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// A process that is told to end when the test is over, whatever happens.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Reads what it prints until a line says this.
    fn says(&mut self, text: &str) -> String {
        let out = BufReader::new(self.0.stdout.take().unwrap());
        find(out, text)
    }

    fn logs(&mut self, text: &str) -> String {
        let log = BufReader::new(self.0.stderr.take().unwrap());
        find(log, text)
    }

    fn signal(&mut self, name: &str) -> i32 {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status().unwrap();
        assert!(sent.success());
        self.0.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn find(out: impl std::io::BufRead, text: &str) -> String {
    let mut seen = String::new();
    for line in out.lines() {
        let line = line.unwrap();
        seen.push_str(&line);
        seen.push('\n');
        if line.contains(text) {
            return seen;
        }
    }
    panic!("it ended without saying {text:?}: {seen}")
}

fn with_settings_of(sandbox: &Sandbox, command: &mut Command) {
    let settings = sandbox.settings();
    command.envs(settings.lines().filter_map(|line| line.split_once('=')));
}

#[test]
fn mistakes_in_the_settings_are_all_named_at_once_with_exit_code_2() {
    let folder = TempDir::new().unwrap();
    for mode in ["check", "run"] {
        let (code, said) = ended(botswain(folder.path(), &[mode]).env("POLL_INTERVAL", "soon"));
        assert_eq!(code, 2);
        for name in ["DISCORD_TOKEN", "DISCORD_GUILD_ID", "LIFECYCLE_URL", "LIFECYCLE_TOKEN", "POLL_INTERVAL"] {
            assert!(said.contains(&format!("{name}: ")), "{name} is not named: {said}");
        }
    }
}

#[test]
fn settings_come_from_dot_env_and_the_environment_wins() {
    let folder = TempDir::new().unwrap();
    // Port 9 is nobody's: everything is found to be out of reach, with exit code 9.
    let text = "DISCORD_TOKEN=t\nDISCORD_GUILD_ID=1\nDISCORD_ALERT_CHANNEL_ID=2\nLIFECYCLE_TOKEN=t\n\
                LIFECYCLE_URL=http://127.0.0.1:9\nDISCORD_API_URL=http://127.0.0.1:9\n";
    std::fs::write(folder.path().join(".env"), text).unwrap();
    let (code, said) = ended(&mut botswain(folder.path(), &["check"]));
    assert!(code == 9 && said.contains("✔ The settings are in order."), "{said}");
    let (code, said) = ended(botswain(folder.path(), &["check"]).env("DISCORD_GUILD_ID", "none"));
    assert_eq!(code, 2);
    assert!(said.contains("DISCORD_GUILD_ID: ") && !said.contains("LIFECYCLE_URL: "), "{said}");
    std::fs::write(folder.path().join(".env"), "DISCORD_TOKEN='secret-of-the-bot\n").unwrap();
    let (code, said) = ended(&mut botswain(folder.path(), &["check"]));
    assert!(code == 2 && said.contains(".env") && !said.contains("secret-of-the-bot"), "p12: {said}");
}

#[test]
fn the_contract_is_printed_as_openapi_3_1() {
    let folder = TempDir::new().unwrap();
    let (code, said) = ended(&mut botswain(folder.path(), &["contract"]));
    let contract: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, contract["openapi"].as_str().unwrap()), (0, "3.1.0"));
}

#[test]
fn a_sandbox_prints_the_settings_that_reach_it_and_ends_cleanly_with_either_signal() {
    let folder = TempDir::new().unwrap();
    for signal in ["INT", "TERM"] {
        let mut sandbox = Running::start(botswain(folder.path(), &["sandbox"]));
        let said = sandbox.says("ALERT_ROLE_IDS=");
        for name in ["LIFECYCLE_URL", "LIFECYCLE_TOKEN", "DISCORD_API_URL", "DISCORD_TOKEN", "DISCORD_GUILD_ID"] {
            assert!(said.contains(&format!("{name}=")), "{said}");
        }
        assert_eq!(sandbox.signal(signal), 0);
    }
    let mut half = Running::start(botswain(folder.path(), &["sandbox", "--lifecycle", "127.0.0.1:0"]));
    let said = half.says("LIFECYCLE_TOKEN=");
    assert!(!said.contains("DISCORD"), "{said}");
    assert_eq!(half.signal("TERM"), 0);
}

#[test]
fn nothing_listens_beyond_loopback_without_being_told_to() {
    let folder = TempDir::new().unwrap();
    for words in [["demo", "--listen", "0.0.0.0:0"], ["sandbox", "--discord", "0.0.0.0:0"]] {
        let (code, said) = ended(&mut botswain(folder.path(), &words));
        assert!(code == 1 && said.contains("--beyond-loopback"), "{said}");
    }
}

#[test]
fn the_demo_prints_its_address_and_reads_no_settings() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "POLL_INTERVAL=nonsense\n").unwrap();
    let mut command = botswain(folder.path(), &["demo", "--listen", "127.0.0.1:0"]);
    command.env("DATABASE_URL", "nonsense");
    let mut demo = Running::start(command);
    assert!(demo.says("http://127.0.0.1:").contains("The demo is at"));
    assert_eq!(demo.signal("INT"), 0);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "it leaves nothing behind: {left:?}");
}

#[tokio::test]
async fn a_second_process_on_the_same_file_ends_with_exit_code_4_and_the_first_goes_on() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    let mut first = botswain(folder.path(), &["run"]);
    with_settings_of(&sandbox, &mut first);
    let mut first = Running::start(first);
    let mut second = botswain(folder.path(), &["run"]);
    with_settings_of(&sandbox, &mut second);
    let (first, (code, said)) = tokio::task::spawn_blocking(move || {
        first.logs("the commands are registered");
        let ended = ended(&mut second);
        (first.signal("TERM"), ended)
    })
    .await
    .unwrap();
    assert!(code == 4 && said.contains("another process"), "{said}");
    assert_eq!(first, 0, "the first ends cleanly when it is told to");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_token_that_discord_rejects_ends_the_process_with_exit_code_3() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    let page = sandbox.page().unwrap();
    let body = serde_json::json!({ "action": "reject_token", "on": true });
    let answer =
        reqwest::Client::new().post(format!("{page}control/discord/gateway")).json(&body).send().await.unwrap();
    assert!(answer.status().is_success());
    let mut command = botswain(folder.path(), &["run"]);
    with_settings_of(&sandbox, &mut command);
    let (code, said) = tokio::task::spawn_blocking(move || ended(&mut command)).await.unwrap();
    assert!(code == 3 && said.contains("DISCORD_TOKEN"), "{code}: {said}");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_database_that_is_none_or_newer_ends_the_process_with_exit_code_5() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    std::fs::write(folder.path().join("none.sqlite3"), "this is no database, and long enough to show it".repeat(50))
        .unwrap();
    let newer = folder.path().join("newer.sqlite3");
    let address = format!("sqlite:{}", newer.display());
    Store::open(&address.clone().into()).await.unwrap().close().await;
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("sqlite://{}", newer.display())).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of a later version', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    for (name, why) in [("none.sqlite3", "not a database"), ("newer.sqlite3", "newer version")] {
        let mut command = botswain(folder.path(), &["run"]);
        with_settings_of(&sandbox, &mut command);
        command.env("DATABASE_URL", format!("sqlite:{name}"));
        let (code, said) = tokio::task::spawn_blocking(move || ended(&mut command)).await.unwrap();
        assert!(code == 5 && said.contains(why), "{code}: {said}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn p12_no_token_is_in_a_log_at_its_most_talkative() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    let mut command = botswain(folder.path(), &["run"]);
    with_settings_of(&sandbox, &mut command);
    command.env("RUST_LOG", "botswain=trace,info");
    let settings = sandbox.settings();
    let log = tokio::task::spawn_blocking(move || {
        let mut running = Running::start(command);
        let log = running.logs("the commands are registered");
        running.signal("TERM");
        log
    })
    .await
    .unwrap();
    let secrets: Vec<_> =
        settings.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| name.ends_with("TOKEN")).collect();
    assert_eq!(secrets.len(), 2);
    for (name, secret) in secrets {
        assert!(!log.contains(secret), "{name} is in the log");
    }
    sandbox.stop().await;
}

/// Runs it with the heartbeat at this address and everything logged, until the log says this; all that it said.
async fn beating(sandbox: &Sandbox, url: String, until: &'static str) -> String {
    let folder = TempDir::new().unwrap();
    let mut command = botswain(folder.path(), &["run"]);
    with_settings_of(sandbox, &mut command);
    command.env("RUST_LOG", "trace").env("HEARTBEAT_URL", url);
    tokio::task::spawn_blocking(move || {
        let mut running = Running::start(command);
        let log = running.logs(until);
        running.signal("TERM");
        log
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_the_heartbeats_address_is_in_no_log_whether_it_is_taken_or_not() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = listener.local_addr().unwrap();
    let heard = axum::Router::new().route("/hunter2", axum::routing::get(|| async { "" }));
    tokio::spawn(async move { axum::serve(listener, heard).await });
    for (url, until) in [
        (format!("http://{there}/hunter2?key=hunter2"), "the heartbeat is taken"),
        ("http://127.0.0.1:9/hunter2?key=hunter2".to_owned(), "the heartbeat is not taken"),
    ] {
        let log = beating(&sandbox, url.clone(), until).await;
        for secret in ["hunter2", &url] {
            assert!(!log.contains(secret), "{secret} is in the log");
        }
    }
    sandbox.stop().await;
}
