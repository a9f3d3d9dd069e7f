//! `botswain run` as a process of its own, on a database that outlives it.

use botswain::audit::verify::{Verified, verify};
use botswain::store::ledger::Ledger;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use tempfile::TempDir;

/// The database that one process leaves to the next.
pub struct Database {
    /// As `DATABASE_URL` has it.
    pub url: String,
    _folder: Option<TempDir>,
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite:{}", folder.path().join("botswain.sqlite3").display()), _folder: Some(folder) }
    }

    /// One that somebody else made, and removes.
    pub fn at(url: String) -> Self {
        Self { url, _folder: None }
    }

    /// What the program itself says of the record's chain.
    pub async fn verified(&self) -> Verified {
        let mut ledger = Ledger::open(&self.url.clone().into()).await.unwrap();
        let verified = verify(&mut ledger, &[]).await.unwrap();
        ledger.close().await;
        verified
    }

    /// A connection beside the program's, to read what it wrote.
    pub async fn reader(&self) -> Result<AnyPool, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let url = self.url.replacen("sqlite:", "sqlite://", 1);
        AnyPoolOptions::new().max_connections(1).connect(&url).await
    }
}

/// The program, killed when it is dropped.
pub struct Program {
    path: PathBuf,
    settings: Vec<(String, String)>,
    folder: TempDir,
    child: Option<Child>,
}

impl Program {
    pub fn new(path: &Path, settings: Vec<(String, String)>) -> Self {
        Self { path: path.to_owned(), settings, folder: tempfile::tempdir().unwrap(), child: None }
    }

    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let child = Command::new(&self.path)
            .arg("run")
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("RUST_LOG", "warn,botswain=info")
            .current_dir(self.folder.path())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Kills it with SIGKILL. What it said of its end, if it had ended by itself before.
    pub fn kill(&mut self) -> Result<(), ExitStatus> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(ended) = child.try_wait().unwrap() {
            return Err(ended);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The last lines of its log.
    pub fn said(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill().ok();
    }
}
