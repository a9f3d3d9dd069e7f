//! What can go wrong when we ask Discord for something, told apart by what is to be done about it.

use std::time::Duration;

/// Why a request to Discord failed. `Display` is for the log; it never holds the token or an address.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ApiError {
    /// Too fast (429). Nothing was carried out.
    #[error("Discord asks to wait {retry_after:?}{}", if *.global { " with everything" } else { "" })]
    RateLimited {
        /// For how long to keep quiet.
        retry_after: Duration,
        /// Whether that holds for every route, not this one alone.
        global: bool,
    },
    /// Too many edits of messages older than an hour in that channel (code 30046, a 429). Nothing was carried out.
    #[error("Discord takes no more edits of old messages there for {retry_after:?}")]
    TooManyOldEdits {
        /// When it may take one again; other edits are not held back.
        retry_after: Duration,
    },
    /// Refused (another 4xx). Nothing was carried out.
    #[error("Discord refused (HTTP {status}, code {}): {message}", .code.unwrap_or(0))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's own code (docs: "Opcodes and Status Codes").
        code: Option<u32>,
        /// Discord's words, cut.
        message: String,
    },
    /// The token is not taken (401).
    #[error("Discord does not take the token")]
    Unauthorized,
    /// Discord's own trouble (5xx). Nobody knows whether it was carried out.
    #[error("Discord answered with HTTP {0}")]
    Server(u16),
    /// No answer came.
    #[error("Discord could not be reached: {why}")]
    Unreachable {
        /// Whether the request may have arrived and been carried out all the same.
        maybe_sent: bool,
        /// Why, without the address.
        why: String,
    },
    /// The answer was not what it should be. What was asked for was probably carried out.
    #[error("Discord's answer could not be read: {0}")]
    Malformed(String),
}

impl ApiError {
    /// Whether what was asked for may have been carried out all the same.
    pub fn maybe_carried_out(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::TooManyOldEdits { .. } | Self::Refused { .. } | Self::Unauthorized => {
                false
            }
            Self::Server(_) | Self::Malformed(_) => true,
            Self::Unreachable { maybe_sent, .. } => *maybe_sent,
        }
    }

    /// Discord's own code, if it gave one.
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => *code,
            Self::TooManyOldEdits { .. } => Some(super::TOO_MANY_OLD_EDITS),
            _ => None,
        }
    }
}

impl From<reqwest::Error> for ApiError {
    fn from(error: reqwest::Error) -> Self {
        let maybe_sent = !error.is_connect() && !error.is_builder();
        let mut why = if error.is_timeout() {
            "no answer in time".to_owned()
        } else if error.is_connect() {
            "no connection".to_owned()
        } else {
            "the connection broke".to_owned()
        };
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            why = format!("{why}: {inner}");
            source = inner.source();
        }
        Self::Unreachable { maybe_sent, why }
    }
}
