//! Opening a store: from empty, beside another process, on a newer version's tables, and on rows that are not ours.

use botswain::domain::notice::Call;
use botswain::domain::request::Request;
use botswain::store::{Store, StoreError};

use crate::audit::unguard;
use crate::facts::{ALERTS, LEASE, asked, at, choosing, entry, incident, operation};
use crate::ground::Ground;

on_both!(
    a_new_database_is_empty_and_can_be_written,
    a_database_that_takes_no_write_is_seen_as_such_though_it_can_be_read,
    a_second_process_is_refused_while_the_first_lives_and_let_in_when_it_is_closed,
    a_database_of_a_newer_version_is_refused_and_left_as_it_is,
    a_row_that_is_not_ours_is_refused_by_its_tables_name,
    a_closed_store_answers_nothing,
);

async fn a_new_database_is_empty_and_can_be_written(ground: Ground) {
    ground.store.check_writable().await.unwrap();
    ground.store.check_alone().await.unwrap();
    assert_eq!(ground.store.overdue_requests(at(1_000_000), 9).await.unwrap(), []);
    assert_eq!(ground.store.open_operations().await.unwrap(), []);
    assert_eq!(ground.store.open_incidents().await.unwrap(), []);
    assert_eq!(ground.store.records(at(0), 9).await.unwrap(), []);
    assert!(ground.store.highest_seen().await.unwrap().is_empty());
    assert_eq!(ground.store.next_message_due().await.unwrap(), None);
}

async fn a_database_that_takes_no_write_is_seen_as_such_though_it_can_be_read(ground: Ground) {
    ground.meddle("CREATE TABLE kept AS SELECT * FROM writable").await;
    for broken in ["DELETE FROM writable", "DROP TABLE writable"] {
        ground.meddle(broken).await;
        assert!(matches!(ground.store.check_writable().await, Err(StoreError::Sql(_))), "{broken}");
        assert_eq!(ground.store.open_incidents().await.unwrap(), []);
    }
    ground.meddle("ALTER TABLE kept RENAME TO writable").await;
    ground.store.check_writable().await.unwrap();
}

async fn a_second_process_is_refused_while_the_first_lives_and_let_in_when_it_is_closed(ground: Ground) {
    let second = Store::open(&ground.place.url()).await;
    assert!(matches!(second, Err(StoreError::InUse)), "{second:?}");
    ground.store.check_writable().await.unwrap();
    ground.store.close().await;
    let second = Store::open(&ground.place.url()).await.unwrap();
    second.check_writable().await.unwrap();
}

async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is(ground: Ground) {
    let request = choosing();
    let _kept = ground.store.save_request(&request).await.unwrap();
    ground.store.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 SELECT 9999, 'of a later version', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    ground.meddle(newer).await;
    for _ in 0..2 {
        let refused = Store::open(&ground.place.url()).await;
        assert!(matches!(refused, Err(StoreError::Newer(9999))), "{refused:?}");
    }
    ground.meddle("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    let store = Store::open(&ground.place.url()).await.unwrap();
    assert_eq!(store.request(&request.id).await.unwrap(), Some(request));
}

async fn a_row_that_is_not_ours_is_refused_by_its_tables_name(ground: Ground) {
    let request = Request { expires_at: at(1), ..asked("billing", "billing-1") };
    let _kept = ground.store.save_request(&request).await.unwrap();
    let operation = operation(&request);
    let _confirmed = ground.store.confirm_request(&request, &operation, &[], at(0)).await.unwrap();
    let _opened = ground.store.open_incident(&incident("billing", 1), Call::Card, ALERTS, at(0)).await.unwrap();
    ground.store.record(&entry("interaction:1", botswain::domain::audit::Verdict::Denied, 1)).await.unwrap();
    unguard(&ground).await;
    for (table, column) in
        [("requests", "body"), ("operations", "body"), ("incidents", "body"), ("audit", "body"), ("outbox", "notice")]
    {
        ground.meddle(&format!("UPDATE {table} SET {column} = '{{\"of\":\"another program\"}}'")).await;
    }
    let store = &ground.store;
    for (table, error) in [
        ("requests", store.request(&request.id).await.unwrap_err()),
        ("operations", store.operation(&operation.id).await.unwrap_err()),
        ("operations", store.open_operations().await.unwrap_err()),
        ("operations", store.lease_operation(LEASE, at(1)).await.unwrap_err()),
        ("incidents", store.open_incidents().await.unwrap_err()),
        ("audit", store.records(at(0), 9).await.unwrap_err()),
        ("outbox", store.claim_message(LEASE, at(1)).await.unwrap_err()),
    ] {
        assert!(matches!(error, StoreError::Row { table: named, .. } if named == table), "{table}: {error}");
        assert!(error.to_string().contains(table), "{error}");
    }
}

async fn a_closed_store_answers_nothing(ground: Ground) {
    ground.store.close().await;
    assert!(ground.store.check_writable().await.is_err());
    assert!(ground.store.claim_message(LEASE, at(0)).await.is_err());
}
