//! `botswain check`: whether everything is in place before the bot runs, each finding with what to do about it. It may be asked
//! beside a bot that runs: nothing is changed, and nothing is said on Discord unless a test alert is asked for.
//!
//! * `service`: the lifecycle service. `guild`: the token, the guild, its channels, roles and commands, and the gateway.
//!   `drill`: the test alert. [`health`]: whether the process that runs here lives.

mod drill;
mod guild;
pub mod health;
mod service;

use std::fmt;

use crate::config::Config;
use crate::discord_api::DiscordApi;
use crate::domain::ids::ChannelId;
use crate::domain::setup::Wanted;
use crate::store::probe::{Found, probe};

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report(Vec<Finding>);

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub mark: Mark,
    /// What was found.
    pub what: String,
    /// What to do about it; empty where there is nothing to do.
    pub remedy: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it must be.
    Fine,
    /// It works, and could be better.
    Note,
    /// It does not work like this.
    Wrong,
}

impl Finding {
    fn fine(what: impl Into<String>) -> Self {
        Self { mark: Mark::Fine, what: what.into(), remedy: String::new() }
    }

    fn note(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { mark: Mark::Note, what: what.into(), remedy: remedy.into() }
    }

    fn wrong(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { mark: Mark::Wrong, what: what.into(), remedy: remedy.into() }
    }
}

/// Looks at everything that these settings name; with `alert`, also posts a test alert in each channel of alerts, and removes it.
pub async fn check(config: &Config, alert: bool) -> Report {
    let mut findings = vec![Finding::fine("The settings are in order.")];
    let beside = async {
        let (finding, boards) = database(config).await;
        (finding, discord(config, &boards, alert).await)
    };
    let (service, (database, guild)) = tokio::join!(service::look(config.lifecycle.clone(), &config.policy), beside);
    findings.extend(service);
    findings.push(database);
    findings.extend(guild);
    Report(findings)
}

/// How the database is, and the channels of the boards in it.
async fn database(config: &Config) -> (Finding, Vec<ChannelId>) {
    let found = probe(&config.database_url).await;
    let boards = match &found {
        Ok(Found::Current { boards }) => boards.clone(),
        _ => Vec::new(),
    };
    let finding = match found {
        Ok(Found::Nothing) => Finding::fine("Database: it can be used, and is made at the first start."),
        Ok(Found::Older) => {
            let remedy = "The next start brings it up to date, and an earlier version refuses it from then on: back it up before.";
            Finding::note("Database: an earlier version wrote it.", remedy)
        }
        Ok(Found::Current { .. }) => Finding::fine("Database: it can be used."),
        Err(error) => Finding::wrong(
            format!("Database: {error}."),
            "Put DATABASE_URL right, or what it names (the README's section on the database says how).",
        ),
    };
    (finding, boards)
}

async fn discord(config: &Config, boards: &[ChannelId], alert: bool) -> Vec<Finding> {
    let discord = &config.discord;
    let api = match DiscordApi::new(&discord.token, discord.api_url.as_ref()) {
        Ok(api) => api,
        Err(error) => return vec![Finding::wrong(format!("Discord: {error}."), "Put DISCORD_TOKEN right.")],
    };
    let wanted = Wanted::of(&config.policy, &config.authority, discord.fallback_channel, config.audit.channel)
        .with_boards(boards);
    let mut findings = guild::look(&api, discord.guild, &wanted).await;
    if alert {
        findings.extend(drill::alert(&api, config, &wanted).await);
    }
    findings
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_fine(&self) -> bool {
        self.0.iter().all(|finding| finding.mark != Mark::Wrong)
    }

    /// Each finding.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { mark, what, remedy } in &self.0 {
            let sign = match mark {
                Mark::Fine => "✔",
                Mark::Note => "●",
                Mark::Wrong => "✘",
            };
            writeln!(f, "{sign} {what}")?;
            if !remedy.is_empty() {
                writeln!(f, "    → {remedy}")?;
            }
        }
        match self.0.iter().filter(|finding| finding.mark == Mark::Wrong).count() {
            0 => write!(f, "All is in place: botswain run"),
            1 => write!(f, "One thing is in the way."),
            several => write!(f, "{several} things are in the way."),
        }
    }
}
