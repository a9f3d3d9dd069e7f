//! The kill: the real program beside a sandbox that survives it, driven by a seeded mix of commands, presses and faults,
//! killed with SIGKILL at seeded moments, started again, and held against what must be true (P1 to P6, P8, P10).
//!
//! `KILLS` says how many times it is killed, `SEED` replays a run. The same siege is laid to copies of the product from which
//! one mechanism was taken out, and must then find the fault.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]
#![expect(clippy::print_stdout, reason = "the seed, and how far it is, for who waits for minutes")]

mod course;
mod ledger;
#[expect(dead_code, reason = "the exploration, which runs tests, asks for more")]
mod mutant;
mod program;
mod rest;
mod scene;
mod second;
mod siege;
mod steps;
mod trap;
mod truth;

#[path = "../database/mod.rs"]
#[expect(dead_code, reason = "the store's own tests need more of it")]
mod database;
#[path = "../world/message.rs"]
mod message;
#[path = "../world/person.rs"]
#[expect(dead_code, reason = "the test world's, which asks for more")]
mod person;
#[path = "../description/witness.rs"]
mod witness;
#[path = "../world/world.rs"]
#[expect(dead_code, reason = "the test world's, which asks for more")]
mod world;

use std::path::Path;

use crate::course::Course;
use crate::mutant::Mutant;
use crate::program::Database;
use crate::siege::Siege;

/// The product as it is built.
const PRODUCT: &str = env!("CARGO_BIN_EXE_botswain");

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

fn any_seed() -> u64 {
    number("SEED").unwrap_or_else(|| rand::random::<u32>().into())
}

async fn holds(seed: u64, kills: u64, database: Database) {
    let siege = Siege { seed, kills, database };
    if let Err(broken) = siege.lay(Path::new(PRODUCT)).await {
        panic!("{broken}\nTo see it again: SEED={seed} KILLS={kills} cargo test --test kill -- --ignored --nocapture");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_to_p6_p8_and_p10_hold_through_a_dozen_kills() {
    holds(1, 12, Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes: KILLS (200) kills on SQLite"]
async fn p1_to_p6_p8_and_p10_hold_through_200_kills_on_sqlite() {
    holds(any_seed(), number("KILLS").unwrap_or(200), Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL, and minutes: KILLS (200) kills"]
async fn p1_to_p6_p8_and_p10_hold_through_200_kills_on_postgresql() {
    holds(any_seed(), number("KILLS").unwrap_or(200), Database::on_postgresql().await).await;
}

async fn comes_to_the_same(courses: &[Course], database: impl AsyncFn() -> Database + Sync) {
    match steps::hold(Path::new(PRODUCT), courses, database).await {
        Ok(count) => println!("killed at {count} moments of {} courses", courses.len()),
        Err(broken) => panic!("{broken}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p6_a_stop_that_a_second_person_agrees_to_comes_to_the_same_whenever_the_program_is_killed() {
    comes_to_the_same(&[Course::Agreed], async || Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes: a kill at every moment of every step, on SQLite"]
async fn p6_kills_at_every_step_of_every_operation_come_to_the_same_as_none_on_sqlite() {
    comes_to_the_same(&Course::ALL, async || Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL, and minutes: a kill at every moment of every step"]
async fn p6_kills_at_every_step_of_every_operation_come_to_the_same_as_none_on_postgresql() {
    comes_to_the_same(&Course::ALL, async || Database::on_postgresql().await).await;
}

/// Lays siege to a copy of the product with a mechanism taken out: what that breaks must be found, and by its promise.
async fn is_found(mutant: Mutant, promises: &[&str]) {
    let program = tokio::task::spawn_blocking(move || mutant.build()).await.unwrap();
    let siege = Siege { seed: any_seed(), kills: 400, database: Database::sqlite() };
    let found = siege.lay(&program.path).await;
    let found = found.expect_err("nothing here misses what was taken out");
    assert!(promises.iter().any(|promise| found.contains(promise)), "something else was found: {found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes: builds the product anew"]
async fn without_the_claim_of_a_request_two_presses_at_once_are_found_to_contradict_each_other() {
    let claim = Mutant {
        name: "claim",
        file: "src/store/requests.rs",
        from: "WHERE id = $3 AND state IN ('choosing', 'asked') AND expires_at > $4",
        to: "WHERE id = $3 AND expires_at > $4",
    };
    is_found(claim, &["P3", "P10"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes: builds the product anew"]
async fn without_the_written_key_a_call_is_found_that_nobody_can_ask_after() {
    let key = Mutant {
        name: "key",
        file: "src/lifecycle/client.rs",
        from: ".header(\"idempotency-key\", key)",
        to: ".header(\"idempotency-key\", format!(\"{:x}\", rand::random::<u64>()))",
    };
    is_found(key, &["P3"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes: builds the product anew"]
async fn without_the_nonce_that_its_row_records_a_message_is_found_twice() {
    let record = Mutant {
        name: "record",
        file: "src/discord/delivery/body.rs",
        from: "&format!(\"{}:{}\", row.reference, row.generation)",
        to: "&rand::random::<u64>().to_string()",
    };
    is_found(record, &["P2"]).await;
}
