//! Discord's own description of its HTTP API (OpenAPI 3.1), where `DISCORD_OPENAPI` says that it lies: its operations, and
//! its schemas, each compiled once in a process.
#![expect(clippy::expect_used, reason = "a test that cannot be judged should say so at once")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use jsonschema::{Registry, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value, json};

const URI: &str = "urn:discord";

/// An operation of the description.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    method: String,
    path: Vec<String>,
    /// Where it stands in the document, as a JSON pointer.
    pointer: String,
    /// Name, place (`path` or `query`) and pointer to the schema of its parameters.
    pub(crate) parameters: Vec<(String, String, String)>,
}

pub(crate) struct Document {
    whole: Value,
    operations: Vec<Operation>,
    registry: Registry<'static>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

/// The description, if there is one.
pub(crate) fn document() -> Option<&'static Document> {
    static DOCUMENT: OnceLock<Option<Document>> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| {
            let path = std::env::var_os("DISCORD_OPENAPI")?;
            let text = std::fs::read(&path).unwrap_or_else(|why| panic!("DISCORD_OPENAPI: {}: {why}", path.display()));
            Some(Document::new(serde_json::from_slice(&text).expect("DISCORD_OPENAPI is JSON")))
        })
        .as_ref()
}

impl Document {
    fn new(mut whole: Value) -> Self {
        normalise(&mut whole);
        let operations = operations(&whole);
        assert!(operations.len() > 100, "DISCORD_OPENAPI describes Discord's operations");
        let registry = Registry::new().add(URI, whole.clone()).and_then(|registry| registry.prepare());
        let registry = registry.expect("the description can be read");
        Self { whole, operations, registry, compiled: Mutex::default() }
    }

    /// The operation that a request is meant for: of those that fit, the one with the fewest parameters in its path.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let fits = |wanted: &String, part: &&str| wanted.starts_with('{') || wanted == part;
        let fitting = self.operations.iter().filter(|operation| {
            operation.method == method
                && operation.path.len() == parts.len()
                && operation.path.iter().zip(&parts).all(|(wanted, part)| fits(wanted, part))
        });
        fitting.min_by_key(|operation| operation.path.iter().filter(|part| part.starts_with('{')).count())
    }

    /// What stands at a JSON pointer, a reference followed: its own pointer, and the value.
    pub(crate) fn at(&self, pointer: &str) -> Option<(String, &Value)> {
        let found = self.whole.pointer(pointer)?;
        match found["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(other) => self.at(other),
            None => Some((pointer.to_owned(), found)),
        }
    }

    /// What an operation says about `part` of it (`requestBody`, `responses/200`).
    pub(crate) fn of(&self, operation: &Operation, part: &str) -> Option<(String, &Value)> {
        self.at(&format!("{}/{part}", operation.pointer))
    }

    /// What a value has against it, by the schema at this pointer.
    pub(crate) fn faults(&self, pointer: &str, value: &Value) -> Vec<String> {
        let schema = {
            let mut compiled = self.compiled.lock().unwrap();
            Arc::clone(compiled.entry(pointer.to_owned()).or_insert_with(|| self.compile(pointer)))
        };
        schema.iter_errors(value).take(5).flat_map(|error| innermost(&error)).collect()
    }

    fn compile(&self, pointer: &str) -> Arc<Validator> {
        let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
        let schema = json!({"$ref": format!("{URI}#{fragment}")});
        let options = jsonschema::options().with_registry(&self.registry).should_validate_formats(true);
        Arc::new(options.build(&schema).unwrap_or_else(|why| panic!("the schema at {pointer}: {why}")))
    }
}

/// Of several shapes that a value might have, the one that it comes closest to says what is wrong.
fn innermost(error: &ValidationError<'_>) -> Vec<String> {
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) = error.kind() else {
        let short: String = error.to_string().chars().take(300).collect();
        return vec![format!("at {}: {short}", error.instance_path())];
    };
    // A shape whose `type` is another one is not what was meant.
    let distance = |branch: &Vec<ValidationError<'_>>| {
        let other = branch.iter().filter(|error| error.instance_path().as_str().ends_with("/type")).count();
        let all = branch.iter().map(|error| innermost(error).len()).sum::<usize>();
        (other, all)
    };
    let closest = context.iter().min_by_key(|branch| distance(branch));
    closest.into_iter().flatten().flat_map(innermost).collect()
}

/// Three places where the description is not what Discord does and documents: permissions of a command are a string of digits
/// as well as a number, an upload is named by its number as well as by a string, and what is wrong with a field of a form has
/// a word for its code (<https://docs.discord.com/developers/reference#error-messages>).
fn normalise(whole: &mut Value) {
    let schemas = whole.pointer_mut("/components/schemas").and_then(Value::as_object_mut).expect("schemas");
    let mut mended = 0;
    for schema in schemas.values_mut() {
        let Some(permissions) = schema.pointer_mut("/properties/default_member_permissions") else {
            continue;
        };
        if permissions["type"] == json!(["integer", "null"]) {
            permissions["type"] = json!(["integer", "string", "null"]);
            permissions["pattern"] = json!("^[0-9]+$");
            mended += 1;
        }
    }
    let id = schemas.get_mut("MessageAttachmentRequest").and_then(|schema| schema.pointer_mut("/properties/id"));
    let id = id.expect("the schema of an upload's entry");
    *id = json!({"anyOf": [id.clone(), {"type": "integer", "minimum": 0}]});
    let field = schemas.get_mut("InnerErrors").and_then(|schema| schema.pointer_mut("/properties/_errors/items"));
    let field = field.expect("the schema of a field's errors");
    *field = json!({"type": "object", "required": ["code", "message"], "additionalProperties": false,
        "properties": {"code": {"type": "string", "pattern": "^[A-Z0-9_]+$"}, "message": {"type": "string"}}});
    assert!(mended > 0, "the description says something else about default_member_permissions by now");
}

fn operations(whole: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in members(&whole["paths"]) {
        let place = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
        let shared = parameters(&item["parameters"], &format!("{place}/parameters"));
        for (method, operation) in members(item).filter(|(name, _)| *name != "parameters") {
            let pointer = format!("{place}/{method}");
            let mut own = parameters(&operation["parameters"], &format!("{pointer}/parameters"));
            own.extend(shared.iter().cloned());
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
                method: method.to_uppercase(),
                path: path.trim_matches('/').split('/').map(str::to_owned).collect(),
                pointer,
                parameters: own,
            });
        }
    }
    found
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter)
}

fn parameters(list: &Value, pointer: &str) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = list.as_array().map_or(&[][..], Vec::as_slice).iter().enumerate();
    list.map(|(n, item)| (text(&item["name"]), text(&item["in"]), format!("{pointer}/{n}/schema"))).collect()
}

impl Operation {
    /// The value of each parameter in a path that fits.
    pub(crate) fn in_path<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = self.path.iter().map(|part| part.trim_start_matches('{').trim_end_matches('}'));
        let values = path.trim_matches('/').split('/');
        let parameters = self.path.iter().map(|part| part.starts_with('{'));
        names.zip(values).zip(parameters).filter(|(_, parameter)| *parameter).map(|(pair, _)| pair)
    }
}
