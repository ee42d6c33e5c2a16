//! A body as text: decoded by its charset, and parseable where its only fault lies inside a text, so that one bad text
//! does not cost the page.

use std::fmt::Write as _;

use encoding_rs::{DecoderResult, Encoding, UTF_8};

use crate::sources::payload::answer::charset::Declared;

/// Bytes that are looked at at once.
const BLOCK_BYTES: usize = 256;

/// Room for more text, at least.
const ROOM_BYTES: usize = 4 << 10;

/// The body as text. A byte that is no text in its charset becomes the escape `\udcXX`, half of a surrogate pair, which
/// tells it apart from everything that a vendor means; bare control characters inside texts are escaped. A sound
/// body of UTF-8 comes back as it was. `None` where the text would be longer than `bytes_max`.
pub(in crate::sources) fn body_text(
    mut bytes: Vec<u8>,
    declared: Declared<'_>,
    bytes_max: usize,
) -> Option<String> {
    let (charset, mark) = declared.charset(&bytes);
    bytes.drain(..mark);
    let text = if charset == UTF_8 {
        match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => from_broken_utf8(error.as_bytes(), bytes_max)?,
        }
    } else {
        decoded(charset, &bytes, bytes_max)?
    };
    controls_escaped(text, bytes_max)
}

/// The same of a text that came as one.
pub(in crate::sources) fn sound_text(text: String, bytes_max: usize) -> Option<String> {
    controls_escaped(text, bytes_max)
}

fn from_broken_utf8(bytes: &[u8], bytes_max: usize) -> Option<String> {
    let mut out = String::with_capacity(bytes.len() + ROOM_BYTES);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        escape_bytes(&mut out, chunk.invalid());
        if bytes_max < out.len() {
            return None;
        }
    }
    Some(out)
}

fn decoded(charset: &'static Encoding, bytes: &[u8], bytes_max: usize) -> Option<String> {
    let mut decoder = charset.new_decoder_without_bom_handling();
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 2 + ROOM_BYTES);
    let mut at = 0;
    loop {
        let (result, read) = decoder.decode_to_string_without_replacement(&bytes[at..], &mut out, true);
        at += read;
        match result {
            DecoderResult::InputEmpty => break,
            DecoderResult::OutputFull => out.reserve(ROOM_BYTES.max(bytes.len() - at)),
            DecoderResult::Malformed(length, behind) => {
                // What lies behind was taken in with it and is decoded next.
                let end = at.saturating_sub(usize::from(behind));
                escape_bytes(&mut out, &bytes[end.saturating_sub(usize::from(length))..end]);
            }
        }
        if bytes_max < out.len() {
            return None;
        }
    }
    (out.len() <= bytes_max).then_some(out)
}

/// Behind an open backslash an escape would become something else: nothing parses there, and it is only replaced.
fn escape_bytes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let backslashes = out.bytes().rev().take_while(|byte| *byte == b'\\').count();
        match backslashes % 2 {
            // Writing to a String cannot fail.
            0 => drop(write!(out, "\\udc{byte:02x}")),
            _ => out.push('\u{fffd}'),
        }
    }
}

