//! What is scraped.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use botswain::metrics::Metrics;
use botswain::sandbox::lifecycle::{Deed, FaultKind};
use botswain::tally::Tally;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::Scene;

/// What one line of the metrics says.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in:\n{text}")).parse().unwrap()
}

async fn of(scene: &mut Scene) -> Metrics {
    Metrics {
        vitals: scene.vitals().await,
        polls: scene.monitor.polls(),
        deliveries: scene.delivery.tally(),
        timelines: Tally::default(),
        channels: scene.delivery.channels(),
        interactions: scene.interactions.clone(),
        heartbeats: None,
    }
}

#[tokio::test]
async fn the_metrics_say_how_things_stand_and_what_happened() {
    let mut scene = Scene::open().await;
    let metrics = of(&mut scene).await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap();
    scene.passes(7);
    let text = metrics.scrape(scene.now()).await.unwrap();
    let version = format!("botswain_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    for (series, expected) in [
        (version.as_str(), 1.0),
        ("botswain_fleet_polls_total{outcome=\"read\"}", 2.0),
        ("botswain_fleet_age_seconds", 7.0),
        ("botswain_fleet_fresh", 1.0),
        ("botswain_gateway_connected", 1.0),
        ("botswain_gateway_replacements_total", 0.0),
        ("botswain_store_writable", 1.0),
        ("botswain_outbox_waiting_messages", 1.0),
        ("botswain_outbox_oldest_age_seconds", 7.0),
        ("botswain_outbox_given_up_messages", 0.0),
        ("botswain_unwritten_alerts", 0.0),
        ("botswain_open_incidents{level=\"at_risk\",environment=\"production\"}", 1.0),
    ] {
        assert!((value(&text, series) - expected).abs() < 0.001, "{series}:\n{text}");
    }
    let refuse = json!({"kind": "refuse", "status": 400, "code": 50035, "message": "no", "times": 1,
                        "route": "POST /channels/{id}/messages"});
    scene.fault(refuse).await;
    scene.deliver().await;
    scene.does("billing-2", Deed::Drop);
    scene.sandbox.lifecycle.as_ref().unwrap().stand_in.add_fault(FaultKind::ServerError { status: 500 });
    scene.later().await.unwrap();
    let text = metrics.scrape(scene.now()).await.unwrap();
    assert!((value(&text, "botswain_deliveries_total{outcome=\"gave_up\"}") - 1.0).abs() < 0.001, "{text}");
    assert!((value(&text, "botswain_outbox_given_up_messages") - 1.0).abs() < 0.001, "{text}");
    assert!((value(&text, "botswain_fleet_polls_total{outcome=\"failed\"}") - 1.0).abs() < 0.001, "{text}");
}

#[tokio::test]
async fn every_metric_has_help_and_a_type_and_follows_the_conventions() {
    let mut scene = Scene::open().await;
    let metrics = of(&mut scene).await;
    metrics.interactions.observe("command", "answered", Duration::from_millis(3));
    let text = metrics.scrape(scene.now()).await.unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let series: String = line.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        assert!(series.starts_with("botswain_"), "{line}");
        let family = ["_bucket", "_sum", "_count"].iter().fold(series.as_str(), |name, end| name.trim_end_matches(end));
        for about in ["HELP", "TYPE"] {
            assert!(text.contains(&format!("# {about} {family} ")), "no {about} of {family}:\n{text}");
        }
        let counted = text.contains(&format!("# TYPE {family} counter"));
        assert_eq!(counted, family.ends_with("_total"), "{line}");
    }
    let bucket = "botswain_interaction_duration_seconds_bucket{le=\"0.005\",kind=\"command\"}";
    let either =
        [bucket.to_owned(), bucket.replace("{le=\"0.005\",kind=\"command\"}", "{kind=\"command\",le=\"0.005\"}")];
    assert!(either.iter().any(|series| text.contains(series)), "{text}");
}

#[tokio::test]
async fn what_cannot_be_read_from_the_store_is_left_out_and_what_is_known_is_said() {
    let mut scene = Scene::open().await;
    let metrics = of(&mut scene).await;
    scene.fill_up().await;
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap_err();
    let text = metrics.scrape(scene.now()).await.unwrap();
    assert_eq!(value(&text, "botswain_store_writable").to_string(), "0");
    assert_eq!(value(&text, "botswain_unwritten_alerts").to_string(), "1");
    scene.take_away().await;
    let text = metrics.scrape(scene.now()).await.unwrap();
    assert!(!text.contains("botswain_open_incidents{") && !text.contains("botswain_outbox"), "{text}");
    assert_eq!(value(&text, "botswain_gateway_connected").to_string(), "1");
}

#[tokio::test]
async fn a_channel_that_takes_nothing_is_in_the_metrics() {
    let mut scene = Scene::open().await;
    let metrics = of(&mut scene).await;
    scene.may_post(scene.alerts(), false).await;
    scene.does("billing-1", Deed::Drop);
    scene.round().await;
    let text = metrics.scrape(scene.now()).await.unwrap();
    for series in [
        "botswain_blocked_channels",
        "botswain_alert_channel_troubles",
        "botswain_deliveries_total{outcome=\"refused\"}",
    ] {
        assert_eq!(value(&text, series).to_string(), "1", "{series}");
    }
    scene.control(Method::DELETE, "/violations", Value::Null).await;
}

/// All that there is, after something of everything has happened.
async fn scraped() -> String {
    let mut scene = Scene::open().await;
    let metrics = Metrics { heartbeats: Some(Tally::default()), ..of(&mut scene).await };
    metrics.heartbeats.as_ref().unwrap().count("sent");
    metrics.timelines.count("told");
    metrics.interactions.observe("command", "answered", Duration::from_millis(7));
    scene.does("billing-1", Deed::Drop);
    scene.later().await.unwrap();
    scene.deliver().await;
    metrics.scrape(scene.now()).await.unwrap()
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_a_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = text.split(|letter| !is_of_a_name(letter));
    words.filter(|word| word.starts_with("botswain_")).map(str::to_owned).collect()
}

fn file(path: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[tokio::test]
async fn rules_dashboard_and_readme_name_only_metrics_that_there_are_and_the_readme_all_of_them() {
    let text = scraped().await;
    let mut there: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned()))
        .collect();
    assert!(there.len() > 20, "{text}");
    // Not known before the first heartbeat.
    there.insert("botswain_gateway_heartbeat_latency_seconds".to_owned());
    for path in ["deploy/prometheus-alerts.yml", "deploy/grafana-dashboard.json", "README.md"] {
        let unknown: Vec<_> = named(&file(path)).into_iter().filter(|name| !is_there(&there, name)).collect();
        assert!(unknown.is_empty(), "{path} names what there is not: {unknown:?}\n{text}");
    }
    let described = named(&file("README.md"));
    let told = |name: &String| {
        ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .map_or_else(|| name.clone(), str::to_owned)
    };
    let untold: Vec<_> = there.iter().map(told).filter(|name| !described.contains(name)).collect();
    assert!(untold.is_empty(), "the README does not name {untold:?}");
}

/// A metric, or a histogram by the name that its parts have in common.
fn is_there(there: &BTreeSet<String>, name: &str) -> bool {
    there.contains(name) || there.contains(&format!("{name}_bucket"))
}

#[tokio::test]
#[ignore = "needs promtool"]
async fn names_and_units_are_as_prometheus_wants_them() {
    let mut promtool = std::process::Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(scraped().await.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}
