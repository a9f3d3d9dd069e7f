//! The event stream: whatever a connector is called, and wherever a reader says it left off, a strict reader of server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) gets each event whole, and no other. And whatever comes in one,
//! in whatever pieces, our own reader gets what the standard says.
use std::time::Duration;

use botswain::lifecycle::contract::{Connector, Event, LastOperation};
use botswain::lifecycle::sse::{Frame, LONGEST, Parser};
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, FleetSeed, LifecycleSimulator, Mode, Options, Patch};
use proptest::prelude::*;
use reqwest::header::HeaderValue;
use reqwest::{Client, Response};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::json::text;
use crate::{fuzz, runtime};

const TOKEN: &str = "harbour-master-7f3a";
const PATIENCE: Duration = Duration::from_secs(30);

/// A reader that knows nothing but the standard.
struct Reader {
    response: Response,
    bytes: Vec<u8>,
    last_id: String,
}

/// An event as the standard dispatches it.
#[derive(Debug)]
struct Dispatched {
    id: String,
    name: String,
    data: String,
}

impl Reader {
    /// The next line, without its end: LF, CR, or both.
    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
                let crlf = self.bytes.get(end..end + 2) == Some(b"\r\n");
                let line = self.bytes[..end].to_vec();
                self.bytes.drain(..end + if crlf { 2 } else { 1 });
                return String::from_utf8(line).unwrap();
            }
            self.bytes.extend(self.response.chunk().await.unwrap().unwrap());
        }
    }

    async fn next(&mut self) -> Dispatched {
        let (mut name, mut data) = (String::new(), String::new());
        loop {
            let line = self.line().await;
            if line.is_empty() {
                if data.is_empty() {
                    name.clear();
                    continue;
                }
                data.pop();
                return Dispatched { id: self.last_id.clone(), name, data };
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => name = value.to_owned(),
                "data" => data = format!("{data}{value}\n"),
                "id" if !value.contains('\0') => self.last_id = value.to_owned(),
                // Comments, and what the standard has a reader overlook.
                "" | "id" | "retry" => {}
                other => panic!("{other:?} is no field of the standard"),
            }
        }
    }

    async fn event(&mut self) -> (String, Event) {
        // For the whole event: comments come all the while.
        let got = tokio::time::timeout(PATIENCE, self.next()).await.unwrap_or_else(|_| panic!("no event comes"));
        let event: Event = serde_json::from_str(&got.data).unwrap();
        assert_eq!(got.name, event.name());
        (got.id, event)
    }
}

struct Service {
    runtime: Runtime,
    simulator: LifecycleSimulator,
    url: String,
}

impl Service {
    fn start(fleet: Vec<Connector>) -> Self {
        let runtime = runtime();
        let options = Options {
            token: TOKEN.into(),
            mode: Mode::Explicit,
            fleet: FleetSeed::Connectors(fleet),
            load_drift: None,
            ..Options::default()
        };
        let simulator = LifecycleSimulator::new(options);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/v1/events", listener.local_addr().unwrap());
        let router = simulator.router();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { runtime, simulator, url }
    }

    async fn read(&self, http: &Client, last: Option<HeaderValue>) -> Reader {
        let request = http.get(&self.url).bearer_auth(TOKEN);
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Reader { response, bytes: Vec::new(), last_id: String::new() }
    }
}

fn http() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

#[test]
fn every_event_is_read_whole_whatever_the_names_hold() {
    let service = Service::start(vec![healthy("a", "A Bot", "Production")]);
    let http = http();
    let names = (text(), text(), text(), text(), text(), any::<i64>());
    fuzz(64, names, |(name, bot_name, agent, environment, what, since_ms)| {
        service.runtime.block_on(async {
            let mut reader = service.read(&http, None).await;
            let last_operation = Some(Some(LastOperation { what, by: Some(bot_name.clone()), at_ms: since_ms }));
            let patch = Patch {
                name: Some(name),
                bot_name: Some(bot_name),
                agent: Some(agent),
                environment: Some(environment),
                since_ms: Some(since_ms),
                last_operation,
                ..Patch::default()
            };
            // Load as well, so that something surely changes.
            let before = service.simulator.connector("a").unwrap().conversations.unwrap_or(0);
            let patch = Patch { conversations: Some(Some(before ^ 1)), ..patch };
            service.simulator.do_to("a", Deed::Set(Box::new(patch))).unwrap();
            let (id, event) = reader.event().await;
            let now = service.simulator.connector("a").unwrap();
            assert_eq!(event, Event::ConnectorChanged { connector: Box::new(now.clone()) });
            // And the next one comes right behind it, for whoever goes on from there.
            service.simulator.do_to("a", Deed::Vanish).unwrap();
            service.simulator.do_to("a", Deed::Return).unwrap();
            let mut again = service.read(&http, Some(id.parse().unwrap())).await;
            for reader in [&mut reader, &mut again] {
                assert_eq!(reader.event().await.1, Event::ConnectorRemoved { connector_id: "a".to_owned() });
                assert_eq!(reader.event().await.1, Event::ConnectorChanged { connector: Box::new(now.clone()) });
            }
        });
    });
}

