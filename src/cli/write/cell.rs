//! Cells of CSV files that people open in spreadsheets.

use std::borrow::Cow;

/// The text as a cell that no spreadsheet runs or rounds: what begins like a formula, holds control characters, or is a
/// number of which a spreadsheet would lose digits, gets an apostrophe in front, which spreadsheets take as "text
/// follows". Other numbers stay numbers.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    match is_taken_otherwise(text) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// What [`cell`] was made of.
pub(super) fn text(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_taken_otherwise(text)).unwrap_or(cell)
}

fn is_taken_otherwise(text: &str) -> bool {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.starts_with('+');
    let begins = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\'']);
    begins && !is_number || text.contains(char::is_control) || loses_digits(text)
}

/// From this many digits on, spreadsheets write whole numbers in scientific form.
const ROUNDED_FROM_DIGITS: usize = 12;

/// Whether a spreadsheet would take it for a number and write another one: `0081`, `123456789012`, `1E5`.
fn loses_digits(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = 1 < text.len() && text.starts_with('0');
    is_number && (leading_zero || ROUNDED_FROM_DIGITS <= text.len()) || is_scientific(text)
}

/// Whether it is a number in scientific form: `1.00185E+07`.
pub(super) fn is_scientific(text: &str) -> bool {
    let begins = text.starts_with(|letter: char| letter.is_ascii_digit());
    begins && text.contains(['e', 'E']) && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_text_and_numbers_are_numbers() {
        for formula in
            ["=1+1", "+8613", "-x", "@sum", " =1", "＝1", "'a", "a\rb", "\t=1", "-1+cmd|' /C calc'!A0"]
        {
            assert!(cell(formula).starts_with('\''), "{formula:?}");
        }
        for rounded in ["0081", "00", "123456789012", "1E5", "1.00185E+07", "12e3"] {
            assert_eq!(cell(rounded), format!("'{rounded}"));
            assert_eq!(text(&cell(rounded)), rounded);
        }
        for plain in ["", "a=b", "8001", "-1", "-0.5", "0", "0.5", "12345678901", "E5", "张三", "o'neil"] {
            assert_eq!(cell(plain), plain);
        }
    }

    #[test]
    fn every_text_comes_back() {
        let mut texts = vec![String::new()];
        for length in 0..4 {
            let longest: Vec<String> = texts.iter().filter(|text| text.len() == length).cloned().collect();
            for letter in ['\'', '=', '+', '@', 'e', '0', '1', ' ', '-', '\t'] {
                texts.extend(longest.iter().map(|text| format!("{text}{letter}")));
            }
        }
        for written in texts {
            assert_eq!(text(&cell(&written)), written, "{written:?}");
        }
    }
}
