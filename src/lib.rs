//! Botswain: a Discord bot with which a team runs its LivePerson agent connectors from the channel where it talks.
//!
//! # The map
//!
//! Imports run downwards only; `tests/structure.rs` holds the house to it.
//!
//! | room | what it is for |
//! |---|---|
//! | `main` | reads the command line, runs one mode, ends with its exit code |
//! | [`check`] | whether everything is in place before the bot runs, and what to do about what is not |
//! | [`app`] | builds the parts from the settings, runs them, names the one that died, drains |
//! | [`http`] | health and metrics, served |
//! | [`metrics`] | what the parts count, and how things stand, in Prometheus's text format |
//! | [`heartbeat`] | calls somebody outside for as long as all is well |
//! | [`vitals`] | whether the process does its work |
//! | [`discord`] | the front: commands, buttons, interactions, all words and pictures, the outbox's only reader, the gateway and its watchdog |
//! | [`operations`] | a request is asked, narrowed, confirmed, cancelled or expires; the runner carries it out |
//! | [`audit`] | the keeper of the record: seals its chain, deletes what is too old, writes it out, verifies it |
//! | [`history`] | the keeper of what was: how each connector was, from when on |
//! | [`incidents`] | people take incidents on, snooze and mute them |
//! | [`monitor`] | polls the fleet, looks where it is told to, judges it, writes incidents, says again what still stands |
//! | [`lifecycle`] | the contract of the lifecycle service, and our client of it |
//! | [`discord_api`] | the few routes of Discord's that we send ourselves, so that a 429 is obeyed to the letter |
//! | [`store`] | what outlives the process, in SQLite or PostgreSQL: every claim is won once; one process at a time |
//! | [`outgoing`] | what all our HTTP clients have in common |
//! | [`config`] · [`telemetry`] · [`tally`] | settings (the only reader of the environment) · logs · counts |
//! | [`domain`] | the field itself, pure: no I/O, no clock, no environment |
//! | [`sandbox`] | a wing of its own: stand-ins for Discord and the lifecycle service, and the demo's page. The product never imports it; they meet through a URL |
//!
//! # Two natural ways
//!
//! * A press: gateway → [`discord::interactions`] (acknowledge, unless it is ready in a moment) → [`operations`] (judge, read
//!   again, claim) → [`store`] → runner → [`lifecycle`] → [`store`] (outcome, audit, outbox) → [`discord::delivery`].
//! * A failure: push or poll → [`monitor`] → [`domain::judging`] decides → [`store`] (incident and outbox in one transaction) →
//!   [`discord::delivery`]. While the store fails: [`monitor::direct`] → [`discord::direct`].
//!
//! # What is deliberately absent
//!
//! * Nothing in memory only that would be missed: the picture of the fleet is rebuilt by the first poll, and all else is in
//!   the store. One process at a time has the store. A second one may one day stand by on the same PostgreSQL, so every
//!   piece of work is claimed under a lease.
//! * No handler holds a confirmation: buttons carry a request's id, and the store says how it stands.
//! * No interaction token is kept. An operation's message is the bot's own, and so outlives the 15 minutes.
//! * No mock of Discord, and no test switch: tests, demo and production run the same code, at other addresses.
//! * No retry of a change whose outcome is unknown: it is asked after by its idempotency key.

pub mod app;
pub mod audit;
pub mod check;
pub mod config;
pub mod discord;
pub mod discord_api;
pub mod domain;
pub mod heartbeat;
pub mod history;
pub mod http;
pub mod incidents;
pub mod lifecycle;
pub mod metrics;
pub mod monitor;
pub mod operations;
pub mod outgoing;
pub mod sandbox;
pub mod store;
pub mod tally;
pub mod telemetry;
pub mod vitals;
