//! The few routes of Discord's REST API v10 that we send ourselves, so that a 429 is obeyed to the letter (the outbox) and
//! a role is fetched when it matters (the runner).
//!
//! The token goes to one origin only: no redirect is followed. Every request ends in time, and nothing is retried here:
//! the error says whether it may have been carried out, and the caller decides.

mod error;
mod survey;
mod threads;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::error::ApiError;
pub use self::wire::Message;
use crate::domain::authority::Member;
use crate::domain::ids::{ChannelId, GuildId, MessageId, UserId};

/// Discord itself.
pub const DISCORD: &str = "https://discord.com";

/// Unknown Guild: there is none, or we are not in it.
pub const UNKNOWN_GUILD: u32 = 10_004;
/// Unknown Channel: it was deleted, or never was there.
pub const UNKNOWN_CHANNEL: u32 = 10_003;
/// Unknown Message: it was deleted.
pub const UNKNOWN_MESSAGE: u32 = 10_008;
/// Unknown Member: they left the guild.
pub const UNKNOWN_MEMBER: u32 = 10_007;
/// Unknown User: there is nobody with that id (any more).
pub const UNKNOWN_USER: u32 = 10_013;
/// Maximum number of edits to messages older than an hour reached.
pub const TOO_MANY_OLD_EDITS: u32 = 30_046;
/// Missing Access: we cannot see it.
pub const MISSING_ACCESS: u32 = 50_001;
/// Missing Permissions: we may not do that there.
pub const MISSING_PERMISSIONS: u32 = 50_013;
/// The thread is archived.
pub const THREAD_ARCHIVED: u32 = 50_083;
/// A thread was started on the message before.
pub const THREAD_EXISTS: u32 = 160_004;
/// The thread is locked.
pub const THREAD_LOCKED: u32 = 160_005;
/// The guild has as many active threads as it may.
pub const TOO_MANY_THREADS: u32 = 160_006;

/// Until the connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Until the whole answer is there.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read. A guild with all its roles, emojis and stickers stays far below.
const MAX_ANSWER: usize = 4 << 20;
/// How long to wait when a 429 does not say.
const UNSAID_RETRY_AFTER: Duration = Duration::from_secs(5);

/// The first second of 2015, in milliseconds since the epoch, from which snowflakes count
/// (<https://discord.com/developers/docs/reference#snowflakes>).
const DISCORD_EPOCH: i64 = 1_420_070_400_000;

/// When what bears this snowflake was made, by Discord's clock.
pub fn caused_at(snowflake: u64) -> Timestamp {
    let since = i64::try_from(snowflake >> 22).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(since.saturating_add(DISCORD_EPOCH)).unwrap_or(Timestamp::MAX)
}

/// The first id that Discord may give to something made at `at` (docs: "Snowflakes").
pub fn first_message_at(at: Timestamp) -> MessageId {
    let since = at.as_millisecond().saturating_sub(DISCORD_EPOCH).max(0);
    MessageId(since.unsigned_abs() << 22)
}

/// What keeps the client from being built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The token holds what no header may hold.
    #[error("the Discord token holds characters that no token has")]
    Token,
    /// The TLS library could not be set up.
    #[error("the HTTP client could not be built: {0}")]
    Client(reqwest::Error),
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct DiscordApi {
    client: reqwest::Client,
    base: Arc<str>,
    authorization: HeaderValue,
}

impl std::fmt::Debug for DiscordApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscordApi").finish_non_exhaustive()
    }
}

