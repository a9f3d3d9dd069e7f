//! The gateway's sessions: numbered events, kept so that a session can be resumed. No sockets: a connection is a channel
//! into which frames are put. <https://docs.discord.com/developers/events/gateway>
use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use crate::sandbox::discord::{
    event::EventKind,
    rules::items,
    snowflake::{self, Snowflake},
    witness::{Seen, Witnesses},
    world::intents::MESSAGE_CONTENT,
};

/// How many events are kept for a resume.
const KEPT: usize = 5_000;
/// How many sessions without a connection are kept.
const ABANDONED: usize = 4;

/// What a connection is told to do.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    Text(String),
    /// A close frame, with a code or without.
    Close(Option<u16>),
    /// The connection breaks, without a word.
    Break,
}

#[derive(Debug)]
struct Session {
    id: String,
    intents: u64,
    seq: u64,
    /// Number and text of the latest events.
    kept: VecDeque<(u64, String)>,
    /// The last event that went out on a connection.
    sent: u64,
    connection: Option<u64>,
}

/// All sessions and connections.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    sessions: Vec<Session>,
    connections: BTreeMap<u64, UnboundedSender<Frame>>,
    /// Connections that came while nothing was answered, and so never heard HELLO.
    ungreeted: Vec<u64>,
    last: u64,
    /// Heartbeats are not acknowledged.
    pub(crate) mute_acks: bool,
    /// Nothing is answered and nothing is sent.
    pub(crate) deaf: bool,
    /// How many IDENTIFY and RESUME were accepted, for tests.
    pub(crate) identified: u64,
    pub(crate) resumed: u64,
    pub(crate) witnesses: Witnesses,
}

/// Why a RESUME is not granted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoResume {
    /// Opcode 9: IDENTIFY anew.
    UnknownSession,
    /// Close code 4007.
    InvalidSeq,
}

impl Sessions {
    /// A new connection, not identified yet.
    pub(crate) fn connect(&mut self, frames: UnboundedSender<Frame>) -> u64 {
        self.last += 1;
        self.connections.insert(self.last, frames);
        self.last
    }

    /// HELLO, unless nothing is answered.
    pub(crate) fn greet(&mut self, connection: u64, hello: String) {
        if self.deaf {
            self.ungreeted.push(connection);
        } else {
            self.frame(connection, Frame::Text(hello));
        }
    }

    /// Switches the silence. After it, those who waited for HELLO in vain have to dial again.
    pub(crate) fn set_deaf(&mut self, on: bool) {
        self.deaf = on;
        if !on {
            for connection in std::mem::take(&mut self.ungreeted) {
                self.frame(connection, Frame::Break);
            }
            self.flush();
        }
    }

    /// The connection is gone; its session can be resumed.
    pub(crate) fn disconnect(&mut self, connection: u64) {
        self.connections.remove(&connection);
        for session in self.sessions.iter_mut().filter(|session| session.connection == Some(connection)) {
            session.connection = None;
        }
    }

    /// Whether a bot is there: identified, and its connection alive.
    pub(crate) fn connected(&self) -> bool {
        self.sessions.iter().any(|session| session.connection.is_some())
    }

    /// How many connections are open, identified or not.
    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Whether this connection is identified.
    pub(crate) fn is_identified(&self, connection: u64) -> bool {
        self.sessions.iter().any(|session| session.connection == Some(connection))
    }

    /// The intents of this connection's session.
    pub(crate) fn intents(&self, connection: u64) -> u64 {
        self.sessions.iter().find(|session| session.connection == Some(connection)).map_or(0, |session| session.intents)
    }

    /// A new session on this connection; `ready` makes READY from the session's id.
    pub(crate) fn identify(&mut self, connection: u64, intents: u64, ready: impl FnOnce(&str) -> Value) {
        let id = format!("{:032x}", rand::random::<u128>());
        let data = ready(&id);
        self.identified += 1;
        self.drop_oldest();
        self.sessions.push(Session {
            id,
            intents,
            seq: 0,
            kept: VecDeque::new(),
            sent: 0,
            connection: Some(connection),
        });
        self.send_to(connection, EventKind::Ready, &data);
    }

    /// Sessions that nobody came back for do not pile up.
    fn drop_oldest(&mut self) {
        let left = self.sessions.iter().filter(|session| session.connection.is_none()).count();
        let oldest = self.sessions.iter().position(|session| session.connection.is_none());
        if let Some(oldest) = oldest.filter(|_| left > ABANDONED) {
            self.sessions.remove(oldest);
        }
    }

