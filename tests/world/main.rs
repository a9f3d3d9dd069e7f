//! The whole bot in its world: the production `App` beside both stand-ins, driven as people drive it.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

mod alerts;
mod confirmations;
mod disk;
mod faults;
mod kill;
#[path = "../description/witness.rs"]
mod witness;

mod message;
mod person;
mod walk;
mod world;
