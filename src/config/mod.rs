//! Settings: the only room that reads the environment. All mistakes are found at once, by name, before anything connects.

mod audit;
mod file;
mod known;
mod read;
mod terms;

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use tracing_subscriber::filter::Targets;

pub use self::known::{KNOWN, Setting};
pub use self::read::{DotEnv, Source};
use self::read::{Reader, no_wider_than};
use crate::domain::authority::{Authority, Right};
use crate::domain::connector::Environment;
use crate::domain::ids::{ChannelId, GuildId, RoleId};
use crate::domain::pace::Limits;
use crate::domain::policy::Policy;

/// How many bots may be asked to fail at once to be a storm; 0 is never.
const STORM_BOTS: RangeInclusive<u32> = 0..=1000;

/// How many changes may be allowed within ten minutes; 0 is any number.
const CHANGES: RangeInclusive<u32> = 0..=1000;

/// All that `botswain run` is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Discord.
    pub discord: DiscordSettings,
    /// The lifecycle service.
    pub lifecycle: LifecycleSettings,
    /// What is asked of each bot.
    pub policy: Policy,
    /// Who may act.
    pub authority: Authority,
    /// How often the fleet is polled.
    pub poll_interval: Duration,
    /// How long a prompt may be confirmed.
    pub confirmation_ttl: Duration,
    /// The store's address.
    pub database_url: SecretString,
    /// Where health and metrics are served, if anywhere.
    pub http_listen: Option<SocketAddr>,
    /// Who outside is told that all is well, if anybody.
    pub heartbeat: Option<HeartbeatSettings>,
    /// How long the record is kept, and where it is mirrored.
    pub audit: AuditSettings,
    /// How long it is kept how the connectors were; `None` is for ever.
    pub history_retention: Option<Duration>,
    /// How logs are written.
    pub log: LogSettings,
}

/// Where Discord is, and where in it we are.
#[derive(Clone, Debug)]
pub struct DiscordSettings {
    /// The bot's token.
    pub token: SecretString,
    /// A stand-in's address; `None` is Discord's own.
    pub api_url: Option<Url>,
    /// The one guild that is served.
    pub guild: GuildId,
    /// Where it is said when alerts do not come into their channel.
    pub fallback_channel: Option<ChannelId>,
}

/// Where the lifecycle service is.
#[derive(Clone, Debug)]
pub struct LifecycleSettings {
    /// Its address.
    pub url: Url,
    /// The bearer token.
    pub token: SecretString,
    /// Whether the token may go over plain HTTP to another machine.
    pub allow_plain_http: bool,
}

/// Who outside is told that all is well.
#[derive(Clone, Debug)]
pub struct HeartbeatSettings {
    /// The address that is called: whoever knows it can pretend to be us.
    pub url: SecretString,
    /// How often it is called.
    pub interval: Duration,
}

/// How long the record is kept, and where it is mirrored.
#[derive(Clone, Copy, Debug)]
pub struct AuditSettings {
    /// How long a record is kept; `None` is for ever.
    pub retention: Option<Duration>,
    /// The channel in which each record is said, if there is one.
    pub channel: Option<ChannelId>,
}

/// How logs are written.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// What is logged.
    pub filter: Targets,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// All that is wrong with the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

/// One thing that is wrong, and what to do about it. It never holds a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, or the place in the file.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
}

