//! Cells of CSV files that people open in spreadsheets.

use std::borrow::Cow;

/// The text as a cell that no spreadsheet runs: what begins like a formula, or holds control characters, gets an
/// apostrophe in front, which spreadsheets take as "text follows". Numbers stay numbers.
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
    begins && !is_number || text.contains(char::is_control)
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
        for plain in ["", "a=b", "8001", "-1", "-0.5", "张三", "o'neil"] {
            assert_eq!(cell(plain), plain);
        }
    }

    #[test]
    fn every_text_comes_back() {
        let mut texts = vec![String::new()];
        for length in 0..4 {
            let longest: Vec<String> = texts.iter().filter(|text| text.len() == length).cloned().collect();
            for letter in ['\'', '=', '+', '@', 'a', '1', ' ', '-', '\t'] {
                texts.extend(longest.iter().map(|text| format!("{text}{letter}")));
            }
        }
        for written in texts {
            assert_eq!(text(&cell(&written)), written, "{written:?}");
        }
    }
}
