//! Makes a body parseable whose only sin lies inside a text, so that one bad text does not cost the page.

use std::fmt::Write as _;

/// Bytes that are looked at at once.
const BLOCK_BYTES: usize = 256;

/// The body as text: bytes that are not UTF-8 become U+FFFD, as do escaped halves of surrogate pairs, and
/// bare control characters inside texts are escaped. A sound body comes back as it was.
pub(crate) fn body_text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    repaired(text)
}

fn repaired(text: String) -> String {
    let bytes = text.as_bytes();
    // Without control characters and numbered escapes there is nothing to repair. Looked at block by block, which
    // the processor does many bytes at a time.
    let has_control = |block: &[u8]| block.iter().fold(false, |any, byte| any | (*byte < 0x20));
    if !bytes.chunks(BLOCK_BYTES).any(has_control) && !text.contains("\\u") {
        return text;
    }
    let mut out = String::new();
    let (mut at, mut copied, mut inside) = (0, 0, false);
    while at < bytes.len() {
        let byte = bytes[at];
        let mut width = 1;
        let mut replacement = None;
        if !inside {
            inside = byte == b'"';
        } else if byte == b'"' {
            inside = false;
        } else if byte < 0x20 {
            replacement = Some(u16::from(byte));
        } else if byte == b'\\' {
            (width, replacement) = escape(bytes, at);
        }
        if let Some(unit) = replacement {
            out.push_str(&text[copied..at]);
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
            copied = at + width;
        }
        at += width;
    }
    if copied == 0 { text } else { out + &text[copied..] }
}

/// How long the escape at `at` is, and what must stand in its place, if anything.
fn escape(bytes: &[u8], at: usize) -> (usize, Option<u16>) {
    match (unit(bytes, at), unit(bytes, at + 6)) {
        (None, _) => (2, None),
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
        (Some(0xd800..=0xdfff), _) => (6, Some(0xfffd)),
        (Some(_), _) => (6, None),
    }
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
    fn a_sound_body_comes_back_as_it_was() {
        let sound = r#"{"a": "\ud83d\ude00 \\u \"x\" 中", "b": [1, "\u0000"]}"#;
        assert_eq!(body_text(sound.as_bytes().to_vec()), sound);
        assert_eq!(body_text(format!("\u{feff}{sound}").into_bytes()), sound);
    }

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        assert_eq!(
            body_text(br#"["\ud83d", "\uDE00x", "\ud83d\ud83d\ude00"]"#.to_vec()),
            r#"["\ufffd", "\ufffdx", "\ufffd\ud83d\ude00"]"#
        );
    }

    #[test]
    fn bare_control_characters_and_foreign_bytes_inside_a_text_are_made_readable() {
        assert_eq!(body_text(b"{\n\"a\": \"x\ny\t\0\"}".to_vec()), "{\n\"a\": \"x\\u000ay\\u0009\\u0000\"}");
        assert_eq!(body_text(b"[\"\xff\"]".to_vec()), "[\"\u{fffd}\"]");
        assert_eq!(body_text(b"\"\\".to_vec()), "\"\\");
    }

    proptest::proptest! {
        #[test]
        fn sound_json_is_left_alone_and_no_bytes_make_it_panic(text in ".*", bytes: Vec<u8>) {
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(body_text(json.clone().into_bytes()), json);
            let _ = body_text(bytes);
        }

        #[test]
        fn any_text_between_quotes_can_be_parsed_afterwards(text in "([^\"\\\\]|\\\\u[0-9a-fA-F]{4})*") {
            let body = body_text(format!("\"{text}\"").into_bytes());
            assert!(serde_json::from_str::<String>(&body).is_ok(), "{body}");
        }
    }
}
