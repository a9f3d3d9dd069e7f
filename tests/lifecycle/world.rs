//! A simulator on a real port, with a plain HTTP client that holds every answer against the document.
use std::time::Duration;

use botswain::lifecycle::{LifecycleClient, Settings};
use botswain::sandbox::lifecycle::{LifecycleSimulator, Mode, Options, openapi};
use reqwest::{Method, Url};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const TOKEN: &str = "harbour-master-7f3a";

pub(crate) struct World {
    pub(crate) simulator: LifecycleSimulator,
    pub(crate) url: Url,
    http: reqwest::Client,
    document: Value,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The last part of the problem's type; checks that it is a whole problem.
    pub(crate) fn problem(&self) -> &str {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status, "{self:?}");
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
        self.body["type"].as_str().unwrap().rsplit(':').next().unwrap()
    }
}

pub(crate) fn explicit() -> Options {
    Options {
        token: SecretString::from(TOKEN),
        mode: Mode::Explicit,
        start_ms: Some(1_790_000_000_000),
        ..Options::default()
    }
}

pub(crate) async fn world() -> World {
    World::with(explicit()).await
}

impl World {
    pub(crate) async fn with(options: Options) -> Self {
        let simulator = LifecycleSimulator::new(options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = simulator.router().nest("/control/fleet", simulator.control());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            simulator,
            url: url.parse().unwrap(),
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap(),
            document: serde_json::to_value(openapi()).unwrap(),
            server,
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            total_timeout: Duration::from_secs(20),
            ..Settings::new(self.url.clone(), SecretString::from(TOKEN))
        }
    }

    pub(crate) fn client(&self) -> LifecycleClient {
        LifecycleClient::new(self.settings()).unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.url, path.trim_start_matches('/'));
        self.http.request(method, url)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(TOKEN)).await
    }

    pub(crate) async fn change(&self, id: &str, key: &str, body: Value) -> Answer {
        self.change_if(id, key, None, body).await
    }

    pub(crate) async fn change_if(&self, id: &str, key: &str, if_match: Option<&str>, body: Value) -> Answer {
        let path = format!("v1/connectors/{id}/operations");
        let mut request = self.request(Method::POST, &path).bearer_auth(TOKEN);
        request = request.header("Idempotency-Key", key).json(&body);
        if let Some(if_match) = if_match {
            request = request.header("If-Match", if_match);
        }
        self.send(request).await
    }

    /// Sends, and holds the answer against the document: no status and no media type but those that it names.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.http.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, headers, body };
        if let Some(operation) = self.documented(&method, &path) {
            let described = &operation["responses"][status.to_string()];
            assert!(described.is_object(), "{method} {path} answered an undocumented {status}");
            let media = answer.header("content-type").split(';').next().unwrap();
            if !media.is_empty() {
                let content = &described["content"][media];
                assert!(content.is_object(), "{method} {path} {status} answered an undocumented {media}");
            }
            for (name, described) in described["headers"].as_object().into_iter().flatten() {
                let optional = described["schema"]["type"].is_array();
                assert!(optional || answer.headers.contains_key(name), "{path} {status} lacks {name}");
            }
        }
        answer
    }

    /// The operation of the document that a request is for.
    pub(crate) fn documented(&self, method: &Method, path: &str) -> Option<&Value> {
        let fits = |template: &str| {
            let (mut a, mut b) = (template.split('/'), path.split('/'));
            loop {
                match (a.next(), b.next()) {
                    (None, None) => return true,
                    (Some(a), Some(b)) if a == b || (a.starts_with('{') && !b.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        let paths = self.document["paths"].as_object().unwrap();
        let (_, item) = paths.iter().find(|(template, _)| fits(template))?;
        item.get(method.as_str().to_lowercase())
    }
}

pub(crate) fn stop() -> Value {
    json!({ "action": "stop", "requested_by": "olga", "reason": "wrong answers" })
}

pub(crate) fn start() -> Value {
    json!({ "action": "start", "requested_by": "olga" })
}

pub(crate) fn redeploy(to: &str) -> Value {
    json!({ "action": "redeploy", "target_environment": to, "requested_by": "olga" })
}