impl Mistakes {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    fn add(&mut self, name: impl Into<String>, what: impl Into<String>) {
        self.0.push(Mistake { name: name.into(), what: what.into() });
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        writeln!(f, "{count} {} in the settings:", if count == 1 { "mistake" } else { "mistakes" })?;
        for Mistake { name, what } in &self.0 {
            writeln!(f, "  {name}: {what}")?;
        }
        write!(f, "Each setting is explained in .env.example.")
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads all settings from `source`.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn read(source: &impl Source) -> Result<Self, Mistakes> {
        let mut reader = Reader::new(source);
        let file = file::read(&mut reader);
        let allow_plain = reader.flag("ALLOW_PLAIN_HTTP");
        let api_url = reader.optional_url("DISCORD_API_URL", allow_plain);
        let discord = DiscordSettings {
            token: reader.token("DISCORD_TOKEN"),
            api_url: api_url.filter(|url| url.host_str() != Some("discord.com")),
            guild: GuildId(reader.id("DISCORD_GUILD_ID")),
            fallback_channel: reader.optional_id("DISCORD_FALLBACK_CHANNEL_ID").map(ChannelId),
        };
        let lifecycle = LifecycleSettings {
            url: reader.url("LIFECYCLE_URL", allow_plain),
            token: reader.token("LIFECYCLE_TOKEN"),
            allow_plain_http: allow_plain,
        };
        let watched = reader.words("FAILOVER_ENVIRONMENTS").iter().map(|name| Environment::new(name)).collect();
        let mut policy = Policy::new(terms::everywhere(&mut reader), watched, file.own);
        if discord.fallback_channel == Some(policy.everywhere().alert_channel) {
            reader.mistake("DISCORD_FALLBACK_CHANNEL_ID", "is the channel of the alerts: name another one");
        }
        policy.storm_bots = reader.number("STORM_BOTS", STORM_BOTS);
        policy.approval_ttl = reader.duration("APPROVAL_TTL", no_wider_than("1m", "24h"));
        policy.limits = Limits {
            per_person: reader.number("CHANGES_PER_PERSON", CHANGES),
            per_environment: reader.number("CHANGES_PER_ENVIRONMENT", CHANGES),
        };
        policy.timezone = reader.timezone("TIMEZONE");
        let audit = audit::read(&mut reader, &policy, &[discord.fallback_channel]);
        let operators = reader.ids("OPERATOR_ROLE_IDS").into_iter().map(RoleId).collect();
        let mut authority = file.authority;
        authority.everywhere.operators = Some(operators);
        let approvers: Vec<_> = reader.ids("APPROVER_ROLE_IDS").into_iter().map(RoleId).collect();
        if !approvers.is_empty() {
            authority.everywhere.by_right.entry(Right::Approve).or_insert(approvers);
        }
        let in_need: Vec<_> = reader.ids("BREAK_GLASS_ROLE_IDS").into_iter().map(RoleId).collect();
        if !in_need.is_empty() {
            authority.everywhere.by_right.entry(Right::BreakGlass).or_insert(in_need);
        }
        file::refuse_stranding(&mut reader, &authority);
        let config = Self {
            discord,
            lifecycle,
            policy,
            authority,
            poll_interval: reader.duration("POLL_INTERVAL", no_wider_than("1s", "1h")),
            confirmation_ttl: reader.duration("CONFIRMATION_TTL", no_wider_than("10s", "15m")),
            database_url: reader.database("DATABASE_URL"),
            http_listen: reader.address("HTTP_LISTEN"),
            heartbeat: heartbeat(&mut reader, allow_plain),
            audit,
            history_retention: audit::retention(&mut reader, "HISTORY_RETENTION"),
            log: log_settings(&mut reader),
        };
        reader.finish().map(|()| config)
    }

    /// Reads only where the store is: for what needs nothing else.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn read_database(source: &impl Source) -> Result<SecretString, Mistakes> {
        let mut reader = Reader::new(source);
        let url = reader.database("DATABASE_URL");
        reader.finish().map(|()| url)
    }

    /// Reads only where health is served.
    ///
    /// # Errors
    /// If that is nowhere, or no address.
    pub fn read_http_listen(source: &impl Source) -> Result<SocketAddr, Mistakes> {
        let mut reader = Reader::new(source);
        let address = reader.address("HTTP_LISTEN");
        if address.is_none() && reader.text("HTTP_LISTEN").is_empty() {
            reader.mistake("HTTP_LISTEN", "is not set, so health is served nowhere: set it, such as to 127.0.0.1:9090");
        }
        reader.finish()?;
        address.ok_or_else(Mistakes::default)
    }
}

fn heartbeat<S: Source>(reader: &mut Reader<'_, S>, allow_plain: bool) -> Option<HeartbeatSettings> {
    let interval = reader.duration("HEARTBEAT_INTERVAL", no_wider_than("10s", "1h"));
    let url = reader.secret_url("HEARTBEAT_URL", allow_plain)?;
    Some(HeartbeatSettings { url, interval })
}

