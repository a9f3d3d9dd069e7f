//! The push side: what changes, as it changes, and from where a reader left off.
use std::collections::VecDeque;
use std::time::Duration;

use botswain::lifecycle::contract::Event;
use botswain::sandbox::lifecycle::{Deed, Patch};
use reqwest::{Method, Response};

use super::world::{TOKEN, World, stop, world};

const LONG: Duration = Duration::from_secs(20);

struct Stream {
    response: Response,
    text: String,
    ready: VecDeque<(String, String, Event)>,
}

impl Stream {
    async fn open(world: &World, last: Option<&str>) -> Self {
        let mut request = world.request(Method::GET, "v1/events").bearer_auth(TOKEN);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new(), ready: VecDeque::new() }
    }

    /// The next event: its id, its name, its data. (In time as a whole: comments come all the while.)
    async fn next(&mut self) -> (String, String, Event) {
        tokio::time::timeout(LONG, self.read()).await.expect("an event in time")
    }

    async fn read(&mut self) -> (String, String, Event) {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return ready;
            }
            let chunk = self.response.chunk().await.unwrap().expect("a stream that goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = frame.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().unwrap_or_default().trim().to_owned()
                };
                let data = field("data:");
                if !data.is_empty() {
                    let event = serde_json::from_str(&data).unwrap();
                    self.ready.push_back((field("id:"), field("event:"), event));
                }
                self.text = rest.to_owned();
            }
        }
    }
}

#[tokio::test]
async fn what_changes_is_pushed_in_order() {
    let world = world().await;
    let mut stream = Stream::open(&world, None).await;
    world.change("billing-1", "key-1", stop()).await;
    world.simulator.do_to("faq-1", Deed::Vanish).unwrap();
    let (_, name, event) = stream.next().await;
    assert_eq!(name, "operation.changed");
    assert!(matches!(event, Event::OperationChanged { operation } if operation.state == "accepted"));
    let (_, name, event) = stream.next().await;
    assert_eq!(name, "connector.changed");
    assert!(matches!(event, Event::ConnectorChanged { connector } if connector.operation_id.is_some()));
    let (_, name, event) = stream.next().await;
    assert_eq!(name, "connector.removed");
    assert_eq!(event, Event::ConnectorRemoved { connector_id: "faq-1".to_owned() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_that_comes_while_the_stream_looks_for_more() {
    let world = world().await;
    let mut stream = Stream::open(&world, None).await;
    for n in 1..=3_000_u32 {
        let load = Patch { conversations: Some(Some(n)), ..Patch::default() };
        world.simulator.do_to("faq-1", Deed::Set(Box::new(load))).unwrap();
        // As soon as one is read the stream looks for the next, which comes just then.
        if n % 2 == 0 {
            for number in [n - 1, n] {
                let (_, _, event) = stream.next().await;
                let Event::ConnectorChanged { connector } = event else { panic!("{event:?}") };
                assert_eq!(connector.conversations, Some(number));
            }
        }
    }
}

#[tokio::test]
async fn a_reader_goes_on_where_it_left_off() {
    let world = world().await;
    let mut stream = Stream::open(&world, None).await;
    world.simulator.do_to("billing-1", Deed::Drop).unwrap();
    let (id, ..) = stream.next().await;
    drop(stream);
    world.simulator.do_to("billing-2", Deed::Drop).unwrap();
    let mut stream = Stream::open(&world, Some(&id)).await;
    let (_, _, event) = stream.next().await;
    assert!(matches!(event, Event::ConnectorChanged { connector } if connector.id == "billing-2"));
}

#[tokio::test]
async fn a_reader_that_missed_too_much_is_told_to_read_again() {
    let world = world().await;
    let mut stream = Stream::open(&world, None).await;
    world.simulator.do_to("billing-1", Deed::Drop).unwrap();
    let (id, ..) = stream.next().await;
    drop(stream);
    for n in 0..2_100 {
        let load = Patch { conversations: Some(Some(n)), ..Patch::default() };
        world.simulator.do_to("faq-1", Deed::Set(Box::new(load))).unwrap();
    }
    for last in [id.as_str(), "00000000-1", "nonsense", "", "00000000-99999999999999999999"] {
        let mut stream = Stream::open(&world, Some(last)).await;
        let (id, name, event) = stream.next().await;
        assert_eq!((name.as_str(), event), ("reset", Event::Reset {}), "{last}");
        world.simulator.do_to("billing-2", Deed::Drop).unwrap();
        world.simulator.do_to("billing-2", Deed::Recover).unwrap();
        let (next, _, event) = stream.next().await;
        assert_ne!(next, id);
        assert!(matches!(event, Event::ConnectorChanged { connector } if connector.id == "billing-2"));
    }
}
