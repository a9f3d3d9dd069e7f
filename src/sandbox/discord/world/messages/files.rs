//! Files that come with a message.
use jiff::Timestamp;
use serde_json::Value;

use crate::sandbox::discord::{
    rules::{items, message::Upload},
    snowflake,
    world::{Attachment, File, World},
};

impl World {
    /// Keeps the files that came along.
    pub(super) fn store(&mut self, body: &Value, uploads: Vec<Upload>, now: Timestamp) -> Vec<Attachment> {
        uploads
            .into_iter()
            .map(|upload| {
                let id = self.ids.next(now);
                let listed = items(body, "attachments")
                    .iter()
                    .find(|item| snowflake::parse(&item["id"]).is_some_and(|id| id.0 == upload.slot));
                let named = listed.and_then(|item| item["filename"].as_str()).map_or(upload.name, str::to_owned);
                let attachment = Attachment {
                    id,
                    name: named,
                    description: listed.and_then(|item| item["description"].as_str()).map(str::to_owned),
                    content_type: upload.content_type.clone(),
                    size: upload.bytes.len(),
                    picture: png_size(&upload.bytes),
                };
                self.files.insert(id, File { content_type: upload.content_type, bytes: upload.bytes.into() });
                attachment
            })
            .collect()
    }
}

/// Width and height of a PNG, from its header.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(8..16)?;
    let (width, height) = rest.split_at_checked(4)?;
    Some((u32::from_be_bytes(width.try_into().ok()?), u32::from_be_bytes(height.try_into().ok()?)))
}
