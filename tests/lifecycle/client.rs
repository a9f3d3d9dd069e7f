//! Our client against the simulator, when all goes well: what it asks, and how it puts the answers into the domain's words.
use std::time::Duration;

use botswain::domain::action::Action;
use botswain::domain::connector::{AgentStatus, Condition, Connector, Environment, Link, Revision};
use botswain::domain::ids::{BotId, ConnectorId};
use botswain::lifecycle::contract::{LastOperation, ProblemKind};
use botswain::lifecycle::{
    Carried, Change, FleetAnswer, FleetRead, LifecycleClient, OperationState, Settings, SettingsError,
};
use botswain::sandbox::lifecycle::seed::healthy;
use botswain::sandbox::lifecycle::{Deed, FleetSeed, Options, Patch};
use secrecy::SecretString;

use super::world::{TOKEN, World, explicit, world};

pub(crate) fn id(id: &str) -> ConnectorId {
    ConnectorId::new(id)
}

pub(crate) fn change<'a>(connector: &'a ConnectorId, action: &'a Action, key: &'a str) -> Change<'a> {
    Change { connector, action, revision: None, key, requested_by: "olga", reason: Some("wrong answers") }
}

pub(crate) async fn read(client: &LifecycleClient) -> FleetRead {
    match client.fleet(None).await.unwrap() {
        FleetAnswer::Read(read) => read,
        FleetAnswer::NotModified => panic!("not asked for"),
    }
}

fn find<'a>(connectors: &'a [Connector], name: &str) -> &'a Connector {
    connectors.iter().find(|c| c.name == name).unwrap()
}

#[tokio::test]
async fn the_fleet_comes_in_the_words_of_the_domain() {
    let world = world().await;
    let fleet = read(&world.client()).await;
    assert!(fleet.complete && fleet.malformed.is_empty() && fleet.etag.is_some());
    assert_eq!(fleet.connectors.len(), 16);
    let billing = find(&fleet.connectors, "billing-2");
    assert_eq!(billing.environment, Environment::new("production"));
    assert_eq!(billing.conversations, Some(23));
    assert_eq!(billing.since.unwrap().as_millisecond(), 1_790_000_000_000 - 52 * 3_600_000);
    assert_eq!(billing.last_operation.as_ref().unwrap().by.as_deref(), Some("olga"));
    assert_eq!(billing.revision, Some(Revision("r1".to_owned())));
    let condition = |name: &str| find(&fleet.connectors, name).condition();
    assert_eq!(condition("billing-2"), Condition::Healthy);
    assert_eq!(condition("billing-demo-1"), Condition::Stopped);
    assert_eq!(condition("orders-demo-1"), Condition::OnlineNotConnected);
    assert_eq!(condition("returns-demo-1"), Condition::ReadyToStart);
    assert_eq!(condition("faq-demo-1"), Condition::UnknownWord);
}

#[tokio::test]
async fn unknown_words_are_kept_and_a_time_of_zero_is_unknown() {
    let world = world().await;
    let odd = Patch {
        agent: Some("Hibernating".to_owned()),
        conversational_cloud: Some("Wobbly".to_owned()),
        since_ms: Some(0),
        last_operation: Some(Some(LastOperation { what: "?".to_owned(), by: None, at_ms: 0 })),
        conversations: Some(None),
        ..Patch::default()
    };
    world.simulator.do_to("billing-1", Deed::Set(Box::new(odd))).unwrap();
    let odd = world.client().connector(&id("billing-1")).await.unwrap();
    assert_eq!(odd.agent, AgentStatus::Other("Hibernating".to_owned()));
    assert_eq!(odd.conversational_cloud, Link::Other("Wobbly".to_owned()));
    assert_eq!((odd.since, odd.conversations), (None, None));
    assert_eq!(odd.last_operation.as_ref().unwrap().at, None);
    assert!(!odd.is_healthy());
    let survey = world.client().connector(&id("survey-1")).await.unwrap();
    assert_eq!((survey.since, survey.conversations), (None, None));
}

#[tokio::test]
async fn an_unchanged_fleet_is_not_read_again() {
    let world = world().await;
    let client = world.client();
    let etag = read(&client).await.etag.unwrap();
    assert!(matches!(client.fleet(Some(&etag)).await, Ok(FleetAnswer::NotModified)));
    world.simulator.do_to("faq-1", Deed::Drop).unwrap();
    let Ok(FleetAnswer::Read(fleet)) = client.fleet(Some(&etag)).await else {
        panic!("it changed");
    };
    assert_eq!(find(&fleet.connectors, "faq-1").condition(), Condition::NotConnected);
    assert_ne!(fleet.etag.unwrap(), etag);
}

#[tokio::test]
async fn a_large_fleet_is_read_page_by_page() {
    let options = Options { fleet: FleetSeed::Generated(950), ..explicit() };
    let world = World::with(options).await;
    let fleet = read(&world.client()).await;
    assert!(fleet.complete);
    assert_eq!(fleet.connectors.len(), 950);
    assert_eq!(world.simulator.requests().len(), 5);
}

