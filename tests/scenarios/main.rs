//! What stands in the alert channel, told as scripts and held against any sequence of events.
//!
//! * `alone`, `together`, `discord`: scenarios in the language of [`script`], played on the production path by `stage`.
//! * `any`: any sequence of fleet changes, clock steps, kills and Discord failures, held against a model of its own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod alone;
mod any;
mod channel;
mod discord;
mod harbour;
mod script;
mod stage;
mod together;
#[path = "../description/witness.rs"]
mod witness;
