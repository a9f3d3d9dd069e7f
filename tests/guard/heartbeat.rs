//! P9: if Botswain falls silent, somebody outside notices.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use botswain::heartbeat::{Beat, Heartbeat, NotTaken};
use botswain::sandbox::lifecycle::{Deed, FaultKind};
use botswain::vitals::{Ailment, Vitals};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::scene::{Scene, connected};

const POST: &str = "POST /channels/{id}/messages";

/// Who listens outside: what they were asked, and with which status they answer.
#[derive(Clone)]
struct Outside {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<StatusCode>>,
}

impl Outside {
    async fn listens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/push/a-secret?status=up", listener.local_addr().unwrap());
        let (heard, answer) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Mutex::new(StatusCode::OK)));
        let outside = Self { url, heard, answer };
        let listening = outside.clone();
        let router = Router::new().fallback(move |request: Request| async move { listening.hears(&request) });
        tokio::spawn(async move { axum::serve(listener, router).await });
        outside
    }

    fn hears(&self, request: &Request) -> Response {
        self.heard.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        (*self.answer.lock().unwrap(), [(header::LOCATION, "/elsewhere")], "well").into_response()
    }

    fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

async fn beating() -> (Scene, Outside, Heartbeat, Vitals) {
    let mut scene = Scene::open().await;
    let (outside, vitals) = (Outside::listens().await, scene.vitals().await);
    let heartbeat = Heartbeat::new(vitals.clone(), outside.url.clone().into(), Duration::from_secs(60)).unwrap();
    (scene, outside, heartbeat, vitals)
}

/// Beats as long as all is well, is silent once it is not, whatever that is, and goes on when it is well again.
#[track_caller]
fn silent(beat: Beat) -> Ailment {
    match beat {
        Beat::Silent(ailment) => ailment,
        other => panic!("it beats: {other:?}"),
    }
}

#[track_caller]
fn sent(beat: &Beat) {
    assert!(matches!(beat, Beat::Sent), "{beat:?}");
}

#[tokio::test]
async fn p9_the_one_outside_is_called_once_each_interval_while_all_is_well() {
    let (mut scene, outside, mut heartbeat, _) = beating().await;
    for _ in 0..3 {
        sent(&heartbeat.step(scene.now()).await);
        scene.later().await.unwrap();
        assert!(matches!(heartbeat.step(scene.now()).await, Beat::NotDue));
        scene.later().await.unwrap();
    }
    assert_eq!(*outside.heard.lock().unwrap(), ["GET /push/a-secret?status=up"; 3]);
}

#[tokio::test]
async fn p9_it_is_silent_when_the_fleet_is_not_read() {
    let (mut scene, outside, mut heartbeat, _) = beating().await;
    scene.passes(91);
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::PollsStale));
    scene.tick().await.unwrap();
    assert!(matches!(heartbeat.step(scene.now()).await, Beat::NotDue));
    scene.passes(5);
    sent(&heartbeat.step(scene.now()).await);
    let service = &scene.sandbox.lifecycle.as_ref().unwrap().stand_in;
    service.add_fault(FaultKind::ServerError { status: 500 });
    for _ in 0..4 {
        scene.later().await.unwrap();
    }
    scene.deliver().await;
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::PollsStale));
    assert_eq!(outside.heard(), 1);
}

#[tokio::test]
async fn p9_it_is_silent_when_the_fleet_was_never_read() {
    let mut scene = Scene::begin().await;
    let (outside, vitals) = (Outside::listens().await, scene.vitals().await);
    let mut heartbeat = Heartbeat::new(vitals, outside.url.clone().into(), Duration::from_secs(60)).unwrap();
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::PollsStale));
    assert_eq!(outside.heard(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn p9_it_is_silent_when_the_gateway_does_not_answer() {
    let (mut scene, outside, mut heartbeat, vitals) = beating().await;
    let deaf = |on: bool| json!({"action": "deaf", "on": on});
    scene.control(Method::POST, "/gateway", deaf(true)).await;
    connected(&vitals.gateway, false).await;
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::GatewaySilent));
    assert_eq!(outside.heard(), 0);
    scene.control(Method::POST, "/gateway", deaf(false)).await;
    scene.control(Method::POST, "/gateway", json!({"action": "drop"})).await;
    connected(&vitals.gateway, true).await;
    scene.later().await.unwrap();
    sent(&heartbeat.step(scene.now()).await);
}

