//! Every setting that there is. `.env.example` and the README name exactly these; a test holds them to it.

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name, which is an interface.
    pub name: &'static str,
    /// What it is without being set; `None` where there is no default that could be right.
    pub default: Option<&'static str>,
    /// Whether its value is a secret, which may also be given as a file, by `NAME_FILE`.
    pub secret: bool,
}

const fn required(name: &'static str) -> Setting {
    Setting { name, default: None, secret: false }
}

const fn secret(name: &'static str) -> Setting {
    Setting { name, default: None, secret: true }
}

const fn with_default(name: &'static str, default: &'static str) -> Setting {
    Setting { name, default: Some(default), secret: false }
}

/// Every setting.
pub const KNOWN: &[Setting] = &[
    secret("DISCORD_TOKEN"),
    required("DISCORD_GUILD_ID"),
    required("DISCORD_ALERT_CHANNEL_ID"),
    with_default("DISCORD_FALLBACK_CHANNEL_ID", ""),
    with_default("ALERT_ROLE_IDS", ""),
    with_default("ESCALATION_ROLE_IDS", ""),
    with_default("OPERATOR_ROLE_IDS", ""),
    with_default("DISCORD_API_URL", "https://discord.com"),
    required("LIFECYCLE_URL"),
    secret("LIFECYCLE_TOKEN"),
    with_default("POLL_INTERVAL", "15s"),
    with_default("FAILOVER_MIN_HEALTHY", "2"),
    with_default("FAILOVER_ENVIRONMENTS", "production"),
    with_default("START_GRACE", "5m"),
    with_default("START_AT_ONCE", "false"),
    with_default("LOAD_PER_CONNECTOR", "50"),
    with_default("ALERT_AFTER", "30s"),
    with_default("OUTAGE_AFTER", "15s"),
    with_default("RECOVER_AFTER", "1m"),
    with_default("REOPEN_WITHIN", "15m"),
    with_default("STORM_BOTS", "5"),
    with_default("REMIND_AFTER", "30m"),
    with_default("ESCALATE_AFTER", "15m"),
    with_default("TIMEZONE", "UTC"),
    with_default("CONFIRMATION_TTL", "2m"),
    with_default("SECOND_PERSON", ""),
    with_default("APPROVER_ROLE_IDS", ""),
    with_default("APPROVAL_TTL", "30m"),
    with_default("BREAK_GLASS_ROLE_IDS", ""),
    with_default("CHANGES_PER_PERSON", "10"),
    with_default("CHANGES_PER_ENVIRONMENT", "30"),
    Setting { name: "DATABASE_URL", default: Some("sqlite:botswain.sqlite3"), secret: true },
    with_default("AUDIT_RETENTION", "400d"),
    with_default("AUDIT_CHANNEL_ID", ""),
    with_default("HISTORY_RETENTION", "90d"),
    with_default("BOTSWAIN_CONFIG", ""),
    with_default("ALLOW_PLAIN_HTTP", "false"),
    with_default("HTTP_LISTEN", ""),
    Setting { name: "HEARTBEAT_URL", default: Some(""), secret: true },
    with_default("HEARTBEAT_INTERVAL", "1m"),
    with_default("LOG_FORMAT", "text"),
    with_default("RUST_LOG", "info"),
];

/// The default of a setting; empty where there is none.
pub(super) fn default_of(name: &str) -> &'static str {
    KNOWN.iter().find(|setting| setting.name == name).and_then(|setting| setting.default).unwrap_or("")
}
