//! What Discord makes of embeds and components when it keeps them.
use serde_json::{Value, json};

use crate::sandbox::discord::rules::{self, components as parts, items};

/// The embeds that show anything, with what is filled in.
pub(super) fn embeds(body: &Value) -> Vec<Value> {
    let mut embeds: Vec<Value> =
        items(body, "embeds").iter().filter(|embed| !rules::embeds::is_empty(embed)).cloned().collect();
    for field in embeds.iter_mut().filter_map(|embed| embed.get_mut("fields")?.as_array_mut()).flatten() {
        if let Some(map) = field.as_object_mut() {
            map.entry("inline").or_insert(json!(false));
        }
    }
    embeds
}

/// The components, each with a number of its own.
/// <https://docs.discord.com/developers/components/reference#anatomy-of-a-component>
pub(super) fn components(body: &Value) -> Vec<Value> {
    let mut components = items(body, "components").to_vec();
    let mut last = 0;
    for component in &mut components {
        fill(component, &mut last);
    }
    components
}

fn fill(component: &mut Value, last: &mut u64) {
    let kind = parts::kind(component);
    let Some(map) = component.as_object_mut() else {
        return;
    };
    *last += 1;
    map.entry("id").or_insert(json!(*last));
    let unset: &[(&str, Value)] = match kind {
        _ if parts::is_select(kind) => &[("min_values", json!(1)), ("max_values", json!(1))],
        parts::CONTAINER => &[("accent_color", Value::Null), ("spoiler", json!(false))],
        parts::SEPARATOR => &[("spacing", json!(1)), ("divider", json!(true))],
        parts::THUMBNAIL => &[("description", Value::Null), ("spoiler", json!(false))],
        parts::FILE => &[("spoiler", json!(false))],
        _ => &[],
    };
    for (key, value) in unset {
        map.entry(*key).or_insert(value.clone());
    }
    for item in map.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            item.entry("description").or_insert(Value::Null);
            item.entry("spoiler").or_insert(json!(false));
        }
    }
    if let Some(children) = map.get_mut("components").and_then(Value::as_array_mut) {
        for child in children {
            fill(child, last);
        }
    }
    if let Some(accessory) = map.get_mut("accessory") {
        fill(accessory, last);
    }
}
