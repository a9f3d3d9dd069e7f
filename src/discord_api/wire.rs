//! What Discord's answers look like, as far as we read them (docs: "Message Object", "Guild Member Object", "Role Object").

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::ApiError;
use crate::domain::authority;
use crate::domain::ids::{GuildId, MessageId, RoleId, UserId};

/// Bitwise permission flags (docs: "Permissions").
const ADMINISTRATOR: u64 = 1 << 3;
const MANAGE_GUILD: u64 = 1 << 5;
/// How much of Discord's words goes into the log.
const MAX_WORDS: usize = 500;

/// A message in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: UserId,
    /// What the footers of its embeds say.
    pub footers: Vec<String>,
    /// Its text.
    pub content: String,
}

#[derive(Deserialize)]
pub(super) struct Gateway {
    pub(super) url: String,
}

#[derive(Deserialize)]
pub(super) struct Created {
    id: String,
}

impl Created {
    pub(super) fn id(&self) -> Result<MessageId, ApiError> {
        snowflake(&self.id)
    }
}

/// A message on which a thread may have been started.
#[derive(Deserialize)]
pub(super) struct Starter {
    #[serde(default)]
    pub(super) thread: Option<Channel>,
}

/// A channel or a thread, of which nothing is read.
#[derive(Deserialize)]
pub(super) struct Channel {}

#[derive(Deserialize)]
pub(super) struct User {
    id: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    global_name: Option<String>,
}

impl User {
    pub(super) fn id(&self) -> Result<UserId, ApiError> {
        snowflake(&self.id)
    }
}

#[derive(Deserialize)]
pub(super) struct RawMessage {
    id: String,
    author: User,
    #[serde(default)]
    embeds: Vec<Embed>,
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
struct Embed {
    footer: Option<Footer>,
}

#[derive(Deserialize)]
struct Footer {
    text: String,
}

impl RawMessage {
    pub(super) fn read(self) -> Result<Message, ApiError> {
        Ok(Message {
            id: snowflake(&self.id)?,
            author: self.author.id()?,
            footers: self.embeds.into_iter().filter_map(|embed| embed.footer).map(|footer| footer.text).collect(),
            content: self.content,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Member {
    user: User,
    #[serde(default)]
    nick: Option<String>,
    roles: Vec<String>,
}

impl Member {
    /// The member, with nothing said yet on whether they manage the guild.
    pub(super) fn read(self) -> Result<authority::Member, ApiError> {
        Ok(authority::Member {
            id: self.user.id()?,
            roles: self.roles.iter().map(|role| snowflake(role)).collect::<Result<_, _>>()?,
            name: self.nick.or(self.user.global_name).unwrap_or(self.user.username),
            manages_guild: None,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Guild {
    owner_id: String,
}

impl Guild {
    pub(super) fn owner(&self) -> Result<UserId, ApiError> {
        snowflake(&self.owner_id)
    }
}

#[derive(Deserialize)]
pub(super) struct Role {
    id: String,
    permissions: String,
}

/// Whether the roles of `member`, and the one that everybody has (its id is the guild's), let them manage the guild.
pub(super) fn manage_guild(roles: &[Role], guild: GuildId, member: &authority::Member) -> Result<bool, ApiError> {
    let mut permissions = 0;
    for role in roles {
        let id: RoleId = snowflake(&role.id)?;
        if id.0 == guild.0 || member.roles.contains(&id) {
            permissions |= role
                .permissions
                .parse::<u64>()
                .map_err(|_| ApiError::Malformed("a role's permissions are no number".to_owned()))?;
        }
    }
    Ok(permissions & (ADMINISTRATOR | MANAGE_GUILD) != 0)
}

/// The body of a refusal.
#[derive(Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: Option<Value>,
    #[serde(default)]
    errors: Option<Value>,
    #[serde(default)]
    retry_after: Option<f64>,
    #[serde(default)]
    pub(super) global: bool,
}

impl Refusal {
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after.and_then(seconds)
    }

    pub(super) fn code(&self) -> Option<u32> {
        self.code.as_ref().and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok())
    }
}

pub(super) fn refused(status: u16, refusal: Option<Refusal>) -> ApiError {
    let Some(refusal) = refusal else {
        return ApiError::Refused { status, code: None, message: "without Discord's own words".to_owned() };
    };
    let code = refusal.code();
    let mut message = refusal.message;
    if let Some(errors) = refusal.errors {
        message = format!("{message} {errors}");
    }
    ApiError::Refused { status, code, message: message.chars().take(MAX_WORDS).collect() }
}

/// Seconds as Discord writes them, rounded up to the next millisecond: rather late than too early.
pub(super) fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64((seconds * 1000.0).ceil() / 1000.0).ok()
}

pub(super) fn snowflake<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::Malformed("an id is none".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: &str, permissions: u64) -> Role {
        Role { id: id.to_owned(), permissions: permissions.to_string() }
    }

    fn manages(roles: &[Role], of: &[u64]) -> bool {
        let member = authority::Member {
            id: UserId(5),
            name: String::new(),
            roles: of.iter().map(|id| RoleId(*id)).collect(),
            manages_guild: None,
        };
        manage_guild(roles, GuildId(1), &member).unwrap()
    }

    #[test]
    fn managing_the_server_comes_from_any_role_of_the_member_or_from_everybodys() {
        let roles = [role("1", 1 << 10), role("7", MANAGE_GUILD), role("9", ADMINISTRATOR)];
        assert!(manages(&roles, &[7]));
        assert!(manages(&roles, &[9]));
        assert!(!manages(&roles, &[3]));
        assert!(manages(&[role("1", MANAGE_GUILD)], &[]));
    }

    #[test]
    fn a_wait_is_never_cut_short_by_rounding() {
        assert_eq!(seconds(0.6451), Some(Duration::from_millis(646)));
        assert_eq!(seconds(64.57), Some(Duration::from_millis(64_570)));
        assert_eq!(seconds(-1.0), None);
        assert_eq!(seconds(f64::NAN), None);
    }

    #[test]
    fn a_refusal_keeps_code_and_cause() {
        let body = r#"{"code":50035,"message":"Invalid Form Body","errors":{"content":"too long"}}"#;
        let refusal = serde_json::from_str(body).unwrap();
        let ApiError::Refused { code, message, .. } = refused(400, Some(refusal)) else { panic!("it is a refusal") };
        assert_eq!(code, Some(50_035));
        assert!(message.contains("too long"), "{message}");
    }
}
