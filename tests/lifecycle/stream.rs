//! Our client of the event stream: against the simulator, and against services that cut, stumble, forget, lie and fall silent.
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use botswain::domain::connector::Revision;
use botswain::lifecycle::{Following, LifecycleClient, Pushes, Settings, StreamState, Told, Word};
use botswain::sandbox::lifecycle::{Deed, Fault, FaultKind, Patch};
use futures_util::StreamExt as _;
use futures_util::stream;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::subscriber::DefaultGuard;

use super::client::id;
use super::world::{World, world};

const LONG: Duration = Duration::from_secs(20);
/// What a service pushes when billing-1 changed.
const BILLING: &str = "event: connector.changed\ndata: {\"connector\":{\"id\":\"billing-1\",\"revision\":\"r7\"}}\n\n";

/// A client that follows a stream, and what came of it.
struct Follower {
    pushes: Arc<Pushes>,
    state: watch::Receiver<StreamState>,
    shutdown: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Follower {
    fn of(client: &LifecycleClient) -> Self {
        let events = client.events();
        let (pushes, state, shutdown) = (events.pushes(), events.state(), CancellationToken::new());
        let task: JoinHandle<()> = tokio::spawn(events.run(shutdown.clone()));
        Self { pushes, state, shutdown, task: AbortOnDropHandle::new(task) }
    }

    async fn told(&self) -> Told {
        tokio::time::timeout(LONG, self.pushes.told()).await.expect("it is told in time")
    }

    async fn is(&mut self, wanted: StreamState) {
        let waited = tokio::time::timeout(LONG, self.state.wait_for(|state| *state == wanted)).await;
        waited.expect("it gets there in time").unwrap();
    }

    async fn ends(self) {
        self.shutdown.cancel();
        tokio::time::timeout(LONG, self.task).await.expect("it ends in time").unwrap();
    }
}

/// Quick enough for a test, and patient where a test is to see that nothing happens.
fn following() -> Following {
    let quickly = Duration::from_millis(10);
    Following { idle: LONG, wait: quickly, longest_wait: quickly, not_offered: Duration::from_secs(3600) }
}

fn settings(url: &str) -> Settings {
    let settings = Settings::new(url.parse().unwrap(), SecretString::from("t"));
    Settings { events: following(), ..settings }
}

/// One answer of a scripted service.
#[derive(Clone)]
enum Line {
    /// A stream of these pieces, which then ends.
    Ends(Vec<Bytes>),
    /// A stream of these pieces, then of nothing.
    Hangs(Vec<Bytes>),
    /// A stream in which no line ever ends.
    Endless,
    /// This status, as text.
    Status(u16),
    /// 307 to there.
    Redirect(String),
}

/// A service that answers so in turn, and with the last of them for ever; and who asked, by `Last-Event-ID`.
struct Service {
    url: String,
    asked: watch::Receiver<Vec<Option<String>>>,
    _server: AbortOnDropHandle<()>,
}

impl Service {
    async fn new(lines: Vec<Line>) -> Self {
        let (noted, asked) = watch::channel(Vec::new());
        let left = Arc::new(Mutex::new(VecDeque::from(lines)));
        let router = axum::Router::new().fallback(move |headers: HeaderMap| {
            let mut left = left.lock().unwrap();
            let line = if left.len() > 1 { left.pop_front().unwrap() } else { left[0].clone() };
            assert_eq!(headers["authorization"], "Bearer t");
            assert_eq!(headers["accept"], "text/event-stream");
            let last = headers.get("last-event-id").map(|last| last.to_str().unwrap().to_owned());
            noted.send_modify(|asked| asked.push(last));
            std::future::ready(answer(line))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked, _server: AbortOnDropHandle::new(server) }
    }

    fn follower(&self) -> Follower {
        Follower::of(&LifecycleClient::new(settings(&self.url)).unwrap())
    }

    /// The ids of the first so many requests.
    async fn asked(&mut self, times: usize) -> Vec<Option<String>> {
        let asked = tokio::time::timeout(LONG, self.asked.wait_for(|asked| asked.len() >= times)).await;
        asked.expect("it is asked in time").unwrap()[..times].to_vec()
    }
}

fn answer(line: Line) -> Response {
    let events = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")];
    let pieces = |pieces: Vec<Bytes>| stream::iter(pieces.into_iter().map(Ok::<_, io::Error>));
    match line {
        Line::Ends(all) => (events, Body::from_stream(pieces(all))).into_response(),
        Line::Hangs(all) => (events, Body::from_stream(pieces(all).chain(stream::pending()))).into_response(),
        Line::Endless => {
            let more = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 1024])));
            let more = more.then(async |piece| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                piece
            });
            (events, Body::from_stream(more)).into_response()
        }
        Line::Status(status) => (StatusCode::from_u16(status).unwrap(), "text").into_response(),
        Line::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
    }
}