fn controls_escaped(text: String, bytes_max: usize) -> Option<String> {
    let bytes = text.as_bytes();
    // Without control characters there is nothing to do. Looked at block by block, which the processor does many bytes
    // at a time.
    let has_control = |block: &[u8]| block.iter().fold(false, |any, byte| any | (*byte < 0x20));
    if !bytes.chunks(BLOCK_BYTES).any(has_control) {
        return Some(text);
    }
    let mut out = String::new();
    let (mut at, mut copied, mut inside) = (0, 0, false);
    while at < bytes.len() {
        let byte = bytes[at];
        let mut width = 1;
        if !inside {
            inside = byte == b'"';
        } else if byte == b'"' {
            inside = false;
        } else if byte == b'\\' {
            width = 2;
        } else if byte < 0x20 {
            out.push_str(&text[copied..at]);
            let _ = write!(out, "\\u{byte:04x}");
            copied = at + 1;
            if bytes_max < out.len() {
                return None;
            }
        }
        at += width;
    }
    Some(if copied == 0 { text } else { out + &text[copied..] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, GB18030, GBK};

    const MAX: usize = 1 << 20;

    fn utf_8(bytes: &[u8]) -> String {
        body_text(bytes.to_vec(), Declared::Nothing, MAX).unwrap()
    }

    #[test]
    fn a_sound_body_comes_back_as_it_was() {
        let sound = r#"{"a": "\ud83d\ude00 \\u \"x\" 中 \ud83d", "b": [1, "\u0000"]}"#;
        assert_eq!(utf_8(sound.as_bytes()), sound);
        assert_eq!(utf_8(format!("\u{feff}{sound}").as_bytes()), sound);
    }

    #[test]
    fn a_body_is_decoded_by_its_charset() {
        let sound = r#"{"name": "張三丰", "n": 1}"#;
        for charset in [GBK, GB18030, BIG5] {
            let (bytes, _, broken) = charset.encode(sound);
            assert!(!broken, "{charset:?}");
            assert_eq!(body_text(bytes.into_owned(), Declared::Known(charset), MAX).as_deref(), Some(sound));
        }
        let utf_16 = |order: fn(u16) -> [u8; 2]| sound.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let marked = |mark: [u8; 2], order| [mark.to_vec(), utf_16(order)].concat();
        for bytes in [
            utf_16(u16::to_le_bytes),
            utf_16(u16::to_be_bytes),
            marked([0xff, 0xfe], u16::to_le_bytes),
            marked([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(body_text(bytes, Declared::Nothing, MAX).as_deref(), Some(sound));
        }
    }

    #[test]
    fn a_byte_that_is_no_text_is_told_apart_from_all_that_a_vendor_means() {
        assert_eq!(utf_8(b"[\"\xff\xc3\"]"), r#"["\udcff\udcc3"]"#);
        assert_eq!(utf_8("[\"\u{fffd}\"]".as_bytes()), "[\"\u{fffd}\"]");
        assert_eq!(utf_8(b"[\"\\\\\xff\"]"), r#"["\\\udcff"]"#);
        assert_eq!(utf_8(b"[\"\\\xff\"]"), "[\"\\\u{fffd}\"]");
        let gbk = body_text(b"[\"\xd5\xc5\xff\x81\"]".to_vec(), Declared::Known(GBK), MAX);
        assert_eq!(gbk.as_deref(), Some(r#"["张\udcff\udc81"]"#));
    }

    #[test]
    fn bare_control_characters_inside_a_text_are_made_readable() {
        assert_eq!(utf_8(b"{\n\"a\": \"x\ny\t\0\"}"), "{\n\"a\": \"x\\u000ay\\u0009\\u0000\"}");
        assert_eq!(utf_8(b"\"\\"), "\"\\");
    }

    #[test]
    fn a_text_that_outgrows_its_body_is_refused() {
        assert_eq!(body_text(vec![0xff; 1000], Declared::Nothing, 1000), None);
        assert_eq!(body_text([b"\"".to_vec(), vec![1; 1000]].concat(), Declared::Nothing, 1001), None);
        let (bytes, ..) = GBK.encode("张三李四王五赵六");
        let bytes = bytes.into_owned();
        assert_eq!(body_text(bytes.clone(), Declared::Known(GBK), bytes.len()), None);
        assert!(body_text(bytes, Declared::Known(GBK), 24).is_some());
    }

    proptest::proptest! {
        #[test]
        fn sound_json_is_left_alone_and_no_bytes_make_it_panic(text in ".*", bytes: Vec<u8>) {
            let json = serde_json::to_string(&text).unwrap();
            proptest::prop_assert_eq!(utf_8(json.as_bytes()), json);
            for declared in [Declared::Nothing, Declared::Known(GBK), Declared::Known(GB18030), Declared::Known(BIG5)] {
                let _ = body_text(bytes.clone(), declared, MAX);
            }
        }

        #[test]
        fn any_bytes_between_quotes_can_be_parsed_afterwards(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
            let inside = bytes.into_iter().filter(|byte| !matches!(byte, b'"' | b'\\'));
            let body = utf_8(&[vec![b'[', b'"'], inside.collect(), vec![b'"', b']']].concat());
            let parsed = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(&body);
            proptest::prop_assert!(parsed.is_ok(), "{}", body);
        }
    }
}
