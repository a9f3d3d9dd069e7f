//! Holds what the stand-in wrote down, requests and answers alike, against Discord's own description.
#![expect(clippy::expect_used, reason = "a test that cannot be judged should say so at once")]

#[path = "document.rs"]
pub(crate) mod document;

use std::{collections::BTreeMap, io::Write as _, time::Instant};

use serde_json::Value;

use self::document::{Document, Operation, document};

/// How often an operation was judged with which status.
type Counts = BTreeMap<(String, u64), u64>;

/// Judges exchanges as `GET /requests` shows them; panics with all that is wrong. Where an answer's code is one of
/// `meant_to_be_refused`, the request was wrong on purpose, and only the answer is judged. Without a description nothing is
/// judged, and nothing is counted.
pub(crate) fn judge(exchanges: &[Value], meant_to_be_refused: &[u64]) {
    let Some(document) = document() else {
        return;
    };
    let began = Instant::now();
    let (mut counts, mut wrong) = (Counts::new(), Vec::new());
    for exchange in exchanges {
        let (operation, faults) = one(document, exchange, meant_to_be_refused);
        *counts.entry((operation, exchange["status"].as_u64().unwrap_or(0))).or_default() += 1;
        if !faults.is_empty() {
            wrong.push(format!("{}\n  {}", shown(exchange), faults.join("\n  ")));
        }
    }
    tell(&counts, began.elapsed().as_micros());
    assert!(wrong.is_empty(), "Discord's description has something against:\n{}", wrong.join("\n"));
}

fn shown(exchange: &Value) -> String {
    let (method, path) =
        (exchange["method"].as_str().unwrap_or_default(), exchange["path"].as_str().unwrap_or_default());
    let text = format!("{method} {path} {} -> {} {}", exchange["body"], exchange["status"], exchange["answer"]);
    text.chars().take(2500).collect()
}

/// The operation, and what is wrong.
fn one(document: &Document, exchange: &Value, meant_to_be_refused: &[u64]) -> (String, Vec<String>) {
    let text = |key: &str| exchange[key].as_str().unwrap_or_default();
    let uri = text("path").strip_prefix("/api/v10").unwrap_or_default();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let code = exchange.pointer("/answer/code").and_then(Value::as_u64);
    let status = exchange["status"].as_u64().unwrap_or(0);
    let exempt = status >= 400 && code.is_some_and(|code| meant_to_be_refused.contains(&code));
    let Some(operation) = document.operation(text("method"), path) else {
        let faults = if exempt { error_shape(document, exchange) } else { vec!["there is no such route".to_owned()] };
        return ("none".to_owned(), faults);
    };
    let mut faults = Vec::new();
    if !exempt {
        faults.extend(of_parameters(document, operation, path, query));
        faults.extend(of_body(document, operation, &exchange["body"]));
    }
    faults.extend(of_answer(document, operation, status, exchange));
    (operation.id.clone(), faults)
}

fn of_parameters(document: &Document, operation: &Operation, path: &str, query: &str) -> Vec<String> {
    let in_path = operation.in_path(path).map(|(name, value)| (name, "path", value.to_owned()));
    let pairs: Vec<(String, String)> = reqwest::Url::parse(&format!("http://discord/?{query}"))
        .map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default();
    let in_query = pairs.iter().map(|(name, value)| (name.as_str(), "query", value.clone()));
    let mut faults = Vec::new();
    for (name, place, value) in in_path.chain(in_query) {
        let Some((_, _, schema)) = operation.parameters.iter().find(|(known, at, _)| known == name && at == place)
        else {
            faults.push(format!("there is no parameter {name} in the {place}"));
            continue;
        };
        // A parameter is text; what it stands for depends on what is asked for.
        let flag = ["0", "1"].contains(&value.as_str()).then(|| Value::Bool(value == "1"));
        let meanings = [serde_json::from_str(&value).ok(), flag, Some(Value::String(value.clone()))];
        let mut judged = meanings.into_iter().flatten().map(|meaning| document.faults(schema, &meaning));
        if !judged.any(|faults| faults.is_empty()) {
            faults.push(format!("{name}={value} is not what the {place} may hold"));
        }
    }
    faults
}

fn of_body(document: &Document, operation: &Operation, body: &Value) -> Vec<String> {
    let Some((pointer, asked)) = document.of(operation, "requestBody") else {
        return if body.is_null() { Vec::new() } else { vec!["no body is asked for".to_owned()] };
    };
    if body.is_null() {
        return if asked["required"] == true { vec!["a body is required".to_owned()] } else { Vec::new() };
    }
    // What comes as a form has the same shape in its `payload_json`.
    let kind =
        if asked["content"].get("application/json").is_some() { "application~1json" } else { "multipart~1form-data" };
    document.faults(&format!("{pointer}/content/{kind}/schema"), body)
}

fn of_answer(document: &Document, operation: &Operation, status: u64, exchange: &Value) -> Vec<String> {
    // The connection was closed without an answer.
    if status == 0 {
        return Vec::new();
    }
    if status >= 500 {
        return error_shape(document, exchange);
    }
    let family = format!("responses/{}XX", status / 100);
    let described = document.of(operation, &format!("responses/{status}")).or_else(|| document.of(operation, &family));
    let Some((pointer, response)) = described else {
        return vec![format!("{status} is no answer of {}", operation.id)];
    };
    let answer = exchange.get("answer").unwrap_or(&Value::Null);
    if response["content"].get("application/json").is_some() {
        return document.faults(&format!("{pointer}/content/application~1json/schema"), answer);
    }
    if answer.is_null() { Vec::new() } else { vec![format!("{status} has no body")] }
}

/// What every error looks like, wherever it comes from.
fn error_shape(document: &Document, exchange: &Value) -> Vec<String> {
    document.faults("/components/schemas/ErrorResponse", exchange.get("answer").unwrap_or(&Value::Null))
}

/// Where `DISCORD_JUDGED` names a file, it is told what was judged: binary, operation, status, how often; and the time.
fn tell(counts: &Counts, micros: u128) {
    let Some(path) = std::env::var_os("DISCORD_JUDGED") else {
        return;
    };
    let binary = std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let binary = binary.as_deref().and_then(|name| name.rsplit_once('-')).map_or("?", |(name, _)| name).to_owned();
    let mut lines = format!("{binary}\tmicroseconds\t0\t{micros}\n");
    for ((operation, status), count) in counts {
        lines.push_str(&format!("{binary}\t{operation}\t{status}\t{count}\n"));
    }
    // In one write: other test binaries add to it at the same time.
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(lines.as_bytes())).expect("DISCORD_JUDGED can be written");
}
