//! What is served, to whom, and that nothing in it can carry out what came from outside.
use axum::Router;
use botswain::sandbox::page::{Allowed, guard, router};
use reqwest::{Response, StatusCode, header};
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// The page behind its guard, on a port of its own; it ends with the test's runtime.
async fn served() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let clients = Router::new().route("/api/v10/gateway", axum::routing::get(|| async { "{}" }));
    let all = guard(router(None).merge(clients), Allowed::at(address));
    tokio::spawn(async move { axum::serve(listener, all).await });
    address
}

async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("http://{address}{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |v| v.to_str().unwrap())
}

/// Names and texts of the page's own files.
fn files() -> Vec<(String, String)> {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/page");
    let mut files: Vec<_> = std::fs::read_dir(room)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        // The room's own code is no part of the page.
        .filter(|(name, _)| !name.ends_with(".rs"))
        .map(|(name, path)| (name, std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() > 10, "the page's files are where they were");
    files
}

#[tokio::test]
async fn every_file_is_served_with_its_type_and_a_policy_that_runs_nothing_foreign() {
    let address = served().await;
    for (name, text) in files() {
        let path = match name.as_str() {
            "index.html" => "/".to_owned(),
            "gallery.html" => "/gallery".to_owned(),
            name => format!("/page/{name}"),
        };
        let response = get(address, &path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let kind = match name.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "html" => "text/html; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{name}: no type for {other}"),
        };
        assert_eq!(header(&response, "content-type"), kind, "{path}");
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert_eq!(header(&response, "access-control-allow-origin"), "");
        assert_eq!(response.text().await.unwrap(), text, "{path}");
    }
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let address = served().await;
    let port = address.port();
    let own = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("LOCALHOST:{port}"),
        format!("[::1]:{port}"),
    ];
    for host in &own {
        let response = get(address, "/", &[("host", host)]).await;
        assert_eq!(response.status(), StatusCode::OK, "{host}");
    }
    let foreign = [
        format!("rebound.example:{port}"),
        format!("localhost.example:{port}"),
        format!("127.0.0.1:{}", port.wrapping_add(1)),
        "127.0.0.1".to_owned(),
        format!("me@127.0.0.1:{port}"),
        format!("192.0.2.7:{port}"),
    ];
    for host in &foreign {
        for path in ["/", "/page/app.js", "/api/v10/gateway"] {
            let response = get(address, path, &[("host", host)]).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn a_foreign_origin_is_refused_except_where_bots_connect() {
    let address = served().await;
    let own = format!("http://{address}");
    let response = get(address, "/", &[("origin", &own)]).await;
    assert_eq!(response.status(), StatusCode::OK);
    let other_name = format!("http://localhost:{}", address.port());
    for origin in ["http://site.example", "null", "https://127.0.0.1", &other_name] {
        let response = get(address, "/", &[("origin", origin)]).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{origin}");
        assert!(response.text().await.unwrap().contains("Origin"));
        let response = get(address, "/api/v10/gateway", &[("origin", origin)]).await;
        assert_eq!(response.status(), StatusCode::OK, "{origin}");
    }
}

#[tokio::test]
async fn a_host_name_is_taken_when_it_was_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let allowed = Allowed::at(address).and("Sandbox.example");
    tokio::spawn(async move { axum::serve(listener, guard(router(None), allowed)).await });
    let host = format!("sandbox.example:{}", address.port());
    let response = get(address, "/", &[(header::HOST.as_str(), &host)]).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn no_script_turns_text_into_markup_or_reaches_another_address() {
    let forbidden = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "setAttribute(\"style",
        "DOMParser",
        "import(",
    ];
    for (name, text) in files().iter().filter(|(name, _)| name.ends_with(".js")) {
        assert!(text.starts_with("// "), "{name} says what it is for");
        for word in forbidden {
            assert!(!text.contains(word), "{name} uses {word}");
        }
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let calls = ["fetch(", "EventSource(", "from \"", "src: "];
            if calls.iter().any(|call| line.contains(call)) {
                assert!(!line.contains("http:") && !line.contains("https:"), "{name}: {line}");
            }
        }
    }
    for (name, html) in files().iter().filter(|(name, _)| name.ends_with(".html")) {
        for inline in ["<style", " style=", " onclick=", "//cdn", "src=\"http", "href=\"http"] {
            assert!(!html.contains(inline), "{name} has {inline}");
        }
    }
}
