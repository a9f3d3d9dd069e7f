//! The lifecycle service: its contract over real HTTP, its model, and our client with everything that can go wrong.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by a panic that something is wrong"
)]

mod adapter;
mod automatic;
mod client;
mod contract;
mod control;
mod document;
mod elsewhere;
mod events;
mod faults;
mod hostile;
mod model;
mod stream;
mod world;
