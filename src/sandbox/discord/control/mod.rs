//! The control interface: people act, tests look and throw faults.
mod disturb;
mod events;
mod input;
mod look;
mod outcome;
mod people;

use std::sync::Arc;

use axum::{
    Router,
    routing::{delete, get, post, put},
};

use super::shared::Shared;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/state", get(look::state))
        .route("/channels/{channel}/messages", get(look::messages))
        .route("/interactions/{interaction}", get(look::interaction))
        .route("/events", get(events::stream))
        .route("/commands", post(people::command))
        .route("/autocomplete", post(people::autocomplete))
        .route("/press", post(people::press))
        .route("/select", post(people::select))
        .route("/submit", post(people::submit))
        .route("/wait", post(outcome::wait))
        .route("/messages", post(people::write))
        .route("/members/{member}/roles", put(disturb::roles))
        .route("/members/{member}", delete(disturb::leave))
        .route("/channels/{channel}/messages/{message}", delete(disturb::delete_message))
        .route("/channels/{channel}", delete(disturb::delete_channel))
        .route("/channels/{channel}/permissions", put(disturb::permissions))
        .route("/channels/{channel}/thread", put(disturb::thread))
        .route("/faults", get(disturb::faults).post(disturb::add_fault).delete(disturb::clear_faults))
        .route("/gateway", get(disturb::gateway_state).post(disturb::gateway))
        .route("/clock", post(disturb::clock))
        .route("/requests", get(look::requests).delete(look::forget_requests))
        .route("/pings", get(look::pings).delete(look::forget_pings))
        .route("/violations", get(look::violations).delete(look::forget_violations))
        .with_state(shared)
}
