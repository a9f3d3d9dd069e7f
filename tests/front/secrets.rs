//! P12: what must never be in a log.

use std::io;
use std::sync::{Arc, Mutex};

use botswain::config::{LogFormat, LogSettings};
use botswain::telemetry;
use serde_json::json;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::harbour::Harbour;

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_no_token_is_logged_however_much_is_asked_for_and_whatever_fails() {
    let heard = Heard::default();
    let writer = heard.clone();
    let settings = LogSettings { format: LogFormat::Json, filter: Targets::new().with_default(tracing::Level::TRACE) };
    // Heard are all tests of this program: the more, the better.
    tracing_subscriber::registry().with(telemetry::lines(&settings, false, move || writer.clone())).init();
    let harbour = Harbour::open().await;
    let callback = "POST /interactions/{id}/{token}/callback";
    let edit = "PATCH /webhooks/{application}/{token}/messages/@original";
    for (kind, route) in [("drop", callback), ("drop", edit), ("drop_after", callback)] {
        harbour.fault(json!({"kind": kind, "route": route, "times": 1})).await;
        harbour.ask(harbour.olga(), "stop", &[("connector", "billing-2")]).await;
    }
    // One that is lost for good, so that its failure is logged.
    harbour.fault(json!({"kind": "drop", "route": callback})).await;
    harbour.run(harbour.olga(), "stop", &[("connector", "billing-2")]).await;
    harbour.control().clear("/faults").await;
    harbour
        .gateway(json!({"action": "garbage_event", "data": {"id": "77", "type": 2, "token": "not-to-be-seen"}}))
        .await;
    harbour.until("the event to be counted", async |h| h.pulse.undecoded() == 1).await;
    let requests = harbour.control().look("/requests").await;
    let mut tokens = vec!["not-to-be-seen".to_owned(), harbour.token()];
    for request in requests.as_array().unwrap() {
        let path: Vec<_> = request["path"].as_str().unwrap().split('/').collect();
        if let Some(place) = path.iter().position(|part| ["interactions", "webhooks"].contains(part)) {
            tokens.push(path[place + 2].to_owned());
        }
    }
    assert!(tokens.len() > 6, "{tokens:?}");
    let heard = String::from_utf8_lossy(&heard.0.lock().unwrap()).into_owned();
    assert!(heard.contains("an answer did not reach Discord"), "what failed is logged");
    for token in tokens {
        assert!(!heard.contains(&token), "a token is in the log: {token}");
    }
    harbour.control().clear("/violations").await;
    harbour.close().await;
}
