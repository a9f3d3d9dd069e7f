//! Reading one setting after the other from a source of texts, and collecting what is wrong.

use std::collections::HashMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use reqwest::Url;
use secrecy::SecretString;
use tracing_subscriber::filter::Targets;

use super::Mistakes;
use super::known::{KNOWN, default_of};

/// Where settings come from.
pub trait Source {
    /// The text of a setting, if it is set.
    fn get(&self, name: &str) -> Option<String>;
}

impl Source for HashMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        HashMap::get(self, name).cloned()
    }
}

/// The process's environment, and behind it the file `.env` of the folder, if there is one.
#[derive(Clone, Debug, Default)]
pub struct DotEnv {
    file: HashMap<String, String>,
}

impl DotEnv {
    /// Reads `.env` once. The environment itself is not changed.
    ///
    /// # Errors
    /// If `.env` is there and cannot be read or understood.
    pub fn load() -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let entries = match dotenvy::dotenv_iter() {
            Ok(entries) => entries,
            Err(error) if error.not_found() => return Ok(Self::default()),
            Err(_) => {
                mistakes.add(".env", "cannot be read");
                return Err(mistakes);
            }
        };
        match entries.collect::<Result<_, _>>() {
            Ok(file) => Ok(Self { file }),
            // The error quotes the line, and the line may hold a secret.
            Err(_) => {
                mistakes.add(".env", "has a line that is not NAME=value (a value with spaces or # needs quotes)");
                Err(mistakes)
            }
        }
    }
}

impl Source for DotEnv {
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().or_else(|| self.file.get(name).cloned())
    }
}

/// A duration's bounds, as people write them.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    least: &'static str,
    most: &'static str,
}

pub(super) const fn no_wider_than(least: &'static str, most: &'static str) -> Bounds {
    Bounds { least, most }
}

impl Bounds {
    pub(super) fn must_be(&self) -> String {
        format!("must be a duration from {} to {}, such as 30s or 5m", self.least, self.most)
    }
}

/// A duration as people write it, if it is within its bounds.
pub(super) fn parse_duration(text: &str, bounds: &Bounds) -> Option<Duration> {
    let parse = |text: &str| text.parse::<SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
    let (least, most) = (parse(bounds.least)?, parse(bounds.most)?);
    parse(text).filter(|duration| (least..=most).contains(duration))
}

pub(super) struct Reader<'a, S> {
    source: &'a S,
    mistakes: Mistakes,
}

impl<'a, S: Source> Reader<'a, S> {
    pub(super) fn new(source: &'a S) -> Self {
        Self { source, mistakes: Mistakes::default() }
    }

    pub(super) fn finish(self) -> Result<(), Mistakes> {
        if self.mistakes.0.is_empty() { Ok(()) } else { Err(self.mistakes) }
    }

    pub(super) fn mistake(&mut self, name: impl Into<String>, what: impl Into<String>) {
        self.mistakes.add(name, what);
    }

    /// The text of a setting: what is set and not blank, else its default.
    pub(super) fn text(&self, name: &str) -> String {
        let set = self.source.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        set.unwrap_or_else(|| default_of(name).to_owned())
    }

