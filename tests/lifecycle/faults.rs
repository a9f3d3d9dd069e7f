//! Each thing that can go wrong on the way, and what our client says of it: what the person reads, and whether it may have been done.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use botswain::domain::action::Action;
use botswain::lifecycle::{Carried, ErrorKind, FleetAnswer, LifecycleClient, LifecycleError, Settings};
use botswain::sandbox::lifecycle::{Fault, FaultKind, FleetSeed, Options};
use secrecy::SecretString;
use tokio::net::TcpListener;

use super::client::{change, id, read};
use super::world::{TOKEN, World, explicit, world};

const CHANGES: &str = "POST /v1/connectors/{id}/operations";

impl World {
    /// Asks for a stop of billing-1 while a fault is in force.
    async fn stop_under(&self, client: &LifecycleClient, kind: FaultKind) -> LifecycleError {
        self.simulator.add_fault(Fault::from(kind).on(CHANGES));
        let error = client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap_err();
        self.simulator.clear_faults();
        assert_eq!(error.carried() == Carried::Maybe, error.to_string().ends_with("; may have been carried out"));
        let printed = format!("{error} {error:?} {} {client:?}", error.person());
        assert!(!printed.contains(TOKEN), "{printed}");
        assert!(!error.person().contains(self.url.host_str().unwrap()), "no address for the person");
        error
    }

    fn client_that_waits(&self, total_timeout: Duration) -> LifecycleClient {
        LifecycleClient::new(Settings { total_timeout, ..self.settings() }).unwrap()
    }

    fn changes_sent(&self) -> usize {
        self.simulator.requests().iter().filter(|request| request.method == "POST").count()
    }

    /// What came of the key, asked after the fault: whether it was carried out.
    async fn was_done(&self) -> bool {
        let found = self.client().operation_by_key("key-1").await.unwrap();
        assert_eq!(found.is_some(), self.simulator.actions().len() == 1);
        found.is_some()
    }
}

fn refuse(problem: &str) -> FaultKind {
    FaultKind::Refuse { problem: problem.to_owned() }
}

#[tokio::test]
async fn refused() {
    let world = world().await;
    let error = world.stop_under(&world.client(), refuse("not-running")).await;
    assert_eq!(error.carried(), Carried::No);
    assert_eq!(error.person(), "The connector is not running. Nothing was changed.");
    assert_eq!(world.changes_sent(), 1, "a refusal is not tried again");
    let error = world.stop_under(&world.client(), refuse("urn:other:quota-exceeded")).await;
    assert_eq!(error.carried(), Carried::No);
    assert_eq!(error.person(), "The lifecycle service refused: A fault that was asked for. Nothing was changed.");
}

#[tokio::test]
async fn refused_as_unavailable_or_too_often_is_tried_again_and_was_not_carried_out() {
    let world = world().await;
    for problem in ["unavailable", "rate-limited"] {
        let kind = refuse(problem);
        world.simulator.add_fault(Fault::from(kind).on(CHANGES).times(1));
    }
    let client = world.client();
    let operation = client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap();
    assert_eq!(operation.id, "op-1");
    assert_eq!((world.changes_sent(), world.simulator.actions().len()), (3, 1));

    let error = world.stop_under(&client, FaultKind::RateLimit { retry_after: 90 }).await;
    assert_eq!(error.carried(), Carried::No);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    assert_eq!(
        error.person(),
        "The lifecycle service was asked too often and wants us to wait. Nothing was changed. Try again in 90 seconds."
    );
    assert_eq!(world.changes_sent(), 4, "it is not asked before its time");
    let impatient = LifecycleClient::new(Settings { retries: 0, ..world.settings() });
    let error = world.stop_under(&impatient.unwrap(), refuse("unavailable")).await;
    assert_eq!(error.carried(), Carried::No);
    assert_eq!(
        error.person(),
        "The lifecycle service takes no requests at the moment. Nothing was changed. Try again in a second."
    );
}

#[tokio::test]
async fn a_wrong_token_is_said_and_not_tried_again() {
    let world = world().await;
    let token = SecretString::from("another-token");
    let client = LifecycleClient::new(Settings { token, ..world.settings() }).unwrap();
    let error = client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap_err();
    assert_eq!((error.carried(), error.is_final()), (Carried::No, true));
    assert_eq!(
        error.person(),
        "The lifecycle service refused our token. Nothing was changed. Whoever installed Botswain has to set LIFECYCLE_TOKEN right."
    );
    let error = client.fleet(None).await.unwrap_err();
    assert_eq!(
        error.person(),
        "The lifecycle service refused our token. Whoever installed Botswain has to set LIFECYCLE_TOKEN right."
    );
    assert_eq!(world.simulator.requests().len(), 2);
}

