//! Discord's ids: 64 bits, of which the upper 42 are milliseconds since 2015, written as decimal strings.
//! <https://docs.discord.com/developers/reference#snowflakes>
use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds from the Unix epoch to Discord's.
const EPOCH_MS: i64 = 1_420_070_400_000;

/// One id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// When the thing with this id was made, as its id tells.
    pub(crate) fn created_at(self) -> Timestamp {
        let ms = i64::try_from(self.0 >> 22).unwrap_or(i64::MAX).saturating_add(EPOCH_MS);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Snowflake)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Snowflake {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        parse(&value).ok_or_else(|| de::Error::custom("an id is a decimal string"))
    }
}

/// The id in a JSON value: a string as Discord writes it, or a number as some clients do.
pub(crate) fn parse(value: &serde_json::Value) -> Option<Snowflake> {
    match value {
        serde_json::Value::String(text) => text.parse().ok(),
        serde_json::Value::Number(number) => number.as_u64().map(Snowflake),
        _ => None,
    }
}

/// Makes ids that grow, whatever the clock does.
#[derive(Debug, Default)]
pub(crate) struct Snowflakes {
    last: u64,
}

impl Snowflakes {
    /// The next id for something made at `now`.
    pub(crate) fn next(&mut self, now: Timestamp) -> Snowflake {
        let ms = now.as_millisecond().saturating_sub(EPOCH_MS).max(0).unsigned_abs();
        self.last = (ms << 22).max(self.last + 1);
        Snowflake(self.last)
    }
}
