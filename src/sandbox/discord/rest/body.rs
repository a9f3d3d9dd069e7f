//! Reads a request's body: JSON, or a form with `payload_json` and files.
//! <https://docs.discord.com/developers/reference#uploading-files>
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Multipart, Request},
    http::header,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::discord::{
    refusal::{self, Refused, form_error},
    rules::message::Upload,
};

/// Bytes that a whole request may have.
const REQUEST_BYTES: usize = 30 * 1024 * 1024;

/// A body.
#[derive(Debug)]
pub(crate) struct Received {
    /// When its last byte came: what is made of it takes our time, and is nobody's waiting.
    pub(crate) arrived: Timestamp,
    /// Null if there was none.
    pub(crate) json: Value,
    pub(crate) uploads: Vec<Upload>,
    /// The names of the uploads, for the log.
    pub(crate) names: Vec<String>,
}

impl Received {
    pub(crate) fn nothing(arrived: Timestamp) -> Self {
        Received { arrived, json: Value::Null, uploads: Vec::new(), names: Vec::new() }
    }
}

/// Reads it whole, by a clock.
pub(crate) async fn read(request: Request, clock: impl Fn() -> Timestamp) -> Result<Received, Refused> {
    let (parts, body) = request.into_parts();
    let too_large = refusal::Refusal { status: 413, code: 40005, message: "Request entity too large" };
    let bytes = to_bytes(body, REQUEST_BYTES).await.map_err(|_| Refused::from(too_large))?;
    let arrived = clock();
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if kind.starts_with("multipart/form-data") {
        let request = Request::from_parts(parts, Body::from(bytes));
        let form = Multipart::from_request(request, &()).await.map_err(|_| Refused::from(refusal::FORM_BODY))?;
        return read_form(form, arrived).await;
    }
    if bytes.is_empty() {
        return Ok(Received::nothing(arrived));
    }
    if !kind.starts_with("application/json") {
        // Discord reads such a body as an empty form.
        return Err(form_error(
            "",
            "CONTENT_TYPE_INVALID",
            "Expected \"Content-Type\" header to be one of {'application/json'}.",
        ));
    }
    let json = serde_json::from_slice(&bytes).map_err(|_| Refused::from(refusal::INVALID_JSON))?;
    Ok(Received { json, ..Received::nothing(arrived) })
}

async fn read_form(mut form: Multipart, arrived: Timestamp) -> Result<Received, Refused> {
    let mut received = Received { json: json!({}), ..Received::nothing(arrived) };
    let broken = |_| Refused::from(refusal::FORM_BODY);
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "payload_json" {
            let text = field.text().await.map_err(broken)?;
            received.json = serde_json::from_str(&text).map_err(|_| Refused::from(refusal::INVALID_JSON))?;
            continue;
        }
        let slot = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')).and_then(|n| n.parse().ok());
        let Some(slot) = slot.or((name == "file").then_some(0)) else {
            return Err(form_error(&name, "STAND_IN_UNKNOWN_PART", "A form holds payload_json and files[n]."));
        };
        let Some(file) = field.file_name().map(kept_name) else {
            return Err(form_error(&name, "BASE_TYPE_REQUIRED", "A file needs a name."));
        };
        let content_type = field.content_type().map(str::to_owned);
        let bytes = field.bytes().await.map_err(broken)?.to_vec();
        received.names.push(file.clone());
        received.uploads.push(Upload { slot, name: file, content_type, bytes });
    }
    Ok(received)
}

/// A file's name as Discord keeps it: what is not plain becomes `_`, so `attachment://` must name it that way.
fn kept_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}
