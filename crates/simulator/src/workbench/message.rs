//! The messages, as the document prints them.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::monitor::{Event, Monitor};
use crate::disturbance::switches::NoticeTime;
use crate::vendor::time::beijing_text;

/// A text to be sent, and what is remembered of it.
pub(super) struct Composed {
    pub(super) text: String,
    pub(super) kind: &'static str,
    pub(super) key: String,
}

const LARGE: usize = 1 << 20;

impl Monitor {
    /// Composes what an event sends; `None` for those that end the connection.
    pub(super) fn compose(
        &mut self,
        seat: usize,
        event: Event,
        (time, now): (NoticeTime, DateTime<Utc>),
    ) -> Option<Composed> {
        self.next += 1;
        let unique = format!("{}-{}", self.seats.get(seat)?.agent.extno, self.next);
        let (kind, key, text) = match event {
            Event::Notice => return self.notice(seat, (time, now)),
            Event::Change => {
                let status = self.rng.between(0, 4);
                let seat_now = self.seats.get_mut(seat)?;
                if seat_now.status == status {
                    seat_now.status = (status + 1) % 4;
                } else {
                    seat_now.status = status;
                }
                seat_now.enter(now);
                return self.notice(seat, (time, now));
            }
            Event::Reenter => {
                self.seats.get_mut(seat)?.enter(now);
                return self.notice(seat, (time, now));
            }
            Event::Announcement => {
                let msg = format!("公告 {unique} 请致电 15711356914");
                (
                    "message",
                    msg.replace("15711356914", "157****6914"),
                    json!({"method": "message", "msg": msg}),
                )
            }
            Event::Popup => {
                let session = self.rng.uuid();
                let info = self.info(seat, &session, now)?;
                ("info", session, info)
            }
            Event::UnknownMethod => {
                ("unknown_method", unique.clone(), json!({"method": "dance", "id": unique}))
            }
            Event::UnknownStatus => (
                "unknown_status",
                unique.clone(),
                json!({"method": "notice", "status": 9, "time": "00:00:00", "id": unique}),
            ),
            Event::Large => {
                let msg = format!("{unique} {}", "长".repeat(LARGE / 3));
                ("large", unique, json!({"method": "message", "msg": msg}))
            }
            Event::Garbage => {
                let text = format!("garbage {unique}, not {{JSON 13900001111");
                return Some(Composed { text, kind: "garbage", key: unique });
            }
            Event::Close | Event::Cut | Event::HalfOpen => return None,
        };
        Some(Composed { text: text.to_string(), kind, key })
    }

    fn notice(&self, seat: usize, (time, now): (NoticeTime, DateTime<Utc>)) -> Option<Composed> {
        let seat = self.seats.get(seat)?;
        let seconds = match time {
            NoticeTime::State => (now - seat.since).num_seconds().max(0),
            NoticeTime::Wait => seat.waited,
        };
        let time = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let text = json!({"method": "notice", "status": seat.status, "time": time}).to_string();
        Some(Composed { text, kind: "notice", key: seat.status.to_string() })
    }

    fn info(&mut self, seat: usize, session: &str, now: DateTime<Utc>) -> Option<serde_json::Value> {
        let extno = self.seats.get(seat)?.agent.extno.clone();
        // The document's example: JSON inside a text, with the names that the customer chose.
        let fields = json!({
            "年龄": self.rng.between(18, 80).to_string(),
            "多选2": ["张三", "李四"],
            "下拉框": "3",
            "多选框": ["11"],
            "长文本": "",
        });
        let edited = beijing_text(now.timestamp_millis() - self.rng.between(0, 86_400_000));
        Some(json!({
            "method": "info",
            "sessionId": session,
            "city": "北京-北京",
            "extno": extno,
            "info": {
                "admin_id": 1,
                "edit_stamp": edited,
                "extno": extno,
                "fields": fields.to_string(),
                "group": "default",
                "import_stamp": "2021-08-26 18:17:52",
                "name": "",
                "project_id": 1,
                "status": 0,
                "task_id": 0,
                "telephone": format!("139{:08}", self.rng.below(100_000_000)),
                "uuid": self.rng.uuid(),
            },
        }))
    }
}
