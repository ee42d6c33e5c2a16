//! In which charset answers come. No document says it; UTF-8 is what has been seen.

use std::fmt::Write as _;

use encoding_rs::{BIG5, EncoderResult, Encoding, GB18030, GBK};
use serde::{Deserialize, Serialize};

switch!(
    /// The charset of JSON answers. What a charset lacks is escaped.
    Charset {
        /// Declared, as seen.
        Utf8,
        /// Declared, with a byte order mark.
        Utf8Marked,
        /// Declared, in quotation marks.
        Gbk,
        /// Declared.
        Gb18030,
        /// Declared.
        Big5,
        /// Not declared, with a byte order mark, little end first.
        Utf16Le,
        /// Declared, without a byte order mark, big end first.
        Utf16Be,
    }
);

impl Charset {
    /// The `Content-Type` and the bytes of a JSON answer.
    pub(crate) fn encode(self, text: String) -> (&'static str, Vec<u8>) {
        let units = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        match self {
            Charset::Utf8 => ("application/json;charset=UTF-8", text.into_bytes()),
            Charset::Utf8Marked => {
                ("application/json; charset=utf8", [b"\xef\xbb\xbf".to_vec(), text.into_bytes()].concat())
            }
            Charset::Gbk => ("application/json; Charset=\"gbk\"", encoded(GBK, &text)),
            Charset::Gb18030 => ("application/json;charset=GB18030", encoded(GB18030, &text)),
            Charset::Big5 => ("application/json;charset=Big5", encoded(BIG5, &text)),
            Charset::Utf16Le => ("application/json", [vec![0xff, 0xfe], units(u16::to_le_bytes)].concat()),
            Charset::Utf16Be => ("application/json;charset=UTF-16BE", units(u16::to_be_bytes)),
        }
    }
}

fn encoded(charset: &'static Encoding, text: &str) -> Vec<u8> {
    let mut encoder = charset.new_encoder();
    let (mut out, mut rest) = (Vec::new(), text);
    loop {
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
        let mut chunk = vec![0; room.unwrap_or(4 * rest.len()).max(16)];
        let (result, read, written) = encoder.encode_from_utf8_without_replacement(rest, &mut chunk, true);
        out.extend_from_slice(&chunk[..written]);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return out,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(letter) => {
                let mut escape = String::new();
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(escape, "\\u{unit:04x}");
                }
                out.extend_from_slice(escape.as_bytes());
            }
        }
    }
}
