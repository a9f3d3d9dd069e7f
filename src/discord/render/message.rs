//! The body of a message, as Discord takes it, always within Discord's limits and always saying whom it may mention.

use serde::Serialize;
use serde_json::Value;

use super::super::custom_id::CustomId;
use super::escape::{cut, label, length};
use super::limits;
use crate::domain::ids::RoleId;

/// Shown to one person only (`1 << 6`, <https://discord.com/developers/docs/resources/message#message-object-message-flags>).
const EPHEMERAL: u32 = 1 << 6;

/// A message. An edit sends all of it, so that nothing of what it replaces is left.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Message {
    content: String,
    embeds: Vec<Embed>,
    components: Vec<Row>,
    allowed_mentions: AllowedMentions,
}

/// Whom a message may notify: exactly these roles, and nobody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct AllowedMentions {
    parse: [(); 0],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
}

/// An embed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Embed {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    color: u32,
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    footer: Option<Footer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Image>,
}

/// A picture, by the name of the file that comes with the message.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Image {
    url: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Field {
    name: String,
    value: String,
    inline: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Footer {
    text: String,
}

/// A row of components (type 1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    #[serde(rename = "type")]
    kind: u8,
    components: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Component {
    Button(Button),
    Select(Select),
}

/// A button (type 2).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Button {
    #[serde(rename = "type")]
    kind: u8,
    style: u8,
    label: String,
    custom_id: String,
    disabled: bool,
}

/// How a button looks. Red is only for what takes something down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Blurple.
    Primary = 1,
    /// Grey.
    Secondary = 2,
    /// Green.
    Success = 3,
    /// Red.
    Danger = 4,
}

/// A menu of texts (type 3).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Select {
    #[serde(rename = "type")]
    kind: u8,
    custom_id: String,
    placeholder: String,
    min_values: u8,
    max_values: u8,
    options: Vec<SelectOption>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct SelectOption {
    label: String,
    value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
}

impl Message {
    /// A message of one embed.
    pub fn of(embed: Embed) -> Self {
        Self { embeds: vec![embed], ..Self::default() }
    }

    /// Adds an embed below. All of them together keep within [`limits::EMBEDS_TOTAL`] only if whoever makes them sees to it.
    pub fn and(mut self, embed: Embed) -> Self {
        self.embeds.push(embed);
        self
    }

    /// A message of one sentence.
    pub fn text(text: &str) -> Self {
        Self { content: cut(text, limits::CONTENT), ..Self::default() }
    }

    /// Mentions these roles, in the content: an embed notifies nobody.
    pub fn mentioning(mut self, roles: &[RoleId], text: &str) -> Self {
        let mentions: Vec<_> = roles.iter().map(|role| format!("<@&{role}>")).collect();
        self.content = cut(&[mentions.join(" "), text.to_owned()].join(" "), limits::CONTENT).trim().to_owned();
        self.allowed_mentions.roles = roles.iter().map(ToString::to_string).collect();
        self
    }

    /// Adds rows of buttons, as many as there is room for.
    pub fn buttons(mut self, buttons: Vec<Button>) -> Self {
        let mut buttons = buttons.into_iter().peekable();
        while buttons.peek().is_some() && self.components.len() < limits::ROWS {
            let row = buttons.by_ref().take(limits::BUTTONS).map(Component::Button).collect();
            self.components.push(Row { kind: 1, components: row });
        }
        self
    }

    /// Adds a menu, if there is room and it holds anything.
    pub fn select(mut self, select: Select) -> Self {
        if self.components.len() < limits::ROWS && !select.options.is_empty() {
            self.components.push(Row { kind: 1, components: vec![Component::Select(select)] });
        }
        self
    }

    /// Adds a last sentence, if there is room for it.
    pub fn noting(mut self, sentence: &str) -> Self {
        if let Some(embed) = self.embeds.pop() {
            self.embeds.push(embed.describe([sentence]));
        }
        self
    }

