//! Statements that are carried out together, all or none, without anybody waiting between them.
//!
//! A transaction whose statements are sent one by one holds the database for as many round trips. Here all of it is known
//! before it begins, and what would have been looked at on the way is a condition that the database itself holds: a
//! statement that must change a row stops the whole if it changes none.

use std::borrow::Cow;

use futures_util::TryStreamExt as _;
use sqlx::any::{AnyArguments, AnyQueryResult, AnyRow};
use sqlx::{AnyConnection, AnyPool, Arguments as _, AssertSqlSafe, Either, Executor as _};

use super::{StoreError, Turn, take_turn};

/// A value that a statement is given.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

/// A statement; its values are `$1`, `$2` and so on in the order in which they are given.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

impl Statement {
    pub(super) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    fn arguments(&self) -> Result<AnyArguments, StoreError> {
        arguments(&self.values)
    }
}

fn arguments(values: &[Value]) -> Result<AnyArguments, StoreError> {
    let mut arguments = AnyArguments::default();
    for value in values {
        let added = match value.clone() {
            Value::Text(text) => arguments.add(text),
            Value::Number(number) => arguments.add(number),
        };
        added.map_err(|error| StoreError::Sql(sqlx::Error::Encode(error)))?;
    }
    Ok(arguments)
}

/// Statements that are carried out together.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    statements: Vec<(Statement, Must)>,
    turn: Option<Turn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
    ChangeSomething,
    Nothing,
}

/// What became of a batch.
#[must_use]
pub(super) enum Ran {
    /// It is written. These are the rows that its statements returned, and how many each of them changed.
    All(Vec<Done>),
    /// Nothing is written, since the statement of this number (the first is 0) changed nothing.
    Stopped(usize),
}

/// What a statement did.
#[derive(Default)]
pub(super) struct Done {
    pub(super) rows: Vec<AnyRow>,
    pub(super) changed: u64,
}

impl Batch {
    /// Adds a statement.
    pub(super) fn then(mut self, statement: Statement) -> Self {
        self.statements.push((statement, Must::Nothing));
        self
    }

    /// Adds a statement that must change a row: if it changes none, nothing of the batch is written.
    pub(super) fn claim(mut self, statement: Statement) -> Self {
        self.statements.push((statement, Must::ChangeSomething));
        self
    }

    /// Nobody else is at such a claim meanwhile: see [`take_turn`].
    pub(super) fn in_turn(self, turn: Turn) -> Self {
        Self { turn: Some(turn), ..self }
    }

    /// Carries it out in a transaction of its own.
    pub(super) async fn run(&self, pool: &AnyPool) -> Result<Ran, StoreError> {
        let mut tx = pool.begin().await?;
        if let Some(turn) = self.turn {
            take_turn(&mut tx, turn).await?;
        }
        let mut all = Vec::new();
        for (place, (statement, must)) in self.statements.iter().enumerate() {
            let query = sqlx::query_with(AssertSqlSafe(statement.sql.as_ref()), statement.arguments()?);
            let mut done = Done::default();
            let mut answers = (&mut *tx).fetch_many(query);
            while let Some(answer) = answers.try_next().await? {
                take(&mut done, answer);
            }
            drop(answers);
            if *must == Must::ChangeSomething && done.changed == 0 {
                return Ok(Ran::Stopped(place));
            }
            all.push(done);
        }
        tx.commit().await?;
        Ok(Ran::All(all))
    }

    /// All of it as one script for SQLite.
    pub(super) fn script(&self, wrapped: Wrapped) -> Script {
        let alone = self.statements.len() == 1;
        let (before, after) = match wrapped {
            Wrapped::Alone if alone => ("", ""),
            Wrapped::Alone => ("BEGIN IMMEDIATE; ", "COMMIT; "),
            Wrapped::InGroup => ("SAVEPOINT job; ", "RELEASE job; "),
        };
        let mut script = Script { sql: before.to_owned(), values: Vec::new(), steps: Vec::new() };
        if !before.is_empty() {
            script.steps.push(Step::Around);
        }
        for (place, (statement, must)) in self.statements.iter().enumerate() {
            renumber(&mut script.sql, &statement.sql, script.values.len());
            script.sql.push_str("; ");
            script.values.extend(statement.values.iter().cloned());
            script.steps.push(Step::Statement(place));
            // What follows on a single statement is nothing.
            if *must == Must::ChangeSomething && !before.is_empty() {
                script.sql.push_str(STOP_IF_NOTHING_CHANGED);
                script.steps.push(Step::Stop(place));
            }
        }
        script.sql.push_str(after);
        if !after.is_empty() {
            script.steps.push(Step::Around);
        }
        script
    }