#[tokio::test]
async fn a_failure_of_the_service_may_have_done_it_and_is_not_tried_again() {
    let world = world().await;
    let client = LifecycleClient::new(Settings { breaker_threshold: 100, ..world.settings() }).unwrap();
    for status in [500, 502, 503, 504] {
        let error = world.stop_under(&client, FaultKind::ServerError { status }).await;
        assert_eq!((error.carried(), error.is_final()), (Carried::Maybe, false));
        assert_eq!(
            error.person(),
            format!(
                "The lifecycle service had an error of its own ({status}). It is not known whether the connector was stopped: \
                 look at its status before you try again."
            )
        );
    }
    let error = world.stop_under(&client, refuse("internal")).await;
    assert_eq!(error.carried(), Carried::Maybe);
    assert_eq!(world.changes_sent(), 5);
    assert!(!world.was_done().await);
}

#[tokio::test]
async fn a_read_is_tried_again_after_a_failure_and_gives_up() {
    let world = world().await;
    let client = world.client();
    for kind in [FaultKind::ServerError { status: 500 }, FaultKind::Drop] {
        world.simulator.add_fault(Fault::from(kind).times(1));
    }
    assert_eq!(read(&client).await.connectors.len(), 16);
    assert_eq!(world.simulator.requests().len(), 3);
    world.simulator.add_fault(FaultKind::ServerError { status: 500 });
    let error = client.fleet(None).await.unwrap_err();
    assert_eq!(world.simulator.requests().len(), 6);
    assert_eq!(
        error.person(),
        "The lifecycle service had an error of its own (500). Try again in a moment; if it goes on, tell whoever runs the service."
    );
    assert_eq!(error.carried(), Carried::No);
}

#[tokio::test]
async fn a_hanging_service_is_left_in_time() {
    let world = world().await;
    let client = world.client_that_waits(Duration::from_millis(300));
    let began = Instant::now();
    let error = world.stop_under(&client, FaultKind::Hang).await;
    assert!(began.elapsed() < Duration::from_secs(10));
    let sentence = "The lifecycle service did not answer in time. It is not known whether the connector was stopped: \
                    look at its status before you try again.";
    assert_eq!((error.kind(), error.carried()), (&ErrorKind::Timeout, Carried::Maybe));
    assert_eq!(error.person(), sentence);
    assert!(!world.was_done().await);
    let error = world.stop_under(&client, FaultKind::HangAfter).await;
    assert_eq!((error.person().as_str(), error.carried()), (sentence, Carried::Maybe));
    assert!(world.was_done().await, "carried out, and found by its key");
    world.simulator.add_fault(FaultKind::Hang);
    let error = client.fleet(None).await.unwrap_err();
    assert_eq!(
        error.person(),
        "The lifecycle service did not answer in time. Try again in a moment; if it goes on, tell whoever runs the service."
    );
}

#[tokio::test]
async fn a_slow_service_is_waited_for() {
    let world = world().await;
    world.simulator.add_fault(FaultKind::Slow { ms: 300 });
    let client = world.client();
    assert_eq!(read(&client).await.connectors.len(), 16);
    client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap();
    assert_eq!(world.changes_sent(), 1);
}

#[tokio::test]
async fn half_an_answer_may_be_a_done_deed() {
    let world = world().await;
    let client = world.client();
    let error = world.stop_under(&client, FaultKind::HalfAnswer).await;
    assert_eq!((error.kind(), error.carried()), (&ErrorKind::Interrupted, Carried::Maybe));
    assert_eq!(
        error.person(),
        "The connection to the lifecycle service broke before its answer was complete. It is not known whether the connector \
         was stopped: look at its status before you try again."
    );
    assert_eq!(world.changes_sent(), 1);
    assert!(world.was_done().await);
    world.simulator.add_fault(Fault::from(FaultKind::HalfAnswer).times(2));
    assert_eq!(read(&client).await.connectors.len(), 16, "a read is tried again");
}

