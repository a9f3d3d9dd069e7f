//! Discord's limits on what a message may hold, in characters or counts.
//!
//! Sources: <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>,
//! <https://discord.com/developers/docs/components/reference>,
//! <https://discord.com/developers/docs/interactions/application-commands>.

/// Characters of a message's content.
pub const CONTENT: usize = 2000;
/// Characters of a thread's name.
pub const THREAD_NAME: usize = 100;
/// Characters of an embed's title.
pub const TITLE: usize = 256;
/// Characters of an embed's description.
pub const DESCRIPTION: usize = 4096;
/// Fields of an embed.
pub const FIELDS: usize = 25;
/// Characters of a field's name.
pub const FIELD_NAME: usize = 256;
/// Characters of a field's value.
pub const FIELD_VALUE: usize = 1024;
/// Characters of an embed's footer.
pub const FOOTER: usize = 2048;
/// Characters of all embeds of a message together.
pub const EMBEDS_TOTAL: usize = 6000;
/// Characters of a component's custom id.
pub const CUSTOM_ID: usize = 100;
/// Rows of components.
pub const ROWS: usize = 5;
/// Buttons of a row.
pub const BUTTONS: usize = 5;
/// Characters of a button's label.
pub const BUTTON_LABEL: usize = 80;
/// Options of a select menu.
pub const OPTIONS: usize = 25;
/// Characters of a select option's label, value and description.
pub const OPTION: usize = 100;
/// Characters of a select menu's placeholder.
pub const PLACEHOLDER: usize = 150;
/// Choices of an autocomplete answer.
pub const CHOICES: usize = 25;
/// Characters of an autocomplete choice's name and value.
pub const CHOICE: usize = 100;
/// Characters of a modal's title.
pub const MODAL_TITLE: usize = 45;
/// Characters of a text input's label.
pub const INPUT_LABEL: usize = 45;
/// Characters of a text input's placeholder.
pub const INPUT_PLACEHOLDER: usize = 100;
