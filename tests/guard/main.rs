//! When Botswain itself is in trouble: its store fails, its alerts do not come into their channel, or it falls silent. What it
//! says is never lost for that, and somebody is told.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod elsewhere;
mod heartbeat;
mod metrics;
mod scene;
mod setup;
mod unwritten;
#[path = "../description/witness.rs"]
mod witness;
