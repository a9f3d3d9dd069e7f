//! Components as Discord writes them: pictures and files that they show, with where these are.
//! <https://docs.discord.com/developers/components/reference#unfurled-media-item>
use serde_json::{Value, json};

use super::{Message, World};

impl World {
    /// The components of a message.
    pub(super) fn components_json(&self, message: &Message) -> Vec<Value> {
        let mut components = message.components.clone();
        components.iter_mut().for_each(|component| self.unfurl(message, component));
        components
    }

    fn unfurl(&self, message: &Message, component: &mut Value) {
        for key in ["components", "items"] {
            for child in component.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                self.unfurl(message, child);
            }
        }
        if let Some(accessory) = component.get_mut("accessory") {
            self.unfurl(message, accessory);
        }
        let Some(map) = component.as_object_mut() else {
            return;
        };
        if let Some(media) = map.get_mut("media") {
            self.unfurl_media(message, media);
        }
        if let Some(media) = map.get_mut("file") {
            let name = media["url"].as_str().and_then(|url| url.strip_prefix("attachment://")).map(str::to_owned);
            let size = message.attachments.iter().find(|file| Some(&file.name) == name.as_ref()).map(|file| file.size);
            self.unfurl_media(message, media);
            map.insert("name".into(), json!(name));
            map.insert("size".into(), json!(size));
        }
    }

    fn unfurl_media(&self, message: &Message, media: &mut Value) {
        let url = media["url"].as_str().unwrap_or_default().to_owned();
        let named = url.strip_prefix("attachment://");
        let file = message.attachments.iter().find(|file| Some(file.name.as_str()) == named);
        let address = file.map_or(url.clone(), |file| self.file_url(message, file));
        let Some(map) = media.as_object_mut() else {
            return;
        };
        map.insert("id".into(), json!(file.map_or(message.id, |file| file.id)));
        map.insert("url".into(), json!(address));
        map.insert("proxy_url".into(), json!(address));
        if let Some(file) = file {
            map.insert("attachment_id".into(), json!(file.id));
            map.insert("content_type".into(), json!(file.content_type));
            map.insert("width".into(), json!(file.picture.map(|(width, _)| width)));
            map.insert("height".into(), json!(file.picture.map(|(_, height)| height)));
        }
    }
}
