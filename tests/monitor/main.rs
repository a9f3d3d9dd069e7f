//! The monitor over a real store and the simulated lifecycle service: what becomes an incident, whom it pings, and what
//! never may.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod announced;
mod attention;
mod blind;
mod levels;
mod load;
mod patience;
mod pushed;
mod storms;
mod world;
