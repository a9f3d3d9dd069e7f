//! The house's rules, read off the source: which room may import which, who reads the environment and the clock, and that
//! what is written about the settings is what the program knows.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::fs;
use std::path::{Path, PathBuf};

use botswain::config::KNOWN;

/// The rooms, each with those that it may import besides itself. Imports run downwards only.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("store", &["domain"]),
    ("outgoing", &[]),
    ("tally", &[]),
    ("lifecycle", &["domain", "config", "outgoing"]),
    ("discord_api", &["domain", "outgoing"]),
    ("monitor", &["domain", "store", "lifecycle", "tally"]),
    ("operations", &["domain", "store", "lifecycle", "discord_api"]),
    ("incidents", &["domain", "store", "operations"]),
    ("audit", &["domain", "store"]),
    ("history", &["domain", "store"]),
    (
        "discord",
        &[
            "domain",
            "config",
            "store",
            "discord_api",
            "monitor",
            "operations",
            "incidents",
            "audit",
            "history",
            "outgoing",
            "tally",
        ],
    ),
    ("telemetry", &["config"]),
    ("vitals", &["domain", "store", "discord", "monitor"]),
    ("heartbeat", &["vitals", "outgoing", "tally"]),
    ("metrics", &["domain", "store", "discord", "vitals", "tally"]),
    ("http", &["vitals", "metrics"]),
    (
        "app",
        &[
            "config",
            "domain",
            "store",
            "lifecycle",
            "discord_api",
            "monitor",
            "operations",
            "incidents",
            "audit",
            "history",
            "discord",
            "telemetry",
            "vitals",
            "tally",
            "heartbeat",
            "metrics",
            "http",
        ],
    ),
    ("check", &["config", "domain", "store", "lifecycle", "discord_api", "discord", "outgoing"]),
    ("sandbox", &["lifecycle", "config", "domain"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every source file: its path below `src`, and its text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    files_below(&root().join("src"), &mut found);
    assert!(found.len() > 20, "the source was not found");
    let src = root().join("src");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).unwrap())
    };
    found.into_iter().map(read).collect()
}

/// The text without comments and without what follows its unit tests' module.
fn code_of(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    product.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn room_of(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap()
}

#[test]
fn imports_run_downwards_only() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let room = room_of(&name);
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(known, _)| *known == room) else {
            assert!(["main", "lib"].contains(&room), "{name} is in no room that the map knows");
            continue;
        };
        for piece in code_of(&text).split("crate::").skip(1) {
            let target: String = piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if target != room && !allowed.contains(&target.as_str()) {
                wrong.push(format!("{name} imports {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_domain_is_pure() {
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("domain/")) {
        for word in [
            "tokio",
            "serenity",
            "reqwest",
            "sqlx",
            "std::env",
            "Timestamp::now",
            "SystemTime",
            "Instant::now",
            "std::fs",
        ] {
            assert!(!code_of(&text).contains(word), "{name} names {word}");
        }
    }
}

#[test]
fn only_config_reads_the_environment() {
    for (name, text) in sources() {
        let reads = ["std::env", "env::var", "dotenvy::"].iter().any(|word| code_of(&text).contains(word));
        assert!(!reads || room_of(&name) == "config", "{name} reads the environment");
    }
}

#[test]
fn the_store_and_the_judging_take_the_time_as_an_argument() {
    for (name, text) in sources() {
        if ["domain", "store"].contains(&room_of(&name)) {
            assert!(!code_of(&text).contains("::now()"), "{name} asks a clock");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_none_is_a_lumber_room() {
    for (name, text) in sources() {
        assert!(text.starts_with("//! "), "{name} does not begin by saying what it is for");
        for lumber in ["utils", "helpers", "common", "misc"] {
            assert!(!name.split(['/', '.']).any(|part| part == lumber), "{name} is a lumber room");
        }
    }
}

#[test]
fn the_product_does_not_know_the_sandbox() {
    for (name, text) in sources() {
        let knows = code_of(&text).contains("sandbox::");
        assert!(!knows || ["sandbox", "main", "lib"].contains(&room_of(&name)), "{name} imports the sandbox");
    }
}

/// Names in capitals at the beginning of `NAME=` lines, commented out or not.
fn names_in_env_example() -> Vec<String> {
    let text = fs::read_to_string(root().join(".env.example")).unwrap();
    let lines = text.lines().map(|line| line.trim_start_matches('#'));
    let names = lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned());
    names.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect()
}

#[test]
fn env_example_and_readme_name_exactly_the_settings_that_there_are() {
    let mut known: Vec<_> = KNOWN.iter().map(|setting| setting.name.to_owned()).collect();
    known.sort();
    let mut example = names_in_env_example();
    example.sort();
    assert_eq!(example, known, ".env.example");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut described: Vec<_> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    described.sort();
    assert_eq!(described, known, "the README's table");
}

#[test]
fn env_example_shows_the_defaults_that_hold() {
    let text = fs::read_to_string(root().join(".env.example")).unwrap();
    for setting in KNOWN {
        let value = setting.default.unwrap_or("");
        let lines = [format!("{}={value}", setting.name), format!("#{}={value}", setting.name)];
        assert!(text.lines().any(|line| lines.contains(&line.to_owned())), "{} is not {value:?} there", setting.name);
    }
}

/// Every message and form that has words of its own, and everything that is said unasked, stands in the gallery, where people
/// look at all of them.
#[test]
fn the_gallery_shows_every_kind_of_message() {
    let sources = sources();
    let below = |folder: &'static str| sources.iter().filter(move |(name, _)| name.starts_with(folder));
    let gallery: String = below("discord/gallery").map(|(_, text)| code_of(text)).collect();
    let made = below("discord/render/").filter(|(name, _)| !name.contains("/tests"));
    let mut kinds = Vec::new();
    for (_, text) in made {
        let code = code_of(text);
        for head in code.split("\npub fn ").skip(1).map(|rest| rest.split('{').next().unwrap()) {
            let name = head.split(['(', '<']).next().unwrap();
            // What another message is made of is seen in that one.
            let is_part = code.contains(&format!("self::{name}("));
            if !is_part && (head.contains("-> Message") || head.contains("-> Modal")) {
                kinds.push(format!("{name}("));
            }
        }
    }
    let notices = &sources.iter().find(|(name, _)| name == "domain/notice.rs").unwrap().1;
    let notices = notices.split("pub enum Notice {").nth(1).unwrap().split("\n}").next().unwrap();
    let variants = notices.lines().filter(|line| line.starts_with("    ") && line.ends_with('{'));
    kinds.extend(variants.map(|line| format!("Notice::{}", line.trim().trim_end_matches('{'))));
    assert!(kinds.len() > 50, "{kinds:?}");
    let missing: Vec<_> = kinds.iter().filter(|kind| !gallery.contains(kind.trim_end())).collect();
    assert!(missing.is_empty(), "not in the gallery: {missing:?}");
}