fn pieces(texts: &[&str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect()
}

fn billing() -> Told {
    let word = Word::Has(Revision("r7".to_owned()));
    Told { named: [(id("billing-1"), word)].into(), ..Told::default() }
}

/// What is logged on this thread while the guard lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(move || writer.clone());
        (log, tracing::subscriber::set_default(lines.finish()))
    }

    fn count(&self, what: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock().unwrap()).matches(what).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn does(world: &World, connector: &str, deed: Deed) -> Revision {
    world.simulator.do_to(connector, deed).unwrap();
    Revision(world.simulator.connector(connector).map(|connector| connector.revision).unwrap_or_default())
}

#[tokio::test]
async fn what_changes_is_told_with_its_revision() {
    let world = world().await;
    let mut follower = Follower::of(&world.client());
    follower.is(StreamState::Stands).await;
    let dropped = does(&world, "billing-1", Deed::Drop);
    assert_eq!(follower.told().await.named[&id("billing-1")], Word::Has(dropped.clone()));
    let load = Patch { conversations: Some(Some(7)), ..Patch::default() };
    assert_eq!(does(&world, "billing-1", Deed::Set(Box::new(load))), dropped, "load is no other state");
    assert_eq!(follower.told().await.named[&id("billing-1")], Word::Has(dropped));
    does(&world, "billing-1", Deed::Vanish);
    let told = follower.told().await;
    assert_eq!((&told.named[&id("billing-1")], told.any), (&Word::Gone, false));
    follower.ends().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_is_taken_up_where_it_was() {
    let first = format!("retry: 1\nid: 7\n{BILLING}id: 8\nevent: connector.removed\ndata: {{\"connec");
    let lines = vec![Line::Ends(pieces(&[&first[..30], &first[30..]])), Line::Status(502), Line::Hangs(Vec::new())];
    let mut service = Service::new(lines).await;
    let mut follower = service.follower();
    assert_eq!(follower.told().await, billing());
    let seven = Some("7".to_owned());
    assert_eq!(service.asked(3).await, [None, seven.clone(), seven], "what was not whole was not seen");
    follower.is(StreamState::Stands).await;
    follower.ends().await;
}

#[tokio::test]
async fn the_simulator_gives_what_a_cut_stream_missed() {
    let world = world().await;
    let mut follower =
        Follower::of(&LifecycleClient::new(Settings { events: following(), ..world.settings() }).unwrap());
    follower.is(StreamState::Stands).await;
    does(&world, "billing-2", Deed::Drop);
    follower.told().await;
    // It is refused for a while after it is cut; what happens meanwhile is made up for.
    world.simulator.add_fault(Fault::from(FaultKind::ServerError { status: 503 }).on("GET /v1/events"));
    world.simulator.cut_streams();
    follower.is(StreamState::Down).await;
    let dropped = does(&world, "billing-1", Deed::Drop);
    world.simulator.clear_faults();
    assert_eq!(follower.told().await.named[&id("billing-1")], Word::Has(dropped));
}

#[tokio::test]
async fn where_it_left_off_is_forgotten_when_the_service_has_forgotten_it() {
    for status in [400, 404, 410] {
        let lines = vec![Line::Ends(pieces(&["id: 7\n\n"])), Line::Status(status), Line::Hangs(Vec::new())];
        let mut service = Service::new(lines).await;
        let mut follower = service.follower();
        let told = follower.told().await;
        assert!(told.any && told.named.is_empty(), "what came between may be anything");
        assert_eq!(service.asked(3).await, [None, Some("7".to_owned()), None], "{status}");
        follower.is(StreamState::Stands).await;
    }
    let reset = "event: reset\ndata: {}\n\n";
    let mut service = Service::new(vec![Line::Hangs(pieces(&[reset]))]).await;
    assert!(service.follower().told().await.any);
    let strange = ["id: 7\n\nid: a\tb\u{7f}\n\n", "id: 7\n\nid\n\n"];
    for text in strange {
        service = Service::new(vec![Line::Ends(pieces(&[text])), Line::Hangs(Vec::new())]).await;
        let _follower = service.follower();
        assert_eq!(service.asked(2).await, [None, None], "an id that cannot be sent is none");
    }
}

#[tokio::test]
async fn a_service_that_offers_none_is_said_once_left_alone_and_asked_again_some_day() {
    for status in [204, 200, 404, 405, 406, 410, 501] {
        let (log, _guard) = Log::listen();
        let mut service = Service::new(vec![Line::Status(status)]).await;
        let mut follower = service.follower();
        follower.is(StreamState::NotOffered).await;
        assert_eq!((service.asked(1).await.len(), log.count("polled only")), (1, 1), "{status}");
    }
    let (log, _guard) = Log::listen();
    let mut lines = vec![Line::Status(404); 9];
    lines.push(Line::Hangs(Vec::new()));
    let mut service = Service::new(lines).await;
    let soon = Following { not_offered: Duration::from_millis(1), ..following() };
    let client = LifecycleClient::new(Settings { events: soon, ..settings(&service.url) }).unwrap();
    let mut follower = Follower::of(&client);
    service.asked(10).await;
    follower.is(StreamState::Stands).await;
    assert_eq!(log.count("polled only"), 1);
}

#[tokio::test]
async fn a_refused_token_and_a_stream_that_is_down_for_long_are_said_once() {
    for (status, level) in [(401, "ERROR"), (403, "ERROR"), (500, "WARN"), (429, "WARN")] {
        let (log, _guard) = Log::listen();
        let mut lines = vec![Line::Status(status); 9];
        lines.push(Line::Hangs(Vec::new()));
        let mut service = Service::new(lines).await;
        let mut follower = service.follower();
        service.asked(10).await;
        follower.is(StreamState::Stands).await;
        assert_eq!((log.count(level), log.count("stands")), (1, 1), "{status}");
    }
}

#[tokio::test]
async fn one_that_is_cut_and_stands_again_at_once_is_not_worth_a_word() {
    let (log, _guard) = Log::listen();
    let lines = vec![Line::Ends(Vec::new()), Line::Status(500), Line::Hangs(pieces(&[BILLING]))];
    let follower = Service::new(lines).await;
    let follower = follower.follower();
    follower.told().await;
    assert_eq!((log.count("stands"), log.count("WARN")), (1, 0));
}

#[tokio::test]
async fn a_silent_stream_is_opened_again_and_so_is_one_in_which_no_line_ends() {
    for line in [Line::Hangs(Vec::new()), Line::Endless] {
        let mut service = Service::new(vec![line, Line::Hangs(pieces(&[BILLING]))]).await;
        let idle = Following { idle: Duration::from_millis(100), ..following() };
        let client = LifecycleClient::new(Settings { events: idle, ..settings(&service.url) }).unwrap();
        let follower = Follower::of(&client);
        assert_eq!(follower.told().await, billing());
        service.asked(2).await;
    }
}

#[tokio::test]
async fn nothing_in_a_stream_hides_what_comes_after_it() {
    let huge = format!("event: connector.changed\ndata: {}\n\n", "x".repeat(3 << 20));
    let bad = [
        "event: connector.changed\ndata: {\"connector\":{\"id\":\"..\",\"revision\":\"r1\"}}\n\n",
        "event: connector.changed\ndata: {\"connector\":{\"id\":7,\"revision\":\"r1\"}}\n\n",
        "event: connector.changed\ndata: [[\"billing-2\",\"r1\"]]\n\n",
        "event: connector.changed\ndata: {\n\n",
        "event: connector.changed\n\n",
        "event: connector.removed\ndata: {\"connector_id\":\"\"}\n\n",
        "event: connector.exploded\ndata: {\"connector_id\":\"billing-2\"}\n\n",
        "data: {\"type\":\"reset\"}\n\n",
        "<!doctype html>\n\n\0\u{1}\r\r\r\n",
        &huge,
    ];
    let (log, _guard) = Log::listen();
    let mut all = pieces(&bad);
    all.push(Bytes::from_static(b"\xff\xfe\xc3(\n\n"));
    all.extend(pieces(&[BILLING]));
    let service = Service::new(vec![Line::Hangs(all)]).await;
    assert_eq!(service.follower().told().await, billing());
    assert_eq!(log.count("could not be read"), 1, "it is said once");
}

#[tokio::test]
async fn p12_the_token_goes_to_one_origin_only() {
    let mut elsewhere = Service::new(vec![Line::Hangs(Vec::new())]).await;
    let there = format!("{}v1/events", elsewhere.url);
    let mut service = Service::new(vec![Line::Redirect(there)]).await;
    let follower = service.follower();
    service.asked(4).await;
    assert_eq!(*follower.state.borrow(), StreamState::Down);
    assert!(elsewhere.asked.borrow_and_update().is_empty());
}

#[tokio::test]
async fn it_ends_when_it_is_to_end_however_it_is() {
    for line in [Line::Hangs(Vec::new()), Line::Status(404), Line::Endless] {
        let mut service = Service::new(vec![line]).await;
        let follower = service.follower();
        service.asked(1).await;
        follower.ends().await;
    }
    let nobody = LifecycleClient::new(settings("http://127.0.0.1:9/")).unwrap();
    Follower::of(&nobody).ends().await;
}
