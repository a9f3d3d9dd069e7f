//! The printed document: OpenAPI 3.1, whole, and equal to what is served.
use botswain::lifecycle::contract::ProblemKind;
use botswain::sandbox::lifecycle::openapi;
use reqwest::Method;
use serde_json::Value;

use super::world::{TOKEN, world};

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    all.collect()
}

#[tokio::test]
async fn what_is_printed_is_what_is_served() {
    let world = world().await;
    let served = world.send(world.request(Method::GET, "openapi.json")).await;
    assert_eq!(served.body, document());
    assert_eq!(served.body["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_operation_of_the_document_is_served() {
    let world = world().await;
    for (method, path) in operations(&document()) {
        if path == "/v1/events" {
            continue; // A stream without end; `events` reads it.
        }
        let path = path.replace("{id}", "nobody");
        let request = world.request(method.parse().unwrap(), &path).bearer_auth(TOKEN);
        let answer = world.send(request).await;
        let problem = answer.body["type"].as_str().unwrap_or_default();
        assert!(!problem.ends_with("not-found") && answer.status != 405, "{method} {path}: {problem}");
    }
}

/// Routes come into the router through `routes!` alone, which puts them into the document.
#[test]
fn every_route_of_the_router_is_in_the_document() {
    let source = include_str!("../../src/sandbox/lifecycle/http.rs");
    assert!(!source.contains(".route(") && !source.contains(".nest"));
    let annotated = source.matches("#[utoipa::path(").count();
    assert_eq!(operations(&document()).len(), annotated);
    assert_eq!(source.matches("routes!(").count(), annotated);
}

#[test]
fn every_operation_names_its_refusals_and_every_reference_leads_somewhere() {
    let document = document();
    for (method, path) in operations(&document) {
        let operation = &document["paths"][&path][method.to_lowercase()];
        assert!(operation["operationId"].is_string() && operation["summary"].is_string());
        if path == "/openapi.json" {
            assert_eq!(operation["security"], serde_json::json!([{}]));
            continue;
        }
        for status in ["401", "429", "500", "503"] {
            let content = &operation["responses"][status]["content"];
            assert!(content["application/problem+json"].is_object(), "{method} {path} {status}");
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[test]
fn every_problem_is_named_in_the_document() {
    let document = document();
    let described = document["components"]["schemas"]["Problem"]["properties"]["type"]["description"].as_str().unwrap();
    for kind in ProblemKind::ALL {
        assert!(described.contains(&format!("`{}`", kind.slug())), "{}", kind.slug());
    }
}

#[test]
fn a_request_takes_no_fields_but_its_own() {
    let document = document();
    let kinds = &document["components"]["schemas"]["NewOperation"]["oneOf"];
    assert_eq!(kinds.as_array().unwrap().len(), 3);
    for kind in kinds.as_array().unwrap() {
        assert_eq!(kind["additionalProperties"], false, "{kind}");
    }
}
