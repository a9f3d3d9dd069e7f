//! What the tests of timelines have in common: incidents to which something happens, and what their threads say.

use botswain::discord::delivery;
use botswain::discord::timelines::{Stepped, Timelines};
use botswain::domain::attention::{Attended, Attention, Due, Wish};
use botswain::domain::audit::{Entry, Verdict};
use botswain::domain::authority::Person;
use botswain::domain::ids::UserId;
use botswain::domain::incident::{Incident, Phase};
use botswain::domain::redundancy::Level;
use botswain::store::incidents::{Changed, Kept};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{World, facts};

impl World {
    /// Delivers all that is due, then tells all that is; what the telling came to.
    pub(crate) async fn tells(&self, timelines: &Timelines, second: i64) -> Vec<Stepped> {
        while self.step(second).await != delivery::Stepped::Idle {}
        let mut steps = Vec::new();
        loop {
            match timelines.step(self.at(second)).await.unwrap() {
                Stepped::Idle => return steps,
                step => steps.push(step),
            }
            assert!(steps.len() < 50, "it loops: {steps:?}");
        }
    }

    /// What a thread says, line by line, without the times.
    pub(crate) async fn thread(&self, thread: &str) -> Vec<String> {
        let path = format!("/channels/{thread}/messages?as={}", self.seed.olga.id);
        let messages = self.control(Method::GET, &path, Value::Null).await;
        let text = |message: &Value| message["content"].as_str().unwrap().to_owned();
        let texts: Vec<_> = messages.as_array().unwrap().iter().map(text).collect();
        let lines = texts.iter().flat_map(|text| text.lines());
        let line = |line: &str| line.split_once(":T> ").map_or(line, |(_, rest)| rest).to_owned();
        lines.map(line).collect()
    }

    /// How many messages it holds.
    pub(crate) async fn parts(&self, thread: &str) -> usize {
        let path = format!("/channels/{thread}/messages?as={}", self.seed.olga.id);
        self.control(Method::GET, &path, Value::Null).await.as_array().unwrap().len()
    }

    pub(crate) async fn kept(&self, incident: &Incident) -> Kept {
        self.store.incident(&incident.id).await.unwrap().unwrap()
    }

    /// Its counts change, and nothing else.
    pub(crate) async fn has(&self, incident: &Incident, level: Level, healthy: u32) {
        let now = self.kept(incident).await.incident;
        self.changes(&Incident { facts: facts(level, healthy), phase: Phase::Open, ..now }, false).await;
    }

    pub(crate) async fn is_reminded(&self, incident: &Incident) {
        let kept = self.kept(incident).await;
        let before = kept.incident.attention.clone();
        let attention = Attention { said: before.said + 1, reminded_at: Some(self.at(0)), ..before };
        let attended = Attended { due: vec![(Due::Reminder, attention.said)], attention };
        assert_eq!(self.store.attend_incident(&kept, &attended, self.at(0)).await.unwrap(), Changed::Now);
    }

    /// Olga has this wish.
    pub(crate) async fn wishes(&self, incident: &Incident, wish: Wish) {
        let kept = self.kept(incident).await;
        let olga = Person { id: UserId(self.seed.olga.id.to_string().parse().unwrap()), name: "Olga".to_owned() };
        let attention = kept.incident.take(wish, &olga, self.at(0)).unwrap();
        let entry = Entry::new(format!("interaction:{}", kept.version()), olga, Verdict::Done, "", self.at(0));
        let handled = self.store.handle_incident(&kept, &attention, &entry, self.at(0)).await.unwrap();
        assert_eq!(handled, Changed::Now);
    }

    /// Gives or takes a permission of the bot's in the alert channel.
    pub(crate) async fn denies(&self, bits: u64) {
        let path = format!("/channels/{}/permissions", self.alerts());
        let deny = json!({"role_or_user_id": self.seed.bot_user_id, "type": 1, "allow": "0", "deny": bits.to_string()});
        self.control(Method::PUT, &path, deny).await;
    }

    /// Discord refuses with this code.
    pub(crate) async fn refuses(&self, route: &str, status: u16, code: u32, times: Option<u32>) {
        let fault =
            json!({"kind": "refuse", "status": status, "code": code, "message": "no", "route": route, "times": times});
        self.fault(fault).await;
    }

    /// As [`World::is_tidy`], with threads: whatever has a text says that it mentions nobody, and nobody was.
    pub(crate) async fn is_quiet_in_threads(&self, pings: usize) {
        assert_eq!(self.store.waiting_lines().await.unwrap(), 0, "lines wait");
        for (route, body) in self.requests().await {
            if body.get("content").is_some() {
                assert_eq!(body.pointer("/allowed_mentions/parse"), Some(&json!([])), "{route}: {body}");
            }
        }
        assert_eq!(self.pings().await, pings);
    }
}