    pub(super) fn len(&self) -> usize {
        self.statements.len()
    }

    fn must_change(&self, place: usize) -> bool {
        self.statements.get(place).is_some_and(|(_, must)| *must == Must::ChangeSomething)
    }
}

/// How a batch's script begins and ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrapped {
    /// As a transaction of its own.
    Alone,
    /// As a part of a transaction that others have begun.
    InGroup,
}

/// Ends a script with an error if the statement before changed no row. The smallest integer has no absolute value
/// (<https://sqlite.org/lang_corefunc.html#abs>); SQLite's RAISE is for triggers only.
const STOP_IF_NOTHING_CHANGED: &str = "SELECT abs(CASE changes() WHEN 0 THEN -9223372036854775808 ELSE 0 END); ";

/// A batch as SQLite is given it: one text, in one go.
#[derive(Debug)]
pub(super) struct Script {
    sql: String,
    values: Vec<Value>,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Around,
    Statement(usize),
    Stop(usize),
}

impl Script {
    /// Carries it out. Where it stops or fails, the transaction that it is in, or has begun, is left as it is then.
    pub(super) async fn run(&self, batch: &Batch, connection: &mut AnyConnection) -> Result<Ran, StoreError> {
        let mut all: Vec<Done> = batch.statements.iter().map(|_| Done::default()).collect();
        let query = sqlx::query_with(AssertSqlSafe(self.sql.as_str()), arguments(&self.values)?);
        let mut answers = connection.fetch_many(query);
        let mut step = 0;
        loop {
            let now = self.steps.get(step).copied();
            match answers.try_next().await {
                Ok(Some(answer)) => {
                    let is_end = matches!(answer, Either::Left(_));
                    if let Some(Step::Statement(place)) = now
                        && let Some(done) = all.get_mut(place)
                    {
                        take(done, answer);
                    }
                    step += usize::from(is_end);
                }
                Ok(None) => break,
                Err(_) if let Some(Step::Stop(place)) = now => return Ok(Ran::Stopped(place)),
                Err(error) => return Err(error.into()),
            }
        }
        match all.iter().enumerate().find(|(place, done)| done.changed == 0 && batch.must_change(*place)) {
            Some((place, _)) => Ok(Ran::Stopped(place)),
            None => Ok(Ran::All(all)),
        }
    }
}

fn take(done: &mut Done, answer: Either<AnyQueryResult, AnyRow>) {
    match answer {
        Either::Left(ended) => done.changed = ended.rows_affected(),
        Either::Right(row) => done.rows.push(row),
    }
}

/// Adds a statement to a script, with its values counted from where the script's are.
fn renumber(script: &mut String, sql: &str, from: usize) {
    let mut parts = sql.split('$');
    script.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        script.push('$');
        script.push_str(&(number.parse().unwrap_or(0) + from).to_string());
        script.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_counts_its_values_through_and_stops_where_a_claim_is_lost() {
        let batch = Batch::default()
            .claim(Statement::new("UPDATE a SET x = $2 WHERE id = $1").bind("one").bind(2))
            .then(Statement::new("INSERT INTO b VALUES ($1, $1)").bind("three"));
        let script = batch.script(Wrapped::Alone);
        assert_eq!(
            script.sql,
            format!(
                "BEGIN IMMEDIATE; UPDATE a SET x = $2 WHERE id = $1; {STOP_IF_NOTHING_CHANGED}INSERT INTO b VALUES ($3, $3); \
                 COMMIT; "
            )
        );
        assert_eq!(script.values.len(), 3);
        let alone = Batch::default().claim(Statement::new("DELETE FROM a"));
        assert_eq!(alone.script(Wrapped::Alone).sql, "DELETE FROM a; ");
        assert!(alone.script(Wrapped::InGroup).sql.starts_with("SAVEPOINT job; DELETE"));
    }
}