#[test]
fn wherever_a_reader_says_it_left_off_it_is_told_to_read_again_or_gets_what_it_missed() {
    let service = Service::start(vec![healthy("a", "A Bot", "Production")]);
    let http = http();
    // Each case begins and ends with a connector that is well, so that both of its changes are changes.
    service.simulator.do_to("a", Deed::Drop).unwrap();
    service.simulator.do_to("a", Deed::Recover).unwrap();
    let boot = service.runtime.block_on(async {
        let mut reader = service.read(&http, Some(HeaderValue::from_static("0"))).await;
        let (id, event) = reader.event().await;
        assert_eq!(event, Event::Reset {});
        id.split_once('-').unwrap().0.to_owned()
    });
    let number = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        (0_u64..4).prop_map(|n| n.to_string()),
        prop::sample::select(vec!["", "-1", "+1", "01", "18446744073709551616", "1-1"]).prop_map(str::to_owned),
    ];
    let last = prop_oneof![
        number.prop_map(move |number| format!("{boot}-{number}").into_bytes()),
        prop::collection::vec(prop_oneof![32_u8..127, 128_u8..=255, Just(b'\t')], 0..300),
    ];
    fuzz(64, last, |last| {
        let Ok(value) = HeaderValue::from_bytes(&last) else { return };
        service.runtime.block_on(async {
            let mut reader = service.read(&http, Some(value)).await;
            service.simulator.do_to("a", Deed::Drop).unwrap();
            service.simulator.do_to("a", Deed::Recover).unwrap();
            let (first, event) = reader.event().await;
            // Both changes may have come before the stream first looked: then they are behind a reset.
            if event == (Event::Reset {}) {
                service.simulator.do_to("a", Deed::Drop).unwrap();
                service.simulator.do_to("a", Deed::Recover).unwrap();
            }
            assert_ne!(first, reader.event().await.0);
        });
    });
}

/// What the standard makes of a whole stream, with no thought of its size: the events, and the last event's id.
fn by_the_standard(bytes: &[u8]) -> (Vec<Frame>, Option<String>) {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // What comes after the last end of a line is no line.
    let lines = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let lines = if text.contains('\n') { lines.split('\n').collect() } else { Vec::new() };
    let (mut frames, mut name, mut data, mut id, mut last) = (Vec::new(), String::new(), String::new(), None, None);
    for line in lines {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => {
                last.clone_from(&id);
                if let Some(data) = std::mem::take(&mut data).strip_suffix('\n') {
                    frames.push(Frame { name: std::mem::take(&mut name), data: Some(data.to_owned()) });
                }
                name.clear();
            }
            "event" => name = value.to_owned(),
            "data" => data = format!("{data}{value}\n"),
            "id" if !value.contains('\0') => id = Some(value.to_owned()),
            _ => {}
        }
    }
    (frames, last)
}

#[test]
fn whatever_comes_in_whatever_pieces_is_read_as_the_standard_says() {
    let words = [
        "data",
        "event",
        "id",
        "retry",
        ":",
        ": ",
        " ",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "\0",
        "\u{feff}",
        "7",
        "ü",
        "data: x\n",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(words.map(|word| word.as_bytes().to_vec()).to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
        1 => text().prop_map(String::into_bytes),
    ];
    let pieces = prop::collection::vec(piece, 0..60);
    fuzz(256, (pieces, prop::collection::vec(1_usize..9, 1..9)), |(pieces, lengths)| {
        let bytes = pieces.concat();
        let mut parser = Parser::default();
        let (mut rest, mut frames) = (bytes.as_slice(), Vec::new());
        for length in lengths.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(*length));
            frames.extend(parser.feed(piece));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let (expected, last) = by_the_standard(&bytes);
        assert_eq!(frames, expected);
        // One that is too long for a header is kept as none.
        let last = last.map(|id| if id.len() > 512 { String::new() } else { id });
        assert_eq!(parser.last_id(), last.as_deref());
    });
}

#[test]
fn however_long_a_line_or_an_event_is_what_comes_next_is_read() {
    let field = prop::sample::select(vec!["data: ", "event: ", ": ", "id: ", "", "retry: "]);
    let long = (field, 0_usize..4, 1_usize..4, any::<bool>());
    fuzz(24, long, |(field, over, times, ends)| {
        let line = format!("{field}{}{}", "x".repeat(LONGEST * over / 2), if ends { "\n" } else { "\r\n" });
        let bytes = format!("{}\nid: 1\nevent: next\ndata: y\n\n", line.repeat(times));
        let mut parser = Parser::default();
        let frames: Vec<_> = bytes.as_bytes().chunks(4093).flat_map(|piece| parser.feed(piece)).collect();
        assert_eq!(frames.last(), Some(&Frame { name: "next".to_owned(), data: Some("y".to_owned()) }));
        assert!(frames.iter().all(|frame| frame.data.as_ref().is_none_or(|data| data.len() <= LONGEST)));
        assert_eq!(parser.last_id(), Some("1"));
    });
}
