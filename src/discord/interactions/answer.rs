//! Answering an interaction on Discord: at once, or acknowledged first and then edited; never waiting for ever, and never
//! naming its token.
//!
//! Bodies are sent as we render them: serenity's own builder adds an empty list of attachments, which removes pictures.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use serenity::builder::CreateAttachment;
use serenity::http::{Http, HttpError, StatusCode};
use serenity::model::id::InteractionId;
use tokio::time::{Instant, sleep, timeout};

use super::super::autocomplete::Offer;
use super::super::overviews::Overview;
use super::super::render::Message;
use super::super::render::modal::Modal;

/// Discord waits 3 s for the first answer; after this it would come too late.
const FIRST_ANSWER: Duration = Duration::from_millis(2800);
/// How long one request of the first answer may take: two fit.
const FIRST_ATTEMPT: Duration = Duration::from_millis(1500);
/// Pauses between attempts to edit an answer.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>: the interaction has been acknowledged already.
const ALREADY_ACKNOWLEDGED: isize = 40060;

/// The first answer to an interaction
/// (<https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object>).
#[derive(Clone, Debug)]
pub enum First {
    /// A message that only this person sees.
    Private(Message),
    /// The same, an environment at a glance: written out before anybody asked.
    Overview(Arc<Overview>),
    /// "Thinking…", to be edited into a message that only this person sees.
    DeferPrivate,
    /// The message that was pressed stays as it is, to be edited.
    DeferUpdate,
    /// The message that was pressed becomes this.
    Update(Message),
    /// A form opens.
    Modal(Modal),
    /// Choices for what is being typed.
    Offers(Vec<Offer>),
}

impl First {
    fn body(&self) -> Body<'_> {
        Body::Made(match self {
            Self::Private(message) => private(message),
            Self::Overview(overview) => return Body::Written(&overview.written),
            Self::Offers(offers) => return Body::Offers { kind: 8, data: Choices { choices: offers } },
            Self::DeferPrivate => json!({ "type": 5, "data": { "flags": 64 } }),
            Self::DeferUpdate => json!({ "type": 6 }),
            Self::Update(message) => json!({ "type": 7, "data": replacing(message, json!([])) }),
            Self::Modal(modal) => json!({ "type": 9, "data": modal }),
        })
    }
}

/// A first answer that is a message which only this person sees.
pub(in crate::discord) fn private(message: &Message) -> Value {
    json!({ "type": 4, "data": message.private_body() })
}

/// The body of an edit that leaves nothing of what it replaces, pictures included.
fn replacing(message: &Message, attachments: Value) -> Value {
    let mut body = message.body();
    if let Some(map) = body.as_object_mut() {
        map.insert("attachments".to_owned(), attachments);
    }
    body
}

/// The body of a first answer.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Made(Value),
    Written(&'a RawValue),
    /// Written without anything between: this is asked at every key that somebody presses.
    Offers {
        #[serde(rename = "type")]
        kind: u8,
        data: Choices<'a>,
    },
}

#[derive(Serialize)]
struct Choices<'a> {
    choices: &'a [Offer],
}

/// A file that comes with a message.
#[derive(Clone, Debug)]
pub struct Attached<'a> {
    /// Its name.
    pub name: &'a str,
    /// What whoever cannot see it is told, in at most 1024 characters.
    pub alt: &'a str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Why an answer did not reach Discord. Its text is for the log, and never holds an address: the token is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Another handler answered this interaction first (a session that was thought dead), so it is not ours to carry out.
    #[error("answered by another session already")]
    AnsweredBefore,
    /// Discord refused it; there is no use in trying again.
    #[error("Discord refused it: {0}")]
    Refused(String),
    /// It could not be sent, or Discord failed, for as long as we tried.
    #[error("it could not be sent: {0}")]
    Failed(String),
}

impl AnswerError {
    /// How it ended, in a word for the metrics.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::AnsweredBefore => "answered_elsewhere",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
        }
    }
}

/// The way back to the person who caused an interaction.
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    http: &'a Http,
    id: InteractionId,
    token: &'a str,
    arrived: Instant,
}

impl<'a> Reply<'a> {
    /// A way back, for an interaction that arrived just now.
    pub fn new(http: &'a Http, id: InteractionId, token: &'a str) -> Self {
        Self { http, id, token, arrived: Instant::now() }
    }

