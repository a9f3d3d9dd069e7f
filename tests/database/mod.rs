//! A PostgreSQL database of a test's own: made under a name that nobody else has, and dropped with the test.
//!
//! The server is the one at `TEST_POSTGRES_URL`, the address of somebody who may make databases. `.ci/with-postgresql` runs
//! a command with one.

use sqlx::{AnyConnection, Connection as _, Executor as _};

pub struct Database {
    administrator: reqwest::Url,
    name: String,
}

impl Database {
    pub async fn create() -> Self {
        Self::create_with("ENCODING 'UTF8' TEMPLATE template0").await
    }

    /// A database made with these options of `CREATE DATABASE`.
    pub async fn create_with(options: &str) -> Self {
        let address = std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| {
            panic!(
                "TEST_POSTGRES_URL is not set: it must be the address of a PostgreSQL server's administrator, such as \
                 postgres://postgres@127.0.0.1:5432/postgres (or run this under .ci/with-postgresql)"
            )
        });
        let database = Self {
            administrator: reqwest::Url::parse(&address).unwrap(),
            name: format!("botswain_{:032x}", rand::random::<u128>()),
        };
        database.administer(format!("CREATE DATABASE {} {options}", database.name)).await.unwrap();
        database
    }

    /// Its address, as `DATABASE_URL` takes it.
    pub fn url(&self) -> String {
        let mut url = self.administrator.clone();
        url.set_path(&self.name);
        url.into()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends the session that holds the database for a process, as a restart of the server would. How many there were.
    pub async fn cut_the_lock(&self) -> usize {
        let mut connection = connect(&self.url()).await.unwrap();
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let ended = sqlx::query(cut).fetch_all(&mut connection).await.unwrap().len();
        connection.close().await.unwrap();
        ended
    }

    async fn administer(&self, statement: String) -> Result<(), sqlx::Error> {
        let mut connection = connect(self.administrator.as_str()).await?;
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
        connection.close().await
    }
}

/// A connection that is nobody's but the test's.
pub async fn connect(url: &str) -> Result<AnyConnection, sqlx::Error> {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(url).await
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = std::thread::scope(|scope| {
            let dropping = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(self.administer(format!("DROP DATABASE {} WITH (FORCE)", self.name)))
            });
            dropping.join()
        });
        // A second panic would hide what the test says.
        if !std::thread::panicking() {
            dropped.unwrap().unwrap();
        }
    }
}
