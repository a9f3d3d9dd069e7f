//! The Discord stand-in: what it refuses, how an unmodified serenity gets on with it, and what people do through its
//! control interface.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so at once"
)]

mod bot;
mod clients;
mod control;
mod described;
mod gateway;
mod guild;
mod harbour;
mod interactions;
mod lenient;
mod puppet;
mod refusals;
#[path = "../description/witness.rs"]
mod witness;