#[tokio::test]
async fn the_connectors_of_one_bot_come_from_all_environments() {
    let world = world().await;
    let read = world.client().connectors_of(&BotId::new("bot-billing")).await.unwrap();
    let names: Vec<_> = read.connectors.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["billing-1", "billing-2", "billing-demo-1"]);
    let none = world.client().connectors_of(&BotId::new("bot ?&# billing")).await.unwrap();
    assert!(none.connectors.is_empty() && none.complete);
}

#[tokio::test]
async fn a_change_is_asked_for_followed_and_found_by_its_key() {
    let world = world().await;
    let client = world.client();
    let (billing, stop) = (id("billing-1"), Action::Stop);
    assert_eq!(client.operation_by_key("key-1").await.unwrap(), None);
    let revision = client.connector(&billing).await.unwrap().revision;
    let change = Change { revision: revision.as_ref(), ..change(&billing, &stop, "key-1") };
    let operation = client.begin(&change).await.unwrap();
    assert_eq!((operation.state.clone(), operation.key.as_str()), (OperationState::Running, "key-1"));
    assert_eq!(client.operation_by_key("key-1").await.unwrap().unwrap().id, operation.id);
    world.simulator.step(1_000);
    let done = client.operation(&operation.id).await.unwrap();
    assert_eq!(done.state, OperationState::Succeeded);
    assert_eq!(client.begin(&change).await.unwrap().id, operation.id, "again with its key");
    let request = &world.simulator.requests()[2];
    assert_eq!(request.headers["idempotency-key"], "key-1");
    assert_eq!(request.headers["if-match"], "\"r1\"");
    assert!(request.headers["user-agent"].as_str().unwrap().starts_with("botswain/"));

    let redeploy = Action::Redeploy { to: Environment::new("demo") };
    client.begin(&self::change(&billing, &redeploy, "key-2")).await.unwrap();
    world.simulator.step(1_000);
    let moved = client.connector(&billing).await.unwrap();
    assert_eq!((moved.environment, moved.agent), (Environment::new("Demo"), AgentStatus::Stopped));
    assert_eq!(world.simulator.actions().len(), 2);
}

#[tokio::test]
async fn a_failed_operation_says_why() {
    let world = world().await;
    let client = world.client();
    let (greeter, start) = (id("greeter-demo-1"), Action::Start);
    let operation = client.begin(&change(&greeter, &start, "key-1")).await.unwrap();
    world.simulator.step(10_000);
    let failed = client.operation(&operation.id).await.unwrap();
    let said = "401 unauthorized: the bot user was created by somebody else, or is disabled.".to_owned();
    assert_eq!(failed.state, OperationState::Failed { superseded: false, said });
}

#[tokio::test]
async fn long_texts_are_cut_to_what_the_contract_takes() {
    let world = world().await;
    let (billing, stop) = (id("billing-1"), Action::Stop);
    let long = "ü".repeat(3_000);
    let change = Change { requested_by: &long, reason: Some(&long), ..change(&billing, &stop, "key-1") };
    let operation = world.client().begin(&change).await.unwrap();
    let operation = world.simulator.operation(&operation.id).unwrap();
    assert_eq!(operation.requested_by.chars().count(), 200);
    assert_eq!(operation.reason.unwrap().chars().count(), 500);
}

/// Ids are one segment of the path, whatever is in them.
#[tokio::test]
async fn strange_ids_reach_their_connector_and_no_other() {
    let strange = ["a/b", "a?b=c#d", "a b", "%2e%2e", "ü", "x/../billing-1", &"long".repeat(300)];
    let fleet = strange.map(|id| healthy(id, "Odd Bot", "Production"));
    let options = Options { fleet: FleetSeed::Connectors(fleet.to_vec()), ..explicit() };
    let world = World::with(options).await;
    let client = world.client();
    for name in strange {
        let connector = id(name);
        assert_eq!(client.connector(&connector).await.unwrap().id, connector, "{name}");
        let key = format!("key-{}", connector.key());
        client.begin(&change(&connector, &Action::Stop, &key)).await.unwrap();
    }
    let stopped: Vec<_> = world.simulator.actions().into_iter().map(|a| a.connector).collect();
    assert_eq!(stopped, strange);
    let before = world.simulator.requests().len();
    for name in ["", ".", ".."] {
        let connector = id(name);
        let error = client.begin(&change(&connector, &Action::Stop, "key")).await.unwrap_err();
        assert_eq!(error.carried(), Carried::No);
        client.connector(&connector).await.unwrap_err();
        client.operation(name).await.unwrap_err();
    }
    assert_eq!(world.simulator.requests().len(), before, "nothing was sent");
}

#[tokio::test]
async fn what_cannot_stand_in_a_header_is_not_sent() {
    let world = world().await;
    let (billing, stop) = (id("billing-1"), Action::Stop);
    let broken = Revision("r1\r\nX-Evil: 1".to_owned());
    let with_revision = Change { revision: Some(&broken), ..change(&billing, &stop, "key-1") };
    let with_key = change(&billing, &stop, "key\n1");
    for change in [with_revision, with_key] {
        let error = world.client().begin(&change).await.unwrap_err();
        assert_eq!(error.carried(), Carried::No);
    }
    assert!(world.simulator.requests().is_empty());
}

