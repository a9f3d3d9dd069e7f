//! Inputs that nobody thought of, for every place where text from outside is read: one file for each place.
//!
//! A few cases run with `cargo test`; `PROPTEST_CASES` says how many otherwise. What fails is made small and printed with the seed that
//! leads there again (`PROPTEST_RNG_SEED`). Each input that was found so has a plain test beside the target.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod control;
mod custom_ids;
mod event_stream;
mod json;
mod lifecycle_json;
mod settings;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Runs a check over many inputs: as many as `PROPTEST_CASES` says, else `few`. The check says no by a panic.
fn fuzz<S: Strategy>(few: u32, inputs: S, check: impl Fn(S::Value)) {
    let usual = Config::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let seed = match usual.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => rand::random(),
    };
    let config = Config {
        cases: if asked { usual.cases } else { few },
        rng_seed: RngSeed::Fixed(seed),
        // What was found stands in the code as a test, not in files beside it.
        failure_persistence: None,
        ..usual
    };
    let cases = config.cases;
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        check(input);
        Ok(())
    });
    if let Err(found) = outcome {
        panic!("{found}\nto see it again: PROPTEST_CASES={cases} PROPTEST_RNG_SEED={seed}");
    }
}

/// Where a target meets real sockets.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}