    fn required(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name);
        if text.is_empty() {
            self.mistake(name, "is not set");
            return None;
        }
        Some(text)
    }

    /// A secret, from the setting itself or from the file that `NAME_FILE` names.
    pub(super) fn secret(&mut self, name: &'static str) -> SecretString {
        let file_name = format!("{name}_FILE");
        let direct = self.source.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let path = self.text(&file_name);
        let text = match (direct, path.is_empty()) {
            (Some(_), false) => {
                self.mistake(name, format!("is set, and {file_name} too: keep one of them"));
                String::new()
            }
            (Some(text), true) => text,
            (None, true) => default_of(name).to_owned(),
            (None, false) => match std::fs::read_to_string(&path) {
                Ok(text) if !text.trim().is_empty() => return text.trim().into(),
                Ok(_) => {
                    self.mistake(file_name, "names an empty file");
                    return SecretString::default();
                }
                Err(error) => {
                    self.mistake(file_name, format!("names a file that cannot be read ({})", error.kind()));
                    return SecretString::default();
                }
            },
        };
        let is_optional = KNOWN.iter().any(|known| known.name == name && known.default.is_some());
        if text.is_empty() && !is_optional && !self.mistakes.0.iter().any(|mistake| mistake.name == name) {
            self.mistake(name, format!("is not set (nor is {file_name})"));
        }
        text.into()
    }

    /// A secret that is sent as a header.
    pub(super) fn token(&mut self, name: &'static str) -> SecretString {
        use secrecy::ExposeSecret as _;
        let token = self.secret(name);
        if !token.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
            self.mistake(name, "has a character in it that no token has (a space, a line break, an accent)");
        }
        token
    }

    pub(super) fn database(&mut self, name: &'static str) -> SecretString {
        use secrecy::ExposeSecret as _;
        let url = self.secret(name);
        let text = url.expose_secret();
        // No part of it is quoted: any of them may be the password.
        let wrong = if text.is_empty() || text.starts_with("sqlite:") {
            None
        } else if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            wrong_with_postgresql(text)
        } else {
            Some(
                "must begin with sqlite: or postgres:// (as in sqlite:botswain.sqlite3, or \
                 postgres://botswain:PASSWORD@db.example/botswain?sslmode=verify-full)",
            )
        };
        if let Some(what) = wrong {
            self.mistake(name, what);
        }
        url
    }

    /// A snowflake; nought, with a mistake, where it is none.
    pub(super) fn id(&mut self, name: &'static str) -> u64 {
        let Some(text) = self.required(name) else {
            return 0;
        };
        parse_id(&text).unwrap_or_else(|| {
            self.mistake(name, "must be a Discord id: digits only (developer mode, then \"Copy ID\")");
            0
        })
    }

    /// A snowflake, where one is set.
    pub(super) fn optional_id(&mut self, name: &'static str) -> Option<u64> {
        if self.text(name).is_empty() { None } else { Some(self.id(name)) }
    }

    /// Snowflakes, separated by commas or spaces.
    pub(super) fn ids(&mut self, name: &'static str) -> Vec<u64> {
        let parsed: Vec<_> = self.words(name).iter().map(|text| parse_id(text)).collect();
        if parsed.contains(&None) {
            self.mistake(name, "must be Discord ids, separated by commas");
        }
        parsed.into_iter().flatten().collect()
    }

    pub(super) fn words(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name);
        text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn number<T: FromStr + PartialOrd + Display + Copy>(
        &mut self,
        name: &'static str,
        range: RangeInclusive<T>,
    ) -> T {
        let least = *range.start();
        match self.text(name).parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.mistake(name, format!("must be a number from {least} to {}", range.end()));
                least
            }
        }
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        self.one_of(name, &[("true", true), ("false", false)], false)
    }

    pub(super) fn one_of<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)], otherwise: T) -> T {
        let text = self.text(name);
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            return *value;
        }
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        self.mistake(name, format!("must be one of: {}", words.join(", ")));
        otherwise
    }

    pub(super) fn duration(&mut self, name: &'static str, bounds: Bounds) -> Duration {
        parse_duration(&self.text(name), &bounds).unwrap_or_else(|| {
            self.mistake(name, bounds.must_be());
            Duration::ZERO
        })
    }

    pub(super) fn timezone(&mut self, name: &'static str) -> TimeZone {
        TimeZone::get(&self.text(name)).unwrap_or_else(|_| {
            self.mistake(name, "must be a time zone such as Europe/Berlin, America/New_York or UTC");
            TimeZone::UTC
        })
    }

    pub(super) fn url(&mut self, name: &'static str, allow_plain: bool) -> Url {
        let text = self.required(name);
        text.and_then(|text| self.checked_url(name, &text, allow_plain)).unwrap_or_else(nowhere)
    }

    pub(super) fn optional_url(&mut self, name: &'static str, allow_plain: bool) -> Option<Url> {
        let text = self.text(name);
        self.checked_url(name, &text, allow_plain)
    }

    /// An address that is a secret itself, where one is set: no part of it is quoted.
    pub(super) fn secret_url(&mut self, name: &'static str, allow_plain: bool) -> Option<SecretString> {
        use secrecy::ExposeSecret as _;
        let secret = self.secret(name);
        let text = secret.expose_secret();
        if text.is_empty() {
            return None;
        }
        let wrong = match Url::parse(text) {
            Err(_) => Some("must be an address such as https://hc.example/ping"),
            Ok(url) if url.fragment().is_some() => Some("must not hold a #: what comes after it is never sent"),
            Ok(url) => wrong_with_address(&url, allow_plain),
        };
        if let Some(what) = wrong {
            self.mistake(name, what);
        }
        Some(secret)
    }

    fn checked_url(&mut self, name: &'static str, text: &str, allow_plain: bool) -> Option<Url> {
        let Ok(url) = Url::parse(text) else {
            self.mistake(name, "must be an address such as https://lifecycle.example");
            return None;
        };
        let wrong = wrong_with_address(&url, allow_plain).or_else(|| {
            let more = url.query().is_some() || url.fragment().is_some();
            more.then_some("must not hold a ? or a #: what is asked for comes after it")
        });
        match wrong {
            None => Some(url),
            Some(what) => {
                self.mistake(name, what);
                None
            }
        }
    }

    pub(super) fn address(&mut self, name: &'static str) -> Option<SocketAddr> {
        let text = self.text(name);
        if text.is_empty() {
            return None;
        }
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.mistake(name, "must be an address and a port, such as 127.0.0.1:9090");
        }
        parsed
    }

    pub(super) fn filter(&mut self, name: &'static str) -> Targets {
        let parsed = self.text(name).parse().ok();
        if parsed.is_none() {
            self.mistake(name, "must be a log filter such as info or botswain=debug,warn");
        }
        parsed.unwrap_or_default()
    }
}

