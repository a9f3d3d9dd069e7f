//! The delivery against the Discord stand-in, over real HTTP and a real database: nothing is lost, nothing is doubled.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod again;
mod api;
mod boards;
mod doubt;
mod elsewhere;
mod refusals;
mod telling;
mod threads;
mod usual;
#[path = "../description/witness.rs"]
mod witness;
mod world;