    /// Takes a session up again: the events after `seq`, then RESUMED.
    pub(crate) fn resume(&mut self, connection: u64, id: &str, seq: u64) -> Result<(), NoResume> {
        let session = self.sessions.iter_mut().find(|session| session.id == id).ok_or(NoResume::UnknownSession)?;
        if seq > session.seq {
            return Err(NoResume::InvalidSeq);
        }
        let first_kept = session.kept.front().map_or(session.seq + 1, |(n, _)| *n);
        if seq + 1 < first_kept {
            return Err(NoResume::UnknownSession);
        }
        let old = session.connection.replace(connection);
        session.sent = seq;
        self.resumed += 1;
        if let Some(old) = old.filter(|old| *old != connection) {
            self.frame(old, Frame::Break);
        }
        self.flush();
        self.send_to(connection, EventKind::Resumed, &json!({"_trace": []}));
        Ok(())
    }

    /// Forgets all sessions: nothing can be resumed.
    pub(crate) fn forget_all(&mut self) {
        self.sessions.clear();
    }

    /// An event for every session that asked for it.
    pub(crate) fn dispatch(&mut self, event: EventKind, data: &Value, intents: u64, bot: Snowflake) {
        for session in &mut self.sessions {
            if intents == 0 || session.intents & intents != 0 {
                let stripped = without_content(event, data, session.intents, bot);
                let text = session.keep(event.name(), stripped.as_ref().unwrap_or(data));
                self.witnesses.tell(|| Seen::Event(text.to_owned()));
            }
        }
        self.flush();
    }

    /// An event for one connection's session.
    pub(crate) fn send_to(&mut self, connection: u64, event: EventKind, data: &Value) {
        for session in self.sessions.iter_mut().filter(|session| session.connection == Some(connection)) {
            let text = session.keep(event.name(), data);
            self.witnesses.tell(|| Seen::Event(text.to_owned()));
        }
        self.flush();
    }

    /// Sends what has not gone out yet, unless nothing may.
    pub(crate) fn flush(&mut self) {
        if self.deaf {
            return;
        }
        for session in &mut self.sessions {
            let Some(frames) = session.connection.and_then(|id| self.connections.get(&id)) else {
                continue;
            };
            let pending = usize::try_from(session.seq - session.sent).unwrap_or(usize::MAX);
            for (n, text) in session.kept.range(session.kept.len().saturating_sub(pending)..) {
                if frames.send(Frame::Text(text.clone())).is_ok() {
                    session.sent = *n;
                }
            }
        }
    }

    /// Something for one connection that is not an event.
    pub(crate) fn frame(&self, connection: u64, frame: Frame) {
        if let Some(frames) = self.connections.get(&connection) {
            // A connection that has just gone needs nothing any more.
            frames.send(frame).ok();
        }
    }

    /// The same for every connection.
    pub(crate) fn frame_all(&self, frame: &Frame) {
        for frames in self.connections.values() {
            frames.send(frame.clone()).ok();
        }
    }

    /// Text as it is, counted as an event if `t` is an event's name.
    pub(crate) fn garbage(&mut self, event: &str, data: &Value) {
        for session in &mut self.sessions {
            session.keep(event, data);
        }
        self.flush();
    }
}

impl Session {
    fn keep(&mut self, event: &str, data: &Value) -> &str {
        self.seq += 1;
        let text = json!({"op": 0, "t": event, "s": self.seq, "d": data}).to_string();
        self.kept.push_back((self.seq, text));
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        self.kept.back().map_or("", |(_, text)| text)
    }
}

/// Without the privileged intent, a message of others that does not mention the bot comes without what it says.
/// <https://docs.discord.com/developers/events/gateway#message-content-intent>
fn without_content(event: EventKind, data: &Value, intents: u64, bot: Snowflake) -> Option<Value> {
    let message = matches!(event, EventKind::MessageCreate | EventKind::MessageUpdate);
    let own = data.pointer("/author/id").and_then(snowflake::parse) == Some(bot);
    let mentioned = items(data, "mentions").iter().any(|user| snowflake::parse(&user["id"]) == Some(bot));
    if !message || own || mentioned || intents & MESSAGE_CONTENT != 0 {
        return None;
    }
    let mut stripped = data.clone();
    let map = stripped.as_object_mut()?;
    map.insert("content".into(), json!(""));
    for key in ["embeds", "components", "attachments"] {
        map.insert(key.into(), json!([]));
    }
    Some(stripped)
}
