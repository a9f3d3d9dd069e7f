//! The contract as others meet it: from its document alone, in another language, against the program itself.
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The program with the simulated service alone, ended when the test is.
struct Service {
    program: Child,
    url: String,
    token: String,
}

impl Service {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_botswain"));
        command.args(["sandbox", "--lifecycle", "127.0.0.1:0"]).env_clear().stdout(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut setting = |name: &str| lines.find_map(|line| line.strip_prefix(name).map(str::to_owned)).unwrap();
        let (url, token) = (setting("LIFECYCLE_URL="), setting("LIFECYCLE_TOKEN="));
        Self { program, url, token }
    }

    /// Runs something against it, from the root of the repository: what it printed, if it ended well.
    fn meets(&self, command: &mut Command) -> String {
        let name = command.get_program().to_string_lossy().into_owned();
        let command = command.current_dir(env!("CARGO_MANIFEST_DIR")).env("LIFECYCLE_TOKEN", &self.token);
        // Nothing is left in the repository.
        let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output();
        let output = output.unwrap_or_else(|error| panic!("{name} cannot be run: {error}"));
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{name}: {}\n{said}", output.status);
        said
    }

    /// What the service really carried out.
    fn actions(&self) -> Vec<Value> {
        let url = format!("{}/control/fleet/actions", self.url);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let actions: Value = runtime.block_on(async {
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            http.get(url).send().await.unwrap().json().await.unwrap()
        });
        actions.as_array().unwrap().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

#[test]
#[ignore = "needs Python 3"]
fn p3_a_client_in_another_language_drives_the_service_from_its_document_alone() {
    let service = Service::start();
    let said = service.meets(Command::new("python3").arg("tests/lifecycle/drive.py").arg(&service.url));
    assert!(said.ends_with("done\n"), "{said}");
    let key = said.lines().find_map(|line| line.strip_prefix("key ")).unwrap();
    let actions = service.actions();
    let stops: Vec<_> = actions.iter().filter(|action| action["key"] == key).collect();
    assert_eq!(stops.len(), 1, "a stop that was asked for five times was carried out once: {actions:?}");
    assert_eq!((stops[0]["action"].as_str(), actions.len()), (Some("stop"), 2));
}

/// The links that the contract's document names, each written as the beginning of its name in schemathesis's report.
fn links(document: &Value) -> Vec<String> {
    let mut links = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let names = response["links"].as_object().into_iter().flatten().map(|(name, _)| name);
                links.extend(names.map(|name| format!("{} {path} -> [{status}] {name} -> ", method.to_uppercase())));
            }
        }
    }
    links
}

/// Every step of the stateful scenarios that came about by a link.
fn followed(events: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(events).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let scenarios = events.filter(|event| event["ScenarioFinished"]["phase"] == "stateful");
    let mut names = Vec::new();
    for scenario in scenarios {
        // One that the time cut off has no cases.
        let cases = scenario["ScenarioFinished"]["recorder"]["cases"].as_object();
        let ids = cases.into_iter().flatten().filter_map(|(_, case)| case["transition"]["id"].as_str());
        names.extend(ids.map(str::to_owned));
    }
    names
}

#[test]
#[ignore = "needs schemathesis (tests/lifecycle/requirements.txt)"]
fn schemathesis_finds_nothing_in_the_service_and_follows_the_links_of_its_document() {
    let service = Service::start();
    let folder = TempDir::new().unwrap();
    let (report, events) = (folder.path().join("report.json"), folder.path().join("events.ndjson"));
    let mut command = Command::new("schemathesis");
    command
        .args(["--config-file", "tests/lifecycle/schemathesis.toml", "run"])
        .arg(format!("{}/openapi.json", service.url));
    command.arg("--report=json,ndjson").arg("--report-json-path").arg(&report).arg("--report-ndjson-path").arg(&events);
    let said = service.meets(&mut command);

    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!((&report["complete"], &report["operations"]["tested"]), (&Value::Bool(true), &Value::from(5)), "{said}");
    for phase in ["examples", "coverage", "fuzzing", "stateful"] {
        assert_eq!(report["phases"][phase]["status"], "success", "{phase}: {said}");
    }
    assert!(report["test_cases"]["generated"].as_u64().unwrap() > 1_000, "{said}");
    for (warning, of) in report["warnings"].as_object().unwrap() {
        // Most changes that are made up meet a connector that is busy, or in another state: no fault of either side.
        let expected =
            warning == "validation_mismatch" && *of == serde_json::json!(["POST /v1/connectors/{id}/operations"]);
        assert!(expected || of.as_array().unwrap().is_empty(), "{warning}: {said}");
    }
    let document = serde_json::to_value(botswain::sandbox::lifecycle::openapi()).unwrap();
    let (links, followed) = (links(&document), followed(&events));
    assert!(links.len() > 10);
    // Which of them chance takes in its time, it takes; a link that leads nowhere is never followed.
    let never: Vec<_> = links.iter().filter(|link| !followed.iter().any(|id| id.starts_with(*link))).collect();
    assert!(never.len() * 3 <= links.len(), "never followed: {never:#?}\n{said}");
    assert!(!service.actions().is_empty(), "nothing was changed at all");
}
