//! The gate before the service: every call of the product is held here until the schedule says how it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use botswain::sandbox::lifecycle::LifecycleSimulator;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// How a held call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is carried out and answered.
    On,
    /// It is carried out, and the answer is lost.
    Unanswered,
    /// It never gets there.
    Nowhere,
}

/// A call that is held.
#[derive(Debug)]
pub struct Held {
    /// The idempotency key, where it would change something.
    pub key: Option<String>,
    way: oneshot::Sender<Way>,
}

impl Held {
    pub fn go(self, way: Way) {
        // Whoever called may be dead, and the call goes on all the same.
        self.way.send(way).ok();
    }
}

/// Each door has a path of its own, so that it is known whose call it is.
pub struct Gate {
    pub doors: Vec<Door>,
    open: Arc<AtomicBool>,
    server: tokio::task::JoinHandle<()>,
}

pub struct Door {
    pub url: reqwest::Url,
    pub calls: mpsc::UnboundedReceiver<Held>,
}

#[derive(Clone)]
struct Keeper {
    calls: mpsc::UnboundedSender<Held>,
    open: Arc<AtomicBool>,
}

impl Gate {
    pub async fn before(service: &LifecycleSimulator, doors: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(AtomicBool::new(true));
        let mut router = axum::Router::new();
        let mut all = Vec::new();
        for number in 0..doors {
            let (sender, calls) = mpsc::unbounded_channel();
            let keeper = Keeper { calls: sender, open: Arc::clone(&open) };
            router = router.nest(&format!("/{number}"), service.router().layer(from_fn_with_state(keeper, hold)));
            all.push(Door { url: format!("http://{address}/{number}/").parse().unwrap(), calls });
        }
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { doors: all, open, server }
    }

    /// Open, nothing is held.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn hold(State(keeper): State<Keeper>, request: Request, next: Next) -> Response {
    if keeper.open.load(Ordering::Relaxed) {
        return next.run(request).await;
    }
    let key = key_of(request.headers());
    let (way, decided) = oneshot::channel();
    // Once it was sent it is on its way, whether or not its sender lives.
    let on_its_way = tokio::spawn(async move {
        match decided.await {
            Ok(Way::On) => next.run(request).await,
            Ok(Way::Unanswered) => {
                next.run(request).await;
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Ok(Way::Nowhere) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    });
    drop(keeper.calls.send(Held { key, way }));
    on_its_way.await.unwrap()
}

/// The key of a change. What only uses a key up can change nothing.
fn key_of(headers: &HeaderMap) -> Option<String> {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let withdraws = header("if-match").is_some_and(|revision| revision.starts_with("\"withdrawn-"));
    header("idempotency-key").filter(|_| !withdraws).map(str::to_owned)
}
