//! The chain of the record: each row's hash is made of the row and of the hash before it, so that whoever knows one hash can
//! tell whether anything up to there was changed. Pure.
//!
//! # How a hash is made
//!
//! ```text
//! hash(n) = SHA-256( "botswain-audit-1" LF  n LF  hash(n - 1) LF  record )
//! ```
//!
//! * LF is one line feed (byte 10); there is none at the end. All is UTF-8.
//! * *n* is the row's place in the chain, in decimal digits; the first row's is 1.
//! * *hash(n - 1)* is the hash before it, as 64 lower-case hexadecimal digits. *hash(0)* is 64 times `0`.
//! * *record* is the row's JSON in its canonical form: no white space between its parts; the members of each object in the order
//!   of their names (by code point); strings with `"` and `\` escaped by a backslash, the control characters U+0008, U+0009,
//!   U+000A, U+000C and U+000D as `\b`, `\t`, `\n`, `\f` and `\r`, all others below U+0020 as `\u00xx` in lower case, and nothing
//!   else escaped; integers in decimal digits, in full (ids of Discord are above 2^53). There are no fractions. For such JSON that
//!   is RFC 8785, but for the size of its integers, and what Python writes with
//!   `json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What a hash begins with: which way of making it.
const DOMAIN: &str = "botswain-audit-1";

/// A SHA-256.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no hash, or no place in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a hash of 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(NotAHash);
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(place * 2..place * 2 + 2).ok_or(NotAHash)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Hash {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// A place in the chain, and its hash. Written `SEQ:HASH`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The place; the first row's is 1. Nought is before all rows.
    pub seq: u64,
    /// The hash.
    pub hash: Hash,
}

impl Link {
    /// The link of the row that follows on this one, whose record this is in its canonical form.
    pub fn next(&self, record: &str) -> Self {
        let seq = self.seq.saturating_add(1);
        Self { seq, hash: hash(seq, self.hash, record) }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl FromStr for Link {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let (seq, hash) = text.split_once(':').ok_or(NotAHash)?;
        Ok(Self { seq: seq.parse().map_err(|_| NotAHash)?, hash: hash.parse()? })
    }
}

fn hash(seq: u64, previous: Hash, record: &str) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(format!("{DOMAIN}\n{seq}\n{previous}\n"));
    hasher.update(record);
    Hash(hasher.finalize().into())
}

/// The canonical form of a record's JSON.
///
/// # Errors
/// If it is no JSON.
pub fn canonical(record: &str) -> Result<String, serde_json::Error> {
    let mut value: Value = serde_json::from_str(record)?;
    value.sort_all_objects();
    serde_json::to_string(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_what_the_documentation_says() {
        // printf 'botswain-audit-1\n1\n%064d\n{"a":1,"b":"\\u001fü"}' 0 | sha256sum
        let record = canonical("{ \"b\": \"\\u001F\\u00fc\", \"a\": 1 }").unwrap();
        assert_eq!(record, "{\"a\":1,\"b\":\"\\u001fü\"}");
        let expected = "8f96ad6373144915df69a1723cbb54691a80dee49a278380b2cc1063aa59765e";
        assert_eq!(Link::default().next(&record).hash.to_string(), expected);
    }

    #[test]
    fn integers_are_kept_in_full_and_objects_within_objects_are_sorted() {
        let record = r#"{"z":{"b":[{"d":1,"c":2}],"a":18446744073709551615},"a":null}"#;
        assert_eq!(canonical(record).unwrap(), r#"{"a":null,"z":{"a":18446744073709551615,"b":[{"c":2,"d":1}]}}"#);
    }

    #[test]
    fn a_link_survives_its_text() {
        let link = Link::default().next("{}");
        assert_eq!(link.to_string().parse(), Ok(link));
        for text in ["", "1", "1:", "x:00", &link.to_string().to_uppercase(), &format!("{link}0")] {
            assert_eq!(text.parse::<Link>(), Err(NotAHash), "{text:?}");
        }
    }
}
