//! `botswain run` as a process of its own, on a database that outlives it.

use botswain::audit::verify::{Verified, verify};
use botswain::store::ledger::Ledger;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use tempfile::TempDir;

use crate::database;

/// The database that one process leaves to the next.
pub struct Database {
    /// As `DATABASE_URL` has it.
    pub url: String,
    _own: Own,
}

/// What goes with it.
enum Own {
    File { _folder: TempDir },
    OfServer { _database: database::Database },
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("botswain.sqlite3").display());
        Self { url, _own: Own::File { _folder: folder } }
    }

    pub async fn on_postgresql() -> Self {
        let database = database::Database::create().await;
        Self { url: database.url(), _own: Own::OfServer { _database: database } }
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
    /// `policy` is what its file of settings says.
    pub fn new(path: &Path, mut settings: Vec<(String, String)>, policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.toml");
        std::fs::write(&file, policy).unwrap();
        settings.push(("BOTSWAIN_CONFIG".to_owned(), file.display().to_string()));
        Self { path: path.to_owned(), settings, folder, child: None }
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
