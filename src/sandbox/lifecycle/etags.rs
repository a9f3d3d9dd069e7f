//! Entity tags, as `If-Match` and `If-None-Match` list them (RFC 9110, sections 8.8.3 and 13.1): quoted texts, in which a comma parts nothing.
use axum::http::HeaderValue;

/// What a precondition names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tags {
    /// `*`
    Any,
    /// These.
    Listed(Vec<Tag>),
}

/// An entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) weak: bool,
    /// What stands between the quotes.
    pub(super) opaque: Vec<u8>,
}

impl Tags {
    /// Reads all fields of one name as one list; none where that is malformed.
    pub(super) fn parse<'a>(fields: impl Iterator<Item = &'a HeaderValue>) -> Option<Self> {
        let list = fields.map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b',');
        if list.trim_ascii() == b"*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = list.trim_ascii_start();
        while !rest.is_empty() {
            // Empty elements of a list are to be overlooked (section 5.6.1).
            if let Some(after) = rest.strip_prefix(b",") {
                rest = after.trim_ascii_start();
                continue;
            }
            let (tag, after) = Tag::first_of(rest)?;
            tags.push(tag);
            rest = after.trim_ascii_start();
            if !rest.is_empty() && !rest.starts_with(b",") {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::Listed(tags))
    }
}

impl Tag {
    fn first_of(text: &[u8]) -> Option<(Self, &[u8])> {
        let (weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        let (opaque, after) = inner.split_at_checked(end)?;
        let allowed = |byte: &u8| byte.is_ascii_graphic() || *byte >= 0x80;
        let tag = Self { weak, opaque: opaque.to_vec() };
        opaque.iter().all(allowed).then_some((tag, after.strip_prefix(b"\"")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(fields: &[&str]) -> Option<Tags> {
        let fields: Vec<_> = fields.iter().map(|text| HeaderValue::from_bytes(text.as_bytes()).unwrap()).collect();
        Tags::parse(fields.iter())
    }

    #[test]
    fn a_comma_within_a_tag_parts_nothing() {
        let tag = |weak, opaque: &str| Tag { weak, opaque: opaque.as_bytes().to_vec() };
        assert_eq!(parse(&["W/\"Y;,;OR(1~>&7\""]), Some(Tags::Listed(vec![tag(true, "Y;,;OR(1~>&7")])));
        let three = Tags::Listed(vec![tag(false, "a"), tag(true, ""), tag(false, "ü,")]);
        assert_eq!(parse(&[" , \"a\",W/\"\" ", "\"ü,\","]), Some(three));
        assert_eq!(parse(&[" * "]), Some(Tags::Any));
    }

    #[test]
    fn what_is_no_list_of_tags_is_none() {
        for text in
            ["", ",", "r17", "\"", "\"a", "\"a\"b", "\"a\" \"b\"", "w/\"a\"", "W/", "*,*", "\"a\", *", "\"a b\""]
        {
            assert_eq!(parse(&[text]), None, "{text}");
        }
        assert_eq!(parse(&["*", "*"]), None);
        assert_eq!(parse(&[]), None);
    }
}
