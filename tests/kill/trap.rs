//! The trap between the program and the service: what the program asks of one step is held until it was killed.

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use botswain::lifecycle::contract::{Problem, ProblemKind};
use botswain::sandbox::lifecycle::LifecycleSimulator;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// At what of a step the program is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// It was sent, and never arrives.
    Sent,
    /// It was carried out, and the answer is lost.
    Taken,
    /// It is asked for the first time how it goes.
    Followed,
    /// The service says that it is over, and nobody hears it.
    Over,
    /// That was heard, and the connector is looked at.
    Watched,
}

impl At {
    pub const ALL: [Self; 5] = [Self::Sent, Self::Taken, Self::Followed, Self::Over, Self::Watched];
}

#[derive(Default)]
struct Set {
    /// The step by its number in its operation, and at what of it.
    on: Option<(usize, At)>,
    /// The service's operation of that step, and its connector.
    operation: Option<(String, String)>,
    is_over: bool,
    /// The service refuses this step once.
    refuses: Option<usize>,
}

pub struct Trap {
    pub url: String,
    set: Arc<Mutex<Set>>,
    sprung: Arc<Notify>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Keeper {
    set: Arc<Mutex<Set>>,
    sprung: Arc<Notify>,
}

impl Trap {
    pub async fn before(service: &LifecycleSimulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keeper = Keeper { set: Arc::default(), sprung: Arc::default() };
        let (set, sprung) = (Arc::clone(&keeper.set), Arc::clone(&keeper.sprung));
        let router = service.router().layer(from_fn_with_state(keeper, hold));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, set, sprung, server }
    }

    pub fn set(&self, on: Option<(usize, At)>) {
        *self.set.lock().unwrap() = Set { on, ..Set::default() };
    }

    pub fn refuse(&self, step: usize) {
        self.set.lock().unwrap().refuses = Some(step);
    }

    /// Waits until the program is in it.
    pub async fn sprung(&self) {
        self.sprung.notified().await;
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The number of the step that a change is, as its key ends.
fn step_of(headers: &HeaderMap) -> Option<usize> {
    headers.get("idempotency-key")?.to_str().unwrap().rsplit('-').next()?.parse().ok()
}

async fn hold(State(keeper): State<Keeper>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let step = step_of(request.headers()).filter(|_| method == Method::POST);
    if keeper.refuses(step) {
        let problem = Problem::new(ProblemKind::UnknownEnvironment, "There is no such environment.");
        let body = serde_json::to_vec(&problem).unwrap();
        let kind = [("content-type", "application/problem+json")];
        return (StatusCode::UNPROCESSABLE_ENTITY, kind, body).into_response();
    }
    if keeper.is_at_the_call(step, &path) {
        return keeper.hold().await;
    }
    let (parts, body) = next.run(request).await.into_parts();
    if parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
        return Response::from_parts(parts, body);
    }
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let said = serde_json::from_slice(&bytes).unwrap_or_default();
    if keeper.is_at_the_answer(step, &path, &said) {
        return keeper.hold().await;
    }
    Response::from_parts(parts, Body::from(bytes))
}

impl Keeper {
    fn refuses(&self, step: Option<usize>) -> bool {
        let mut set = self.set.lock().unwrap();
        step.is_some() && set.refuses.take_if(|refused| Some(*refused) == step).is_some()
    }

    /// Whether the program is killed before this call gets anywhere.
    fn is_at_the_call(&self, step: Option<usize>, path: &str) -> bool {
        let set = self.set.lock().unwrap();
        let Some((on, at)) = set.on else { return false };
        let (operation, connector) = set.operation.clone().unwrap_or_default();
        match at {
            At::Sent => step == Some(on),
            At::Followed => !operation.is_empty() && path == format!("/v1/operations/{operation}"),
            At::Watched => set.is_over && path == format!("/v1/connectors/{connector}"),
            At::Taken | At::Over => false,
        }
    }

    /// Whether the program is killed before this answer gets there; what it says is kept.
    fn is_at_the_answer(&self, step: Option<usize>, path: &str, said: &Value) -> bool {
        let mut set = self.set.lock().unwrap();
        let Some((on, at)) = set.on else { return false };
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        if step == Some(on) {
            set.operation = Some((text("id"), text("connector_id")));
            return at == At::Taken;
        }
        let ours = set.operation.as_ref().is_some_and(|(id, _)| path == format!("/v1/operations/{id}"));
        let ends = ours && ["succeeded", "failed"].contains(&text("state").as_str());
        set.is_over |= ends;
        ends && at == At::Over
    }

    /// Whoever called is dead before there is an answer.
    async fn hold(&self) -> Response {
        self.set.lock().unwrap().on = None;
        self.sprung.notify_one();
        std::future::pending().await
    }
}
