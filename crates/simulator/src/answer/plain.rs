//! A page of inspections written straight to text, where nothing about it is unusual: under load the trees of
//! values would cost more than all else that the simulator does.

use std::fmt::Write as _;

use crate::answer::exchange::Chance;
use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{ExtraField, SobotSchema, Values};
use crate::vendor::inspection::{Channel, Inspection, QUALITY_REMARK, Tenths};

/// Whether the rows of this answer may be written so.
pub(crate) fn is_plain(switches: &Switches, chance: &Chance) -> bool {
    switches.sobot_values == Values::Strings
        && switches.sobot_schema == SobotSchema::AsDocumented
        && chance.step.is_none()
}

/// The rows as a JSON array.
pub(crate) fn array<'a>(
    rows: impl Iterator<Item = &'a Inspection>,
    channel: Channel,
    switches: &Switches,
) -> (String, usize) {
    let mut out = String::with_capacity(64 * 1024);
    let mut count = 0;
    out.push('[');
    for row in rows {
        if 0 < count {
            out.push(',');
        }
        write_row(row, channel, switches, &mut out);
        count += 1;
    }
    out.push(']');
    (out, count)
}

fn write_row(row: &Inspection, channel: Channel, switches: &Switches, out: &mut String) {
    if row.raw.is_some() || !row.omit.is_empty() {
        out.push_str(&row.to_json(channel, switches).to_string());
        return;
    }
    let names = channel.names();
    out.push('{');
    put_text(out, names.id, &row.id);
    put_text(out, "agentid", &row.person.agentid);
    put_text(out, "agent_name", &row.person.name);
    put_text(out, "agent_email", &row.person.email);
    if channel == Channel::Chat {
        put_text(out, "schemeid", &row.schemeid);
    }
    if row.odd && switches.sobot_extra_field == ExtraField::SomeRows {
        put_text(out, "quality_remark", QUALITY_REMARK);
    }
    put_instant(out, names.contact, row.contact_ms);
    put_instant(out, channel.quality_name(switches), row.quality_ms);
    put_scores(out, &names.max, &row.max, false);
    put_scores(out, &names.got, &row.got, channel == Channel::Call);
    // Each field ends with a comma.
    out.pop();
    out.push('}');
}

fn put_text(out: &mut String, name: &str, value: &str) {
    let is_bare = value.bytes().all(|byte| 0x20 <= byte && byte != b'"' && byte != b'\\');
    // Writing into a string cannot fail.
    let _ = match is_bare {
        true => write!(out, r#""{name}":"{value}","#),
        false => write!(out, r#""{name}":{},"#, serde_json::Value::from(value)),
    };
}

fn put_instant(out: &mut String, name: &str, ms: i64) {
    let _ = write!(out, r#""{name}":"{ms}","#);
}

fn put_scores(out: &mut String, names: &[&str; 4], scores: &Tenths, short_total: bool) {
    for (index, (name, tenths)) in names.iter().zip(scores).enumerate() {
        let sign = if *tenths < 0 { "-" } else { "" };
        let (points, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
        let _ = match short_total && index == 0 && tenth == 0 {
            true => write!(out, r#""{name}":"{sign}{points}","#),
            false => write!(out, r#""{name}":"{sign}{points}.{tenth}","#),
        };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::service::config::SimulatorConfig;
    use crate::vendor::data;

    #[test]
    fn a_row_written_as_text_is_the_row_written_as_a_value() {
        let config = SimulatorConfig { calls: 300, chats: 300, ..SimulatorConfig::default() };
        let agents = data::agents(&config);
        let others = [("sobot_call_time", "quality_datetime"), ("sobot_chat_time", "update_time")];
        for (name, value) in
            others.into_iter().chain([("sobot_extra_field", "none"), ("sobot_end", "exclusive")])
        {
            let mut switches = Switches::default();
            switches.set(name, value).unwrap();
            for channel in [Channel::Call, Channel::Chat] {
                let mut rows = data::inspections(&config, channel, &agents);
                rows[0].got = [-5, 0, -10, 7];
                let planted: Map<String, Value> = [("agent_name".to_owned(), json!(7))].into_iter().collect();
                rows[1].apply(channel, &planted);
                rows[2].omit = vec!["agentid".to_owned()];
                let (text, count) = array(rows.iter(), channel, &switches);
                let values: Vec<Value> = rows.iter().map(|row| row.to_json(channel, &switches)).collect();
                assert_eq!(count, rows.len());
                assert_eq!(serde_json::from_str::<Vec<Value>>(&text).unwrap(), values, "{name}={value}");
            }
        }
    }
}
