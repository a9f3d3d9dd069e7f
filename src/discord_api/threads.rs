//! Threads: started on a message, and opened again (docs: "Threads", "Start Thread from Message", "Modify Channel").

use reqwest::Method;
use serde_json::json;

use super::{ApiError, DiscordApi, THREAD_EXISTS, answer, wire};
use crate::domain::ids::{ChannelId, MessageId};

/// Minutes without a message after which Discord hides a thread. Whatever is said there shows it again.
const AUTO_ARCHIVE: u32 = 24 * 60;

impl DiscordApi {
    /// Starts a public thread on a message, unless one was started before. Its id is the message's.
    ///
    /// # Errors
    /// Why not.
    pub async fn start_thread(
        &self,
        channel: ChannelId,
        message: MessageId,
        name: &str,
    ) -> Result<ChannelId, ApiError> {
        let request = self.request(Method::POST, &format!("/channels/{channel}/messages/{message}/threads"));
        let body = json!({ "name": name, "auto_archive_duration": AUTO_ARCHIVE });
        let started: Result<wire::Channel, _> = answer(request.json(&body)).await;
        match started {
            Ok(_) => {}
            Err(error) if error.code() == Some(THREAD_EXISTS) => {}
            Err(error) => return Err(error),
        }
        Ok(ChannelId(message.0))
    }

    /// Whether a thread was started on a message.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn has_thread(&self, channel: ChannelId, message: MessageId) -> Result<bool, ApiError> {
        let request = self.request(Method::GET, &format!("/channels/{channel}/messages/{message}"));
        let message: wire::Starter = answer(request).await?;
        Ok(message.thread.is_some())
    }

    /// Opens an archived thread again.
    ///
    /// # Errors
    /// Why not.
    pub async fn reopen_thread(&self, thread: ChannelId) -> Result<(), ApiError> {
        let request = self.request(Method::PATCH, &format!("/channels/{thread}"));
        let _: wire::Channel = answer(request.json(&json!({ "archived": false }))).await?;
        Ok(())
    }
}
