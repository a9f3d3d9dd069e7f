//! The tables' versions: the SQL files beside this, compiled in, so that the program needs no folder.
//!
//! sqlx's own macro reads the folder by itself, and has all of sqlx and SQLite compiled a second time for that.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Each as its version, what it brings, and its SQL: version and description as sqlx reads them from a file's name.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("migrations/", $name, ".sql")))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "0001_main_job",
    "0002_highest_seen_of_any_id",
    "0003_incidents_by_subject",
    "0004_mutes",
    "0005_mentions",
    "0006_guard",
    "0007_timeline",
    "0008_audit_chain",
    "0009_freezes",
    "0010_operation_connectors",
    "0012_start_durations",
    "0013_history",
    "0014_boards",
    "0015_setup",
    "0016_operations_in_timelines",
    "0018_operations_by_time",
    "0019_wishes",
    "0020_changes",
];

/// All of them, in the order of their versions.
pub(super) fn all() -> Migrator {
    let read = |(name, sql): &(&'static str, &'static str)| {
        let (version, description) = name.split_once('_')?;
        let description = description.replace('_', " ").into();
        Some(Migration::new(version.parse().ok()?, description, MigrationType::Simple, sql.into_sql_str(), false))
    };
    Migrator::with_migrations(FILES.iter().filter_map(read).collect())
}

/// The version that this program brings a database to.
pub(super) fn newest() -> i64 {
    all().iter().map(|migration| migration.version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn every_file_of_the_folder_is_compiled_in_as_sqlx_reads_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
        let read = Migrator::new(folder).await.unwrap();
        let parts = |migrator: &Migrator| -> Vec<_> {
            let all = migrator.iter();
            all.map(|one| (one.version, one.description.clone(), one.migration_type, one.checksum.clone())).collect()
        };
        assert_eq!(parts(&all()), parts(&read));
        assert!(!FILES.is_empty());
    }
}
