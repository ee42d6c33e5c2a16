//! One typed value of one column.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::row::decimal::Decimal;

/// One typed value of one column; a text is borrowed from the vendor's page or from the row that holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value<'a> {
    /// The vendor sent null, an empty string where a value was due, or nothing.
    Null,
    /// `text`.
    Text(Cow<'a, str>),
    /// `numeric`, digit for digit; `132` and `132.0` are one value.
    Numeric(Decimal),
    /// `timestamptz`; in a row at most microseconds.
    Instant(DateTime<Utc>),
    /// `boolean`.
    Bool(bool),
    /// `integer`.
    Integer(i32),
}

impl<'a> Value<'a> {
    /// `text`.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Value<'a> {
        Value::Text(text.into())
    }

    /// The text, if it is one.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same, of its own.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::Numeric(number) => Value::Numeric(number),
            Value::Instant(instant) => Value::Instant(instant),
            Value::Bool(truth) => Value::Bool(truth),
            Value::Integer(number) => Value::Integer(number),
        }
    }
}
