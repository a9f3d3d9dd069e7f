//! The README's worked example of an adapter, driven by the product's own client.
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use botswain::domain::action::Action;
use botswain::domain::connector::{Connector, Environment, Revision};
use botswain::domain::ids::{BotId, ConnectorId};
use botswain::lifecycle::contract::ProblemKind;
use botswain::lifecycle::{Change, FleetAnswer, LifecycleClient, LifecycleError, OperationState, Settings};

const SOURCE: &str = "tests/lifecycle/adapter.py";

struct Adapter {
    program: Child,
    client: LifecycleClient,
}

impl Adapter {
    /// Whose platform needs so many seconds for what it does.
    fn start(moment: &str) -> Self {
        let mut command = Command::new("python3");
        command
            .arg(SOURCE)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("LIFECYCLE_TOKEN", "t")
            .env("PORT", "0")
            .env("MOMENT", moment);
        let mut program = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.find_map(|line| line.strip_prefix("LIFECYCLE_URL=").map(str::to_owned)).unwrap();
        let client = LifecycleClient::new(Settings::new(url.parse().unwrap(), "t".to_owned().into())).unwrap();
        Self { program, client }
    }

    async fn fleet(&self) -> Vec<Connector> {
        match self.client.fleet(None).await.unwrap() {
            FleetAnswer::Read(read) => {
                assert!(read.complete && read.malformed.is_empty(), "{read:?}");
                read.connectors
            }
            FleetAnswer::NotModified => panic!("no tag was given"),
        }
    }

    async fn asks(&self, action: &Action, key: &str, revision: Option<&Revision>) -> Result<String, LifecycleError> {
        let connector = ConnectorId::new("billing-2");
        let change =
            Change { connector: &connector, action, revision, key, requested_by: "olga", reason: Some("a test") };
        Ok(self.client.begin(&change).await?.id)
    }

    /// Asks for a change, and follows it to its end.
    async fn does(&self, action: &Action, key: &str) -> Connector {
        let operation = self.asks(action, key, None).await.unwrap();
        let ended = async {
            while self.client.operation(&operation).await.unwrap().state == OperationState::Running {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
        assert_eq!(self.client.operation(&operation).await.unwrap().state, OperationState::Succeeded);
        self.client.connector(&ConnectorId::new("billing-2")).await.unwrap()
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

fn refused(answer: Result<String, LifecycleError>) -> Option<ProblemKind> {
    answer.unwrap_err().problem()
}

#[test]
fn the_readme_quotes_the_worked_example_whole_and_it_is_under_a_hundred_lines() {
    let read = |path| std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let text = read(SOURCE);
    assert!(text.lines().count() < 100, "{}", text.lines().count());
    assert!(read("README.md").contains(&format!("```python\n{text}```")), "the README quotes something else");
}

#[tokio::test]
#[ignore = "needs Python 3"]
async fn the_worked_example_stops_moves_and_starts_a_connector() {
    let adapter = Adapter::start("0.02");
    let before = adapter.fleet().await;
    assert!(before.len() == 2 && before.iter().all(Connector::is_healthy), "{before:?}");
    assert_eq!(adapter.client.connectors_of(&BotId::new("none")).await.unwrap().connectors, []);
    let FleetAnswer::Read(read) = adapter.client.fleet(None).await.unwrap() else { panic!("no tag was given") };
    let again = adapter.client.fleet(read.etag.as_ref()).await.unwrap();
    assert!(matches!(again, FleetAnswer::NotModified), "{again:?}");
    assert!(!adapter.does(&Action::Stop, "stop").await.is_healthy());
    let to = Environment::new("Demo");
    let moved = adapter.does(&Action::Redeploy { to: to.clone() }, "move").await;
    assert_eq!(moved.environment, to);
    assert!(adapter.does(&Action::Start, "start").await.is_healthy());
}

#[tokio::test]
#[ignore = "needs Python 3"]
async fn p3_the_worked_example_judges_a_key_once_and_refuses_in_the_contracts_words() {
    let adapter = Adapter::start("2");
    let stale = adapter.fleet().await[1].revision.clone();
    let first = adapter.asks(&Action::Stop, "k", stale.as_ref()).await.unwrap();
    assert_eq!(refused(adapter.asks(&Action::Start, "l", None).await), Some(ProblemKind::OperationInProgress));
    // What was judged is answered the same, whatever is under way or has changed since.
    assert_eq!(adapter.asks(&Action::Stop, "k", stale.as_ref()).await.unwrap(), first);
    assert_eq!(refused(adapter.asks(&Action::Start, "k", None).await), Some(ProblemKind::IdempotencyKeyReused));
    assert_eq!(adapter.client.operation_by_key("k").await.unwrap().unwrap().id, first);
    assert_eq!(adapter.client.operation_by_key("never").await.unwrap(), None);
    adapter.does(&Action::Stop, "k").await;
    assert_eq!(adapter.asks(&Action::Stop, "k", stale.as_ref()).await.unwrap(), first);
    assert_eq!(refused(adapter.asks(&Action::Stop, "m", None).await), Some(ProblemKind::NotRunning));
    assert_eq!(refused(adapter.asks(&Action::Start, "n", stale.as_ref()).await), Some(ProblemKind::RevisionMismatch));
    let nowhere = Action::Redeploy { to: Environment::new("Nowhere") };
    assert_eq!(refused(adapter.asks(&nowhere, "o", None).await), Some(ProblemKind::UnknownEnvironment));
    let error = adapter.client.connector(&ConnectorId::new("none")).await.unwrap_err();
    assert_eq!(error.problem(), Some(ProblemKind::UnknownConnector));
}