#[tokio::test]
async fn a_dropped_connection_may_be_a_done_deed() {
    let world = world().await;
    let client = world.client();
    let sentence = "The connection to the lifecycle service broke before its answer was complete. It is not known whether the \
                    connector was stopped: look at its status before you try again.";
    let error = world.stop_under(&client, FaultKind::Drop).await;
    assert_eq!((error.kind(), error.carried()), (&ErrorKind::Interrupted, Carried::Maybe));
    assert_eq!(error.person(), sentence);
    assert_eq!(world.changes_sent(), 1);
    assert!(!world.was_done().await);
    let error = world.stop_under(&client, FaultKind::AcceptThenDrop).await;
    assert_eq!((error.person().as_str(), error.carried()), (sentence, Carried::Maybe));
    assert_eq!(world.changes_sent(), 2);
    assert!(world.was_done().await);
}

#[tokio::test]
async fn garbage_may_be_a_done_deed() {
    let world = world().await;
    let client = world.client();
    let error = world.stop_under(&client, FaultKind::Garbage).await;
    assert!(matches!(error.kind(), ErrorKind::Malformed(_)));
    assert_eq!(error.carried(), Carried::Maybe);
    assert_eq!(
        error.person(),
        "The lifecycle service gave an answer that cannot be understood. It is not known whether the connector was stopped: \
         look at its status before you try again. Whoever installed Botswain should check LIFECYCLE_URL, and the service behind it."
    );
    assert!(world.was_done().await);
    world.simulator.add_fault(FaultKind::Garbage);
    let error = client.fleet(None).await.unwrap_err();
    assert_eq!(error.carried(), Carried::No);
    assert_eq!(
        error.person(),
        "The lifecycle service gave an answer that cannot be understood. \
         Whoever installed Botswain should check LIFECYCLE_URL, and the service behind it."
    );
}

#[tokio::test]
async fn a_huge_answer_is_cut_off() {
    let world = world().await;
    let client = world.client();
    let error = world.stop_under(&client, FaultKind::HugeBody { bytes: 1 << 40 }).await;
    assert_eq!((error.kind(), error.carried()), (&ErrorKind::TooLarge(8 << 20), Carried::Maybe));
    assert_eq!(
        error.person(),
        "The lifecycle service gave an answer that is far too long. It is not known whether the connector was stopped: \
         look at its status before you try again. Whoever installed Botswain should check LIFECYCLE_URL, and the service behind it."
    );
    assert!(world.was_done().await);
}

/// Also what keeps a token at home: the other place gets nothing at all.
#[tokio::test]
async fn p12_a_redirect_is_not_followed_and_the_token_goes_nowhere_else() {
    let world = world().await;
    let visits = Arc::new(AtomicUsize::new(0));
    let elsewhere = axum::Router::new().fallback({
        let visits = visits.clone();
        move || async move { visits.fetch_add(1, Ordering::SeqCst).to_string() }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}/v1/connectors", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, elsewhere).await });
    let error = world.stop_under(&world.client(), FaultKind::Redirect { to: to.clone() }).await;
    assert_eq!((error.kind(), error.carried()), (&ErrorKind::Redirected(307), Carried::No));
    assert_eq!(
        error.person(),
        "The lifecycle service sent us to another address, and we do not follow. Nothing was changed. \
         Whoever installed Botswain should check LIFECYCLE_URL, and the service behind it."
    );
    world.simulator.add_fault(FaultKind::Redirect { to: to.clone() });
    world.client().fleet(None).await.unwrap_err();
    assert_eq!(visits.load(Ordering::SeqCst), 0);
    reqwest::get(&to).await.unwrap();
    assert_eq!(visits.load(Ordering::SeqCst), 1, "the other place is there");
    server.abort();
}

#[tokio::test]
async fn nobody_at_the_address_is_no_change() {
    let world = world().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let client = LifecycleClient::new(Settings { url, ..world.settings() }).unwrap();
    let error = client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap_err();
    assert_eq!((error.kind(), error.carried()), (&ErrorKind::Unreachable, Carried::No));
    assert_eq!(
        error.person(),
        "The lifecycle service could not be reached. Nothing was changed. \
         Try again in a moment; if it goes on, tell whoever runs the service."
    );
}

#[tokio::test]
async fn p3_a_change_delivered_twice_is_done_once() {
    let world = world().await;
    world.simulator.add_fault(Fault::from(FaultKind::DuplicateDelivery).on(CHANGES));
    let operation = world.client().begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap();
    assert_eq!(operation.id, "op-1");
    assert_eq!(world.simulator.actions().len(), 1);
    let again = super::world::stop();
    let answer = world.change("billing-2", "key-2", again).await;
    assert_eq!(answer.header("idempotent-replayed"), "true", "the answer to the second delivery");
    assert_eq!(world.simulator.actions().len(), 2);
}

#[tokio::test]
async fn p3_a_change_of_unknown_outcome_sent_again_with_its_key_is_done_once() {
    let world = world().await;
    let client = world.client();
    let lost = [FaultKind::AcceptThenDrop, FaultKind::HalfAnswer, FaultKind::Garbage];
    for kind in lost {
        world.stop_under(&client, kind).await;
    }
    let operation = client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap();
    assert_eq!(operation.id, "op-1");
    assert_eq!((world.changes_sent(), world.simulator.actions().len()), (4, 1));
}

#[tokio::test]
async fn p5_one_malformed_record_never_hides_the_others() {
    let world = world().await;
    let client = world.client();
    let connector = "billing-1".to_owned();
    world.simulator.add_fault(FaultKind::MalformedRecord { connector });
    let fleet = read(&client).await;
    assert_eq!((fleet.connectors.len(), fleet.complete), (15, true));
    let [malformed] = fleet.malformed.as_slice() else {
        panic!("one record is malformed: {:?}", fleet.malformed);
    };
    assert_eq!(malformed.id, Some(id("billing-1")));
    assert!(fleet.etag.is_none(), "it is read again the next time");
    let error = client.connector(&id("billing-1")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed(_)), "{error}");
}

