//! Texts of other people, made fit for where they go.

use std::borrow::Cow;
use std::fmt;

/// The marks of right-to-left text (UAX 9), which could make a message read otherwise than it is.
fn turns(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a terminal obeys without showing it is shown as U+FFFD: C1 controls and marks of right-to-left text. The others
/// are for whoever makes lines ([`one_line`]).
pub fn without_hidden_orders(text: &str) -> Cow<'_, str> {
    let is_order = |letter: char| turns(letter) || matches!(letter, '\u{80}'..='\u{9f}');
    match text.contains(is_order) {
        true => Cow::Owned(text.replace(is_order, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// On one line and without escape sequences: a vendor's words must not move the cursor.
pub fn one_line(text: &str) -> String {
    let shown = |letter: char| match letter {
        letter if turns(letter) => '\u{fffd}',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    text.chars().map(shown).collect()
}

/// One word of a shell's command, for example a path.
pub fn shell_word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A number with what it counts, in English: `1 row`, `2 rows`.
pub fn counted<Number: fmt::Display + PartialEq + From<u8>>(number: Number, noun: &str) -> String {
    let plural = if number == Number::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Without NUL characters, which PostgreSQL cannot hold: each becomes U+FFFD.
pub fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The same with the escape of JSON in the place of each, so that it can be told apart.
pub fn escaped(text: &str) -> String {
    text.replace('\0', "\\u0000")
}

/// Bytes as letters from a to p, two for each: no digits, so that nothing takes a part of it for a number.
pub fn letters(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half)).collect()
}

/// Bytes as people write them: `812 MB`, `1.5 GB`; powers of 1024.
pub fn byte_size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while 1024.0 <= size && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(0 < unit && size < 10.0);
    format!("{size:.digits$} {}", UNITS[unit])
}

/// Longer names of fields are none of those that are known.
const FIELD_NAME_BYTES_MAX: usize = 24;

/// The name of a field as it is compared: capitals, `_`, `-` and blanks say nothing. It is asked of every field
/// that is read, hence not a `String`.
pub struct FieldName {
    bytes: [u8; FIELD_NAME_BYTES_MAX],
    length: usize,
}

impl FieldName {
    /// `None` where the name is longer than any that is known.
    pub fn of(name: &str) -> Option<FieldName> {
        let mut folded = FieldName { bytes: [0; FIELD_NAME_BYTES_MAX], length: 0 };
        for byte in name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')) {
            *folded.bytes.get_mut(folded.length)? = byte.to_ascii_lowercase();
            folded.length += 1;
        }
        Some(folded)
    }

    /// What is left of the name.
    pub fn as_str(&self) -> &str {
        // Bytes of ASCII were left out or changed, which leaves the others what they were.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_and_quotes_survives_the_shell() {
        assert_eq!(shell_word("/a/b-c.d"), "/a/b-c.d");
        assert_eq!(shell_word("/a b/c'd"), r"'/a b/c'\''d'");
    }

    #[test]
    fn one_is_singular_and_nothing_else_is() {
        assert_eq!(
            (counted(0_u64, "row"), counted(1_i64, "row"), counted(2_usize, "row")),
            ("0 rows".to_owned(), "1 row".to_owned(), "2 rows".to_owned())
        );
    }

    #[test]
    fn sizes_are_written_with_two_digits_or_more() {
        let written = [0, 1023, 1536, 20 << 20, 3 << 30, u64::MAX].map(byte_size);
        assert_eq!(written, ["0 bytes", "1023 bytes", "1.5 KB", "20 MB", "3.0 GB", "16777216 TB"]);
    }
}
