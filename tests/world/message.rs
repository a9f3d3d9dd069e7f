//! A message as a person sees it.

use std::fmt;

use serde_json::Value;

/// A message, in Discord's JSON.
#[derive(Clone, PartialEq)]
pub struct Message(pub Value);

impl Message {
    pub fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    pub fn channel(&self) -> &str {
        self.0["channel_id"].as_str().unwrap()
    }

    pub fn is_ephemeral(&self) -> bool {
        self.0["ephemeral"] == true
    }

    /// All its words: content, embeds, and what is written on its buttons and menus.
    pub fn text(&self) -> String {
        let mut words = Vec::new();
        collect(&self.0["content"], &mut words);
        for embed in self.0["embeds"].as_array().into_iter().flatten() {
            for part in ["title", "description"] {
                collect(&embed[part], &mut words);
            }
            for field in embed["fields"].as_array().into_iter().flatten() {
                collect(&field["name"], &mut words);
                collect(&field["value"], &mut words);
            }
            collect(&embed["footer"]["text"], &mut words);
        }
        words.extend(self.components().map(|component| {
            let label = component["label"].as_str().or(component["placeholder"].as_str()).unwrap_or("");
            let disabled = if component["disabled"] == true { " (disabled)" } else { "" };
            format!("[{label}{disabled}]")
        }));
        words.join("\n")
    }

    pub fn says(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    pub fn components(&self) -> impl Iterator<Item = &Value> {
        let rows = self.0["components"].as_array().into_iter().flatten();
        rows.flat_map(|row| row["components"].as_array().into_iter().flatten())
    }

    /// The custom id of the button that bears this label, or begins with it.
    pub fn button(&self, label: &str) -> Option<String> {
        let found = self.components().find(|c| c["label"].as_str().is_some_and(|text| text.starts_with(label)))?;
        found["custom_id"].as_str().map(str::to_owned)
    }

    /// Its one menu: the custom id, and the values with their labels.
    pub fn menu(&self) -> Option<(String, Vec<(String, String)>)> {
        let menu = self.components().find(|c| c["options"].is_array())?;
        let options = menu["options"].as_array()?.iter();
        let pair = |o: &Value| (o["value"].as_str().unwrap().to_owned(), o["label"].as_str().unwrap().to_owned());
        Some((menu["custom_id"].as_str()?.to_owned(), options.map(pair).collect()))
    }
}

fn collect(value: &Value, words: &mut Vec<String>) {
    if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
        words.push(text.to_owned());
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- {} {}", self.id(), if self.is_ephemeral() { "(ephemeral)" } else { "" })?;
        f.write_str(&self.text())
    }
}
