//! A switch that is a number or `none`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A cap, on a page's size or on another number: `none` or a number from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clamp(pub Option<u32>);

impl Clamp {
    /// The number the vendor uses in place of `asked`.
    #[must_use]
    pub fn apply(self, asked: u64) -> u64 {
        self.0.map_or(asked, |cap| asked.min(u64::from(cap.max(1))))
    }
}

impl Serialize for Clamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(cap) => serializer.serialize_u32(cap),
            None => serializer.serialize_str("none"),
        }
    }
}

impl<'de> Deserialize<'de> for Clamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cap = match Value::deserialize(deserializer)? {
            Value::String(text) if text == "none" => return Ok(Self(None)),
            Value::Null => return Ok(Self(None)),
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
            _ => None,
        };
        match cap {
            Some(cap) if cap > 0 => Ok(Self(Some(cap))),
            _ => Err(D::Error::custom("it is `none` or a number from 1")),
        }
    }
}
