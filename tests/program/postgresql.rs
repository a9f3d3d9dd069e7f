//! The program on a PostgreSQL database: alone on it, gone as soon as it may not be, and silent about the address.

use std::io::{BufReader, Read as _};
use std::process::Command;

use botswain::sandbox::{Options, Sandbox};
use tempfile::TempDir;

use super::database::Database;
use super::witness::Witness;
use super::{Running, botswain, ended, find, with_settings_of};

struct Ground {
    folder: TempDir,
    sandbox: Sandbox,
    database: Database,
    _witness: Witness,
}

impl Ground {
    async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
        Self { folder: TempDir::new().unwrap(), sandbox, database: Database::create().await, _witness }
    }

    fn run(&self) -> Command {
        let mut command = botswain(self.folder.path(), &["run"]);
        with_settings_of(&self.sandbox, &mut command);
        command.env("DATABASE_URL", self.database.url());
        command
    }
}

/// Starts it and reads what it logs until it works.
async fn working(command: Command) -> (Running, BufReader<std::process::ChildStderr>, String) {
    tokio::task::spawn_blocking(|| {
        let mut running = Running::start(command);
        let mut log = BufReader::new(running.0.stderr.take().unwrap());
        let said = find(&mut log, "the commands are registered");
        (running, log, said)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_second_process_on_the_same_database_ends_with_exit_code_4_and_a_third_starts_when_the_first_was_killed() {
    let ground = Ground::new().await;
    let (mut first, _log, _) = working(ground.run()).await;
    let mut second = ground.run();
    let (code, said) = tokio::task::spawn_blocking(move || ended(&mut second)).await.unwrap();
    assert!(code == 4 && said.contains("another process"), "{code}: {said}");
    first.0.kill().unwrap();
    let (mut third, _log, _) = working(ground.run()).await;
    assert_eq!(third.signal("TERM"), 0, "it ends cleanly when it is told to");
    ground.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_process_whose_lock_was_cut_ends_with_exit_code_6_and_says_why() {
    let ground = Ground::new().await;
    let (mut running, mut log, _) = working(ground.run()).await;
    assert_eq!(ground.database.cut_the_lock().await, 1);
    let (code, said) = tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        log.read_to_string(&mut said).unwrap();
        (running.0.wait().unwrap().code().unwrap(), said)
    })
    .await
    .unwrap();
    assert!(code == 6 && said.contains("the lock on the database was lost"), "{code}: {said}");
    let (mut again, _log, _) = working(ground.run()).await;
    assert_eq!(again.signal("TERM"), 0);
    ground.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn p12_no_part_of_the_databases_address_is_in_a_log_at_its_most_talkative() {
    let ground = Ground::new().await;
    let mut url = reqwest::Url::parse(&ground.database.url()).unwrap();
    url.set_password(Some("hunter2")).unwrap();
    let name = url.path().trim_start_matches('/').to_owned();
    let mut command = ground.run();
    command.env("DATABASE_URL", url.as_str()).env("RUST_LOG", "trace");
    let (mut running, mut log, mut said) = working(command).await;
    assert_eq!(running.signal("TERM"), 0);
    log.read_to_string(&mut said).unwrap();
    for secret in ["hunter2", &name, url.as_str()] {
        assert!(!said.contains(secret), "{secret} is in the log");
    }
    ground.sandbox.stop().await;
}
