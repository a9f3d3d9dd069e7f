//! Which request is for whom: one line a route.
use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, Result, applications, body::Received, channels, guilds, interactions, messages};
use crate::sandbox::discord::{refusal, rules::message::Upload, shared::Shared, snowflake::Snowflake};

/// A request on its way to its route.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) query: HashMap<String, String>,
    pub(super) arrived: Timestamp,
    pub(super) body: &'a Value,
    pub(super) uploads: Vec<Upload>,
}

impl Call<'_> {
    /// A flag of the query: `true` or `1`.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.query.get(key).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

/// The path with its ids as `{id}` and its tokens as `{token}`.
pub(super) fn template(path: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut found = String::new();
    for (n, part) in parts.iter().enumerate() {
        let token = n == 2 && matches!(parts.first(), Some(&("interactions" | "webhooks")));
        found.push('/');
        found.push_str(if token {
            "{token}"
        } else if part.parse::<u64>().is_ok() {
            "{id}"
        } else {
            part
        });
    }
    found
}

fn query_of(query: Option<&str>) -> HashMap<String, String> {
    let uri = format!("/?{}", query.unwrap_or_default());
    let parsed = uri.parse().ok().and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok());
    parsed.map(|axum::extract::Query(map)| map).unwrap_or_default()
}

/// Finds the route and goes there.
pub(super) fn carry_out(
    shared: &Shared,
    method: &str,
    path: &str,
    query: Option<&str>,
    received: &mut Received,
) -> Result<Answer> {
    let uploads = std::mem::take(&mut received.uploads);
    let call = Call { shared, query: query_of(query), arrived: received.arrived, body: &received.json, uploads };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["gateway"]) => applications::gateway(&call),
        ("GET", ["gateway", "bot"]) => applications::gateway_bot(&call),
        ("GET", ["users", "@me"]) => applications::current_user(&call),
        ("GET", ["users", "@me", "guilds"]) => guilds::mine(&call),
        ("GET", ["users", user]) => guilds::user(&call, id(user)?),
        ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => applications::application(&call),

        ("GET", ["applications", app, "commands"]) => applications::commands(&call, id(app)?, None),
        ("PUT", ["applications", app, "commands"]) => applications::overwrite(&call, id(app)?, None),
        ("POST", ["applications", app, "commands"]) => applications::upsert(&call, id(app)?, None),
        ("GET", ["applications", app, "commands", command]) => {
            applications::command(&call, id(app)?, None, id(command)?)
        }
        ("PATCH", ["applications", app, "commands", command]) => {
            applications::edit(&call, id(app)?, None, id(command)?)
        }
        ("DELETE", ["applications", app, "commands", command]) => {
            applications::delete(&call, id(app)?, None, id(command)?)
        }
        ("GET", ["applications", app, "guilds", guild, "commands"]) => {
            applications::commands(&call, id(app)?, Some(id(guild)?))
        }
        ("PUT", ["applications", app, "guilds", guild, "commands"]) => {
            applications::overwrite(&call, id(app)?, Some(id(guild)?))
        }
        ("POST", ["applications", app, "guilds", guild, "commands"]) => {
            applications::upsert(&call, id(app)?, Some(id(guild)?))
        }
        ("GET", ["applications", app, "guilds", guild, "commands", command]) => {
            applications::command(&call, id(app)?, Some(id(guild)?), id(command)?)
        }
        ("PATCH", ["applications", app, "guilds", guild, "commands", command]) => {
            applications::edit(&call, id(app)?, Some(id(guild)?), id(command)?)
        }
        ("DELETE", ["applications", app, "guilds", guild, "commands", command]) => {
            applications::delete(&call, id(app)?, Some(id(guild)?), id(command)?)
        }

        ("POST", ["interactions", interaction, token, "callback"]) => {
            interactions::callback(call, id(interaction)?, token)
        }
        ("POST", ["webhooks", app, token]) => interactions::follow_up(call, id(app)?, token),
        ("GET", ["webhooks", app, token, "messages", message]) => interactions::get(&call, id(app)?, token, message),
        ("PATCH", ["webhooks", app, token, "messages", message]) => interactions::edit(call, id(app)?, token, message),
        ("DELETE", ["webhooks", app, token, "messages", message]) => {
            interactions::delete(&call, id(app)?, token, message)
        }

        ("GET", ["channels", channel]) => channels::get(&call, id(channel)?),
        ("PATCH", ["channels", channel]) => channels::change(&call, id(channel)?),
        ("DELETE", ["channels", channel]) => channels::delete(&call, id(channel)?),
        ("POST", ["channels", channel, "typing"]) => channels::typing(&call, id(channel)?),
        ("POST", ["channels", channel, "threads"]) => channels::start_thread(&call, id(channel)?, None),
        ("GET", ["channels", channel, "threads", "archived", "public"]) => {
            channels::archived_threads(&call, id(channel)?)
        }
        ("POST", ["channels", channel, "messages", message, "threads"]) => {
            channels::start_thread(&call, id(channel)?, Some(id(message)?))
        }
        ("GET", ["channels", channel, "messages"]) => messages::list(&call, id(channel)?),
        ("POST", ["channels", channel, "messages"]) => messages::create(call, id(channel)?),
        ("GET", ["channels", channel, "messages", message]) => messages::get(&call, id(channel)?, id(message)?),
        ("PATCH", ["channels", channel, "messages", message]) => messages::edit(call, id(channel)?, id(message)?),
        ("DELETE", ["channels", channel, "messages", message]) => messages::delete(&call, id(channel)?, id(message)?),

        ("GET", ["guilds", guild]) => guilds::get(&call, id(guild)?),
        ("GET", ["guilds", guild, "channels"]) => guilds::channels(&call, id(guild)?),
        ("GET", ["guilds", guild, "threads", "active"]) => guilds::active_threads(&call, id(guild)?),
        ("GET", ["guilds", guild, "roles"]) => guilds::roles(&call, id(guild)?),
        ("GET", ["guilds", guild, "members"]) => guilds::members(&call, id(guild)?),
        ("GET", ["guilds", guild, "members", "search"]) => guilds::search(&call, id(guild)?),
        ("GET", ["users", "@me", "guilds", guild, "member"]) => guilds::own_member(&call, id(guild)?),
        ("GET", ["guilds", guild, "members", user]) => guilds::member(&call, id(guild)?, id(user)?),

        ("GET" | "POST" | "PUT" | "PATCH" | "DELETE", _) => Err(refusal::NOT_FOUND.into()),
        _ => Err(refusal::METHOD_NOT_ALLOWED.into()),
    }
}

fn id(text: &str) -> Result<Snowflake> {
    text.parse()
        .map_err(|_| refusal::form_error("id", "NUMBER_TYPE_COERCE", format!("Value \"{text}\" is not snowflake.")))
}
