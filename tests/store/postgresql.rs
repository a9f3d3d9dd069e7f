//! What only PostgreSQL can do to us: it cuts the session that holds the database, it is set up by somebody else, and it
//! says who it lets in and whom not.

use botswain::domain::audit::Verdict;
use botswain::store::operations::{Leased, Saved, Then};
use botswain::store::requests::Confirmed;
use botswain::store::{Store, StoreError};
use sqlx::Row as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::facts::{LEASE, asked, at, entry, operation};
use crate::ground::{Ground, Place};

fn database(ground: &Ground) -> &Database {
    match &ground.place {
        Place::Server(database) => database,
        Place::Folder(_) => panic!("a server's database"),
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_store_whose_lock_was_cut_says_so_and_is_closed_to_its_process() {
    let ground = Ground::postgresql().await;
    let shutdown = CancellationToken::new();
    let staying = tokio::spawn(ground.store.clone().stay_alone(shutdown));
    ground.store.check_alone().await.unwrap();
    assert_eq!(database(&ground).cut_the_lock().await, 1);
    let lost = staying.await.unwrap();
    assert!(matches!(lost, Err(StoreError::NotAlone(_))), "{lost:?}");
    assert!(matches!(ground.store.check_alone().await, Err(StoreError::NotAlone(_))));
    let closed = ground.store.record(&entry("interaction:1", Verdict::Denied, 1)).await;
    assert!(matches!(closed, Err(StoreError::Sql(sqlx::Error::PoolClosed))), "{closed:?}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn staying_alone_ends_when_the_program_does() {
    let ground = Ground::postgresql().await;
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    ground.store.clone().stay_alone(shutdown).await.unwrap();
    ground.store.check_writable().await.unwrap();
}

/// Two processes at once, for the moment until the first one notices.
#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn p3_leases_fence_whoever_does_not_know_yet_that_another_process_took_over() {
    let ground = Ground::postgresql().await;
    let request = asked("billing", "billing-1");
    let _kept = ground.store.save_request(&request).await.unwrap();
    let confirmed = ground.store.confirm_request(&request, &operation(&request), &[], at(0)).await.unwrap();
    assert_eq!(confirmed, Confirmed::Now);
    let Leased { operation, lease: old } = ground.store.lease_operation(LEASE, at(0)).await.unwrap().unwrap();
    let message = ground.store.claim_message(LEASE, at(0)).await.unwrap().unwrap();
    database(&ground).cut_the_lock().await;
    let other = Store::open(&ground.place.url()).await.unwrap();
    let Leased { lease: new, .. } = other.lease_operation(LEASE, at(1)).await.unwrap().unwrap();
    assert_eq!(ground.store.save_operation(&operation, &old, Then::Hold, at(1)).await.unwrap(), Saved::LeaseLost);
    assert_eq!(other.save_operation(&operation, &new, Then::Hold, at(1)).await.unwrap(), Saved::Now);
    let posted = ground.store.about_to_post_anew(&message, at(1)).await.unwrap();
    assert_eq!(posted, botswain::store::outbox::Held::LeaseLost);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn what_is_committed_is_kept_and_nothing_waits_for_ever_however_the_database_is_set_up() {
    let ground = Ground::postgresql().await;
    ground.store.close().await;
    let name = database(&ground).name();
    for setting in [
        "synchronous_commit = off",
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
    ] {
        ground.meddle(&format!("ALTER DATABASE {name} SET {setting}")).await;
    }
    // The store's own connections say what holds for them.
    ground.meddle("CREATE TABLE told (setting TEXT)").await;
    ground
        .meddle(
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO told \
             SELECT current_setting(name) FROM unnest(ARRAY['synchronous_commit', 'transaction_isolation', \
             'statement_timeout', 'idle_in_transaction_session_timeout']) AS name; RETURN NEW; END $$",
        )
        .await;
    ground.meddle("CREATE TRIGGER tells AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION tell()").await;
    let ground = ground.restarted().await;
    ground.store.record(&entry("interaction:1", Verdict::Denied, 1)).await.unwrap();
    let told = sqlx::query("SELECT setting FROM told").fetch_all(&mut ground.place.connect().await).await.unwrap();
    let told: Vec<String> = told.iter().map(|row| row.get(0)).collect();
    assert_eq!(told, ["on", "read committed", "10s", "30s"]);
}

/// A way to the server that can be blocked: what is sent then arrives nowhere, and nobody is told.
struct Way {
    port: u16,
    blocked: CancellationToken,
}

async fn way_to(server: &reqwest::Url) -> Way {
    let server = (server.host_str().unwrap().to_owned(), server.port().unwrap_or(5432));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, blocked) = (listener.local_addr().unwrap().port(), CancellationToken::new());
    let stop = blocked.clone();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (server, stop) = (server.clone(), stop.clone());
            tokio::spawn(async move {
                let mut far = TcpStream::connect(server).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    () = stop.cancelled() => std::future::pending().await,
                }
            });
        }
    });
    Way { port, blocked }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_server_that_does_not_answer_is_noticed() {
    let database = Database::create().await;
    let mut url = reqwest::Url::parse(&database.url()).unwrap();
    let way = way_to(&url).await;
    url.set_port(Some(way.port)).unwrap();
    let store = Store::open(&url.to_string().into()).await.unwrap();
    store.check_alone().await.unwrap();
    way.blocked.cancel();
    let lost = store.check_alone().await.unwrap_err();
    assert!(matches!(lost, StoreError::NotAlone("the server does not answer")), "{lost}");
    let silent = Store::open(&url.to_string().into()).await.unwrap_err();
    assert!(matches!(silent, StoreError::Silent), "{silent}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_database_that_cannot_hold_every_character_is_refused() {
    let options = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    let database = Database::create_with(options).await;
    let refused = Store::open(&database.url().into()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Encoding(encoding) if encoding == "LATIN1"), "{refused}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn p12_what_keeps_us_out_is_said_without_the_address() {
    let database = Database::create().await;
    let right = reqwest::Url::parse(&database.url()).unwrap();
    let with = |change: fn(&mut reqwest::Url)| {
        let mut url = right.clone();
        change(&mut url);
        url.to_string()
    };
    for (url, why) in [
        (with(|url| url.set_path("hunter2")), "no database of that name"),
        (with(|url| url.set_username("hunter2").unwrap()), "does not know the user"),
        (with(|url| url.set_port(Some(1)).unwrap()), "refused"),
        (with(|url| url.set_query(Some("sslmode=hunter2"))), "cannot be read"),
        (with(|url| url.set_query(Some("sslmode=verify-full"))), "TLS"),
    ] {
        let error = Store::open(&url.into()).await.unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
        for secret in ["hunter2", database.name(), "127.0.0.1", "postgres:"] {
            assert!(!error.contains(secret), "{secret} is in: {error}");
        }
    }
}
