//! Who may talk to a sandbox listener: only whoever addressed it by its own name, and no foreign web page.
//!
//! Without this, any site open in the same browser could press buttons here: by a cross-site request (which carries a foreign
//! `Origin`), or under a name of its own that it points at this machine (which carries a foreign `Host`).
use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};

/// What a bot's own client talks to. It may send any `Origin` or none, so only `Host` is judged there.
const FOR_CLIENTS: [&str; 2] = ["/api/", "/gateway"];

/// The names under which a listener may be addressed.
#[derive(Debug, Clone)]
pub struct Allowed {
    address: SocketAddr,
    names: Vec<String>,
}

impl Allowed {
    /// The listener's own address; on loopback every loopback name; on all interfaces any address in digits, since a page can
    /// point a name at this machine, but not a number.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, names: Vec::new() }
    }

    /// And this host name too (without a port), for a listener that others reach by name.
    pub fn and(mut self, name: &str) -> Self {
        self.names.push(name.to_ascii_lowercase());
        self
    }

    fn host(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        if authority.as_str().contains('@') {
            return false;
        }
        let port = authority.port_u16().unwrap_or(80);
        port == self.address.port() && self.name(&authority.host().to_ascii_lowercase())
    }

    fn name(&self, name: &str) -> bool {
        let own = self.address.ip();
        let number = name.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        match number {
            Some(number) => number == own || own.is_unspecified() || (own.is_loopback() && number.is_loopback()),
            None => {
                self.names.iter().any(|known| known == name)
                    || (name == "localhost" && (own.is_loopback() || own.is_unspecified()))
            }
        }
    }
}

/// Puts the check before every route of `router`: 403 for a foreign `Host`, and for a foreign `Origin` except where bots connect.
pub fn guard(router: Router, allowed: Allowed) -> Router {
    router.layer(from_fn_with_state(allowed, check))
}

async fn check(State(allowed): State<Allowed>, request: Request, next: Next) -> Response {
    let Some(host) = only(request.headers(), header::HOST).filter(|host| allowed.host(host)) else {
        return refusal("This listener is addressed by its own address only (Host).");
    };
    let path = request.uri().path();
    let for_clients = FOR_CLIENTS.iter().any(|prefix| path.starts_with(prefix));
    if !for_clients && request.headers().contains_key(header::ORIGIN) {
        let own = format!("http://{host}");
        if !only(request.headers(), header::ORIGIN).is_some_and(|o| o.eq_ignore_ascii_case(&own)) {
            return refusal("Requests of other pages are not taken (Origin).");
        }
    }
    next.run(request).await
}

/// The one value of a header; none where it is missing, repeated or not text.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn refusal(message: &str) -> Response {
    let body = axum::Json(serde_json::json!({ "message": message }));
    (StatusCode::FORBIDDEN, body).into_response()
}
