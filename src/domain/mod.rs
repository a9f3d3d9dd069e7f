//! The field itself, pure: connectors and their health, what may be done and by whom, what is an incident.
//!
//! Nothing here waits, asks a clock (`now` is an argument), reads the environment, or knows Discord's client, HTTP or SQL.

pub mod action;
pub mod attention;
pub mod audit;
pub mod authority;
pub mod board;
pub mod connector;
pub mod fleet;
pub mod freeze;
pub mod glass;
pub mod history;
pub mod ids;
pub mod incident;
pub mod judging;
pub mod load;
pub mod mute;
pub mod notice;
pub mod operation;
pub mod pace;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod redundancy;
pub mod request;
pub mod setup;
pub mod storm;
pub mod tiles;
pub mod timeline;
pub mod trouble;
pub mod when;
