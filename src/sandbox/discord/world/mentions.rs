//! Who a message mentions. Pure. <https://docs.discord.com/developers/resources/message#allowed-mentions-object>
use serde_json::Value;

use super::super::{
    rules::{given, items},
    snowflake::{self, Snowflake},
};

/// Mentions: those that stand in a text, or those of them that are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    pub(crate) users: Vec<Snowflake>,
    pub(crate) roles: Vec<Snowflake>,
    pub(crate) everyone: bool,
}

/// The mentions that stand in a text. What stands in code mentions nobody.
pub(crate) fn in_text(content: &str) -> Mentions {
    let text = without_code(content);
    let mut found = Mentions { everyone: text.contains("@everyone") || text.contains("@here"), ..Mentions::default() };
    for piece in text.split('<').skip(1) {
        let Some((inner, _)) = piece.split_once('>') else {
            continue;
        };
        if let Some(id) = inner.strip_prefix("@&") {
            push(&mut found.roles, id);
        } else if let Some(id) = inner.strip_prefix('@') {
            push(&mut found.users, id.strip_prefix('!').unwrap_or(id));
        }
    }
    found
}

fn push(list: &mut Vec<Snowflake>, id: &str) {
    if let Ok(id) = id.parse()
        && !list.contains(&id)
    {
        list.push(id);
    }
}

/// The text with its code blocks and code spans cut out.
fn without_code(content: &str) -> String {
    let mut text = String::new();
    let mut rest = content;
    while let Some(start) = rest.find('`') {
        let (before, from) = rest.split_at(start);
        let ticks = from.chars().take_while(|c| *c == '`').count();
        let fence = "`".repeat(ticks);
        text.push_str(before);
        let inside = from.get(ticks..).unwrap_or_default();
        match inside.find(&fence) {
            Some(end) => rest = inside.get(end + ticks..).unwrap_or_default(),
            None => {
                text.push_str(&fence);
                rest = inside;
            }
        }
    }
    text.push_str(rest);
    text
}

/// Which of the mentions in a text `allowed_mentions` lets through. Absent, everything is parsed.
pub(crate) fn allow(found: Mentions, allowed: Option<&Value>) -> Mentions {
    let Some(allowed) = allowed.filter(|value| !value.is_null()) else {
        return found;
    };
    let parses = |word: &str| items(allowed, "parse").iter().any(|item| item == word);
    let listed = |key: &str, id: &Snowflake| items(allowed, key).iter().any(|item| snowflake::parse(item) == Some(*id));
    let keep = |ids: Vec<Snowflake>, key: &str| {
        let all = parses(key);
        ids.into_iter().filter(|id| all || listed(key, id)).collect()
    };
    Mentions {
        users: keep(found.users, "users"),
        roles: keep(found.roles, "roles"),
        everyone: found.everyone && parses("everyone"),
    }
}

/// Whether a reply notifies whom it answers: yes unless `allowed_mentions` is there and does not say so.
pub(crate) fn replied_user(allowed: Option<&Value>) -> bool {
    match allowed.filter(|value| !value.is_null()) {
        None => true,
        Some(allowed) => given(allowed, "replied_user") == Some(&Value::Bool(true)),
    }
}
