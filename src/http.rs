//! Health over HTTP, for whoever watches the process: `/healthz` says that it lives, `/readyz` that it does its work, `/metrics`
//! how much of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::{self, Metrics};
use crate::vitals::Vitals;

/// What `/readyz` answers: 200 when all of it is so, else 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Ready {
    /// The fleet was read within three poll intervals.
    polls_fresh: bool,
    /// Discord's gateway answers.
    gateway_answers: bool,
    /// The store can be written: a row was.
    store_writable: bool,
}

impl Ready {
    async fn judge(vitals: &Vitals, now: Timestamp) -> Self {
        let writable = vitals.store.check_writable().await;
        if let Err(error) = &writable {
            tracing::error!(%error, "the store cannot be written");
        }
        Self {
            polls_fresh: vitals.polls_fresh(now),
            gateway_answers: vitals.gateway_answers(),
            store_writable: writable.is_ok(),
        }
    }
}

/// Serves health and metrics until `shutdown`.
pub async fn serve(listener: TcpListener, metrics: Metrics, shutdown: CancellationToken) {
    let ready = |State(metrics): State<Metrics>| async move {
        let ready = Ready::judge(&metrics.vitals, Timestamp::now()).await;
        let all = ready.polls_fresh && ready.gateway_answers && ready.store_writable;
        (if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(ready))
    };
    let scraped = |State(metrics): State<Metrics>| async move {
        let text = metrics.scrape(Timestamp::now()).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        Ok::<_, StatusCode>(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text))
    };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(scraped))
        .with_state(metrics);
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "health can no longer be served");
    }
}
