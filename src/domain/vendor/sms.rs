//! Short messages: how many the networks make of one text.

/// Letters of the networks' own alphabet (GSM 03.38) beyond ASCII; a text of these alone takes seven bits a letter.
const BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";

/// ASCII that the alphabet lacks.
const LACKING: &str = "`";

/// Letters that take two places of it.
const DOUBLE: &str = "^{}\\[~]|€";

/// Letters of one message, and of each part of a longer text: of the alphabet, and of any other.
const PLAIN: (usize, usize) = (160, 153);
const UNICODE: (usize, usize) = (70, 67);

/// How many messages the networks make of a text, and usually charge.
pub fn parts(text: &str) -> usize {
    let is_double = |letter: char| DOUBLE.contains(letter);
    let is_ascii = |letter: char| (' '..='~').contains(&letter) && !LACKING.contains(letter);
    let is_plain = |letter: char| {
        is_ascii(letter)
            || matches!(letter, '\n' | '\r')
            || BEYOND_ASCII.contains(letter)
            || is_double(letter)
    };
    let (length, (single, part)) = match text.chars().all(is_plain) {
        true => (text.chars().map(|letter| 1 + usize::from(is_double(letter))).sum(), PLAIN),
        false => (text.encode_utf16().count(), UNICODE),
    };
    if length <= single { 1 } else { length.div_ceil(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_parts_as_the_networks_do_it() {
        for (letter, count, wanted) in [
            ("a", 160, 1),
            ("a", 161, 2),
            ("a", 306, 2),
            ("a", 307, 3),
            ("{", 80, 1),
            ("{", 81, 2),
            ("字", 70, 1),
            ("字", 71, 2),
            ("字", 134, 2),
            ("字", 135, 3),
            ("🌸", 35, 1),
            ("🌸", 36, 2),
        ] {
            assert_eq!(parts(&letter.repeat(count)), wanted, "{count} times {letter}");
        }
    }
}
