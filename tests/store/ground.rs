//! Where a test stands: an empty store, on a database of its own that is gone afterwards.

use std::sync::Arc;

use botswain::store::Store;
use secrecy::SecretString;
use sqlx::{AnyConnection, Executor as _};
use tempfile::TempDir;
use tokio::sync::Barrier;

use crate::database::{self, Database};

pub struct Ground {
    pub store: Store,
    // Behind the store, so that it is dropped after it.
    pub place: Place,
}

/// A database that no other test knows.
pub enum Place {
    Folder(TempDir),
    Server(Database),
}

impl Place {
    pub fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    pub async fn server() -> Self {
        Self::Server(Database::create().await)
    }

    pub fn url(&self) -> SecretString {
        match self {
            Self::Folder(folder) => format!("sqlite:{}", folder.path().join("botswain.db").display()).into(),
            Self::Server(database) => database.url().into(),
        }
    }

    /// A connection beside the store's.
    pub async fn connect(&self) -> AnyConnection {
        let url = match self {
            Self::Folder(folder) => format!("sqlite://{}?mode=rwc", folder.path().join("botswain.db").display()),
            Self::Server(database) => database.url(),
        };
        database::connect(&url).await.unwrap()
    }
}

impl Ground {
    pub async fn sqlite() -> Self {
        Self::on(Place::folder()).await
    }

    pub async fn postgresql() -> Self {
        Self::on(Place::server().await).await
    }

    async fn on(place: Place) -> Self {
        Self { store: Store::open(&place.url()).await.unwrap(), place }
    }

    /// The process is gone, and another one opens what it left.
    pub async fn restarted(self) -> Self {
        self.store.close().await;
        drop(self.store);
        Self::on(self.place).await
    }

    /// Does something to the tables that the store itself never does.
    pub async fn meddle(&self, statement: &str) {
        self.place.connect().await.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
    }
}

/// Does all of this at once, each in a task of its own, and returns what each came to.
pub async fn at_once<T, F>(racers: impl IntoIterator<Item = F>) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let racers: Vec<_> = racers.into_iter().collect();
    let start = Arc::new(Barrier::new(racers.len()));
    let run = |racer: F| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            racer.await
        })
    };
    let mut came_to = Vec::new();
    for racer in racers.into_iter().map(run).collect::<Vec<_>>() {
        came_to.push(racer.await.unwrap());
    }
    came_to
}
