//! Streams of server-sent events: the contract's, and the panel's.
use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;
use serde::Serialize;

use super::LifecycleSimulator;
use crate::lifecycle::contract::Event;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

type Frames = Vec<Frame>;

fn frame(name: Option<&str>, id: Option<String>, data: &impl Serialize) -> Option<Frame> {
    let mut frame = Frame::default();
    if let Some(name) = name {
        frame = frame.event(name);
    }
    if let Some(id) = id {
        frame = frame.id(id);
    }
    frame.json_data(data).ok()
}

/// The contract's events after `Last-Event-ID`, or from now on.
pub(super) fn events(
    simulator: LifecycleSimulator,
    last: Option<HeaderValue>,
) -> Sse<impl Stream<Item = Result<Frame, Infallible>>> {
    let (latest, cuts) = simulator.with(|world| (world.model.latest_event(), world.faults.cuts));
    let after = match last.as_ref().map(|value| value.to_str().unwrap_or_default()) {
        None => latest,
        // Ids of another run of the service mean that everything between is missing.
        Some(id) => simulator.event_number(id).filter(|number| *number <= latest).unwrap_or(u64::MAX),
    };
    follow(simulator, after, move |simulator, after| {
        // In one look: what came between two of them would be passed over.
        let (missing, events, latest, lost, cut) = simulator.with(|world| {
            let (missing, events) = world.model.events_after(*after);
            let faults = &world.faults;
            (missing, events, world.model.latest_event(), faults.lose_events(), faults.cuts != cuts)
        });
        if cut {
            return None;
        }
        let mut frames = Vec::new();
        if lost {
            // As if there had been none.
        } else if missing {
            let reset = Event::Reset {};
            // What is kept from before is part of what the reader is about to read again.
            frames.extend(frame(Some(reset.name()), Some(simulator.event_id(latest)), &reset));
        } else {
            frames.extend(
                events.iter().filter_map(|(n, event)| frame(Some(event.name()), Some(simulator.event_id(*n)), event)),
            );
        }
        *after = latest;
        Some(frames)
    })
}

/// The whole state for the panel, now and at every change.
pub(super) fn states(simulator: LifecycleSimulator) -> Sse<impl Stream<Item = Result<Frame, Infallible>>> {
    follow(simulator, None, |simulator, shown| {
        let versions = simulator.with(|world| world.versions());
        if *shown == Some(versions) {
            return Some(Vec::new());
        }
        *shown = Some(versions);
        let state = simulator.state().named("fleet");
        Some(frame(None, None, &state).into_iter().collect())
    })
}

/// What `next` yields, now and each time that something changed, until it yields no more or the simulator ends.
fn follow<S: Send + 'static>(
    simulator: LifecycleSimulator,
    place: S,
    next: impl Fn(&LifecycleSimulator, &mut S) -> Option<Frames> + Clone + Send + 'static,
) -> Sse<impl Stream<Item = Result<Frame, Infallible>>> {
    let changes = simulator.changes();
    let ready = std::collections::VecDeque::<Frame>::new();
    let start = (simulator, changes, place, ready);
    let frames = stream::unfold(start, move |(simulator, mut changes, mut place, mut ready)| {
        let next = next.clone();
        async move {
            loop {
                if let Some(frame) = ready.pop_front() {
                    return Some((Ok(frame), (simulator, changes, place, ready)));
                }
                changes.mark_unchanged();
                ready.extend(next(&simulator, &mut place)?);
                if !ready.is_empty() {
                    continue;
                }
                tokio::select! {
                    () = simulator.ended() => return None,
                    changed = changes.changed() => changed.ok()?,
                }
            }
        }
    });
    Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