#[tokio::test]
async fn each_refusal_has_its_sentence() {
    let world = world().await;
    let client = world.client();
    let redeploy = |to: &str| Action::Redeploy { to: Environment::new(to) };
    let table = [
        (
            "billing-1",
            Action::Start,
            ProblemKind::AlreadyRunning,
            "The connector is running already. Nothing was changed.",
        ),
        ("billing-demo-1", Action::Stop, ProblemKind::NotRunning, "The connector is not running. Nothing was changed."),
        (
            "billing-1",
            redeploy("demo"),
            ProblemKind::NotStopped,
            "The connector is not stopped, and only a stopped connector can be redeployed: stop it first. Nothing was changed.",
        ),
        (
            "billing-demo-1",
            redeploy("demo"),
            ProblemKind::SameEnvironment,
            "The connector is in that environment already. Nothing was changed.",
        ),
        (
            "billing-demo-1",
            redeploy("moon"),
            ProblemKind::UnknownEnvironment,
            "The lifecycle service does not have that environment. Nothing was changed.",
        ),
        (
            "nobody",
            Action::Stop,
            ProblemKind::UnknownConnector,
            "The lifecycle service does not have that connector (any more): look at the status again. Nothing was changed.",
        ),
    ];
    for (n, (name, action, kind, sentence)) in table.into_iter().enumerate() {
        let key = format!("key-{n}");
        let error = client.begin(&change(&id(name), &action, &key)).await.unwrap_err();
        assert_eq!(error.problem(), Some(kind));
        assert_eq!((error.carried(), error.is_final()), (Carried::No, true));
        assert_eq!(error.person(), sentence);
    }
    let (billing, stop) = (id("billing-1"), Action::Stop);
    let old = Revision("r0".to_owned());
    let moved = Change { revision: Some(&old), ..change(&billing, &stop, "moved") };
    let error = client.begin(&moved).await.unwrap_err();
    assert_eq!(error.problem(), Some(ProblemKind::RevisionMismatch));
    assert_eq!(
        error.person(),
        "The connector has changed since it was read: look at its status again. Nothing was changed."
    );
    client.begin(&change(&billing, &stop, "first")).await.unwrap();
    let error = client.begin(&change(&billing, &stop, "second")).await.unwrap_err();
    assert_eq!(
        error.person(),
        "Another operation is under way on the connector (op-1): wait until it is over. Nothing was changed."
    );
    assert_eq!(
        error.to_string(),
        "stop billing-1: refused (operation-in-progress, status 409): op-1 is under way: wait until it is over"
    );
}

#[test]
fn settings_that_would_give_the_token_away_are_refused() {
    let settings = |url: &str| Settings::new(url.parse().unwrap(), SecretString::from(TOKEN));
    let made = |settings: Settings| LifecycleClient::new(settings).map(|_| ());
    for good in ["http://127.0.0.1:8080/", "http://[::1]:8080/", "http://localhost/", "https://lifecycle.example/api/"]
    {
        assert!(made(settings(good)).is_ok(), "{good}");
    }
    for plain in ["http://10.0.0.7/", "http://lifecycle.example/", "http://localhost.example/"] {
        assert!(matches!(made(settings(plain)), Err(SettingsError::PlainHttp)), "{plain}");
        let allowed = Settings { plain_http_allowed: true, ..settings(plain) };
        assert!(made(allowed).is_ok(), "{plain}");
    }
    for extras in ["https://olga@a.example/", "https://a.example/?x=1", "https://a.example/#x"] {
        assert!(matches!(made(settings(extras)), Err(SettingsError::Extras)), "{extras}");
    }
    for other in ["ftp://a.example/", "mailto:olga@a.example"] {
        assert!(matches!(made(settings(other)), Err(SettingsError::NotHttp)), "{other}");
    }
    let broken = Settings::new("https://a.example/".parse().unwrap(), SecretString::from("a\nb"));
    assert!(matches!(made(broken), Err(SettingsError::Token)));
}

#[tokio::test]
async fn a_service_below_a_path_is_reached_there() {
    let world = world().await;
    let router = axum::Router::new().nest("/lp/service", world.simulator.router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    for base in ["lp/service", "lp/service/"] {
        let url = format!("http://{address}/{base}").parse().unwrap();
        let client = LifecycleClient::new(Settings { url, ..world.settings() }).unwrap();
        assert_eq!(read(&client).await.connectors.len(), 16);
    }
    server.abort();
}

#[test]
fn a_client_waits_no_longer_than_it_is_told() {
    let settings = Settings::new("https://a.example/".parse().unwrap(), SecretString::from(TOKEN));
    assert_eq!(settings.connect_timeout, Duration::from_secs(3));
    assert_eq!(settings.total_timeout, Duration::from_secs(10));
    let printed = format!("{settings:?} {:?}", LifecycleClient::new(settings.clone()).unwrap());
    assert!(!printed.contains(TOKEN));
}
