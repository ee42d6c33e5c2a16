//! Events of a feed that name a forgotten person.

use serde_json::{Map, Value as Json};

use super::ForgottenList;
use crate::domain::vendor::feed::{CallPopup, FeedEvent, FeedEventKind, FeedMessage};

impl ForgottenList {
    /// Cleans an event. The agent on whose socket it came is no forgotten one: nobody follows those.
    pub fn event(&self, source: &str, event: FeedEvent) -> FeedEvent {
        let FeedEventKind::Message(message) = event.kind else { return event };
        FeedEvent { kind: FeedEventKind::Message(self.message(source, message)), ..event }
    }

    fn message(&self, source: &str, message: FeedMessage) -> FeedMessage {
        match message {
            FeedMessage::Altered { message, drifts } => {
                FeedMessage::Altered { message: Box::new(self.message(source, *message)), drifts }
            }
            FeedMessage::Notice(mut notice) => {
                notice.extra = self.extra(source, notice.extra);
                FeedMessage::Notice(notice)
            }
            FeedMessage::Announcement(mut announcement) => {
                announcement.extra = self.extra(source, announcement.extra);
                announcement.msg = announcement.msg.map(|msg| self.text(source, &msg).unwrap_or(msg));
                announcement.msg = announcement.msg.filter(|msg| !msg.trim().is_empty());
                FeedMessage::Announcement(announcement)
            }
            FeedMessage::Popup(popup) => FeedMessage::Popup(Box::new(self.popup(source, *popup))),
            FeedMessage::Reject { reject, ends_state } => {
                FeedMessage::Reject { reject: self.reject(source, reject), ends_state }
            }
        }
    }

    fn extra(&self, source: &str, extra: Map<String, Json>) -> Map<String, Json> {
        let mut columns = Map::from_iter([("extra".to_owned(), Json::Object(extra))]);
        self.columns(source, &[], &mut columns);
        match columns.remove("extra") {
            Some(Json::Object(extra)) => extra,
            _ => Map::new(),
        }
    }

    fn popup(&self, source: &str, popup: CallPopup) -> CallPopup {
        let Ok(Json::Object(mut columns)) = serde_json::to_value(&popup) else { return popup };
        let moments: Vec<(String, Json)> =
            ["edit_stamp", "import_stamp"].iter().filter_map(|name| columns.remove_entry(*name)).collect();
        self.columns(source, &["session_id"], &mut columns);
        columns.extend(moments);
        serde_json::from_value(Json::Object(columns)).unwrap_or(popup)
    }
}
