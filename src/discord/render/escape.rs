//! Text from outside: made harmless where markdown renders, and cut to Discord's limits on a character border.

/// How long a name may be shown, in characters. Longer ones are cut; the whole name is in the lifecycle service.
pub const NAME: usize = 60;

/// How many characters Discord counts, on the safe side: UTF-16 code units, never fewer than what it does count.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Cuts `text` to at most `limit` characters, on a character border, with an ellipsis where something was cut.
pub fn cut(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    let mut left = limit.saturating_sub(1);
    let mut kept = String::new();
    for letter in text.chars() {
        match left.checked_sub(letter.len_utf16()) {
            Some(rest) => left = rest,
            None => break,
        }
        kept.push(letter);
    }
    if limit > 0 {
        kept.push('…');
    }
    kept
}

/// One line of plain text, for where markdown does not render: labels, option texts, footers.
///
/// Line breaks become spaces; control characters, and those that reverse the direction of what follows, are dropped.
pub fn plain(text: &str) -> String {
    let one_line = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let shown: String = one_line.filter(|c| !c.is_control() && !reverses(*c)).collect();
    let words: Vec<_> = shown.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// One line of plain text of at most `limit` characters, and never empty: Discord refuses empty labels.
pub fn label(text: &str, limit: usize) -> String {
    let text = plain(text);
    if text.is_empty() { "(no name)".to_owned() } else { cut(&text, limit) }
}

/// A name from outside for where markdown renders: cut, on one line, and with nothing left that renders or mentions.
pub fn name(text: &str) -> String {
    markdown(&label(text, NAME))
}

/// A text from outside (a reason, a service's words) of at most `limit` characters before escaping.
pub fn text(text: &str, limit: usize) -> String {
    markdown(&cut(&plain(text), limit))
}

/// Escapes what Discord's markdown and mentions would take for theirs.
///
/// A backslash before a sign shows the sign (<https://support.discord.com/hc/en-us/articles/210298617>). `@everyone` gets
/// a space of no width, so that it does not even look like a mention; what may ping is in `allowed_mentions` alone.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = None;
    for letter in text.chars() {
        let starts = before.is_none();
        let renders = match letter {
            '\\' | '*' | '_' | '~' | '`' | '|' | '[' | ']' | '<' | '>' => true,
            // Headings, lists: only at the start of a line.
            '#' | '-' | '+' => starts,
            // Addresses become links.
            '/' => before == Some(':'),
            _ => false,
        };
        if renders {
            escaped.push('\\');
        }
        escaped.push(letter);
        if letter == '@' {
            escaped.push('\u{200b}');
        }
        before = Some(letter);
    }
    escaped
}

/// Signs that embed, override or isolate the direction of the text after them (Unicode, UAX #9).
fn reverses(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markdown_and_mentions_from_outside_are_shown_as_they_are_written() {
        assert_eq!(name("billing-1"), "billing-1");
        assert_eq!(name("**bold** _it_"), "\\*\\*bold\\*\\* \\_it\\_");
        assert_eq!(name("@everyone <@&7> <#5>"), "@\u{200b}everyone \\<@\u{200b}&7\\> \\<#5\\>");
        assert_eq!(name("# heading"), "\\# heading");
        assert_eq!(name("https://evil.example/x"), "https:\\//evil.example/x");
        assert_eq!(name("[a](b)"), "\\[a\\](b)");
        assert_eq!(name("two\nlines\u{202e}gpj.exe"), "two linesgpj.exe");
        assert_eq!(name("  "), "(no name)");
    }

    #[test]
    fn texts_are_cut_on_a_character_border() {
        assert_eq!(cut("grün", 4), "grün");
        assert_eq!(cut("grüner", 4), "grü…");
        assert_eq!(cut("🛟🛟🛟", 5), "🛟🛟…");
        assert_eq!(cut("🛟🛟🛟", 4), "🛟…");
        assert_eq!(cut("abc", 0), "");
    }

    proptest! {
        #[test]
        fn a_cut_text_is_never_longer_than_its_limit(text in "\\PC*", limit in 0usize..200) {
            prop_assert!(length(&cut(&text, limit)) <= limit);
        }

        #[test]
        fn a_name_keeps_no_mention(text in "[<@&#!a-z0-9>*_ ]{0,80}") {
            let shown = name(&text);
            prop_assert!(!shown.contains("@everyone") && !shown.contains("@here"));
            // Every `<` is escaped: an odd number of backslashes stands before it.
            for (place, _) in shown.match_indices('<') {
                let slashes = shown[..place].chars().rev().take_while(|c| *c == '\\').count();
                prop_assert!(slashes % 2 == 1, "{shown:?}");
            }
        }
    }
}
