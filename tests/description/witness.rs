//! Looks on for the length of a test, and fails it at its end if an event did not decode with serenity's types, or if
//! Discord's own description (where it is present) has something against a request or an answer.
#[path = "judge.rs"]
pub(crate) mod judge;

use botswain::sandbox::discord::{DiscordStandIn, Seen};
use serenity::model::event::GatewayEvent;
use tokio::sync::mpsc::UnboundedReceiver;

use self::judge::judge;

/// See the file's first line. It belongs into what a test ends with.
#[derive(Debug)]
pub(crate) struct Witness {
    seen: UnboundedReceiver<Seen>,
    meant_to_be_refused: &'static [u64],
}

impl Witness {
    /// Looks on from now on. A request whose refusal has one of these codes was wrong on purpose.
    pub(crate) fn of(stand_in: &DiscordStandIn, meant_to_be_refused: &'static [u64]) -> Self {
        Self { seen: stand_in.witness(), meant_to_be_refused }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (mut requests, mut undecoded) = (Vec::new(), Vec::new());
        while let Ok(seen) = self.seen.try_recv() {
            match seen {
                Seen::Request(request) => requests.push(request),
                Seen::Event(text) => undecoded.extend(undecodable(&text)),
            }
        }
        assert!(undecoded.is_empty(), "serenity does not know what it was sent:\n{}", undecoded.join("\n"));
        judge(&requests, self.meant_to_be_refused);
    }
}

/// Why an event would be lost on a bot, if it would.
pub(crate) fn undecodable(text: &str) -> Option<String> {
    match serde_json::from_str(text) {
        Ok(GatewayEvent::Dispatch(_, event)) if event.name().is_some() => None,
        Ok(other) => Some(format!("{text}: {other:?}")),
        Err(why) => Some(format!("{text}: {why}")),
    }
}
