//! The three messages of `agent/monitor` (`docs/vendors.md#call-system`, 工作台): `notice`, `message`, `info`.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::domain::person::privacy::CustomFieldPolicy;
use crate::domain::row::record::Value;
use crate::domain::row::table::ColumnType;
use crate::domain::vendor::drift::DriftKind;
use crate::domain::vendor::feed::{AgentState, Announcement, CallPopup, FeedMessage, Notice, NoticeTime};
use crate::domain::vendor::observation::Observation;
use crate::domain::vendor::schema::ObjectSchema;
use crate::sources::payload::answer::sound_text;
use crate::sources::payload::json_text::has_no_text;
use crate::sources::payload::reading::{Fields, Names};
use crate::sources::payload::scalar::Scalar;
use crate::sources::payload::schema_check::{note_altered, note_unread, observe_altered};
use crate::sources::workbench::privacy::MessagePrivacy;

static MESSAGE: ObjectSchema = ObjectSchema { path: "", fields: &[] };
static INFO: ObjectSchema = ObjectSchema { path: "info", fields: &[] };

/// What may be kept of a message, and what the time of a notice counts.
type Rules<'a> = (&'a MessagePrivacy, NoticeTime);

/// Why a message cannot be read, and whether it ended a state all the same.
struct Unread {
    reason: String,
    ends_state: bool,
}

impl From<String> for Unread {
    fn from(reason: String) -> Unread {
        Unread { reason, ends_state: false }
    }
}

/// Reads one message that came through the socket of agent `extno`.
pub(super) fn read(sent: String, extno: &str, (privacy, time): Rules<'_>, bytes_max: usize) -> FeedMessage {
    // It is as long as the socket lets messages be; six times that, where all of it has to be escaped.
    let text = sound_text(sent, usize::MAX).unwrap_or_default();
    let mut seen = Observation::default();
    let read = if text.len() <= bytes_max {
        message(&text, extno, (privacy, time), &mut seen)
    } else {
        Err(format!("expected a message of at most {bytes_max} bytes, got {}", text.len()).into())
    };
    let drifts = seen.into_drifts();
    match read {
        Ok(message) if drifts.is_empty() => message,
        Ok(message) => FeedMessage::Altered { message: Box::new(message), drifts },
        Err(Unread { reason, ends_state }) => FeedMessage::Reject {
            reject: privacy.reject(&text, format!("agent {extno}: {reason}")),
            ends_state,
        },
    }
}

fn message(
    text: &str,
    extno: &str,
    (privacy, time): Rules<'_>,
    seen: &mut Observation,
) -> Result<FeedMessage, Unread> {
    let mut fields = Fields::open(text, &privacy.personal)?;
    observe_altered(&MESSAGE, &fields, seen);
    let method = fields.take("method").into_text();
    match method.as_deref() {
        Some("notice") => notice(fields, (privacy, time)).map(FeedMessage::Notice),
        Some("message") => {
            let msg = text_of(fields.text(&["msg"])?);
            let extra = privacy.clean(fields.into_extra());
            Ok(FeedMessage::Announcement(Announcement { msg, extra }))
        }
        Some("info") => {
            Ok(popup(fields, extno, privacy, seen).map(|popup| FeedMessage::Popup(Box::new(popup)))?)
        }
        // The name may be anything, so it is not repeated.
        Some(_) => Err("field `method`: expected notice, message or info, got another".to_owned().into()),
        None => Err("field `method`: expected notice, message or info, got nothing".to_owned().into()),
    }
}

fn notice(mut fields: Fields<'_>, (privacy, time): Rules<'_>) -> Result<Notice, Unread> {
    let status = fields.column(&["status"], ColumnType::Integer)?;
    let Value::Integer(number) = status else {
        return Err("field `status`: expected a state, got nothing".to_owned().into());
    };
    let state = AgentState::from_number(number).ok_or_else(|| Unread {
        reason: format!("field `status`: expected 0, 1, 2 or 3, got {number}"),
        ends_state: true,
    })?;
    // What says nothing of the state stays as it is.
    let elapsed_s = fields.peek("time").filter(|_| time != NoticeTime::Wait).and_then(elapsed);
    if elapsed_s.is_some() {
        fields.take_raw("time");
    }
    // A time that is not in the documented form stays; the state is told all the same.
    let extra = privacy.clean(fields.into_extra());
    Ok(Notice { state, elapsed_s, counts_state: time == NoticeTime::State, extra })
}

/// `00:04:17`, or a number of seconds.
fn elapsed(raw: &RawValue) -> Option<u32> {
    let text = Scalar::of(raw).into_text()?;
    let mut seconds = 0u32;
    for part in text.trim().split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    Some(seconds)
}

