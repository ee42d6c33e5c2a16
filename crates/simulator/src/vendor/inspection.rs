//! One inspected call or chat, and how Sobot writes it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{CallTimeName, ChatTimeName, ExtraField, FilterTime, Values};
use crate::vendor::departure::depart_item;

/// Calls or chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Inspected calls.
    Call,
    /// Inspected chats.
    Chat,
}

/// The agent as an inspection names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) agentid: Arc<str>,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// Tenths of a point. The order everywhere is total, standard, plus, minus.
pub(crate) type Tenths = [i64; 4];

/// What the vendor knows about one inspection.
#[derive(Clone, Debug)]
pub(crate) struct Inspection {
    /// `call_log_jestid` or `cid`.
    pub(crate) id: Arc<str>,
    /// Chats only.
    pub(crate) schemeid: Arc<str>,
    pub(crate) person: Arc<Person>,
    pub(crate) contact_ms: i64,
    pub(crate) quality_ms: i64,
    pub(crate) max: Tenths,
    pub(crate) got: Tenths,
    /// Carries the undocumented field when that switch is on.
    pub(crate) odd: bool,
    /// Withdrawn. The row stays, so that every id that ever was can be told.
    pub(crate) gone: bool,
    /// Fields that are sent exactly so; `None` leaves the key out.
    pub(crate) raw: Option<Box<Map<String, Value>>>,
    pub(crate) omit: Vec<String>,
}

/// The text of a field that no document names: an invention.
pub(crate) const QUALITY_REMARK: &str = "话术规范，态度耐心 👍";

/// The vendor's names of one channel.
pub(crate) struct Names {
    pub(crate) id: &'static str,
    pub(crate) contact: &'static str,
    pub(crate) max: [&'static str; 4],
    pub(crate) got: [&'static str; 4],
}

const CALL: Names = Names {
    id: "call_log_jestid",
    contact: "call_start_datetime",
    max: ["total_score_max", "standard_score_max", "pulse_max", "minus_max"],
    got: ["total_score", "standard_score", "pulse", "minus"],
};

const CHAT: Names = Names {
    id: "cid",
    contact: "chat_start_datetime",
    max: ["total_score", "standard_total_score", "add_total_score", "minus_total_score"],
    got: ["quality_score", "standard_quality_score", "add_quality_score", "minus_quality_score"],
};

impl Channel {
    pub(crate) const fn names(self) -> &'static Names {
        match self {
            Self::Call => &CALL,
            Self::Chat => &CHAT,
        }
    }

    /// Every name that the quality time may have.
    pub(crate) const fn quality_names(self) -> [&'static str; 2] {
        match self {
            Self::Call => ["qualify_time", "quality_datetime"],
            Self::Chat => ["update_datetime", "update_time"],
        }
    }

    pub(crate) fn quality_name(self, switches: &Switches) -> &'static str {
        let [first, second] = self.quality_names();
        let is_first = match self {
            Self::Call => switches.sobot_call_time == CallTimeName::QualifyTime,
            Self::Chat => switches.sobot_chat_time == ChatTimeName::UpdateDatetime,
        };
        if is_first { first } else { second }
    }
}

fn score(tenths: i64, values: Values, short: bool) -> Value {
    match values {
        Values::Numbers => Value::from(tenths as f64 / 10.0),
        // The documents' example writes a call's total as "132", all else as "132.0".
        Values::Strings if short && tenths % 10 == 0 => Value::String((tenths / 10).to_string()),
        Values::Strings => {
            let sign = if tenths < 0 { "-" } else { "" };
            Value::String(format!("{sign}{}.{}", (tenths / 10).unsigned_abs(), (tenths % 10).unsigned_abs()))
        }
    }
}

fn instant(ms: i64, values: Values) -> Value {
    match values {
        Values::Numbers => Value::from(ms),
        Values::Strings => Value::String(ms.to_string()),
    }
}

