//! The token, the guild with its channels, roles and commands, and whether the gateway can be reached.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::Url;

use super::{Finding, Mark};
use crate::discord::commands;
use crate::discord::render::setup::{Medium, lack};
use crate::discord_api::{ApiError, DiscordApi};
use crate::domain::ids::{ChannelId, GuildId};
use crate::domain::setup::{Lack, Wanted, judge};

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at all of it.
pub(super) async fn look(api: &DiscordApi, guild: GuildId, wanted: &Wanted) -> Vec<Finding> {
    if let Err(error) = api.me().await {
        return vec![unreachable(&error)];
    }
    let mut findings = vec![Finding::fine("Discord: it takes the token."), gateway(api).await];
    let channels: Vec<ChannelId> = wanted.channels.iter().map(|(channel, _)| *channel).collect();
    match api.survey(guild, &channels, commands::NAME).await {
        Ok(Some(survey)) => {
            let lacks = judge(&survey, wanted);
            findings.push(Finding::fine("Discord: the bot is in the server."));
            if lacks.iter().all(|of| *of == Lack::NoCommands) {
                findings.push(Finding::fine("Discord: it has what it needs in each channel, and each role is there."));
            }
            findings.extend(lacks.iter().map(found));
        }
        Ok(None) => findings.push(found(&Lack::NotInGuild { guild })),
        Err(error) => findings.push(Finding::wrong(
            format!("Discord: the server cannot be looked at: {error}."),
            "Try again in a minute; if it stays, see https://discordstatus.com.",
        )),
    }
    findings
}

fn found(of: &Lack) -> Finding {
    let [what, remedy] = lack(of, Medium::Terminal);
    // Commands are registered by the bot when it runs, which it need not have done yet.
    let mark = if of.is_minor() || *of == Lack::NoCommands { Mark::Note } else { Mark::Wrong };
    Finding { mark, what: format!("Discord: {what}"), remedy }
}

fn unreachable(error: &ApiError) -> Finding {
    match error {
        ApiError::Unauthorized => Finding::wrong(
            "Discord: it does not take the token.",
            "Set DISCORD_TOKEN to the bot's token: developer portal, your application, Bot, Reset Token. It is shown once.",
        ),
        other => Finding::wrong(
            format!("Discord: {other}."),
            "See that this machine reaches https://discord.com; behind a proxy, set HTTPS_PROXY (the README says what goes \
             through one).",
        ),
    }
}

/// Whether a WebSocket to the gateway can be opened. No proxy is used, since the bot uses none for it; no token is sent.
async fn gateway(api: &DiscordApi) -> Finding {
    let address = match api.gateway().await {
        Ok(address) => address,
        Err(error) => {
            let what = format!("Discord: it does not say where its gateway is: {error}.");
            return Finding::wrong(what, "Try again in a minute; if it stays, see https://discordstatus.com.");
        }
    };
    let host = address.host_str().unwrap_or_default().to_owned();
    match greet(address).await {
        Ok(StatusCode::SWITCHING_PROTOCOLS) => Finding::fine("Discord: its gateway answers."),
        Ok(status) => Finding::wrong(
            format!("Discord: its gateway at {host} answers with {status}, and opens no WebSocket."),
            "Something between may not let WebSockets through: let this machine connect to it directly.",
        ),
        Err(why) => Finding::wrong(
            format!("Discord: its gateway at {host} cannot be reached: {why}."),
            "Let this machine connect to it directly, on port 443. HTTPS_PROXY is for requests; a WebSocket goes by no proxy.",
        ),
    }
}

async fn greet(mut address: Url) -> Result<StatusCode, String> {
    let scheme = if address.scheme() == "ws" { "http" } else { "https" };
    address.set_scheme(scheme).map_err(|()| "its address is none of a WebSocket".to_owned())?;
    address.query_pairs_mut().append_pair("v", "10").append_pair("encoding", "json");
    let client = crate::outgoing::client().no_proxy().timeout(PATIENCE).build();
    let client = client.map_err(|error| error.without_url().to_string())?;
    let asked = client
        .get(address)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        // Any sixteen bytes; nothing is said over it (RFC 6455, 4.1).
        .header("sec-websocket-key", "Ym90c3dhaW4gY2hlY2tzIQ==")
        .send()
        .await;
    match asked {
        Ok(answer) => Ok(answer.status()),
        Err(error) => match ApiError::from(error.without_url()) {
            ApiError::Unreachable { why, .. } => Err(why),
            other => Err(other.to_string()),
        },
    }
}
