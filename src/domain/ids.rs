//! Names for things: ids that come from outside, and short ids of our own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Crockford's base 32: no letter that is taken for a digit when somebody reads it aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the id as the lifecycle service wrote it: any text, of any length. Cheap to clone.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The id as the lifecycle service wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A short name for this id, the same in every process and after every restart.
            ///
            /// An id from outside may be of any length; Discord gives a custom id and a choice 100 characters.
            pub fn key(&self) -> Key {
                Key::of(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An agent connector, as the lifecycle service names it.
    ConnectorId
}
text_id! {
    /// A bot, as the lifecycle service names it.
    BotId
}

macro_rules! snowflake {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                match text.parse::<u64>() {
                    Ok(id) if id > 0 => Ok(Self(id)),
                    _ => Err(NotAnId),
                }
            }
        }
    };
}

snowflake! {
    /// A person on Discord.
    UserId
}
snowflake! {
    /// A role of the guild.
    RoleId
}
snowflake! {
    /// A channel or thread.
    ChannelId
}
snowflake! {
    /// A message.
    MessageId
}
snowflake! {
    /// A guild (what people call a server).
    GuildId
}

/// The text is no id of the kind that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

/// An id of our own, which nobody can guess: 16 characters, 80 bits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl Id {
    const LENGTH: usize = 16;

    /// A new id.
    pub fn random() -> Self {
        let mut random = rand::rng();
        Self((0..Self::LENGTH).map(|_| letter(random.random())).collect())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a person can read aloud, and find again in the log and the audit: the first eight characters.
    pub fn reference(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

/// A short name for an id of any length: the first 60 bits of its SHA-256, 12 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

impl Key {
    const LENGTH: usize = 12;

    /// The short name of `text`.
    pub fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        Self(digest.iter().take(Self::LENGTH).map(|byte| letter(*byte)).collect())
    }

    /// The short name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How our own short texts are written and read back: letters of [`ALPHABET`], of one length.
macro_rules! short_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.len() == Self::LENGTH && text.bytes().all(|b| ALPHABET.contains(&b)) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NotAnId)
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

short_text!(Id);
short_text!(Key);

fn letter(byte: u8) -> char {
    ALPHABET.get(usize::from(byte % 32)).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_and_nothing_else_is_taken_for_one() {
        let id = Id::random();
        assert_eq!(id.as_str().parse::<Id>(), Ok(id));
        for text in ["", "short", "0123456789abcdeU", "0123456789abcdef0"] {
            assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text:?}");
        }
    }

    #[test]
    fn a_key_is_the_same_everywhere_and_short_for_any_length() {
        let long = ConnectorId::new("x".repeat(5000));
        assert_eq!(long.key(), ConnectorId::new("x".repeat(5000)).key());
        assert_ne!(long.key(), ConnectorId::new("x".repeat(5001)).key());
        assert_eq!(long.key().as_str().parse::<Key>(), Ok(long.key()));
    }

    #[test]
    fn nought_is_no_snowflake() {
        assert_eq!("0".parse::<UserId>(), Err(NotAnId));
        assert_eq!("-1".parse::<UserId>(), Err(NotAnId));
        assert_eq!("81".parse(), Ok(UserId(81)));
    }
}
