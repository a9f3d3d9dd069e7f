//! SQLite's one writer: takes what waits to be written, what somebody waits for first, and commits it together.
//!
//! A commit waits for the disk, and a statement for a thread. However many write at once, they share one wait for the disk;
//! and one that writes alone is carried out in one go. PostgreSQL does the like by itself.
//!
//! It is a task of its own, so that nobody who stops waiting leaves a transaction half done on the connection.

use std::collections::VecDeque;

use sqlx::{AnyConnection, AnyPool, Executor as _};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::batch::{Batch, Ran, Wrapped};

/// How many batches are committed together at most: what somebody waits for, and what nobody waits for. The latter are few,
/// because whoever presses then waits for all of them.
const AWAITED_TOGETHER: usize = 64;
const OTHERS_TOGETHER: usize = 8;
/// Groups of awaited batches until one goes with them that nobody waits for: leases and deadlines are much longer.
const PATIENCE: usize = 16;

/// Where batches are handed in.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    awaited: mpsc::UnboundedSender<Job>,
    others: mpsc::UnboundedSender<Job>,
}

struct Job {
    batch: Batch,
    reply: oneshot::Sender<Result<Ran, StoreError>>,
}

/// Whether somebody waits for a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A person, at this moment.
    Awaited,
    /// Nobody.
    Other,
}

impl Writer {
    /// Starts the writer on the one connection of `pool`; it ends with the last handle.
    pub(super) fn start(pool: AnyPool) -> Self {
        let (awaited, first) = mpsc::unbounded_channel();
        let (others, second) = mpsc::unbounded_channel();
        tokio::spawn(work(pool, Lines { first, second, passed: 0 }));
        Self { awaited, others }
    }

    pub(super) async fn run(&self, batch: Batch, who: Who) -> Result<Ran, StoreError> {
        let (reply, answer) = oneshot::channel();
        let line = match who {
            Who::Awaited => &self.awaited,
            Who::Other => &self.others,
        };
        let closed = || StoreError::Sql(sqlx::Error::PoolClosed);
        line.send(Job { batch, reply }).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Who waits.
struct Lines {
    first: mpsc::UnboundedReceiver<Job>,
    second: mpsc::UnboundedReceiver<Job>,
    /// Groups that passed those for whom nobody waits.
    passed: usize,
}

impl Lines {
    /// The next group; `None` once nobody can come any more.
    async fn next(&mut self) -> Option<VecDeque<Job>> {
        let mut group = VecDeque::new();
        let (awaited, job) = tokio::select! {
            biased;
            Some(job) = self.first.recv() => (true, job),
            Some(job) = self.second.recv() => (false, job),
            else => return None,
        };
        group.push_back(job);
        let (line, most) =
            if awaited { (&mut self.first, AWAITED_TOGETHER) } else { (&mut self.second, OTHERS_TOGETHER) };
        while group.len() < most
            && let Ok(job) = line.try_recv()
        {
            group.push_back(job);
        }
        self.passed = if awaited { self.passed + 1 } else { 0 };
        if self.passed >= PATIENCE {
            self.passed = 0;
            group.extend(self.second.try_recv().ok());
        }
        Some(group)
    }
}

async fn work(pool: AnyPool, mut lines: Lines) {
    while let Some(mut group) = lines.next().await {
        let mut connection = match pool.acquire().await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::debug!(%error, "the database is not to be had");
                let why = || match &error {
                    sqlx::Error::PoolTimedOut => sqlx::Error::PoolTimedOut,
                    _ => sqlx::Error::PoolClosed,
                };
                group.into_iter().for_each(|job| answer(job.reply, Err(StoreError::Sql(why()))));
                continue;
            }
        };
        if group.len() > 1 && write_together(&mut connection, &mut group).await {
            continue;
        }
        // One by one, so that what one of them meets is met by it alone.
        for job in group {
            let ran = write_alone(&mut connection, &job.batch).await;
            answer(job.reply, ran);
        }
    }
}

fn answer(reply: oneshot::Sender<Result<Ran, StoreError>>, ran: Result<Ran, StoreError>) {
    // Whoever no longer waits finds in the database how it stands.
    reply.send(ran).ok();
}

async fn write_alone(connection: &mut AnyConnection, batch: &Batch) -> Result<Ran, StoreError> {
    let script = batch.script(Wrapped::Alone);
    let ran = script.run(batch, connection).await;
    if !matches!(ran, Ok(Ran::All(_))) && batch.len() > 1 {
        roll_back(connection).await;
    }
    ran
}

