//! What a JSON text says, and whether a database can hold it as it was sent.
//!
//! A body's bytes that are no text in its charset come here as `\udcXX`, half a surrogate pair (`answer/body`): so one
//! that is no text, a lone surrogate and a NUL are all known by an escape, wherever they stand.

use std::borrow::Cow;

/// What stands for half of a surrogate pair once the text is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lone {
    /// U+FFFD.
    Replaced,
    /// A private character that [`escape_marks`] turns into the same half again.
    Marked,
    /// Its escape, readable: names of fields stay apart that way. So it is with NUL.
    Spelled,
}

/// The private characters of [`Lone::Marked`] begin here.
const MARKS: u32 = 0x0010_0000;

/// Whether the value holds what no database can: half of a surrogate pair, a byte that is no text, or NUL.
pub(crate) fn has_no_text(json: &str) -> bool {
    let Some(first) = json.find('\\') else { return false };
    let bytes = json.as_bytes();
    let mut at = first;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match (unit(bytes, at), unit(bytes, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0 | 0xd800..=0xdfff), _) => return true,
            (Some(_), _) => at += 6,
            (None, _) => at += 2,
        }
    }
    false
}

/// What a JSON text says, its quotation marks included in `json`. Most hold no escape, and are what they say.
pub(crate) fn text_of(json: &str, lone: Lone) -> Cow<'_, str> {
    match json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        Some(escaped) => Cow::Owned(unescaped(escaped, lone)),
        None => Cow::Borrowed(json),
    }
}

fn unescaped(text: &str, lone: Lone) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = text[at..].find('\\') {
        at += found;
        out.push_str(&text[copied..at]);
        let (width, letter) = match (unit(bytes, at), unit(bytes, at + 6)) {
            (None, _) => (2, simple(bytes.get(at + 1).copied())),
            (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => (12, pair(high, low)),
            (Some(unit), _) => {
                push_unit(&mut out, unit, lone);
                (6, None)
            }
        };
        out.extend(letter);
        at = (at + width).min(text.len());
        copied = at;
    }
    out.push_str(&text[copied..]);
    out
}

fn push_unit(out: &mut String, unit: u16, lone: Lone) {
    match (char::from_u32(u32::from(unit)), lone) {
        (Some('\0'), Lone::Spelled) => out.push_str("\\u0000"),
        (Some(letter), _) => out.push(letter),
        (None, Lone::Replaced) => out.push('\u{fffd}'),
        (None, Lone::Marked) => out.extend(char::from_u32(MARKS + u32::from(unit))),
        (None, Lone::Spelled) => out.push_str(&format!("\\u{unit:04x}")),
    }
}

/// Whether a text holds a character that [`Lone::Marked`] would take for a mark.
pub(crate) fn has_marks(text: &str) -> bool {
    text.chars().any(is_mark)
}

/// A JSON document with its marks as the escapes that they stand for.
pub(crate) fn escape_marks(json: String) -> String {
    if !has_marks(&json) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        match is_mark(letter) {
            true => out.push_str(&format!("\\u{:04x}", u32::from(letter) - MARKS)),
            false => out.push(letter),
        }
    }
    out
}

fn is_mark(letter: char) -> bool {
    (MARKS + 0xd800..=MARKS + 0xdfff).contains(&u32::from(letter))
}

fn simple(letter: Option<u8>) -> Option<char> {
    Some(match letter? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        other => char::from(other),
    })
}

fn pair(high: u16, low: u16) -> Option<char> {
    char::from_u32(0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(low) - 0xdc00))
}

/// The number of the `\uXXXX` escape that begins at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_and_nul_are_found_and_nothing_else_is() {
        for json in
            [r#""x\ud83d""#, r#""\ude00x""#, r#""\ud83d\ud83d\ude00""#, r#""a\u0000""#, r#"{"a\udcff":1}"#]
        {
            assert!(has_no_text(json), "{json}");
        }
        for json in [r#""x""#, r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\ufffd""#, "1e5", r#""\\\\u0000""#] {
            assert!(!has_no_text(json), "{json}");
        }
    }

    #[test]
    fn halves_of_pairs_are_replaced_marked_or_spelled() {
        let json = r#""a\ud83db\u0000\n\ud83d\ude00\"""#;
        assert_eq!(text_of(json, Lone::Replaced), "a\u{fffd}b\0\n😀\"");
        assert_eq!(text_of(json, Lone::Spelled), "a\\ud83db\\u0000\n😀\"");
        let marked = text_of(json, Lone::Marked).into_owned();
        assert!(has_marks(&marked));
        let written = escape_marks(serde_json::to_string(&marked).unwrap());
        assert_eq!(written, r#""a\ud83db\u0000\n😀\"""#);
    }

    proptest::proptest! {
        #[test]
        fn a_sound_text_is_read_as_serde_reads_it(text in ".*", ascii: bool) {
            let json = serde_json::to_string(&text).unwrap();
            let escape = |unit: u16| format!("\\u{unit:04X}");
            let json = match ascii {
                true => json.chars().map(|letter| match letter.is_ascii() {
                    true => letter.to_string(),
                    false => letter.encode_utf16(&mut [0; 2]).iter().map(|unit| escape(*unit)).collect(),
                }).collect(),
                false => json,
            };
            proptest::prop_assert_eq!(text_of(&json, Lone::Replaced), text.as_str());
            proptest::prop_assert_eq!(has_no_text(&json), text.contains('\0'));
        }
    }
}
