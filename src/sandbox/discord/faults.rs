//! Faults on demand: what goes wrong on Discord's side, for which route, how often. Pure; `rest` carries them out.
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    /// 429 with Discord's headers and body. `headers: false` leaves the headers out, as some proxies do.
    RateLimit {
        #[serde(default = "one_second")]
        retry_after: f64,
        #[serde(default)]
        global: bool,
        #[serde(default = "yes")]
        headers: bool,
    },
    /// A 5xx.
    ServerError {
        #[serde(default = "bad_gateway")]
        status: u16,
    },
    /// Any refusal of Discord's. One that is about haste (such as 30046, too many edits of old messages) says how long.
    Refuse {
        status: u16,
        code: u32,
        message: String,
        #[serde(default)]
        retry_after: Option<f64>,
    },
    /// The request is read and not answered: for `ms`, or until the fault is taken away; then the connection closes.
    Hang { ms: Option<u64> },
    /// The connection closes once the request is read; nothing is carried out.
    Drop,
    /// Carried out, and then the connection closes without an answer.
    DropAfter,
    /// Carried out `ms` later.
    Slow { ms: u64 },
}

fn one_second() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn bad_gateway() -> u16 {
    502
}

/// A fault that lies in wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault {
    #[serde(default)]
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) kind: Kind,
    /// `POST /channels/{id}/messages`; without a method, every method; absent, every route.
    #[serde(default)]
    pub(crate) route: Option<String>,
    /// How often it still strikes; absent: until it is taken away.
    #[serde(default)]
    pub(crate) times: Option<u32>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    last: u64,
    waiting: Vec<Fault>,
}

impl Faults {
    /// Lays a fault in wait; gives its id.
    pub(crate) fn add(&mut self, mut fault: Fault) -> u64 {
        self.last += 1;
        fault.id = self.last;
        self.waiting.push(fault);
        self.last
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.waiting
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Takes away the faults that are made for this route.
    pub(crate) fn clear_route(&mut self, route: &str) {
        self.waiting.retain(|fault| fault.route.as_deref() != Some(route));
    }

    /// Whether the fault is there, spent or not.
    pub(crate) fn stands(&self, id: u64) -> bool {
        self.waiting.iter().any(|fault| fault.id == id)
    }

    /// The fault that strikes this request, if any. `path` is the request's own, `template` the same with ids taken out.
    pub(crate) fn strike(&mut self, method: &str, path: &str, template: &str) -> Option<(u64, Kind)> {
        let found = self.waiting.iter_mut().find(|fault| {
            fault.times != Some(0)
                && fault
                    .route
                    .as_deref()
                    .is_none_or(|route| matches(route, method, path) || matches(route, method, template))
        })?;
        if let Some(times) = &mut found.times {
            *times -= 1;
        }
        let struck = (found.id, found.kind.clone());
        // A hanging request waits for its fault to be taken away, so that one stays, spent.
        self.waiting.retain(|fault| fault.times != Some(0) || matches!(fault.kind, Kind::Hang { ms: None }));
        Some(struck)
    }
}

fn matches(route: &str, method: &str, path: &str) -> bool {
    let (wanted, pattern) = route.trim().split_once(' ').unwrap_or(("", route.trim()));
    let pattern = pattern.strip_prefix("/api/v10").unwrap_or(pattern);
    let split = |text: &str| text.trim_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, path) = (split(pattern), split(path));
    (wanted.is_empty() || wanted.eq_ignore_ascii_case(method))
        && pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(wanted, found)| wanted == found || wanted == "*" || wanted.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(route: Option<&str>, times: Option<u32>) -> Fault {
        Fault { id: 0, kind: Kind::Drop, route: route.map(str::to_owned), times }
    }

    #[test]
    fn a_fault_strikes_its_route_as_often_as_asked() {
        let mut faults = Faults::default();
        faults.add(fault(Some("POST /channels/{id}/messages"), Some(1)));
        assert!(faults.strike("GET", "/channels/1/messages", "/channels/{id}/messages").is_none());
        assert!(faults.strike("POST", "/channels/1/messages/2", "/channels/{id}/messages/{id}").is_none());
        assert!(faults.strike("POST", "/channels/1/messages", "/channels/{id}/messages").is_some());
        assert!(faults.strike("POST", "/channels/1/messages", "/channels/{id}/messages").is_none());
    }

    #[test]
    fn a_fault_without_a_route_strikes_every_route_until_it_is_cleared() {
        let mut faults = Faults::default();
        faults.add(fault(None, None));
        for _ in 0..3 {
            assert!(faults.strike("GET", "/gateway", "/gateway").is_some());
        }
        faults.clear();
        assert!(faults.strike("GET", "/gateway", "/gateway").is_none());
    }
}