/// Writes them in one transaction. Whether it was committed: then all are answered and gone; else none was written, and all
/// are there still.
async fn write_together(connection: &mut AnyConnection, group: &mut VecDeque<Job>) -> bool {
    let written = try_together(connection, group).await;
    let Ok(ran) = written else {
        roll_back(connection).await;
        return false;
    };
    for (job, ran) in group.drain(..).zip(ran) {
        answer(job.reply, Ok(ran));
    }
    true
}

async fn try_together(connection: &mut AnyConnection, group: &VecDeque<Job>) -> Result<Vec<Ran>, StoreError> {
    connection.execute("BEGIN IMMEDIATE").await?;
    let mut all = Vec::new();
    for job in group {
        let ran = job.batch.script(Wrapped::InGroup).run(&job.batch, connection).await?;
        if let Ran::Stopped(_) = ran {
            connection.execute("ROLLBACK TO job; RELEASE job").await?;
        }
        all.push(ran);
    }
    connection.execute("COMMIT").await?;
    Ok(all)
}

async fn roll_back(connection: &mut AnyConnection) {
    // SQLite rolls back by itself after some errors (a full disk), and then there is nothing to roll back.
    if let Err(error) = connection.execute("ROLLBACK").await {
        tracing::debug!(%error, "nothing was rolled back");
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;
    use sqlx::any::AnyPoolOptions;

    use super::super::batch::Statement;
    use super::*;

    async fn pool() -> AnyPool {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        sqlx::query("CREATE TABLE things (id TEXT NOT NULL PRIMARY KEY)").execute(&pool).await.unwrap();
        pool
    }

    fn insert(id: Option<&str>) -> Statement {
        Statement::new("INSERT INTO things (id) VALUES ($1)").bind(id.map(str::to_owned))
    }

    async fn things(pool: &AnyPool) -> Vec<String> {
        let rows = sqlx::query("SELECT id FROM things ORDER BY id").fetch_all(pool).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    #[tokio::test]
    async fn of_what_is_written_together_a_lost_claim_leaves_nothing_and_takes_nothing_with_it() {
        let pool = pool().await;
        let writer = Writer::start(pool.clone());
        // Nobody writes until all have come.
        let held = pool.acquire().await.unwrap();
        let lost = Statement::new("UPDATE things SET id = id WHERE id = $1").bind("nobody");
        let batches = [
            Batch::default().then(insert(Some("first"))),
            Batch::default().then(insert(Some("a"))).then(insert(Some("b"))),
            Batch::default().then(insert(Some("lost"))).claim(lost),
            Batch::default().claim(insert(Some("c"))),
        ];
        let running = batches.map(|batch| writer.run(batch, Who::Awaited));
        let (ran, ()) = tokio::join!(futures_util::future::join_all(running), async { drop(held) });
        let stopped: Vec<_> = ran.iter().map(|ran| matches!(ran, Ok(Ran::Stopped(1)))).collect();
        assert_eq!(stopped, [false, false, true, false]);
        assert!(ran.iter().all(Result::is_ok));
        assert_eq!(things(&pool).await, ["a", "b", "c", "first"]);
    }

    #[tokio::test]
    async fn what_fails_fails_alone_and_the_connection_is_fit_afterwards() {
        let pool = pool().await;
        let writer = Writer::start(pool.clone());
        let held = pool.acquire().await.unwrap();
        let batches = [
            Batch::default().then(insert(Some("first"))),
            Batch::default().then(insert(Some("a"))),
            Batch::default().then(insert(Some("half"))).then(insert(None)),
            Batch::default().then(insert(Some("b"))),
        ];
        let running = batches.map(|batch| writer.run(batch, Who::Other));
        let (ran, ()) = tokio::join!(futures_util::future::join_all(running), async { drop(held) });
        assert_eq!(ran.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true]);
        assert!(matches!(writer.run(Batch::default().then(insert(Some("c"))), Who::Other).await, Ok(Ran::All(_))));
        assert_eq!(things(&pool).await, ["a", "b", "c", "first"]);
    }

    #[tokio::test]
    async fn what_somebody_waits_for_goes_first_and_the_others_have_their_turn() {
        let (awaited, first) = mpsc::unbounded_channel();
        let (others, second) = mpsc::unbounded_channel();
        let mut lines = Lines { first, second, passed: 0 };
        let job = || Job { batch: Batch::default(), reply: oneshot::channel().0 };
        others.send(job()).ok();
        for group in 1..=PATIENCE {
            awaited.send(job()).ok();
            let size = lines.next().await.map(|group| group.len());
            assert_eq!(size, Some(if group == PATIENCE { 2 } else { 1 }), "group {group}");
        }
        drop((awaited, others));
        assert!(lines.next().await.is_none());
    }
}
