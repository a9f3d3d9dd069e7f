//! `botswain audit`: what it prints and with which exit code it ends, beside a store that is in use.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::authority::Person;
use botswain::domain::ids::UserId;
use botswain::sandbox::{Options, Sandbox};
use botswain::store::Store;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::witness::Witness;
use crate::{Running, botswain, ended, with_settings_of};

async fn store_in(folder: &Path) -> Store {
    let url = format!("sqlite:{}", folder.join("botswain.sqlite3").display()).into();
    let store = Store::open(&url).await.unwrap();
    for n in 1..=3 {
        let person = Person { id: UserId(1), name: "Olga ⚓".to_owned() };
        let about = format!("interaction:{n}");
        store
            .record(&Entry::new(about, person, Verdict::Denied, "no role", Timestamp::from_second(n).unwrap()))
            .await
            .unwrap();
    }
    store.seal(None).await.unwrap();
    store
}

fn audit(folder: &Path, words: &[&str]) -> (i32, String) {
    ended(&mut botswain(folder, &[&["audit"], words].concat()))
}

#[tokio::test]
async fn p10_the_record_is_written_out_and_verified_beside_the_running_program() {
    let folder = TempDir::new().unwrap();
    let store = store_in(folder.path()).await;
    let head = store.chain().await.unwrap().head;
    let (code, exported) = audit(folder.path(), &["export"]);
    assert_eq!((code, exported.lines().count()), (0, 4), "{exported}");
    let (code, said) = audit(folder.path(), &["verify", "--head", &head.to_string()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("whole: 3 records, 1 to 3") && said.contains(&head.to_string()), "{said}");
    let person = Person { id: UserId(1), name: "Olga".to_owned() };
    store
        .record(&Entry::new("interaction:4".into(), person, Verdict::Done, "", Timestamp::from_second(4).unwrap()))
        .await
        .unwrap();
    let (code, said) = audit(folder.path(), &["verify"]);
    assert!(code == 0 && said.contains("Not sealed yet, so that nothing is said of them: 1 (interaction:4)"), "{said}");
    store.close().await;

    std::fs::write(folder.path().join("record.jsonl"), &exported).unwrap();
    assert_eq!(audit(folder.path(), &["verify", "record.jsonl"]).0, 0);
    let other = format!("2:{}", head.hash);
    let (code, said) = audit(folder.path(), &["verify", "--head", &other, "record.jsonl"]);
    assert!(code == 8 && said.contains("BROKEN: the noted head 2:"), "{said}");
    std::fs::write(folder.path().join("record.jsonl"), exported.replace("interaction:2", "interaction:9")).unwrap();
    let (code, said) = audit(folder.path(), &["verify", "record.jsonl"]);
    assert!(code == 8 && said.contains("BROKEN: record 2 was changed"), "{said}");
    let cut: String = exported.lines().take(3).map(|line| format!("{line}\n")).collect();
    let mut piped = botswain(folder.path(), &["audit", "verify", "-"]);
    let mut piped = piped.stdin(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(cut.as_bytes()).unwrap();
    assert_eq!(piped.wait().unwrap().code(), Some(8), "its end is cut off");
}

#[tokio::test]
async fn p10_the_log_says_the_head_at_the_start_and_at_the_end_and_the_record_can_be_held_against_it() {
    let folder = TempDir::new().unwrap();
    store_in(folder.path()).await.close().await;
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let _witness = Witness::of(&sandbox.discord.as_ref().unwrap().stand_in, &[]);
    let mut command = botswain(folder.path(), &["run"]);
    with_settings_of(&sandbox, &mut command);
    command.env("DATABASE_URL", "sqlite:botswain.sqlite3").env("AUDIT_RETENTION", "forever");
    let mut running = Running::start(command);
    let log = tokio::task::spawn_blocking(move || {
        let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines().map(Result::unwrap);
        // Whichever comes first: neither waits for the other.
        let (mut first, mut registered) = (None, false);
        while first.is_none() || !registered {
            let line = lines.next().unwrap();
            registered |= line.contains("the commands are registered");
            first = first.or(line.contains("the record's head").then_some(line));
        }
        assert_eq!(running.signal("TERM"), 0);
        let last = lines.find(|line| line.contains("the record's head")).unwrap();
        [first.unwrap(), last]
    });
    for line in log.await.unwrap() {
        let head = line.split("head=").nth(1).unwrap().split(' ').next().unwrap();
        assert!(head.starts_with("3:"), "{line}");
        let (code, said) = audit(folder.path(), &["verify", "--head", head]);
        assert_eq!(code, 0, "{said}");
    }
    sandbox.stop().await;
}

#[test]
fn p10_what_is_no_record_is_said_in_a_sentence() {
    let folder = TempDir::new().unwrap();
    let (code, said) = audit(folder.path(), &["verify"]);
    assert!(code == 5 && said.contains("could not be opened"), "nothing is made: {said}");
    assert!(!folder.path().join("botswain.sqlite3").exists());
    std::fs::write(folder.path().join("x"), "nonsense\n").unwrap();
    let (code, said) = audit(folder.path(), &["verify", "x"]);
    assert!(code == 1 && said.contains("no export of the record"), "{said}");
    let (code, said) = audit(folder.path(), &["verify", "--head", "nonsense"]);
    assert!(code == 2 && said.contains("SEQ:HASH"), "{said}");
}

/// The program of the README, so that what is written there is true.
#[tokio::test]
#[ignore = "needs Python"]
async fn p10_somebody_else_can_verify_an_export_as_the_readme_says() {
    let folder = TempDir::new().unwrap();
    let store = store_in(folder.path()).await;
    store.close().await;
    let (_, exported) = audit(folder.path(), &["export"]);
    let readme = include_str!("../../README.md");
    let program = readme.split("```python\nimport hashlib").nth(1).unwrap().split("```").next().unwrap();
    let run = |text: &str| {
        let mut python = Command::new("python3");
        let program = format!("import hashlib{program}");
        let mut python = python.args(["-c", &program]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        python.wait().unwrap().success()
    };
    assert!(run(&exported));
    assert!(!run(&exported.replace("interaction:2", "interaction:9")));
}
