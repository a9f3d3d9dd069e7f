//! What comes in over the control interface, and how it says no.
use axum::{
    Json,
    body::to_bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use crate::sandbox::discord::{refusal::Refused, snowflake::Snowflake};

/// A sentence that says what was wrong with the request.
#[derive(Debug)]
pub(super) struct Bad(pub(super) StatusCode, pub(super) String);

impl Bad {
    pub(super) fn input(message: impl Into<String>) -> Self {
        Bad(StatusCode::BAD_REQUEST, message.into())
    }
}

impl IntoResponse for Bad {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"message": self.1}))).into_response()
    }
}

impl From<Refused> for Bad {
    fn from(refused: Refused) -> Self {
        let status = if refused.refusal.status == 404 { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        let detail = refused.errors.map(|errors| format!(": {errors}")).unwrap_or_default();
        Bad(status, format!("{}{detail}", refused.refusal.message))
    }
}

impl From<String> for Bad {
    fn from(message: String) -> Self {
        Bad::input(message)
    }
}

/// Bytes that an input may have.
const INPUT_BYTES: usize = 256 * 1024;

/// A JSON body, whatever its Content-Type; 400 with a sentence if it is not what was expected.
#[derive(Debug)]
pub(super) struct Input<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Bad;

    async fn from_request(request: Request, _: &S) -> Result<Self, Bad> {
        let bytes = to_bytes(request.into_body(), INPUT_BYTES).await.map_err(|why| Bad::input(why.to_string()))?;
        serde_json::from_slice(&bytes).map(Input).map_err(|why| Bad::input(why.to_string()))
    }
}

/// Through whose eyes: `?as=ID`. Without it everything is shown, private messages included.
#[derive(Debug, Deserialize)]
pub(super) struct Eyes {
    #[serde(rename = "as")]
    pub(super) user: Option<Snowflake>,
}