impl DiscordApi {
    /// A client for Discord itself, or for what stands in for it at `api_url`.
    ///
    /// # Errors
    /// If the token cannot be one, or the TLS library cannot be set up.
    pub fn new(token: &SecretString, api_url: Option<&Url>) -> Result<Self, SetupError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bot {}", token.expose_secret())).map_err(|_| SetupError::Token)?;
        authorization.set_sensitive(true);
        let origin = api_url.map_or(DISCORD, Url::as_str);
        let mut builder = crate::outgoing::client()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // The form that Discord asks for (docs: "User Agent").
            .user_agent(concat!("DiscordBot (botswain, ", env!("CARGO_PKG_VERSION"), ")"));
        if origin.starts_with("http:") {
            // In the clear, the token may go to that one address only.
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build().map_err(SetupError::Client)?,
            base: format!("{}/api/v10", origin.trim_end_matches('/')).into(),
            authorization,
        })
    }

    /// Posts a message.
    ///
    /// # Errors
    /// Why not; [`ApiError::maybe_carried_out`] says whether it may stand all the same.
    pub async fn create_message(&self, channel: ChannelId, body: &Value) -> Result<MessageId, ApiError> {
        let request = self.request(Method::POST, &format!("/channels/{channel}/messages"));
        let created: wire::Created = answer(request.json(body)).await?;
        created.id()
    }

    /// Edits a message of ours.
    ///
    /// # Errors
    /// Why not.
    pub async fn edit_message(&self, channel: ChannelId, message: MessageId, body: &Value) -> Result<(), ApiError> {
        let route = format!("/channels/{channel}/messages/{message}");
        let request = self.request(Method::PATCH, &route);
        let _: wire::Created = answer(request.json(body)).await?;
        Ok(())
    }

    /// Looks whether a message still stands.
    ///
    /// # Errors
    /// Why not, or why that cannot be told.
    pub async fn look_at_message(&self, channel: ChannelId, message: MessageId) -> Result<(), ApiError> {
        let route = format!("/channels/{channel}/messages/{message}");
        let _: wire::Created = answer(self.request(Method::GET, &route)).await?;
        Ok(())
    }

    /// Deletes a message of ours.
    ///
    /// # Errors
    /// Why not.
    pub async fn delete_message(&self, channel: ChannelId, message: MessageId) -> Result<(), ApiError> {
        let route = format!("/channels/{channel}/messages/{message}");
        answered(self.request(Method::DELETE, &route)).await.map(drop)
    }

    /// The messages of a channel that are younger than `after`, oldest first, at most `limit` (1 to 100).
    ///
    /// # Errors
    /// Why not.
    pub async fn messages(&self, channel: ChannelId, after: MessageId, limit: u8) -> Result<Vec<Message>, ApiError> {
        let route = format!("/channels/{channel}/messages");
        let request = self.request(Method::GET, &route).query(&[("after", after.0), ("limit", u64::from(limit))]);
        let messages: Vec<wire::RawMessage> = answer(request).await?;
        let mut messages = messages.into_iter().map(wire::RawMessage::read).collect::<Result<Vec<_>, _>>()?;
        messages.sort_by_key(|message| message.id);
        Ok(messages)
    }

    /// A member of the guild with the roles that they have now; `None` if they are not in it.
    ///
    /// Whether they manage the guild is left open if Discord does not say that much.
    ///
    /// # Errors
    /// Why not.
    pub async fn member(&self, guild: GuildId, user: UserId) -> Result<Option<Member>, ApiError> {
        let route = format!("/guilds/{guild}/members/{user}");
        let member: wire::Member = match answer(self.request(Method::GET, &route)).await {
            Ok(member) => member,
            Err(error) if matches!(error.code(), Some(UNKNOWN_MEMBER | UNKNOWN_USER)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut member = member.read()?;
        match self.manages(guild, &member).await {
            Ok(manages) => member.manages_guild = Some(manages),
            Err(error) => {
                tracing::warn!(%guild, %user, %error, "who manages the guild could not be read");
            }
        }
        Ok(Some(member))
    }

    async fn manages(&self, guild: GuildId, member: &Member) -> Result<bool, ApiError> {
        let owner: wire::Guild = answer(self.request(Method::GET, &format!("/guilds/{guild}"))).await?;
        if owner.owner()? == member.id {
            return Ok(true);
        }
        let route = format!("/guilds/{guild}/roles");
        let roles: Vec<wire::Role> = answer(self.request(Method::GET, &route)).await?;
        wire::manage_guild(&roles, guild, member)
    }

    /// Who we are.
    ///
    /// # Errors
    /// Why not; [`ApiError::Unauthorized`] for a token that is not taken.
    pub async fn me(&self) -> Result<UserId, ApiError> {
        let me: wire::User = answer(self.request(Method::GET, "/users/@me")).await?;
        me.id()
    }

    /// Where Discord's gateway is.
    ///
    /// # Errors
    /// Why it cannot be asked for.
    pub async fn gateway(&self) -> Result<Url, ApiError> {
        let gateway: wire::Gateway = answer(self.request(Method::GET, "/gateway")).await?;
        gateway.url.parse().map_err(|_| ApiError::Malformed("the gateway's address is none".to_owned()))
    }

    fn request(&self, method: Method, route: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{route}", self.base)).header(AUTHORIZATION, self.authorization.clone())
    }
}

/// Sends a request, and reads the answer as `T`.
async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ApiError> {
    let body = answered(request).await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::Malformed(error.to_string()))
}

/// Sends a request; what the answer says when it was carried out.
async fn answered(request: RequestBuilder) -> Result<Vec<u8>, ApiError> {
    let response = request.send().await.map_err(reqwest::Error::without_url)?;
    let status = response.status();
    let retry_after = header_seconds(&response);
    let globally = response.headers().contains_key("x-ratelimit-global");
    if status == StatusCode::UNAUTHORIZED {
        return Err(ApiError::Unauthorized);
    }
    if status.is_server_error() {
        return Err(ApiError::Server(status.as_u16()));
    }
    let body = match read(response).await {
        Ok(body) => body,
        // What a refusal says more than its status is worth less than what the status says.
        Err(_) if !status.is_success() => Vec::new(),
        Err(error) => return Err(error),
    };
    if status.is_success() {
        return Ok(body);
    }
    let refusal: Option<wire::Refusal> = serde_json::from_slice(&body).ok();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let said = refusal.as_ref().and_then(wire::Refusal::retry_after);
        let retry_after = said.or(retry_after).unwrap_or(UNSAID_RETRY_AFTER);
        if refusal.as_ref().and_then(wire::Refusal::code) == Some(TOO_MANY_OLD_EDITS) {
            return Err(ApiError::TooManyOldEdits { retry_after });
        }
        return Err(ApiError::RateLimited {
            retry_after,
            // Without Discord's own body it is its edge that speaks, and that judges the address, not the route.
            global: globally || refusal.is_none_or(|refusal| refusal.global),
        });
    }
    Err(wire::refused(status.as_u16(), refusal))
}

async fn read(mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(ApiError::Malformed("it is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn header_seconds(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    wire::seconds(text.trim().parse().ok()?)
}
