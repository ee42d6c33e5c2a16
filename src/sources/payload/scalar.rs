//! One JSON value read leniently as one typed value.
//!
//! String or number, null or absent or empty, `true` or `"1"`: the documents' tables and samples disagree on
//! all of these (`docs/vendors.md#sobot-results`), so both sides are read.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use crate::domain::row::decimal::Decimal;
use crate::domain::row::record::Value;
use crate::domain::row::table::ColumnType;
use crate::sources::payload::instant::{epoch, wall_clock};
use crate::sources::payload::json_text::{Lone, text_of};

/// What a JSON value is, before anybody asks for a type.
#[derive(Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// Null, or a text of blanks.
    Nothing,
    Text(Cow<'a, str>),
    /// The digits as sent: nothing is lost on the way through a float.
    Number(&'a str),
    Bool(bool),
    List,
    Object,
}

impl<'a> Scalar<'a> {
    pub(crate) fn of(raw: &'a RawValue) -> Scalar<'a> {
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'"') => match text_of(json, Lone::Replaced) {
                text if text.trim().is_empty() => Scalar::Nothing,
                text => Scalar::Text(text),
            },
            Some(b'[') => Scalar::List,
            Some(b'{') => Scalar::Object,
            Some(b't') => Scalar::Bool(true),
            Some(b'f') => Scalar::Bool(false),
            Some(b'n') | None => Scalar::Nothing,
            Some(_) => Scalar::Number(json),
        }
    }

    /// What it is in words that hold nothing of it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Scalar::Nothing => "nothing".to_owned(),
            Scalar::Text(text) => format!("text of {} characters", text.chars().count()),
            Scalar::Number(digits) => format!("a number of {} characters", digits.len()),
            Scalar::Bool(_) => "a boolean".to_owned(),
            Scalar::List => "a list".to_owned(),
            Scalar::Object => "an object".to_owned(),
        }
    }

    /// The text of a text, number or boolean.
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Scalar::Text(text) => Some(text),
            Scalar::Number(digits) => Some(digits.into()),
            Scalar::Bool(truth) => Some(if truth { "true" } else { "false" }.into()),
            Scalar::Nothing | Scalar::List | Scalar::Object => None,
        }
    }

    /// As a value of a column of this type.
    ///
    /// # Errors
    /// What was expected and what came, without the content.
    pub(crate) fn into_value(self, kind: ColumnType) -> Result<Value<'a>, String> {
        let value = match kind {
            _ if self == Scalar::Nothing => return Ok(Value::Null),
            ColumnType::Text => match self {
                Scalar::List | Scalar::Object => None,
                text => return Ok(text.into_text().map_or(Value::Null, Value::Text)),
            },
            ColumnType::Numeric => self.decimal().map(Value::Numeric),
            ColumnType::Integer => self.integer().map(Value::Integer),
            ColumnType::Bool => self.truth().map(Value::Bool),
            ColumnType::Instant => self.instant().map(Value::Instant),
        };
        value.ok_or_else(|| format!("expected {}, got {}", kind.described(), self.describe()))
    }

    fn decimal(&self) -> Option<Decimal> {
        match self {
            Scalar::Text(text) => text.trim().parse().ok(),
            Scalar::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    fn integer(&self) -> Option<i32> {
        self.decimal()?.to_whole()
    }

    /// A count or page number.
    pub(crate) fn count(&self) -> Option<u64> {
        self.decimal()?.to_whole()
    }

    pub(crate) fn truth(&self) -> Option<bool> {
        let text = match self {
            Scalar::Bool(truth) => return Some(*truth),
            Scalar::Text(text) => text.trim(),
            Scalar::Number(digits) => digits,
            _ => return None,
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    fn instant(&self) -> Option<DateTime<Utc>> {
        if let Some(number) = self.decimal() {
            return epoch(&number);
        }
        match self {
            Scalar::Text(text) => wall_clock(text.trim()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, kind: ColumnType) -> Result<Value<'static>, String> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        Scalar::of(&raw).into_value(kind).map(Value::into_owned)
    }

    fn at(text: &str) -> Result<Value<'static>, String> {
        Ok(Value::Instant(DateTime::parse_from_rfc3339(text).unwrap().to_utc()))
    }

    #[test]
    fn null_and_blank_are_nothing_for_every_type() {
        for kind in [
            ColumnType::Text,
            ColumnType::Numeric,
            ColumnType::Integer,
            ColumnType::Bool,
            ColumnType::Instant,
        ] {
            for json in ["null", r#""""#, r#""  ""#] {
                assert_eq!(read(json, kind), Ok(Value::Null), "{json} as {kind:?}");
            }
        }
    }

    #[test]
    fn a_number_is_read_from_text_and_from_a_number_without_a_detour_through_floats() {
        let numeric = |json| match read(json, ColumnType::Numeric) {
            Ok(Value::Numeric(number)) => number.to_string(),
            other => format!("{other:?}"),
        };
        for (json, number) in [
            (r#""132""#, "132"),
            (r#"" -10.0 ""#, "-10"),
            (r#""+1.5""#, "1.5"),
            ("132.50", "132.5"),
            ("1.5e2", "150"),
            (r#""1E-3""#, "0.001"),
            ("0.1234567890123456789", "0.1234567890123456789"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("99.99999999999999999999999999999", "99.99999999999999999999999999999"),
            (r#""1e-30""#, "0.000000000000000000000000000001"),
            ("1e400", "1e400"),
        ] {
            assert_eq!(numeric(json), number, "{json}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused_without_being_repeated() {
        let refused = |json| read(json, ColumnType::Numeric).unwrap_err();
        assert_eq!(refused(r#""abc""#), "expected a number, got text of 3 characters");
        assert_eq!(refused("1e131072"), "expected a number, got a number of 8 characters");
        assert_eq!(refused("1e-16384"), "expected a number, got a number of 8 characters");
        assert_eq!(refused(r#""1_000""#), "expected a number, got text of 5 characters");
        assert_eq!(refused(r#""NaN""#), "expected a number, got text of 3 characters");
        assert_eq!(refused("[1]"), "expected a number, got a list");
        assert_eq!(refused("true"), "expected a number, got a boolean");
    }

    #[test]
    fn an_instant_is_read_in_each_of_the_forms_that_vendors_use() {
        for (json, instant) in [
            (r#""1554971786077""#, "2019-04-11T16:36:26.077+08:00"),
            ("1554971786077", "2019-04-11T16:36:26.077+08:00"),
            ("1.554971786077e12", "2019-04-11T16:36:26.077+08:00"),
            ("1569397773", "2019-09-25T15:49:33+08:00"),
            (r#""2022-01-04 16:17:27""#, "2022-01-04T16:17:27+08:00"),
            (r#"" 2022-01-04 16:17:27.123456789 ""#, "2022-01-04T16:17:27.123456+08:00"),
            (r#""2022-01-04T16:17:27""#, "2022-01-04T16:17:27+08:00"),
            (r#""2022-01-04""#, "2022-01-04T00:00:00+08:00"),
            (r#""2022-01-04T08:17:27Z""#, "2022-01-04T16:17:27+08:00"),
        ] {
            assert_eq!(read(json, ColumnType::Instant), at(instant), "{json}");
        }
        for json in [
            "12",
            r#""soon""#,
            r#""-4800-01-01""#,
            r#""+262142-12-31 23:59:59""#,
            r#""2022-13-01""#,
            "1e300",
            "-1554971786077",
            "{}",
        ] {
            assert!(read(json, ColumnType::Instant).is_err(), "{json}");
        }
    }

    #[test]
    fn booleans_and_whole_numbers_come_in_several_dresses() {
        for json in ["true", r#""True""#, "1", r#""1""#] {
            assert_eq!(read(json, ColumnType::Bool), Ok(Value::Bool(true)), "{json}");
        }
        for json in ["false", r#""false""#, "0", r#""0""#] {
            assert_eq!(read(json, ColumnType::Bool), Ok(Value::Bool(false)), "{json}");
        }
        assert!(read(r#""yes""#, ColumnType::Bool).is_err());
        assert_eq!(read(r#""120""#, ColumnType::Integer), Ok(Value::Integer(120)));
        assert_eq!(read("120.0", ColumnType::Integer), Ok(Value::Integer(120)));
        assert!(read("1.5", ColumnType::Integer).is_err());
        assert!(read("120.00000000000000000000000000000001", ColumnType::Integer).is_err());
        assert!(read("3000000000", ColumnType::Integer).is_err());
    }

    #[test]
    fn a_text_column_takes_numbers_and_booleans_as_they_were_written() {
        assert_eq!(read("10018590", ColumnType::Text), Ok(Value::text("10018590")));
        assert_eq!(
            read("123456789012345678901234567890", ColumnType::Text),
            Ok(Value::text("123456789012345678901234567890"))
        );
        assert_eq!(read("true", ColumnType::Text), Ok(Value::text("true")));
        assert_eq!(read("{}", ColumnType::Text), Err("expected text, got an object".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_number_makes_reading_panic(text in ".*", digits in "-?[0-9]{1,40}(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?") {
            for json in [serde_json::to_string(&text).unwrap(), serde_json::to_string(&digits).unwrap()] {
                for kind in
                    [ColumnType::Numeric, ColumnType::Integer, ColumnType::Bool, ColumnType::Instant]
                {
                    let _ = read(&json, kind);
                }
            }
        }
    }
}