    /// The body of a message that everybody sees, or of an edit.
    pub fn body(&self) -> Value {
        // Maps with text keys and finite numbers only: this cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The body of a message that only the person sees who caused it.
    pub fn private_body(&self) -> Value {
        let mut body = self.body();
        if let Some(map) = body.as_object_mut() {
            map.insert("flags".to_owned(), EPHEMERAL.into());
        }
        body
    }
}

impl Embed {
    /// An embed with a title and a colour.
    pub fn new(title: &str, color: u32) -> Self {
        Self { title: cut(title, limits::TITLE), color, ..Self::default() }
    }

    /// Sets the description: as many of `paragraphs`, whole, as there is room for. (A cut one could end amid an escape.)
    pub fn describe<'a>(mut self, paragraphs: impl IntoIterator<Item = &'a str>) -> Self {
        for paragraph in paragraphs {
            if paragraph.is_empty() {
                continue;
            }
            let line = if self.description.is_empty() { paragraph.to_owned() } else { format!("\n{paragraph}") };
            let fits = length(&self.description) + length(&line) <= limits::DESCRIPTION;
            if fits && length(&line) <= self.room() {
                self.description.push_str(&line);
            }
        }
        self
    }

    /// Adds a field, if there is room for it.
    pub fn field(mut self, name: &str, value: &str, inline: bool) -> Self {
        self.push_field(name, value, inline);
        self
    }

    /// Adds a field, if there is room for it; whether there was.
    pub fn push_field(&mut self, name: &str, value: &str, inline: bool) -> bool {
        // Discord refuses an empty value, and a text from outside may be nothing but blanks.
        let value = if value.is_empty() { "–" } else { value };
        let (name, value) = (cut(name, limits::FIELD_NAME), cut(value, limits::FIELD_VALUE));
        if self.fields.len() >= limits::FIELDS || length(&name) + length(&value) > self.room() {
            return false;
        }
        self.fields.push(Field { name, value, inline });
        true
    }

    /// Sets the footer. To be called first where the footer must not be lost.
    pub fn footer(mut self, text: &str) -> Self {
        let text = cut(text, self.room().min(limits::FOOTER));
        self.footer = Some(Footer { text });
        self
    }

    /// Shows the picture of this name that comes with the message.
    pub fn picture(mut self, file: &str) -> Self {
        self.image = Some(Image { url: format!("attachment://{file}") });
        self
    }

    /// How many characters are left of what all of a message's embeds may hold together.
    pub fn room(&self) -> usize {
        let fields: usize = self.fields.iter().map(|field| length(&field.name) + length(&field.value)).sum();
        let footer = self.footer.as_ref().map_or(0, |footer| length(&footer.text));
        limits::EMBEDS_TOTAL.saturating_sub(length(&self.title) + length(&self.description) + fields + footer)
    }
}

impl Button {
    /// A button; its label is plain text.
    pub fn new(id: &CustomId, text: &str, look: Look) -> Self {
        let label = label(text, limits::BUTTON_LABEL);
        Self { kind: 2, style: look as u8, label, custom_id: id.to_string(), disabled: false }
    }

    /// The same button, which cannot be pressed.
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }
}

impl Select {
    /// A menu of which one option is chosen.
    pub fn new(id: &CustomId, placeholder: &str) -> Self {
        Self {
            kind: 3,
            custom_id: id.to_string(),
            placeholder: label(placeholder, limits::PLACEHOLDER),
            min_values: 1,
            max_values: 1,
            options: Vec::new(),
        }
    }

    /// The same menu, of which any number of the options that it has by now can be chosen at once.
    pub fn any_number(mut self) -> Self {
        self.max_values = u8::try_from(self.options.len()).unwrap_or(u8::MAX).max(1);
        self
    }

    /// How many options it has.
    pub fn len(&self) -> usize {
        self.options.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.options.is_empty()
    }

    /// Adds an option, if there is room and its value is not there yet; its texts are plain.
    pub fn option(mut self, value: &str, text: &str, description: &str) -> Self {
        let known = self.options.iter().any(|option| option.value == value);
        if self.options.len() < limits::OPTIONS && !known && length(value) <= limits::OPTION {
            self.options.push(SelectOption {
                label: label(text, limits::OPTION),
                value: value.to_owned(),
                description: cut(&super::escape::plain(description), limits::OPTION),
            });
        }
        self
    }
}