pub(super) fn parse_id(text: &str) -> Option<u64> {
    text.parse().ok().filter(|id| *id > 0)
}

/// What is wrong with an address that something secret is sent to: that goes over plain HTTP only to this very machine.
fn wrong_with_address(url: &Url, allow_plain: bool) -> Option<&'static str> {
    match (url.scheme(), url.host()) {
        ("https" | "http", Some(_)) if !url.username().is_empty() || url.password().is_some() => {
            Some("must not hold a user name or password")
        }
        ("https", Some(_)) => None,
        ("http", Some(host)) if allow_plain || is_loopback(&host.to_string()) => None,
        ("http", Some(_)) => Some(
            "is plain HTTP to another machine, which would show a secret to the network: use https, or set \
             ALLOW_PLAIN_HTTP=true if the network is yours",
        ),
        _ => Some("must begin with https:// (or http:// for this machine)"),
    }
}

/// What is wrong with the address of a PostgreSQL database, as far as that is seen without connecting.
fn wrong_with_postgresql(text: &str) -> Option<&'static str> {
    // What a driver does not know it ignores, and logs with its value.
    const KNOWN: &[&str] =
        &["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "user", "password", "dbname"];
    const SSL_MODES: &[&str] = &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    let Ok(url) = Url::parse(text) else {
        return Some("cannot be read as an address (in a user name or password, write / as %2F, @ as %40, : as %3A)");
    };
    let pairs: Vec<_> = url.query_pairs().collect();
    if pairs.iter().any(|(key, _)| !KNOWN.contains(&key.as_ref())) {
        return Some(
            "has a parameter after its ? that is not known here (sslmode, sslrootcert, sslcert, sslkey, host, port, user, \
             password, dbname)",
        );
    }
    if pairs.iter().any(|(key, value)| key == "sslmode" && !SSL_MODES.contains(&value.as_ref())) {
        return Some("must have one of these as its sslmode: disable, allow, prefer, require, verify-ca, verify-full");
    }
    if url.path().trim_start_matches('/').is_empty() && !pairs.iter().any(|(key, _)| key == "dbname") {
        return Some("must name the database (as in postgres://botswain:PASSWORD@db.example/botswain)");
    }
    None
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Stands for an address that could not be read; the mistake beside it keeps it from ever being used.
fn nowhere() -> Url {
    #[expect(clippy::expect_used, reason = "a constant that the tests read")]
    Url::parse("http://127.0.0.1:9").expect("a constant address")
}