#[tokio::test]
async fn p9_it_is_silent_when_the_store_cannot_be_written_though_nothing_is_to_be_written() {
    let (mut scene, outside, mut heartbeat, _) = beating().await;
    scene.fill_up().await;
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::StoreFails(_)));
    scene.make_room().await;
    scene.later().await.unwrap();
    sent(&heartbeat.step(scene.now()).await);
    scene.take_away().await;
    scene.passes(60);
    scene.tick().await.unwrap_err();
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::StoreFails(_)));
    assert_eq!(outside.heard(), 1);
}

#[tokio::test]
async fn p9_it_is_silent_while_an_alert_is_written_down_nowhere() {
    let (mut scene, outside, mut heartbeat, _) = beating().await;
    scene.refuse(&["incidents"]).await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap_err();
    assert_eq!(scene.messages(scene.alerts()).await.len(), 1);
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::AlertsUnwritten));
    assert_eq!(outside.heard(), 0);
    scene.allow(&["incidents"]).await;
    scene.later().await.unwrap();
    scene.deliver().await;
    sent(&heartbeat.step(scene.now()).await);
}

#[tokio::test]
async fn p9_it_is_silent_when_nobody_takes_out_of_the_outbox_what_is_due() {
    let (mut scene, outside, mut heartbeat, _) = beating().await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap();
    sent(&heartbeat.step(scene.now()).await);
    for _ in 0..5 {
        scene.later().await.unwrap();
    }
    assert!(matches!(silent(heartbeat.step(scene.now()).await), Ailment::OutboxStuck { .. }));
    assert_eq!(outside.heard(), 1);
    scene.deliver().await;
    scene.later().await.unwrap();
    sent(&heartbeat.step(scene.now()).await);
}

/// While the outbox moves: what cannot be posted now is tried again later.
async fn unseen(scene: &mut Scene, heartbeat: &mut Heartbeat) {
    scene.does("billing-1", Deed::Drop);
    for _ in 0..6 {
        scene.later().await.unwrap();
        scene.deliver().await;
    }
    assert_eq!(scene.texts(scene.alerts()).await, [""; 0]);
    let ailment = silent(heartbeat.step(scene.now()).await);
    let incident = scene.incident("Billing Bot").await.unwrap();
    assert!(matches!(&ailment, Ailment::IncidentUnseen { incident: named, .. } if named == incident.id.reference()));
}

#[tokio::test]
async fn p9_it_is_silent_while_an_open_incident_does_not_stand_on_discord() {
    let (mut scene, outside, mut heartbeat, _) = beating().await;
    scene.may_post(scene.alerts(), false).await;
    unseen(&mut scene, &mut heartbeat).await;
    assert_eq!(outside.heard(), 0);
    scene.may_post(scene.alerts(), true).await;
    for _ in 0..12 {
        scene.later().await.unwrap();
        scene.deliver().await;
    }
    sent(&heartbeat.step(scene.now()).await);
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

#[tokio::test]
async fn p9_it_is_silent_while_discord_will_never_take_an_open_incident() {
    let (mut scene, outside, mut heartbeat, _) = beating().await;
    scene
        .fault(json!({"kind": "refuse", "status": 400, "code": 50035, "message": "Invalid Form Body", "route": POST}))
        .await;
    unseen(&mut scene, &mut heartbeat).await;
    assert_eq!(outside.heard(), 0);
    scene.no_faults().await;
    // It is tried again once it says something else; when it is over, nobody is kept waiting for it.
    scene.does("billing-1", Deed::Recover);
    scene.later().await.unwrap();
    scene.deliver().await;
    sent(&heartbeat.step(scene.now()).await);
}

#[tokio::test]
async fn a_call_that_is_not_taken_is_repeated_soon_and_no_redirect_is_followed() {
    let (mut scene, outside, mut heartbeat, vitals) = beating().await;
    for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::FOUND, StatusCode::NOT_FOUND] {
        outside.answers(status);
        let beat = heartbeat.step(scene.now()).await;
        assert!(matches!(beat, Beat::Failed(NotTaken::Refused(said)) if said == status.as_u16()), "{beat:?}");
        scene.passes(5);
    }
    outside.answers(StatusCode::NO_CONTENT);
    sent(&heartbeat.step(scene.now()).await);
    assert_eq!(*outside.heard.lock().unwrap(), ["GET /push/a-secret?status=up"; 4]);
    let nobody = "http://127.0.0.1:9/a-secret".to_owned();
    let mut heartbeat = Heartbeat::new(vitals, nobody.into(), Duration::from_secs(60)).unwrap();
    let beat = heartbeat.step(scene.now()).await;
    assert!(matches!(beat, Beat::Failed(NotTaken::NoConnection)), "{beat:?}");
    assert!(!format!("{heartbeat:?}{beat:?}").contains("a-secret"), "p12");
}
