//! The front between the Discord stand-in and the use cases: what people type and press, and what the gateway does to us.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod attention;
mod board;
mod gateway;
mod harbour;
mod history;
mod plans;
mod presses;
mod secrets;
#[path = "../description/witness.rs"]
mod witness;
