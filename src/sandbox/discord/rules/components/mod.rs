//! The rules of message components. <https://docs.discord.com/developers/components/reference>
mod parts;

use std::collections::BTreeSet;

use serde_json::Value;

use self::parts::{bad_length, bad_type, emoji, forbid, gallery, media, select_options};
use super::{
    BUTTON_LABEL, BUTTON_URL, BUTTONS, CUSTOM_ID, PLACEHOLDER, ROWS, V2_COMPONENTS, V2_TEXT, at_most, boolean, given,
    items, join, known_keys, length, number, text, url,
};
use crate::sandbox::discord::refusal::FormErrors;

/// Component types.
pub(crate) const ROW: u64 = 1;
pub(crate) const BUTTON: u64 = 2;
pub(crate) const STRING_SELECT: u64 = 3;
pub(crate) const TEXT_INPUT: u64 = 4;
pub(crate) const LABEL: u64 = 18;
const SECTION: u64 = 9;
const TEXT_DISPLAY: u64 = 10;
pub(crate) const THUMBNAIL: u64 = 11;
const MEDIA_GALLERY: u64 = 12;
pub(crate) const FILE: u64 = 13;
pub(crate) const SEPARATOR: u64 = 14;
pub(crate) const CONTAINER: u64 = 17;

/// A select of any kind.
pub(crate) fn is_select(kind: u64) -> bool {
    matches!(kind, STRING_SELECT | 5..=8)
}

/// The `type` of a component, 0 if there is none.
pub(crate) fn kind(component: &Value) -> u64 {
    component.get("type").and_then(Value::as_u64).unwrap_or(0)
}

/// Checks the components of a message; `v2` says whether it carries the Components V2 flag.
pub(crate) fn check(errors: &mut FormErrors, body: &Value, v2: bool) {
    if !v2 {
        at_most(errors, body, "", "components", ROWS);
    } else {
        at_most(errors, body, "", "components", V2_COMPONENTS);
    }
    let mut seen = Seen::default();
    for (n, component) in items(body, "components").iter().enumerate() {
        let path = join("components", n);
        if v2 { seen.v2(errors, component, &path, None) } else { seen.v1(errors, component, &path) }
    }
    if seen.count > V2_COMPONENTS {
        errors.add("components", "BASE_TYPE_MAX_LENGTH", format!("Must be {V2_COMPONENTS} or fewer in length."));
    }
    if seen.text > V2_TEXT {
        errors.add("components", "COMPONENT_TEXT_SIZE_EXCEEDED", format!("Text exceeds maximum size of {V2_TEXT}"));
    }
}

/// All components of a message, nested ones included.
pub(crate) fn flatten(components: &[Value]) -> Vec<&Value> {
    let mut all = Vec::new();
    let mut open: Vec<&Value> = components.iter().collect();
    while let Some(component) = open.pop() {
        all.push(component);
        open.extend(items(component, "components"));
        open.extend(component.get("accessory"));
        open.extend(component.get("component"));
    }
    all
}

/// What must be counted over the whole message.
#[derive(Default)]
struct Seen {
    custom_ids: BTreeSet<String>,
    count: usize,
    text: usize,
}

impl Seen {
    fn v1(&mut self, errors: &mut FormErrors, component: &Value, path: &str) {
        if kind(component) == ROW {
            self.row(errors, component, path);
        } else {
            bad_type(errors, path, "only an action row (1) may stand here without the Components V2 flag");
        }
    }

    fn v2(&mut self, errors: &mut FormErrors, component: &Value, path: &str, parent: Option<u64>) {
        self.count += 1;
        match (kind(component), parent) {
            (ROW, None | Some(CONTAINER)) => {
                self.count += items(component, "components").len();
                self.row(errors, component, path);
            }
            (TEXT_DISPLAY, None | Some(CONTAINER | SECTION)) => {
                known_keys(errors, component, path, &["type", "id", "content"]);
                text(errors, component, path, "content", (1, V2_TEXT), true);
                self.text += component["content"].as_str().map_or(0, length);
            }
            (SECTION, None | Some(CONTAINER)) => {
                known_keys(errors, component, path, &["type", "id", "components", "accessory"]);
                self.children(errors, component, path, SECTION, (1, 3));
                let at = join(path, "accessory");
                match given(component, "accessory").map(|accessory| (accessory, kind(accessory))) {
                    Some((button, BUTTON)) => self.button(errors, button, &at),
                    Some((thumbnail, THUMBNAIL)) => media(errors, &thumbnail["media"], &join(&at, "media")),
                    Some(_) => bad_type(errors, &at, "an accessory is a button or a thumbnail"),
                    None => errors.add(at, "BASE_TYPE_REQUIRED", "This field is required"),
                }
                self.count += 1;
            }
            (MEDIA_GALLERY, None | Some(CONTAINER)) => gallery(errors, component, path),
            (FILE, None | Some(CONTAINER)) => {
                known_keys(errors, component, path, &["type", "id", "file", "spoiler"]);
                boolean(errors, component, path, "spoiler");
                url(errors, &component["file"], &join(path, "file"), "url", &["attachment"]);
            }
            (SEPARATOR, None | Some(CONTAINER)) => {
                known_keys(errors, component, path, &["type", "id", "divider", "spacing"]);
                boolean(errors, component, path, "divider");
                number(errors, component, path, "spacing", (1, 2));
            }
            (CONTAINER, None) => {
                known_keys(errors, component, path, &["type", "id", "components", "accent_color", "spoiler"]);
                boolean(errors, component, path, "spoiler");
                number(errors, component, path, "accent_color", (0, 0xFF_FF_FF));
                self.children(errors, component, path, CONTAINER, (1, V2_COMPONENTS));
            }
            _ => bad_type(errors, path, "this component may not stand here"),
        }
    }

