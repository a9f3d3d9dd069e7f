//! What keeps the record as it was written, in the database itself: whatever else writes there, a row of it is sealed once,
//! and never changed or deleted but behind the checkpoint. Put in place at the start, where it is not, since SQLite and PostgreSQL
//! spell triggers in their own ways, and migrations are shared. (One that is to do something else needs another name.)
//!
//! They stop mistakes. Whoever owns the database can take them away; what such a person does to the rows, the chain shows.

use sqlx::{AnyConnection, Executor as _, Row as _};

use super::StoreError;
use super::place::Place;

const SQLITE: &str = "
BEGIN IMMEDIATE;
DROP TRIGGER IF EXISTS audit_is_sealed_once;
CREATE TRIGGER audit_is_sealed_once BEFORE UPDATE ON audit
WHEN OLD.seq IS NOT NULL OR NEW.seq IS NULL OR NEW.about IS NOT OLD.about OR NEW.at IS NOT OLD.at
  OR NEW.person IS NOT OLD.person OR NEW.verdict IS NOT OLD.verdict OR NEW.body IS NOT OLD.body
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
DROP TRIGGER IF EXISTS audit_is_kept;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.seq IS NULL OR OLD.seq > (SELECT pruned_seq FROM audit_chain WHERE id = 1)
BEGIN SELECT RAISE(ABORT, 'a record is never deleted before its time'); END;
DROP TRIGGER IF EXISTS audit_chain_grows;
CREATE TRIGGER audit_chain_grows BEFORE UPDATE ON audit_chain
WHEN NEW.id <> OLD.id OR NEW.seq < OLD.seq OR NEW.pruned_seq < OLD.pruned_seq OR NEW.pruned_seq > NEW.seq
BEGIN SELECT RAISE(ABORT, 'the chain of the record only grows'); END;
DROP TRIGGER IF EXISTS audit_chain_is_kept;
CREATE TRIGGER audit_chain_is_kept BEFORE DELETE ON audit_chain
BEGIN SELECT RAISE(ABORT, 'the chain of the record is never deleted'); END;
COMMIT;
";

const POSTGRESQL: &str = "
BEGIN;
CREATE OR REPLACE FUNCTION botswain_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'the record is never emptied';
  ELSIF TG_TABLE_NAME = 'audit' AND TG_OP = 'UPDATE' THEN
    IF OLD.seq IS NOT NULL OR NEW.seq IS NULL OR ROW(NEW.about, NEW.at, NEW.person, NEW.verdict, NEW.body)
       IS DISTINCT FROM ROW(OLD.about, OLD.at, OLD.person, OLD.verdict, OLD.body) THEN
      RAISE EXCEPTION 'a record is never changed';
    END IF;
    RETURN NEW;
  ELSIF TG_TABLE_NAME = 'audit' THEN
    IF OLD.seq IS NULL OR OLD.seq > (SELECT pruned_seq FROM audit_chain WHERE id = 1) THEN
      RAISE EXCEPTION 'a record is never deleted before its time';
    END IF;
    RETURN OLD;
  ELSIF TG_OP = 'UPDATE' THEN
    IF NEW.id <> OLD.id OR NEW.seq < OLD.seq OR NEW.pruned_seq < OLD.pruned_seq OR NEW.pruned_seq > NEW.seq THEN
      RAISE EXCEPTION 'the chain of the record only grows';
    END IF;
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the chain of the record is never deleted';
END $$;
DROP TRIGGER IF EXISTS audit_guard ON audit;
CREATE TRIGGER audit_guard BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION botswain_audit_guard();
DROP TRIGGER IF EXISTS audit_guard_all ON audit;
CREATE TRIGGER audit_guard_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION botswain_audit_guard();
DROP TRIGGER IF EXISTS audit_chain_guard ON audit_chain;
CREATE TRIGGER audit_chain_guard BEFORE UPDATE OR DELETE ON audit_chain
FOR EACH ROW EXECUTE FUNCTION botswain_audit_guard();
DROP TRIGGER IF EXISTS audit_chain_guard_all ON audit_chain;
CREATE TRIGGER audit_chain_guard_all BEFORE TRUNCATE ON audit_chain
FOR EACH STATEMENT EXECUTE FUNCTION botswain_audit_guard();
COMMIT;
";

/// How many of the triggers are there, and how many there are to be.
const IN_SQLITE: (&str, i64) = (
    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND name IN \
     ('audit_is_sealed_once', 'audit_is_kept', 'audit_chain_grows', 'audit_chain_is_kept')",
    4,
);
const IN_POSTGRESQL: (&str, i64) = (
    "SELECT COUNT(*) FROM pg_trigger WHERE tgenabled <> 'D' AND ( \
     (tgrelid = 'audit'::regclass AND tgname IN ('audit_guard', 'audit_guard_all')) OR \
     (tgrelid = 'audit_chain'::regclass AND tgname IN ('audit_chain_guard', 'audit_chain_guard_all')))",
    4,
);

/// Puts it in place where somebody has taken it away, or nobody has put it yet. Where it is, nothing is written: on a full disk
/// the program must start all the same, to alert.
pub(super) async fn put(place: &Place, connection: &mut AnyConnection) -> Result<(), StoreError> {
    let (guard, (count, all)) = match place {
        Place::Sqlite(_) => (SQLITE, IN_SQLITE),
        Place::PostgreSql(_) => (POSTGRESQL, IN_POSTGRESQL),
    };
    let there: i64 = sqlx::query(count).fetch_one(&mut *connection).await?.try_get(0)?;
    if there != all {
        connection.execute(guard).await?;
    }
    Ok(())
}
