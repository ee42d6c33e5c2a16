//! A JSON document as it is stored in `extra`: in one pass, with what of it could not stay as it was sent.

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value as Json};

use crate::domain::row::decimal::fits_jsonb;
use crate::sources::payload::json_text::{Lone, has_no_text, text_of};

/// Deeper than this a document is kept as text. serde_json reads a row's `extra` again, and goes to 128.
const DEPTH_MAX: usize = 120;

/// What of a document could not stay as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Altered {
    /// A text holds what no database can.
    pub(crate) text: bool,
    /// An object names a field twice; the last one counts.
    pub(crate) repeated: bool,
    /// A number beyond `numeric`, or what is nested too deeply, is kept as its text.
    pub(crate) spelled: bool,
}

/// The document; `None` where it is no JSON.
pub(crate) fn document(json: &str, lone: Lone) -> Option<(Json, Altered)> {
    let raw: &RawValue = serde_json::from_str(json).ok()?;
    Some(read(raw, lone))
}

/// The same of what was parsed before.
pub(crate) fn read(raw: &RawValue, lone: Lone) -> (Json, Altered) {
    let altered = Altered { text: has_no_text(raw.get()), ..Altered::default() };
    let mut reader = Reader { text: raw.get(), at: 0, lone, altered };
    let json = reader.value(0);
    (json.unwrap_or_else(|| Json::String(raw.get().to_owned())), reader.altered)
}

/// Walks over JSON that is known to be sound.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    lone: Lone,
    altered: Altered,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Json> {
        match self.peek()? {
            b'"' => Some(Json::String(text_of(self.string()?, self.lone).into_owned())),
            b'{' | b'[' if DEPTH_MAX <= depth => {
                self.altered.spelled = true;
                let start = self.at;
                self.skip_nested()?;
                Some(Json::String(self.text[start..self.at].to_owned()))
            }
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.at += 1;
        let mut map = Map::new();
        while self.peek()? != b'}' {
            let name = text_of(self.string()?, Lone::Spelled).into_owned();
            self.skip(b':')?;
            let value = self.value(depth + 1)?;
            self.altered.repeated |= map.insert(name, value).is_some();
            self.skip_comma()?;
        }
        self.at += 1;
        Some(Json::Object(map))
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        self.at += 1;
        let mut items = Vec::new();
        while self.peek()? != b']' {
            items.push(self.value(depth + 1)?);
            self.skip_comma()?;
        }
        self.at += 1;
        Some(Json::Array(items))
    }

    fn number(&mut self) -> Option<Json> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        let digits = &rest[..end];
        self.at += end;
        if fits_jsonb(digits) {
            return digits.parse::<Number>().ok().map(Json::Number);
        }
        self.altered.spelled = true;
        Some(Json::String(digits.to_owned()))
    }

    fn word(&mut self, word: &str, json: Json) -> Option<Json> {
        self.at += word.len();
        Some(json)
    }

    /// A text with its quotation marks.
    fn string(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            match bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at)
    }

    /// Goes to the end of an object or list.
    fn skip_nested(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return Some(());
            }
        }
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at)?, b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip_comma(&mut self) -> Option<()> {
        if self.peek()? == b',' {
            self.at += 1;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(json: &str) -> (String, Altered) {
        let (kept, altered) = document(json, Lone::Replaced).unwrap();
        (kept.to_string(), altered)
    }

    #[test]
    fn a_document_keeps_every_digit() {
        let json = r#"{"a":20261127100000123456,"b":[1e+2,-0.1234567890123456789012345678901234567890,1e+400],"c":{}}"#;
        assert_eq!(kept(json), (json.to_owned(), Altered::default()));
    }

    #[test]
    fn what_cannot_stay_as_it_was_is_told() {
        let text = Altered { text: true, ..Altered::default() };
        assert_eq!(kept(r#"{"a":"x\ud83d"}"#), ("{\"a\":\"x\u{fffd}\"}".to_owned(), text));
        assert_eq!(kept(r#"{"x\ud83d":1,"x\ud83e":2}"#), (r#"{"x\\ud83d":1,"x\\ud83e":2}"#.to_owned(), text));
        let repeated = Altered { repeated: true, ..Altered::default() };
        assert_eq!(kept(r#"[{"a":1,"b":0,"a":2}]"#), (r#"[{"a":2,"b":0}]"#.to_owned(), repeated));
        let spelled = Altered { spelled: true, ..Altered::default() };
        assert_eq!(kept("[1e131072]"), (r#"["1e131072"]"#.to_owned(), spelled));
        let deep = format!("{}\"]}}\"{}", "[".repeat(130), "]".repeat(130));
        let (json, altered) = document(&deep, Lone::Replaced).unwrap();
        assert_eq!(altered, spelled);
        assert!(serde_json::from_str::<Json>(&format!("{{\"extra\":{json}}}")).is_ok());
        assert_eq!(document("{", Lone::Replaced), None);
    }

    proptest::proptest! {
        #[test]
        fn a_document_is_read_as_serde_reads_it(texts in proptest::collection::vec(".*", 0..4), number: f64, whole: i64) {
            let json = serde_json::json!({"a": texts, "b": {"c": [number, whole, null, true, false, {}, []]}, "d": ""});
            for written in [json.to_string(), serde_json::to_string_pretty(&json).unwrap()] {
                proptest::prop_assert_eq!(&document(&written, Lone::Replaced).unwrap().0, &json);
            }
        }
    }
}
