//! Settings and the file behind them: whatever stands there, all mistakes are named at once, and no secret is in any of them.
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use botswain::config::{Config, KNOWN, Mistakes};
use botswain::discord_api::DiscordApi;
use botswain::lifecycle::{LifecycleClient, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fuzz;
use crate::json::{any_json, meddling, text};

/// Stands in every secret below, and nowhere else.
const SECRET: &str = "hunter2";

fn enough() -> HashMap<String, String> {
    let pairs = [
        ("DISCORD_TOKEN", "token-of-hunter2"),
        ("DISCORD_GUILD_ID", "81"),
        ("DISCORD_ALERT_CHANNEL_ID", "82"),
        ("LIFECYCLE_URL", "https://lifecycle.example"),
        ("LIFECYCLE_TOKEN", "another-of-hunter2"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn value_of(name: &'static str, secret: bool) -> BoxedStrategy<(String, String)> {
    let usual = prop::sample::select(vec![
        "",
        " ",
        "0",
        "1",
        "2",
        "-1",
        "101",
        "81",
        "81, 82",
        "81,,",
        "18446744073709551615",
        "18446744073709551616",
        "true",
        "FALSE",
        "yes",
        "text",
        "json",
        "info",
        "botswain=debug,warn",
        "a=b=c",
        "[",
        "15s",
        "1h",
        "1ns",
        "999999999999y",
        "PT5M",
        "-5m",
        "127.0.0.1:0",
        "[::1]:80",
        ":80",
        "0.0.0.0:99999",
        "http://127.0.0.1:1",
        "http://localhost/x?y=z#f",
        "https://lifecycle.example/a/?q",
        "https://lifecycle.example/#",
        "https://u:p@lifecycle.example",
        "ftp://x",
        "data:x",
        "https://",
        "http://[::1]",
        "unix:/x",
        "production demo",
        "/",
        "/dev/null",
        "nowhere",
    ])
    .prop_map(str::to_owned);
    let plain = prop_oneof![3 => usual, 1 => text()];
    if !secret {
        return plain.prop_map(move |value| (name.to_owned(), value)).boxed();
    }
    let around = prop_oneof![Just(String::new()), Just("sqlite:".to_owned()), Just("mysql://root:".to_owned()), text()];
    let direct =
        (around.clone(), text()).prop_map(move |(before, after)| (name.to_owned(), format!("{before}{SECRET}{after}")));
    let file = plain.prop_map(move |path| (format!("{name}_FILE"), path));
    prop_oneof![4 => direct, 1 => file, 1 => around.prop_map(move |value| (name.to_owned(), value))].boxed()
}

/// Some settings, each with any value.
fn changes() -> impl Strategy<Value = Vec<(String, String)>> {
    let one = prop::sample::select(KNOWN.to_vec()).prop_flat_map(|setting| value_of(setting.name, setting.secret));
    prop::collection::vec(one, 0..8)
}

fn names(mistakes: &Mistakes) -> BTreeSet<String> {
    mistakes.iter().map(|mistake| mistake.name.clone()).collect()
}

fn decent(mistakes: &Mistakes) {
    let shown = format!("{mistakes} {mistakes:?}");
    assert!(!shown.contains(SECRET), "p12: {shown}");
    for name in names(mistakes) {
        let known = KNOWN
            .iter()
            .any(|setting| name == setting.name || (setting.secret && name == format!("{}_FILE", setting.name)));
        assert!(known || name.starts_with("BOTSWAIN_CONFIG, environments."), "{name} is no setting");
    }
}

/// What is accepted can be used: nothing that a person wrote is found to be wrong only later, and without its name.
fn usable(config: Config) {
    assert!(!format!("{config:?}").contains(SECRET), "p12: {config:?}");
    for terms in config.policy.all_terms() {
        assert!(terms.minimum <= 100, "a minimum of {}", terms.minimum);
        assert!((1..=999).contains(&terms.load), "a load of {}", terms.load);
        let hour = Duration::from_secs(3600);
        assert!([terms.alert_after, terms.outage_after, terms.recover_after].iter().all(|after| *after <= hour));
    }
    DiscordApi::new(&config.discord.token, config.discord.api_url.as_ref()).unwrap();
    let settings = Settings::new(config.lifecycle.url, config.lifecycle.token);
    LifecycleClient::new(Settings { plain_http_allowed: config.lifecycle.allow_plain_http, ..settings }).unwrap();
}

fn read(changes: &[(String, String)]) -> Result<Config, Mistakes> {
    let mut settings = enough();
    settings.extend(changes.iter().cloned());
    Config::read(&settings)
}

#[test]
fn whatever_the_settings_hold_they_can_be_used_or_are_named_without_a_secret() {
    fuzz(256, changes(), |changes| match read(&changes) {
        Ok(config) => usable(config),
        Err(mistakes) => decent(&mistakes),
    });
}

/// What is wrong by itself is named among others too. (Whether plain HTTP is allowed changes what an address may be, so it stays out.)
#[test]
fn all_mistakes_are_named_at_once() {
    let changes = changes().prop_map(|changes| {
        let settings: HashMap<_, _> = changes.into_iter().filter(|(name, _)| name != "ALLOW_PLAIN_HTTP").collect();
        settings.into_iter().collect::<Vec<_>>()
    });
    fuzz(128, changes, |changes| {
        let alone = changes.iter().filter_map(|change| read(std::slice::from_ref(change)).err());
        // A secret that stands in two places is one mistake, whatever else is wrong with either.
        let of =
            |mistakes: Mistakes| names(&mistakes).into_iter().map(|name| name.trim_end_matches("_FILE").to_owned());
        let alone: BTreeSet<_> = alone.flat_map(of).collect();
        let together: BTreeSet<_> = read(&changes).err().into_iter().flat_map(of).collect();
        assert!(together.is_superset(&alone), "{alone:?} alone, {together:?} together");
    });
}

/// A value as TOML writes it in one line. (TOML has no null; where one stands, the text is no TOML, which is a case too.)
fn toml(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("{} = {}", json!(name), toml(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn files() -> impl Strategy<Value = String> {
    let right = || {
        json!({
            "production": { "failover_min_healthy": 3, "operator_role_ids": ["7", 8], "bots": { "faq": { "failover_min_healthy": 1 } } },
            "Demo": { "alert_role_ids": ["9"], "may": { "stop": [7, "8"], "start": [7, 8], "mute": [] } },
        })
    };
    let meddled = prop::collection::vec(meddling(), 0..4).prop_map(move |meddlings| {
        let mut file = right();
        meddlings.iter().for_each(|meddling| meddling.to(&mut file));
        format!("environments = {}", toml(&file))
    });
    // The wrong file: settings, with their secrets.
    let dotenv = (text(), text())
        .prop_map(|(before, after)| format!("{before}\nDISCORD_TOKEN={SECRET}\nLIFECYCLE_TOKEN=\"{SECRET}\n{after}"));
    prop_oneof![
        6 => meddled,
        1 => any_json().prop_map(|value| format!("environments = {}", toml(&value))),
        1 => text(),
        1 => "[\\[\\]{}=\"'#.\\\\\n a-z0-9]{0,60}",
        1 => dotenv,
        1 => Just(format!("environments = {}1", "[".repeat(50_000))),
    ]
}

#[test]
fn whatever_the_file_holds_it_can_be_used_or_is_named_without_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("botswain.toml");
    fuzz(128, files(), |file| {
        std::fs::write(&path, file).unwrap();
        match read(&[("BOTSWAIN_CONFIG".to_owned(), path.to_str().unwrap().to_owned())]) {
            Ok(config) => usable(config),
            Err(mistakes) => {
                decent(&mistakes);
                assert!(names(&mistakes).iter().all(|name| name.starts_with("BOTSWAIN_CONFIG")), "{mistakes}");
            }
        }
    });
}
