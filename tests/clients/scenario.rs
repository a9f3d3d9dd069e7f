//! What every client has to get through, as a person and Discord's own moods would have it.
use std::time::Duration;

use botswain::sandbox::discord::Seed;
use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::judge::judge;
use crate::process::Sandbox;

/// Longer than anything should take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
const CALLBACK: &str = "POST /interactions/{id}/{token}/callback";

/// Log in, register, answer, defer and edit with a file, button, menu, modal, autocomplete, RESUME, a 429.
pub(crate) async fn passes(sandbox: &Sandbox) {
    let person = Person::of(sandbox);
    person
        .until("the bot to log in and register", "/state", |state| {
            state["connected"] == true && names(&state["commands"]) == ["greet", "panel", "pick", "report", "why"]
        })
        .await;
    person.is_greeted().await;
    person.gets_a_report().await;
    person.presses_and_selects().await;
    person.says_why().await;
    person.is_offered_choices().await;
    person.is_served_after_a_resume().await;
    person.is_answered_in_spite_of_a_429().await;

    assert_eq!(person.look("/violations").await, json!([]), "Discord would have refused something");
    let requests = person.look("/requests").await;
    let requests = requests.as_array().unwrap();
    assert_eq!(requests.last().unwrap()["n"], requests.len(), "some were forgotten");
    judge(requests, &[]);
}

fn names(commands: &Value) -> Vec<&str> {
    let mut names: Vec<_> = commands.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

/// Olga in the team channel, through the control interface.
struct Person {
    control: String,
    seed: Seed,
    http: reqwest::Client,
}

impl Person {
    fn of(sandbox: &Sandbox) -> Self {
        let control = format!("{}/control/discord", sandbox.setting("DISCORD_API_URL"));
        Self { control, seed: Seed::default(), http: reqwest::Client::new() }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.control));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.timeout(PATIENCE).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn look(&self, path: &str) -> Value {
        self.send(Method::GET, path, Value::Null).await
    }

    /// Does something in the team channel, and gets the first answer.
    async fn does(&self, path: &str, mut what: Value) -> Value {
        what["as"] = json!(self.seed.olga.id);
        what["channel_id"] = json!(self.seed.team_channel.id);
        self.send(Method::POST, path, what).await
    }

    async fn runs(&self, name: &str, options: Value) -> Value {
        self.does("/commands", json!({"name": name, "options": options})).await
    }

    /// The message of an interaction once it is answered for good.
    async fn done(&self, begun: &Value) -> Value {
        let wait = json!({"interaction_id": begun["interaction_id"], "timeout_ms": PATIENCE.as_millis()});
        let answer = self.send(Method::POST, "/wait", wait).await;
        assert_eq!(answer["state"], "answered", "{begun} became {answer}");
        answer["message"].clone()
    }

    /// Waits until the look at `path` is as asked: asked at once, and again at each event.
    async fn until(&self, what: &str, path: &str, fits: impl Fn(&Value) -> bool) {
        let events = self.http.get(format!("{}/events", self.control)).send().await.unwrap();
        let mut events = events.bytes_stream();
        let waiting = async {
            while !fits(&self.look(path).await) {
                events.next().await.expect("the sandbox tells its events").unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("waited in vain for {what}; last seen: {}", self.look(path).await);
        }
    }

    async fn is_greeted(&self) {
        let answer = self.runs("greet", json!([{"name": "name", "value": "Olga"}])).await;
        assert_eq!(
            (&answer["outcome"], &answer["message"]["content"]),
            (&json!("message"), &json!("Ahoy, Olga")),
            "{answer}"
        );
    }

    async fn gets_a_report(&self) {
        let begun = self.runs("report", json!([])).await;
        // It may have been filled already when this is seen.
        assert!(begun["outcome"] == "deferred", "{begun}");
        let message = self.done(&begun).await;
        assert_eq!(
            (&message["content"], &message["attachments"][0]["filename"]),
            (&json!("done"), &json!("report.csv"))
        );
        let file = self.http.get(message["attachments"][0]["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(&file.bytes().await.unwrap()[..], b"a,b\n1,2\n");
    }

    async fn presses_and_selects(&self) {
        for (path, custom_id, values, expected) in
            [("/press", "go", None, "pressed"), ("/select", "env", Some(json!(["demo"])), "selected demo")]
        {
            let panel = self.runs("panel", json!([])).await["message"].clone();
            assert_eq!(panel["content"], "panel");
            let mut what = json!({"message_id": panel["id"], "custom_id": custom_id});
            if let Some(values) = values {
                what["values"] = values;
            }
            let message = self.done(&self.does(path, what).await).await;
            assert_eq!((&message["id"], &message["content"]), (&panel["id"], &json!(expected)));
            assert_eq!(message["components"], json!([]));
        }
    }

    async fn says_why(&self) {
        let shown = self.runs("why", json!([])).await;
        assert_eq!((&shown["outcome"], &shown["modal"]["title"]), (&json!("modal"), &json!("Why?")), "{shown}");
        let submit = json!({
            "as": self.seed.olga.id, "interaction_id": shown["interaction_id"], "custom_id": "why", "values": {"reason": "fog"},
        });
        let sent = self.send(Method::POST, "/submit", submit).await;
        assert_eq!(sent["message"]["content"], "because fog", "{sent}");
    }

    async fn is_offered_choices(&self) {
        let typed = json!({"name": "pick", "options": [{"name": "bot", "value": "Bil", "focused": true}]});
        let offered = self.does("/autocomplete", typed).await;
        assert_eq!(offered["choices"], json!([{"name": "Bil — 2 of 2 healthy", "value": "Bil"}]), "{offered}");
    }

    async fn is_served_after_a_resume(&self) {
        self.send(Method::POST, "/gateway", json!({"action": "drop"})).await;
        self.until("a RESUME", "/gateway", |gateway| gateway["resumed"] == 1 && gateway["connected"] == true).await;
        self.is_greeted().await;
        assert_eq!(self.look("/gateway").await["identified"], 1, "it did not log in anew");
    }

    async fn is_answered_in_spite_of_a_429(&self) {
        let before = self.look("/requests").await.as_array().unwrap().len();
        let fault = json!({"kind": "rate_limit", "retry_after": 1.0, "route": CALLBACK, "times": 1});
        self.send(Method::POST, "/faults", fault).await;
        self.is_greeted().await;
        let requests = self.look(&format!("/requests?after={before}")).await;
        let tried: Vec<_> =
            requests.as_array().unwrap().iter().filter(|request| request["route"] == CALLBACK).collect();
        assert_eq!(tried.len(), 2, "{requests}");
        assert_eq!(tried[0]["status"], 429);
        let waited = tried[1]["at_ms"].as_i64().unwrap() - tried[0]["at_ms"].as_i64().unwrap();
        assert!(waited >= 1000, "it came again after {waited} ms");
    }
}