    /// Sends the first answer, again if it was lost and there is time.
    ///
    /// # Errors
    /// If it did not arrive, or was not the first. Then nothing more may be done on this interaction's behalf.
    pub async fn first(&self, answer: &First) -> Result<(), AnswerError> {
        let body = answer.body();
        let mut lost = false;
        loop {
            let left = FIRST_ANSWER.saturating_sub(self.arrived.elapsed());
            let sent = timeout(left.min(FIRST_ATTEMPT), self.callback(&body))
                .await
                .unwrap_or(Err(Sent::Lost("no answer in time".into())));
            match sent {
                Ok(()) | Err(Sent::Unread) => return Ok(()),
                // Ours, if an earlier attempt was carried out and its answer was lost.
                Err(Sent::Refused(ALREADY_ACKNOWLEDGED, _)) if lost => return Ok(()),
                Err(Sent::Refused(ALREADY_ACKNOWLEDGED, _)) => return Err(AnswerError::AnsweredBefore),
                Err(Sent::Refused(_, why)) => return Err(AnswerError::Refused(why)),
                Err(Sent::Lost(why)) => {
                    lost = true;
                    if self.arrived.elapsed() + Duration::from_millis(200) > FIRST_ANSWER {
                        return Err(AnswerError::Failed(why));
                    }
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn callback(&self, body: &Body<'_>) -> Result<(), Sent> {
        self.http
            .create_interaction_response(self.id, self.token, body, Vec::new())
            .await
            .map_err(|error| outcome(&error))
    }

    /// Edits the answer, or the message that was pressed.
    ///
    /// # Errors
    /// If it did not arrive.
    pub async fn edit(&self, message: &Message) -> Result<(), AnswerError> {
        let body = replacing(message, json!([]));
        again(|| self.http.edit_original_interaction_response(self.token, &body, Vec::new())).await
    }

    /// Edits the answer, or the message that was pressed, and gives it a file in place of those that it had.
    ///
    /// # Errors
    /// If it did not arrive.
    pub async fn edit_with(&self, message: &Message, file: Attached<'_>) -> Result<(), AnswerError> {
        let body = replacing(message, json!([{ "id": 0, "filename": file.name, "description": file.alt }]));
        let send = || {
            let sent = CreateAttachment::bytes(file.bytes.clone(), file.name);
            self.http.edit_original_interaction_response(self.token, &body, vec![sent])
        };
        again(send).await
    }

    /// Adds a message that only this person sees.
    ///
    /// # Errors
    /// If it did not arrive.
    pub async fn add(&self, message: &Message) -> Result<(), AnswerError> {
        let body = message.private_body();
        again(|| self.http.create_followup_message(self.token, &body, Vec::new())).await
    }
}

/// Tries a few times: the outcome stands in the store already, and this only shows it.
async fn again<T, F: Future<Output = serenity::Result<T>>>(mut send: impl FnMut() -> F) -> Result<(), AnswerError> {
    let mut pauses = PAUSES.into_iter();
    loop {
        match send().await.map_err(|error| outcome(&error)) {
            Ok(_) | Err(Sent::Unread) => return Ok(()),
            Err(Sent::Refused(_, why)) => return Err(AnswerError::Refused(why)),
            Err(Sent::Lost(why)) => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(AnswerError::Failed(why)),
            },
        }
    }
}

enum Sent {
    Refused(isize, String),
    Lost(String),
    /// Carried out; only the answer could not be read.
    Unread,
}

/// What became of a request, in words that hold no address. (Those of reqwest and of serenity's error do.)
fn outcome(error: &serenity::Error) -> Sent {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => {
            let (status, code) = (response.status_code, response.error.code);
            // Code -1 is serenity's own, for a body that it could not read; its message names the address.
            let why = match code {
                -1 => format!("HTTP {}", status.as_u16()),
                code => format!("HTTP {}, code {code}: {}", status.as_u16(), response.error.message),
            };
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                Sent::Lost(why)
            } else {
                Sent::Refused(code, why)
            }
        }
        serenity::Error::Json(_) => Sent::Unread,
        serenity::Error::Http(HttpError::Request(error)) if error.is_timeout() => {
            Sent::Lost("no answer in time".into())
        }
        serenity::Error::Http(HttpError::Request(error)) if error.is_connect() => Sent::Lost("no connection".into()),
        serenity::Error::Http(HttpError::Request(error)) if error.is_decode() => Sent::Unread,
        serenity::Error::Http(HttpError::Request(_)) => Sent::Lost("the connection broke".into()),
        serenity::Error::Http(HttpError::ApplicationIdMissing) => {
            Sent::Refused(0, "the application's id is not known".into())
        }
        _ => Sent::Refused(0, "serenity would not send it".into()),
    }
}

/// The words for the log of an error of serenity's HTTP client: no address, no token.
pub(in crate::discord) fn describe(error: &serenity::Error) -> String {
    match outcome(error) {
        Sent::Refused(_, why) | Sent::Lost(why) => why,
        Sent::Unread => "an answer that could not be read".into(),
    }
}

/// Whether Discord refuses the token.
pub(in crate::discord) fn is_unauthorized(error: &serenity::Error) -> bool {
    matches!(error, serenity::Error::Http(error) if error.status_code() == Some(StatusCode::UNAUTHORIZED))
}
