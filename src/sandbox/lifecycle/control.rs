//! The control interface over HTTP (see the room's own doc for its form).
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::faults::{Fault, RequestRecord};
use super::model::{Carried, Order, Trouble};
use super::{LifecycleSimulator, Mode, push};
use crate::lifecycle::contract::Connector;

pub(super) fn router(simulator: LifecycleSimulator) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/events", get(events))
        .route("/connectors/{id}/do", post(do_to))
        .route("/step", post(step))
        .route("/mode", post(mode))
        .route("/faults", post(add_fault).get(faults).delete(clear_faults))
        .route("/cut", post(cut))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/actions", get(actions))
        .with_state(simulator)
}

/// A connector as the panel sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PanelConnector {
    /// As on the wire.
    #[serde(flatten)]
    pub connector: Connector,
    /// What its next start will meet.
    pub fault: Option<Trouble>,
    /// Whether it is gone from the fleet, and can be returned.
    pub vanished: bool,
}

/// Everything, as the panel sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FleetState {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    /// Who moves the clock.
    pub mode: Mode,
    /// The model's time.
    pub now_ms: i64,
    /// Ordered by id.
    pub connectors: Vec<PanelConnector>,
    /// In force.
    pub faults: Vec<Fault>,
}

impl FleetState {
    pub(super) fn new(mode: Mode, now_ms: i64, connectors: Vec<PanelConnector>, faults: Vec<Fault>) -> Self {
        Self { event: None, mode, now_ms, connectors, faults }
    }

    /// As the data of an event.
    pub(super) fn named(mut self, event: &'static str) -> Self {
        self.event = Some(event);
        self
    }
}

/// A refusal of the control interface: a sentence.
#[derive(Debug)]
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "message": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

async fn state(State(simulator): State<LifecycleSimulator>) -> Json<FleetState> {
    Json(simulator.state())
}

async fn events(State(simulator): State<LifecycleSimulator>) -> Response {
    push::states(simulator).into_response()
}

async fn do_to(
    State(simulator): State<LifecycleSimulator>,
    Path(id): Path<String>,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let Json(order) = order?;
    simulator.do_to(&id, order).map_err(|message| Refused(StatusCode::NOT_FOUND, message))?;
    let connectors = simulator.state().connectors;
    let connector = connectors.into_iter().find(|c| c.connector.id == id);
    Ok(Json(json!({ "connector": connector })))
}

#[derive(Deserialize)]
struct Step {
    ms: u32,
}

async fn step(
    State(simulator): State<LifecycleSimulator>,
    step: Result<Json<Step>, JsonRejection>,
) -> Result<Json<FleetState>, Refused> {
    let Json(Step { ms }) = step?;
    if simulator.mode() == Mode::Automatic {
        let message = "Time goes by itself: set the mode to explicit first.".to_owned();
        return Err(Refused(StatusCode::CONFLICT, message));
    }
    simulator.step(ms.into());
    Ok(Json(simulator.state()))
}

#[derive(Deserialize)]
struct NewMode {
    mode: Mode,
}

async fn mode(
    State(simulator): State<LifecycleSimulator>,
    mode: Result<Json<NewMode>, JsonRejection>,
) -> Result<Json<FleetState>, Refused> {
    let Json(NewMode { mode }) = mode?;
    simulator.set_mode(mode);
    Ok(Json(simulator.state()))
}

async fn add_fault(
    State(simulator): State<LifecycleSimulator>,
    fault: Result<Json<Fault>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let Json(fault) = fault?;
    simulator.add_fault(fault);
    Ok(Json(json!({ "faults": simulator.state().faults })))
}

async fn faults(State(simulator): State<LifecycleSimulator>) -> Json<Value> {
    Json(json!({ "faults": simulator.state().faults }))
}

async fn clear_faults(State(simulator): State<LifecycleSimulator>) -> StatusCode {
    simulator.clear_faults();
    StatusCode::NO_CONTENT
}

async fn cut(State(simulator): State<LifecycleSimulator>) -> StatusCode {
    simulator.cut_streams();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn requests(
    State(simulator): State<LifecycleSimulator>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Json<Vec<RequestRecord>>, Refused> {
    let Query(After { after }) = after.map_err(|rejection| Refused(rejection.status(), rejection.body_text()))?;
    Ok(Json(simulator.requests_after(after)))
}

async fn clear_requests(State(simulator): State<LifecycleSimulator>) -> StatusCode {
    simulator.with(|world| world.requests.clear());
    StatusCode::NO_CONTENT
}

async fn actions(State(simulator): State<LifecycleSimulator>) -> Json<Vec<Carried>> {
    Json(simulator.actions())
}