fn log_settings<S: Source>(reader: &mut Reader<'_, S>) -> LogSettings {
    let words = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    LogSettings { format: reader.one_of("LOG_FORMAT", &words, LogFormat::Text), filter: reader.filter("RUST_LOG") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use secrecy::ExposeSecret as _;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::action::Verb;
    use crate::domain::authority::At;
    use crate::domain::ids::{BotId, ChannelId, RoleId};

    fn enough() -> HashMap<String, String> {
        [
            ("DISCORD_TOKEN", "token-of-discord"),
            ("DISCORD_GUILD_ID", "81"),
            ("DISCORD_ALERT_CHANNEL_ID", "82"),
            ("LIFECYCLE_URL", "https://lifecycle.example"),
            ("LIFECYCLE_TOKEN", "token-of-lifecycle"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn with(more: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let mut settings = enough();
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Config::read(&settings)
    }

    fn names(result: Result<Config, Mistakes>) -> Vec<String> {
        result.expect_err("mistakes").iter().map(|mistake| mistake.name.clone()).collect()
    }

    #[test]
    fn the_defaults_are_those_that_are_written_down() {
        let config = with(&[]).unwrap();
        assert_eq!(config.policy.watched, [Environment::new("production")]);
        let terms = config.policy.terms_in(&Environment::new("production"));
        assert_eq!((terms.minimum, terms.load, terms.alert_channel), (2, 50, ChannelId(82)));
        let seconds = [terms.alert_after, terms.outage_after, terms.recover_after, terms.reopen_within];
        assert_eq!(seconds.map(|after| after.as_secs()), [30, 15, 60, 900]);
        let again = [terms.remind_after, terms.escalate_after];
        assert_eq!(again.map(|after| after.map(|after| after.as_secs())), [Some(1800), Some(900)]);
        assert_eq!((config.policy.storm_bots, config.policy.timezone), (5, TimeZone::UTC));
        assert_eq!(config.confirmation_ttl, Duration::from_secs(120));
        assert_eq!(config.policy.limits, Limits { per_person: 10, per_environment: 30 });
        assert_eq!(config.http_listen, None);
        assert_eq!(config.audit.retention, Some(Duration::from_secs(400 * 86_400)));
        assert!(config.audit.channel.is_none());
        assert!(config.heartbeat.is_none() && config.discord.fallback_channel.is_none());
        assert!(config.discord.api_url.is_none());
        assert!(config.database_url.expose_secret().starts_with("sqlite:"));
    }

    #[test]
    fn all_mistakes_are_found_at_once_and_by_name() {
        let wrong = with(&[
            ("DISCORD_GUILD_ID", "our guild"),
            ("POLL_INTERVAL", "soon"),
            ("FAILOVER_MIN_HEALTHY", "0"),
            ("HTTP_LISTEN", "everywhere"),
            ("LIFECYCLE_URL", "ftp://lifecycle.example"),
            ("LOG_FORMAT", "xml"),
            ("DATABASE_URL", "mysql:x"),
        ]);
        let expected = [
            "DISCORD_GUILD_ID",
            "LIFECYCLE_URL",
            "FAILOVER_MIN_HEALTHY",
            "POLL_INTERVAL",
            "DATABASE_URL",
            "HTTP_LISTEN",
            "LOG_FORMAT",
        ];
        assert_eq!(names(wrong), expected);
        let nothing = Config::read(&HashMap::<String, String>::new());
        assert_eq!(names(nothing).len(), 5, "each setting without a default");
    }

    #[test]
    fn p12_no_secret_is_in_a_mistake_or_in_debug() {
        let config = with(&[]).unwrap();
        assert!(!format!("{config:?}").contains("token-of"));
        for url in [
            "mysql://root:hunter2@db",
            "postgres://root:hunter2/@db/botswain",
            "postgres://root:hunter2@db",
            "postgres://root@db/botswain?hunter2=hunter2",
            "postgres://root@db/botswain?sslmode=hunter2",
        ] {
            let wrong = with(&[("DATABASE_URL", url)]);
            let said = wrong.as_ref().map(|_| String::new()).unwrap_or_else(ToString::to_string);
            assert_eq!(names(wrong), ["DATABASE_URL"], "{url}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn a_database_is_a_file_or_a_server() {
        for url in [
            "sqlite:botswain.sqlite3",
            "postgres://botswain:p%40ss@db.example:5433/botswain?sslmode=verify-full",
            "postgresql://botswain@localhost/botswain",
            "postgres:///botswain?host=/run/postgresql",
            "postgres://botswain@127.0.0.1?dbname=botswain",
        ] {
            assert!(with(&[("DATABASE_URL", url)]).is_ok(), "{url}");
        }
    }

    #[test]
    fn p12_a_token_goes_over_plain_http_to_loopback_only() {
        assert_eq!(names(with(&[("LIFECYCLE_URL", "http://lifecycle.example")])), ["LIFECYCLE_URL"]);
        assert!(with(&[("LIFECYCLE_URL", "http://127.0.0.1:8080")]).is_ok());
        assert!(with(&[("LIFECYCLE_URL", "http://[::1]:8080")]).is_ok());
        assert_eq!(names(with(&[("LIFECYCLE_URL", "http://127.0.0.1.example.com")])), ["LIFECYCLE_URL"]);
        assert!(with(&[("LIFECYCLE_URL", "http://lifecycle.example"), ("ALLOW_PLAIN_HTTP", "true")]).is_ok());
        assert_eq!(names(with(&[("DISCORD_API_URL", "http://10.0.0.1:1")])), ["DISCORD_API_URL"]);
    }

    #[test]
    fn p12_the_heartbeats_address_is_a_secret_and_a_mistake_in_it_quotes_nothing() {
        let config = with(&[("HEARTBEAT_URL", "https://kuma.example/api/push/hunter2?status=up&msg=OK")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.heartbeat.unwrap().interval, Duration::from_secs(60));
        for wrong in [
            "hunter2",
            "http://hc.example/hunter2",
            "ftp://hc.example/hunter2",
            "https://hunter2@hc.example/",
            "https://hc.example/#hunter2",
            "http://127.0.0.1.hunter2.example/",
        ] {
            let wrong = with(&[("HEARTBEAT_URL", wrong)]).unwrap_err();
            assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
            assert_eq!(names(Err(wrong)), ["HEARTBEAT_URL"]);
        }
        assert!(with(&[("HEARTBEAT_URL", "http://127.0.0.1:1/x")]).is_ok());
        assert!(with(&[("HEARTBEAT_URL", "http://hc.example/x"), ("ALLOW_PLAIN_HTTP", "true")]).is_ok());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heartbeat");
        std::fs::write(&path, "https://hc.example/hunter2\n").unwrap();
        assert!(with(&[("HEARTBEAT_URL_FILE", path.to_str().unwrap())]).unwrap().heartbeat.is_some());
        std::fs::write(&path, "").unwrap();
        assert_eq!(names(with(&[("HEARTBEAT_URL_FILE", path.to_str().unwrap())])), ["HEARTBEAT_URL_FILE"]);
    }

    #[test]
    fn the_other_channel_is_another_one() {
        assert_eq!(names(with(&[("DISCORD_FALLBACK_CHANNEL_ID", "82")])), ["DISCORD_FALLBACK_CHANNEL_ID"]);
        assert_eq!(names(with(&[("DISCORD_FALLBACK_CHANNEL_ID", "team")])), ["DISCORD_FALLBACK_CHANNEL_ID"]);
        let config = with(&[("DISCORD_FALLBACK_CHANNEL_ID", "83")]).unwrap();
        assert_eq!(config.discord.fallback_channel, Some(ChannelId(83)));
    }

    #[test]
    fn what_could_not_be_used_later_is_a_mistake_now() {
        for address in ["http://localhost/x?y=z#f", "https://lifecycle.example/?", "https://lifecycle.example/#"] {
            assert_eq!(names(with(&[("LIFECYCLE_URL", address)])), ["LIFECYCLE_URL"], "{address}");
        }
        for token in ["two\r\nlines", "with space", "caf\u{e9}", "\u{0}x"] {
            assert_eq!(names(with(&[("LIFECYCLE_TOKEN", token)])), ["LIFECYCLE_TOKEN"], "{token:?}");
            assert_eq!(names(with(&[("DISCORD_TOKEN", token)])), ["DISCORD_TOKEN"], "{token:?}");
        }
    }

    #[test]
    fn a_secret_may_stand_in_a_file_but_not_in_two_places() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "from-a-file\n").unwrap();
        let path = path.to_str().unwrap();
        assert_eq!(names(with(&[("DISCORD_TOKEN_FILE", path)])), ["DISCORD_TOKEN"]);
        let mut settings = enough();
        settings.remove("DISCORD_TOKEN");
        settings.insert("DISCORD_TOKEN_FILE".into(), path.into());
        assert_eq!(Config::read(&settings).unwrap().discord.token.expose_secret(), "from-a-file");
        settings.insert("DISCORD_TOKEN_FILE".into(), format!("{path}-is-not-there"));
        assert_eq!(names(Config::read(&settings)), ["DISCORD_TOKEN_FILE"]);
    }

    #[test]
    fn the_file_says_what_does_not_fit_variables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("botswain.toml");
        let text = r#"
            [environments.production]
            failover_min_healthy = 3
            operator_role_ids = ["7", 8]
            [environments.Demo]
            alert_role_ids = ["9"]
            alert_channel_id = 83
            remind_after = "0s"
            bots."faq" = { failover_min_healthy = 1, alert_after = "2m", escalation_role_ids = ["10"] }
        "#;
        std::fs::write(&path, text).unwrap();
        let config = with(&[("BOTSWAIN_CONFIG", path.to_str().unwrap())]).unwrap();
        let (demo, production) = (Environment::new("demo"), Environment::new("production"));
        assert_eq!(config.policy.terms_in(&production).minimum, 3);
        let operators = config.authority.rule(Right::Mute, At::environment(&production)).roles;
        assert_eq!(operators, [RoleId(7), RoleId(8)]);
        let of_demo = config.policy.terms_in(&demo);
        assert_eq!((of_demo.minimum, of_demo.alert_channel, of_demo.remind_after), (0, ChannelId(83), None));
        let of_faq = config.policy.terms(&BotId::new("faq"), &demo);
        assert_eq!((of_faq.minimum, of_faq.alert_after.as_secs()), (1, 120));
        assert_eq!((&of_faq.alert_roles, &of_faq.escalation_roles), (&vec![RoleId(9)], &vec![RoleId(10)]));
        assert!(config.policy.named.contains(&demo) && config.policy.named.contains(&production));
        let wrong = |text: &str| {
            std::fs::write(&path, text).unwrap();
            with(&[("BOTSWAIN_CONFIG", path.to_str().unwrap())]).unwrap_err()
        };
        assert_eq!(names(Err(wrong("[environments.demo]\nfailover_minimum = 3"))), ["BOTSWAIN_CONFIG"]);
        let text = "[environments.demo]\nfailover_min_healthy = 0\nbots.faq.failover_min_healthy = 101\nstart_grace = 'soon'\n\
             bots.faq.alert_channel_id = 'alerts'\nbots.faq.bots.faq.load_per_connector = 5\nmay.destroy = [7]\n[environments.' ']";
        let expected = [
            "environments.\" \"",
            "environments.demo.may.destroy",
            "environments.demo.bots.faq",
            "environments.demo.bots.faq.failover_min_healthy",
            "environments.demo.bots.faq.alert_channel_id",
            "environments.demo.failover_min_healthy",
            "environments.demo.start_grace",
        ];
        assert_eq!(names(Err(wrong(text))), expected.map(|at| format!("BOTSWAIN_CONFIG, {at}")));
        // A file of settings, named by mistake.
        let said = wrong("# Botswain\nDISCORD_TOKEN=hunter2\nLIFECYCLE_TOKEN=\"hunter2\n").to_string();
        assert!(said.contains("line 2: ") && !said.contains("hunter2"), "p12: {said}");
    }

    #[test]
    fn each_right_has_its_roles_and_whoever_may_stop_may_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("botswain.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            with(&[("BOTSWAIN_CONFIG", path.to_str().unwrap()), ("OPERATOR_ROLE_IDS", "7")])
        };
        let text = "may.mute = [9]\n[environments.production]\nmay.stop = [7, '8']\nmay.start = [7, 8]\n\
             bots.faq.may.acknowledge = [5]\nbots.faq.operator_role_ids = [6]";
        let authority = read(text).unwrap().authority;
        let (production, faq) = (Environment::new("production"), BotId::new("faq"));
        let of = |right, bot| authority.rule(right, At { environment: &production, bot }).roles.to_vec();
        assert_eq!(of(Right::Change(Verb::Stop), None), [RoleId(7), RoleId(8)]);
        assert_eq!(of(Right::Change(Verb::Redeploy), None), [RoleId(7)]);
        assert_eq!((of(Right::Mute, None), of(Right::Mute, Some(&faq))), (vec![RoleId(9)], vec![RoleId(6)]));
        assert_eq!(of(Right::Acknowledge, Some(&faq)), [RoleId(5)]);
        let wrong = read("[environments.production]\nmay.stop = [7, 8]").unwrap_err().to_string();
        let said = "BOTSWAIN_CONFIG, environments.production.may: lets role 8 stop there, and not start: whoever may stop must \
             also be able to start again";
        assert!(wrong.contains(said), "{wrong}");
    }

    #[test]
    fn the_file_that_env_example_shows_is_one() {
        let shown = include_str!("../../.env.example").lines().filter_map(|line| line.strip_prefix("#   "));
        let text: Vec<_> = shown.collect();
        assert!(text.len() > 10, "{text:?}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("botswain.toml");
        std::fs::write(&path, text.join("\n")).unwrap();
        let config = with(&[("BOTSWAIN_CONFIG", path.to_str().unwrap())]).unwrap();
        let (production, bot) = (Environment::new("production"), BotId::new("<bot id>"));
        assert_eq!(config.policy.terms(&bot, &production).alert_after.as_secs(), 120);
        let defaults = with(&[]).unwrap();
        assert_eq!(
            config.policy.terms_in(&production).recover_after,
            defaults.policy.terms_in(&production).recover_after
        );
    }

    #[test]
    fn discords_own_address_is_no_stand_in() {
        let config = with(&[("DISCORD_API_URL", "https://discord.com")]).unwrap();
        assert!(config.discord.api_url.is_none());
    }
}
