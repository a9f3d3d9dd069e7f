//! The page: a chat client in a browser, in which a person tries the bot and breaks the fleet.
//!
//! Plain files, compiled in and served as they are; they talk to `/control/discord` and `/control/fleet` of the same origin.
//! `app.js` is where the page begins: it joins `world` (what is known), `channel` (messages), `commandline`, `fleet` and `tour`.
//! `gallery.js` is where the gallery begins: every kind of message at once, drawn by the same code.
use axum::http::StatusCode;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};

mod guard;
pub use guard::{Allowed, guard};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Every file below `/page/`: its name, its content type, its text.
const FILES: &[(&str, &str, &str)] = &[
    ("app.js", SCRIPT, include_str!("app.js")),
    ("autocomplete.js", SCRIPT, include_str!("autocomplete.js")),
    ("channel.js", SCRIPT, include_str!("channel.js")),
    ("commandline.js", SCRIPT, include_str!("commandline.js")),
    ("commandlook.js", SCRIPT, include_str!("commandlook.js")),
    ("commandtext.js", SCRIPT, include_str!("commandtext.js")),
    ("components.js", SCRIPT, include_str!("components.js")),
    ("control.js", SCRIPT, include_str!("control.js")),
    ("element.js", SCRIPT, include_str!("element.js")),
    ("faults.js", SCRIPT, include_str!("faults.js")),
    ("fleet.js", SCRIPT, include_str!("fleet.js")),
    ("fleetcards.js", SCRIPT, include_str!("fleetcards.js")),
    ("gallery.js", SCRIPT, include_str!("gallery.js")),
    ("interactions.js", SCRIPT, include_str!("interactions.js")),
    ("markdown.js", SCRIPT, include_str!("markdown.js")),
    ("message.js", SCRIPT, include_str!("message.js")),
    ("modal.js", SCRIPT, include_str!("modal.js")),
    ("people.js", SCRIPT, include_str!("people.js")),
    ("popup.js", SCRIPT, include_str!("popup.js")),
    ("sidebar.js", SCRIPT, include_str!("sidebar.js")),
    ("switches.js", SCRIPT, include_str!("switches.js")),
    ("time.js", SCRIPT, include_str!("time.js")),
    ("tour.js", SCRIPT, include_str!("tour.js")),
    ("toursteps.js", SCRIPT, include_str!("toursteps.js")),
    ("world.js", SCRIPT, include_str!("world.js")),
    ("style.css", CSS, include_str!("style.css")),
    ("message.css", CSS, include_str!("message.css")),
    ("fleet.css", CSS, include_str!("fleet.css")),
    ("gallery.css", CSS, include_str!("gallery.css")),
    ("tour.css", CSS, include_str!("tour.css")),
    ("icon.svg", SVG, include_str!("icon.svg")),
];

/// Nothing is loaded but what this origin serves, nothing inline runs, and nobody frames the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Makes all that the gallery shows: rooms of messages, as they would be sent to Discord just now.
pub type Gallery = fn() -> serde_json::Value;

/// The page at `/`, its files below `/page/`, and at `/gallery` every kind of message that `gallery` makes.
pub fn router(gallery: Option<Gallery>) -> Router {
    let page = Router::new()
        .route("/", get(|| async { file(HTML, include_str!("index.html")) }))
        .route("/gallery", get(|| async { file(HTML, include_str!("gallery.html")) }))
        .route(
            "/control/gallery",
            get(move || async move { gallery.map(|make| Json(make())).ok_or(StatusCode::NOT_FOUND) }),
        );
    FILES.iter().fold(page, |router, &(name, kind, text)| {
        router.route(&format!("/page/{name}"), get(move || async move { file(kind, text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &'static str); 8] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // The next build's files are other files under the same names.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