impl Inspection {
    /// The time that the window of a query is about.
    pub(crate) const fn filter_ms(&self, filter: FilterTime) -> i64 {
        match filter {
            FilterTime::Quality => self.quality_ms,
            FilterTime::Contact => self.contact_ms,
        }
    }

    /// The item as it stands in an answer.
    pub(crate) fn to_json(&self, channel: Channel, switches: &Switches) -> Value {
        let names = channel.names();
        let values = switches.sobot_values;
        let mut item = Map::new();
        let mut put = |name: &str, value: Value| {
            item.insert(name.to_owned(), value);
        };
        put(names.id, Value::from(&*self.id));
        put("agentid", Value::from(&*self.person.agentid));
        put("agent_name", Value::from(self.person.name.as_str()));
        put("agent_email", Value::from(self.person.email.as_str()));
        put(names.contact, instant(self.contact_ms, values));
        put(channel.quality_name(switches), instant(self.quality_ms, values));
        if channel == Channel::Chat {
            put("schemeid", Value::from(&*self.schemeid));
        }
        for (index, (max, got)) in names.max.into_iter().zip(names.got).enumerate() {
            put(max, score(self.max[index], values, false));
            put(got, score(self.got[index], values, index == 0 && channel == Channel::Call));
        }
        if self.odd && switches.sobot_extra_field == ExtraField::SomeRows {
            put("quality_remark", Value::from(QUALITY_REMARK));
        }
        depart_item(&mut item, self.odd, switches.sobot_schema);
        if let Some(raw) = &self.raw {
            item.extend(raw.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        for name in &self.omit {
            item.remove(name);
        }
        Value::Object(item)
    }

    /// Takes over fields in the vendor's names. What cannot be read is kept as it
    /// is and sent so: that is how a test plants a broken row.
    pub(crate) fn apply(&mut self, channel: Channel, fields: &Map<String, Value>) {
        let names = channel.names();
        for (name, value) in fields {
            let text = value.as_str().map(str::to_owned);
            let known = match (name.as_str(), text) {
                (n, Some(text)) if n == names.id => {
                    self.id = text.into();
                    true
                }
                ("schemeid", Some(text)) if channel == Channel::Chat => {
                    self.schemeid = text.into();
                    true
                }
                ("agentid", Some(text)) => {
                    Arc::make_mut(&mut self.person).agentid = text.into();
                    true
                }
                ("agent_name", Some(text)) => {
                    Arc::make_mut(&mut self.person).name = text;
                    true
                }
                ("agent_email", Some(text)) => {
                    Arc::make_mut(&mut self.person).email = text;
                    true
                }
                _ => self.apply_number(channel, name, value),
            };
            if known {
                self.raw.as_mut().map(|raw| raw.remove(name));
            } else {
                self.raw.get_or_insert_default().insert(name.clone(), value.clone());
            }
        }
    }

    fn apply_number(&mut self, channel: Channel, name: &str, value: &Value) -> bool {
        let names = channel.names();
        let whole = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        if name == names.contact {
            return whole.map(|ms| self.contact_ms = ms).is_some();
        }
        if channel.quality_names().contains(&name) {
            return whole.map(|ms| self.quality_ms = ms).is_some();
        }
        let max = names.max.iter().position(|n| *n == name).map(|index| &mut self.max[index]);
        let got = names.got.iter().position(|n| *n == name).map(|index| &mut self.got[index]);
        match (max.or(got), tenths(value)) {
            (Some(place), Some(points)) => {
                *place = points;
                true
            }
            _ => false,
        }
    }
}

/// A score in tenths, when it can be said in tenths.
fn tenths(value: &Value) -> Option<i64> {
    let points: f64 = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    let tenths = (points * 10.0).round();
    // Beyond this a double no longer tells tenths apart.
    (points.is_finite() && (tenths / 10.0 - points).abs() < 1e-9 && tenths.abs() < 1e15)
        .then_some(tenths as i64)
}
