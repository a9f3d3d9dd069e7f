//! JSON as it should not be: any value, and a right value that was meddled with.
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Text of the awkward kinds: empty, long, with line breaks and controls, in other scripts, with what has a meaning somewhere.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<String>(),
        2 => "[a-z0-9-]{0,12}",
        1 => "[\r\n\t\u{0}\u{2028}\u{2029}\u{feff}\u{85}:\"\\\\ a]{1,12}",
        1 => Just("x".repeat(5_000)),
        1 => prop::sample::select(vec![
            "", " ", ".", "..", "/", "%2e%2e", "null", "Online", "Connected", "Stopped", "Production", "production", "@everyone", "<@1>", "data: x\n\nid: 9",
        ])
        .prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            json!(0),
            json!(-1),
            json!(1),
            json!(u32::MAX),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e308)
        ]),
    ]
}

/// Any value, some levels deep.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number(), text().prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..5).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// One thing that is done to a value, somewhere in it.
#[derive(Clone, Debug)]
pub(crate) struct Meddling {
    at: prop::sample::Index,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    Replace(Value),
    Remove,
    Rename(String),
    Add(String, Value),
    Double,
    Nest(usize),
}

pub(crate) fn meddling() -> impl Strategy<Value = Meddling> {
    let how = prop_oneof![
        4 => any_json().prop_map(How::Replace),
        2 => Just(How::Remove),
        1 => text().prop_map(How::Rename),
        1 => (text(), any_json()).prop_map(|(name, value)| How::Add(name, value)),
        1 => Just(How::Double),
        1 => (1_usize..400).prop_map(How::Nest),
    ];
    (any::<prop::sample::Index>(), how).prop_map(|(at, how)| Meddling { at, how })
}

impl Meddling {
    /// Does it, at one of the places inside the value (the value itself is none).
    pub(crate) fn to(&self, value: &mut Value) {
        let mut places = Vec::new();
        walk(value, &mut String::new(), &mut places);
        if places.is_empty() {
            return;
        }
        let (parent, name) = &places[self.at.index(places.len())];
        match value.pointer_mut(parent) {
            Some(Value::Object(fields)) => self.to_field(fields, name),
            Some(Value::Array(items)) => self.to_item(items, name.parse().unwrap()),
            _ => panic!("{parent} has no children"),
        }
    }

    fn to_field(&self, fields: &mut Map<String, Value>, name: &str) {
        match &self.how {
            How::Replace(new) => drop(fields.insert(name.to_owned(), new.clone())),
            How::Remove => drop(fields.remove(name)),
            How::Rename(other) => {
                let value = fields.remove(name).unwrap();
                fields.insert(other.clone(), value);
            }
            How::Add(other, value) => drop(fields.insert(other.clone(), value.clone())),
            How::Double => {
                let twice = json!([fields[name], fields[name]]);
                fields.insert(name.to_owned(), twice);
            }
            How::Nest(levels) => {
                let value = fields.remove(name).unwrap();
                fields.insert(name.to_owned(), nested(value, *levels));
            }
        }
    }

    fn to_item(&self, items: &mut Vec<Value>, at: usize) {
        match &self.how {
            How::Replace(new) | How::Add(_, new) => items[at] = new.clone(),
            How::Remove | How::Rename(_) => drop(items.remove(at)),
            How::Double => items.insert(at, items[at].clone()),
            How::Nest(levels) => items[at] = nested(items[at].clone(), *levels),
        }
    }
}

fn nested(value: Value, levels: usize) -> Value {
    (0..levels).fold(value, |inner, _| json!([inner]))
}

/// Every place inside a value: the pointer to its parent, and its name or number there.
fn walk(value: &Value, at: &mut String, places: &mut Vec<(String, String)>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, child)| (name.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, child)| (n.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        places.push((at.clone(), name.clone()));
        let length = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        walk(child, at, places);
        at.truncate(length);
    }
}
