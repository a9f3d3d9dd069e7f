//! The store's contract: one suite, run whole on an SQLite file and on PostgreSQL, since what is not the same on both is a
//! mistake. Claims are won once, leases fence, and what happens together is written together.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

/// Makes two tests of each body: `sqlite::name`, and `postgresql::name`, which needs a server.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::ground::Ground::sqlite().await).await;
            })*
        }
        mod postgresql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            #[ignore = "needs PostgreSQL"]
            async fn $name() {
                super::$name(crate::ground::Ground::postgresql().await).await;
            })*
        }
    };
}

mod attention;
mod audit;
mod boards;
#[path = "../database/mod.rs"]
mod database;
mod facts;
mod failed;
mod ground;
mod history;
mod incidents;
mod opening;
mod operations;
mod outbox;
mod postgresql;
mod races;
mod requests;
mod timeline;
mod troubles;
mod versions;
