//! How a list counts its rows and how deep it gives them, by the switches.

use serde_json::{Map, Value};

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{BehindDepth, Clamp, RowsField, StatedTotal};

/// How one endpoint's lists are counted and cut.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) total: StatedTotal,
    pub(crate) total_cap: Clamp,
    pub(crate) depth: Clamp,
    pub(crate) behind: BehindDepth,
    pub(crate) unlisted: Clamp,
    /// Rows on page 2 at most, whatever its size: the rest of it is on no page.
    pub(crate) second_page: Clamp,
}

impl Listing {
    pub(crate) const fn calls(switches: &Switches) -> Self {
        Self {
            total: switches.sobot_call_total,
            total_cap: switches.sobot_call_total_cap,
            depth: switches.sobot_call_depth,
            behind: switches.sobot_behind_depth,
            unlisted: switches.sobot_call_unlisted,
            second_page: switches.sobot_second_page,
        }
    }

    /// Chats state no total.
    pub(crate) const fn chats(switches: &Switches) -> Self {
        Self {
            total: StatedTotal::Absent,
            total_cap: Clamp(None),
            depth: switches.sobot_chat_depth,
            behind: switches.sobot_behind_depth,
            unlisted: Clamp(None),
            second_page: switches.sobot_second_page,
        }
    }

    pub(crate) const fn groups(switches: &Switches) -> Self {
        Self {
            total: switches.moor_total,
            total_cap: switches.moor_total_cap,
            depth: switches.moor_depth,
            behind: switches.moor_behind_depth,
            unlisted: switches.moor_unlisted,
            second_page: switches.moor_second_page,
        }
    }

    /// Whether the row that was made as the `number`th is listed.
    pub(crate) fn lists(&self, number: usize) -> bool {
        let every = self.unlisted.0.and_then(|every| usize::try_from(every).ok());
        every.is_none_or(|every| number % every != every - 1)
    }

    /// The total of so many rows that the vendor believes in while it answers this page of this size.
    pub(crate) fn count(&self, rows: u64, page: u64, size: u64) -> u64 {
        match self.total {
            StatedTotal::FirstPage if page == 1 => self.total_cap.apply(rows).saturating_add(3),
            StatedTotal::SoFar => self.total_cap.apply(rows).min(page.saturating_mul(size)),
            StatedTotal::Off(by) => self.total_cap.apply(rows).saturating_add_signed(by),
            StatedTotal::Zero => 0,
            _ => self.total_cap.apply(rows),
        }
    }

    /// How that total stands in an answer.
    pub(crate) fn write(&self, total: u64) -> Option<Value> {
        match self.total {
            StatedTotal::True
            | StatedTotal::Off(_)
            | StatedTotal::FirstPage
            | StatedTotal::SoFar
            | StatedTotal::Zero => Some(total.into()),
            StatedTotal::Negative => Some((-1).into()),
            StatedTotal::Null => Some(Value::Null),
            StatedTotal::Absent => None,
            StatedTotal::Text => Some(total.to_string().into()),
            StatedTotal::Word => Some("many".into()),
        }
    }

    /// The rows of a page that are given: `take` of those behind `skip`; or, where none is, the refusal.
    pub(crate) fn reach(&self, skip: u64, size: u64) -> Result<u64, String> {
        let end = skip.saturating_add(size);
        let Some(depth) = self.depth.0.map(u64::from).filter(|depth| *depth < end) else { return Ok(size) };
        match self.behind {
            BehindDepth::Empty => Ok(0),
            BehindDepth::Cut => Ok(depth.saturating_sub(skip)),
            // Elasticsearch's own words; how the vendor wraps them is an invention.
            BehindDepth::Refused | BehindDepth::RefusedCode | BehindDepth::RefusedStatus => Err(format!(
                "Result window is too large, from + size must be less than or equal to: [{depth}] but was [{end}]"
            )),
        }
    }
}

/// A body as text in which the field `name` of `object` stands as often as the switch says; `None` where that is
/// once, and the body can be written as it is.
pub(crate) fn doubled(fields: &Map<String, Value>, name: &str, how: RowsField) -> Option<String> {
    let rows = fields.get(name)?;
    let empty = format!("{}:[]", Value::from(name));
    let whole = format!("{}:{rows}", Value::from(name));
    let both = match how {
        RowsField::Once => return None,
        RowsField::EmptyAgain => format!("{whole},{empty}"),
        RowsField::EmptyBefore => format!("{empty},{whole}"),
        RowsField::Nested => format!(r#""nested":{{{whole}}}"#),
    };
    let mut rest = fields.clone();
    rest.remove(name);
    let rest = Value::Object(rest).to_string();
    let tail = rest.trim_start_matches('{');
    let comma = if tail == "}" { "" } else { "," };
    Some(format!("{{{both}{comma}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stands_twice_and_all_others_once() {
        let fields =
            Map::from_iter([("items".to_owned(), serde_json::json!([1])), ("a".to_owned(), 2.into())]);
        assert_eq!(doubled(&fields, "items", RowsField::Once), None);
        let text = doubled(&fields, "items", RowsField::EmptyAgain).unwrap();
        assert_eq!(text, r#"{"items":[1],"items":[],"a":2}"#);
        let text = doubled(&fields, "items", RowsField::EmptyBefore).unwrap();
        assert_eq!(text, r#"{"items":[],"items":[1],"a":2}"#);
    }
}