    fn children(
        &mut self,
        errors: &mut FormErrors,
        component: &Value,
        path: &str,
        parent: u64,
        bounds: (usize, usize),
    ) {
        let list = items(component, "components");
        if list.len() < bounds.0 || list.len() > bounds.1 {
            bad_length(errors, &join(path, "components"), bounds);
        }
        for (n, child) in list.iter().enumerate() {
            self.v2(errors, child, &join(path, format!("components.{n}")), Some(parent));
        }
    }

    fn row(&mut self, errors: &mut FormErrors, row: &Value, path: &str) {
        known_keys(errors, row, path, &["type", "id", "components"]);
        let children = items(row, "components");
        if children.is_empty() || children.len() > BUTTONS {
            bad_length(errors, &join(path, "components"), (1, BUTTONS));
        }
        let selects = children.iter().filter(|child| is_select(kind(child))).count();
        if selects > 0 && children.len() > 1 {
            errors.add(
                join(path, "components"),
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            );
        }
        for (n, child) in children.iter().enumerate() {
            let path = join(path, format!("components.{n}"));
            match kind(child) {
                BUTTON => self.button(errors, child, &path),
                found if is_select(found) => self.select(errors, child, &path),
                _ => bad_type(errors, &path, "a row of a message holds buttons or a select"),
            }
        }
    }

    fn button(&mut self, errors: &mut FormErrors, button: &Value, path: &str) {
        known_keys(
            errors,
            button,
            path,
            &["type", "id", "style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"],
        );
        text(errors, button, path, "label", (0, BUTTON_LABEL), false);
        boolean(errors, button, path, "disabled");
        emoji(errors, button, path);
        match button["style"].as_u64() {
            Some(1..=4) => {
                self.custom_id(errors, button, path);
                forbid(errors, button, path, "url", "A custom id and url cannot both be specified");
            }
            Some(5) => {
                text(errors, button, path, "url", (1, BUTTON_URL), true);
                url(errors, button, path, "url", &["http", "https", "discord"]);
                forbid(errors, button, path, "custom_id", "A custom id and url cannot both be specified");
            }
            Some(6) => {
                forbid(errors, button, path, "custom_id", "A premium button has no custom id");
                forbid(errors, button, path, "label", "A premium button has no label");
                return;
            }
            _ => errors.add(join(path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}."),
        }
        let named = button["label"].as_str().is_some_and(|label| !label.trim().is_empty());
        if !named && given(button, "emoji").is_none() {
            errors.add(join(path, "label"), "BUTTON_COMPONENT_INVALID_LABEL", "A button must have a label or emoji");
        }
    }

    fn select(&mut self, errors: &mut FormErrors, select: &Value, path: &str) {
        let known = [
            "type",
            "id",
            "custom_id",
            "options",
            "channel_types",
            "placeholder",
            "default_values",
            "min_values",
            "max_values",
            "disabled",
            "required",
        ];
        known_keys(errors, select, path, &known);
        self.custom_id(errors, select, path);
        text(errors, select, path, "placeholder", (0, PLACEHOLDER), false);
        number(errors, select, path, "min_values", (0, 25));
        number(errors, select, path, "max_values", (1, 25));
        boolean(errors, select, path, "disabled");
        let max = select["max_values"].as_u64().unwrap_or(1);
        if select["min_values"].as_u64().unwrap_or(1) > max {
            errors.add(
                join(path, "min_values"),
                "SELECT_COMPONENT_MIN_VALUES_GREATER_THAN_MAX",
                "min_values must not be above max_values",
            );
        }
        if kind(select) == STRING_SELECT {
            select_options(errors, select, path, max);
        } else {
            forbid(errors, select, path, "options", "Only a string select has options");
        }
    }

    fn custom_id(&mut self, errors: &mut FormErrors, component: &Value, path: &str) {
        text(errors, component, path, "custom_id", (1, CUSTOM_ID), true);
        if let Some(id) = component["custom_id"].as_str()
            && !self.custom_ids.insert(id.to_owned())
        {
            errors.add(
                join(path, "custom_id"),
                "COMPONENT_CUSTOM_ID_DUPLICATED",
                "Component custom id cannot be duplicated",
            );
        }
    }
}
