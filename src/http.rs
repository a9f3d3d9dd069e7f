//! Health over HTTP, for whoever watches the process: `/healthz` says that it lives, `/readyz` that it does its work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::discord::pulse::Pulse;
use crate::domain::policy::Picture;
use crate::store::Store;

/// What readiness is judged from.
#[derive(Clone)]
pub struct Health {
    picture: watch::Receiver<Arc<Picture>>,
    gateway: Arc<Pulse>,
    store: Store,
    poll_interval: Duration,
}

/// What `/readyz` answers: 200 when all of it is so, else 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Ready {
    /// The fleet was read within three poll intervals.
    polls_fresh: bool,
    /// Discord's gateway answers.
    gateway_answers: bool,
    /// The store can be written.
    store_writable: bool,
}

impl Health {
    /// Readiness of these parts.
    pub fn new(
        picture: watch::Receiver<Arc<Picture>>,
        gateway: Arc<Pulse>,
        store: Store,
        poll_interval: Duration,
    ) -> Self {
        Self { picture, gateway, store, poll_interval }
    }

    async fn judge(&self, now: Timestamp) -> Ready {
        let read_at = self.picture.borrow().fleet.read_at();
        let limit = self.poll_interval.saturating_mul(3);
        let store_writable = match self.store.check_writable().await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the store cannot be written");
                false
            }
        };
        Ready {
            polls_fresh: read_at.is_some_and(|at| now.duration_since(at).unsigned_abs() <= limit),
            gateway_answers: self.gateway.is_connected(),
            store_writable,
        }
    }
}

/// Serves health until `shutdown`.
pub async fn serve(listener: TcpListener, health: Health, shutdown: CancellationToken) {
    let ready = |State(health): State<Health>| async move {
        let ready = health.judge(Timestamp::now()).await;
        let all = ready.polls_fresh && ready.gateway_answers && ready.store_writable;
        (if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(ready))
    };
    let router =
        Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(health);
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "health can no longer be served");
    }
}