fn popup(
    mut fields: Fields<'_>,
    extno: &str,
    privacy: &MessagePrivacy,
    seen: &mut Observation,
) -> Result<CallPopup, String> {
    let session_id = text_of(fields.key(&["sessionId"])?).unwrap_or_default();
    let city = text_of(optional(&mut fields, &MESSAGE, &["city"], ColumnType::Text, seen));
    let taker = text_of(optional(&mut fields, &MESSAGE, &["extno"], ColumnType::Text, seen));
    let sent = fields.take_raw("info");
    let inner_text = sent.and_then(|raw| match Scalar::of(raw) {
        Scalar::Nothing => None,
        // JSON inside a text, as the document's table has it.
        Scalar::Text(text) => Some(text.into_owned()),
        _ => Some(raw.get().to_owned()),
    });
    let mut extra = privacy.clean(fields.into_extra());
    let blank = CallPopup {
        session_id,
        city,
        extno: taker.or_else(|| Some(extno.to_owned())),
        admin_id: None,
        edit_stamp: None,
        info_extno: None,
        fields: None,
        info_group: None,
        import_stamp: None,
        info_name: None,
        project_id: None,
        info_status: None,
        task_id: None,
        telephone: None,
        info_uuid: None,
        extra: Map::new(),
    };
    let Some(inner_text) = inner_text else { return Ok(CallPopup { extra, ..blank }) };
    let named = |why: String| format!("field `info`: {why}");
    let mut info = Fields::open(&inner_text, &privacy.personal).map_err(named)?;
    observe_altered(&INFO, &info, seen);
    let popup = customer(&mut info, blank, privacy, seen);
    let inner = privacy.clean(info.into_extra());
    if !inner.is_empty() {
        extra.insert("info".to_owned(), Json::Object(inner));
    }
    Ok(CallPopup { extra, ..popup })
}

fn customer(
    info: &mut Fields<'_>,
    blank: CallPopup,
    privacy: &MessagePrivacy,
    seen: &mut Observation,
) -> CallPopup {
    let custom = custom(info, privacy, seen);
    let mut text = |names: Names| text_of(optional(info, &INFO, names, ColumnType::Text, seen));
    let (info_extno, info_group, info_name) = (text(&["extno"]), text(&["group"]), text(&["name"]));
    let (project_id, info_status, task_id) = (text(&["project_id"]), text(&["status"]), text(&["task_id"]));
    let (info_uuid, telephone) = (text(&["uuid"]), text(&["telephone"]));
    let mut instant = |names: Names| match optional(info, &INFO, names, ColumnType::Instant, seen) {
        Value::Instant(instant) => Some(instant),
        _ => None,
    };
    let (edit_stamp, import_stamp) = (instant(&["edit_stamp"]), instant(&["import_stamp"]));
    let admin_id = match optional(info, &INFO, &["admin_id"], ColumnType::Integer, seen) {
        Value::Integer(number) => Some(number),
        _ => None,
    };
    CallPopup {
        admin_id,
        edit_stamp,
        info_extno,
        fields: custom,
        info_group,
        import_stamp,
        info_name,
        project_id,
        info_status,
        task_id,
        telephone,
        info_uuid,
        ..blank
    }
}

/// The custom fields. What is no object has no column, and is kept beside it only where every custom field is.
fn custom(
    info: &mut Fields<'_>,
    privacy: &MessagePrivacy,
    seen: &mut Observation,
) -> Option<Map<String, Json>> {
    let raw = info.peek("fields")?;
    let kept = match Scalar::of(raw) {
        Scalar::Nothing => Ok(None),
        Scalar::Text(text) => {
            // JSON inside a text: its own escapes are seen only now.
            if has_no_text(&text) {
                note_altered(&INFO, "fields", DriftKind::ReplacedText, seen);
            }
            privacy.custom(&text)
        }
        _ => privacy.custom(raw.get()),
    };
    let stays = kept.is_err() && privacy.custom_fields == CustomFieldPolicy::Keep;
    if !stays {
        info.take_raw("fields");
    }
    kept.unwrap_or_else(|_| {
        note_unread(&INFO, "fields", "an object", raw, seen);
        None
    })
}

/// A field that a popup can be without: one that cannot be read costs its column, is told, and stays with what has
/// none.
fn optional<'a>(
    fields: &mut Fields<'a>,
    object: &'static ObjectSchema,
    names: Names,
    kind: ColumnType,
    seen: &mut Observation,
) -> Value<'a> {
    let odd = fields.peek(names[0]).filter(|raw| Scalar::of(raw).into_value(kind).is_err());
    if let Some(raw) = odd {
        note_unread(object, names[0], kind.described(), raw, seen);
        return Value::Null;
    }
    let read = if kind == ColumnType::Text { fields.text(names) } else { fields.column(names, kind) };
    read.unwrap_or(Value::Null)
}

fn text_of(value: Value<'_>) -> Option<String> {
    value.into_text().map(Cow::into_owned)
}

#[cfg(test)]
mod tests;
