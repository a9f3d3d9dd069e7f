//! The sandbox's page: what is served and to whom, and, in real Chromium, that a person can do with it what it is for.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so at once"
)]
mod bot;
mod browser;
mod chat;
mod everybody;
mod fleet;
mod gallery;
mod pictures;
mod served;
mod tour;
mod walk;
#[path = "../description/witness.rs"]
mod witness;
