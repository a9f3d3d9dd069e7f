//! The whole bot in its world: the production `App` beside both stand-ins, driven as people drive it.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail so")]

mod alerts;
mod approvals;
mod attention;
mod audit;
mod confirmations;
#[expect(dead_code, reason = "the store's own tests need more of it")]
#[path = "../database/mod.rs"]
mod database;
mod disk;
mod faults;
mod freezes;
mod glass;
mod kill;
mod leaving;
#[path = "../description/witness.rs"]
mod witness;

mod message;
mod person;
mod postgresql;
mod restart;
mod running;
mod walk;
mod world;
