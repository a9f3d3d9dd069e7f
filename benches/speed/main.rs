//! The speed: what a person waits for, beside a bare serenity bot that answers "pong"; how soon a loss is said; what the program
//! weighs; and what a look at the fleet costs. Real processes over real HTTP, WebSocket and SQL, on this machine.
//!
//! `cargo bench` prints one table, each figure the median of five rounds in which everything takes its turn, each ratio the
//! median of the rounds' own ratios. `cargo bench -- --quick` is for trying it out.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a benchmark ends so")]
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod crowd;
mod detection;
mod figures;
mod interactions;
mod pong;
mod process;
mod ticks;
mod weight;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Measure {
    /// Rounds in which everything takes its turn.
    pub rounds: usize,
    /// Interactions of a kind in one round, for each that is under way at once: more where more are.
    pub interactions: usize,
    /// Confirming presses in one round: each needs a connector that was not stopped yet.
    pub presses: usize,
    /// Connectors that drop in one round.
    pub losses: usize,
    /// Connectors that the program knows.
    pub connectors: usize,
    /// Interactions before its weight is taken again.
    pub heavy: usize,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if words.iter().any(|word| word == pong::WORD) {
        return runtime.block_on(pong::run());
    }
    let measure = if words.iter().any(|word| word == "--quick") {
        Measure { rounds: 1, interactions: 200, presses: 32, losses: 20, connectors: 1_000, heavy: 2_000 }
    } else {
        Measure { rounds: 5, interactions: 1_000, presses: 96, losses: 100, connectors: 10_000, heavy: 200_000 }
    };
    let wanted =
        |part: &str| !words.iter().any(|word| word.starts_with("--only=")) || words.contains(&format!("--only={part}"));
    runtime.block_on(async {
        if wanted("interactions") {
            interactions::measure(measure).await;
        }
        if wanted("detection") {
            detection::measure(measure).await;
        }
        if wanted("weight") {
            weight::measure(measure).await;
        }
        if wanted("ticks") {
            ticks::measure(measure).await;
        }
    });
}