#[tokio::test]
async fn p5_a_missing_page_is_said_and_hides_no_other() {
    let world = World::with(Options { fleet: FleetSeed::Generated(450), ..explicit() }).await;
    let client = world.client();
    world.simulator.add_fault(FaultKind::MissingPage);
    let fleet = read(&client).await;
    assert_eq!((fleet.connectors.len(), fleet.complete), (200, false));
    assert!(fleet.etag.is_none(), "or the missing page would never be asked for again");
    world.simulator.clear_faults();
    assert_eq!(read(&client).await.connectors.len(), 450);
}

#[tokio::test]
async fn a_fleet_whose_moment_expires_is_read_from_the_beginning_once() {
    let world = World::with(Options { fleet: FleetSeed::Generated(450), ..explicit() }).await;
    let client = world.client();
    // The first page comes as it is; the fault is for the second alone.
    let expired = |times| Fault::from(refuse("cursor-expired")).on("GET /v1/connectors").times(times);
    world.simulator.add_fault(Fault::from(FaultKind::Slow { ms: 0 }).times(1));
    world.simulator.add_fault(expired(1));
    let fleet = read(&client).await;
    assert_eq!((fleet.connectors.len(), fleet.complete), (450, true));
    assert_eq!(world.simulator.requests().len(), 5);
}

#[tokio::test]
async fn the_circuit_opens_leaves_the_service_alone_and_closes_again() {
    let world = world().await;
    let client = LifecycleClient::new(Settings {
        breaker_threshold: 2,
        breaker_open_for: Duration::from_millis(400),
        retries: 0,
        ..world.settings()
    })
    .unwrap();
    world.simulator.add_fault(FaultKind::Garbage);
    for _ in 0..2 {
        let error = client.fleet(None).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Malformed(_)), "{error}");
    }
    world.simulator.clear_faults();
    let error = client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::CircuitOpen(_)), "{error}");
    assert_eq!(error.carried(), Carried::No);
    assert_eq!(
        error.person(),
        "The lifecycle service failed several times in a row, so we leave it alone for a moment. Nothing was changed. \
         Try again in a second."
    );
    assert_eq!(world.simulator.requests().len(), 2, "nothing was sent");
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match client.fleet(None).await {
            Ok(FleetAnswer::Read(_)) => break,
            Ok(FleetAnswer::NotModified) => panic!("not asked for"),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::CircuitOpen(_)), "{error}"),
        }
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    client.begin(&change(&id("billing-1"), &Action::Stop, "key-1")).await.unwrap();
}

#[tokio::test]
async fn refusals_do_not_open_the_circuit() {
    let world = world().await;
    let settings = Settings { breaker_threshold: 1, ..world.settings() };
    let client = LifecycleClient::new(settings).unwrap();
    for _ in 0..3 {
        let error = client.connector(&id("nobody")).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error}");
    }
}
