//! A bot as a process beside its own sandbox, whose connectors and Discord live in this process.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use botswain::sandbox::lifecycle::{FleetSeed, LifecycleSimulator};
use botswain::sandbox::{Options, Sandbox};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use crate::pong;

/// What answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `botswain run`.
    Botswain,
    /// A bare serenity bot that answers "pong".
    Pong,
}

/// A sandbox and its bot. Dropped, the bot is killed.
pub struct Harbour {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    kind: Kind,
    settings: Vec<(String, String)>,
    folder: TempDir,
    child: Option<Child>,
}

impl Harbour {
    pub async fn open(kind: Kind, connectors: usize) -> Self {
        Self::with(kind, connectors, &[]).await
    }

    /// With settings of its own.
    pub async fn with(kind: Kind, connectors: usize, settings: &[(&str, &str)]) -> Self {
        let mut options = Options::default();
        options.fleet.fleet = if connectors == 0 { FleetSeed::Demo } else { FleetSeed::Generated(connectors) };
        options.fleet.load_drift = None;
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        // Far more is changed in ten minutes than any team would.
        let unlimited = [("CHANGES_PER_PERSON", "0"), ("CHANGES_PER_ENVIRONMENT", "0")];
        let settings = settings.iter().chain(&unlimited);
        let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut harbour = Self { sandbox, http: reqwest::Client::new(), kind, settings, folder, child: None };
        harbour.start().await;
        harbour
    }

    /// Starts the bot. How long it took until it was on the gateway, and until its commands were registered.
    pub async fn start(&mut self) -> (Duration, Duration) {
        let began = Instant::now();
        let mut command = match self.kind {
            Kind::Botswain => Command::new(env!("CARGO_BIN_EXE_botswain")),
            Kind::Pong => Command::new(std::env::current_exe().unwrap()),
        };
        let settings = self.sandbox.settings();
        let child = command
            .arg(if self.kind == Kind::Pong { pong::WORD } else { "run" })
            .env_clear()
            .envs(settings.lines().filter_map(|line| line.split_once('=')))
            .envs(self.settings.iter().cloned())
            .env("DATABASE_URL", format!("sqlite:{}", self.folder.path().join("botswain.sqlite3").display()))
            .current_dir(self.folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let connected = async |harbour: &Self| harbour.get("gateway").await["connected"] == true;
        while !connected(self).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let on_gateway = began.elapsed();
        while self.get("state").await["commands"].as_array().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (on_gateway, began.elapsed())
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What of it is in memory, in MiB.
    pub fn resident(&self) -> f64 {
        let id = self.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// How long it has been at work by now, on all processors: the machine may be busy with other things meanwhile.
    pub fn worked(&self) -> Duration {
        worked(self.child.as_ref().unwrap().id())
    }

    pub fn fleet(&self) -> &LifecycleSimulator {
        &self.sandbox.lifecycle.as_ref().unwrap().stand_in
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/control/discord/{path}", self.sandbox.discord.as_ref().unwrap().address)
    }

    pub async fn get(&self, path: &str) -> Value {
        self.http.get(self.url(path)).send().await.unwrap().json().await.unwrap()
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> T {
        self.http.post(self.url(path)).json(body).send().await.unwrap().json().await.unwrap()
    }
}

/// How long all threads of a process were at work (the first figure of schedstat, in nanoseconds).
pub fn worked(id: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap().filter_map(Result::ok);
    let figures = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
    figures.filter_map(|text| text.split(' ').next()?.parse().ok()).map(Duration::from_nanos).sum()
}

impl Drop for Harbour {
    fn drop(&mut self) {
        self.kill();
    }
}
