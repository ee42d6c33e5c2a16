//! Numbers, addresses and ids found in a text, however they are written there.

use std::ops::Range;

use serde_json::Value as Json;

use super::document::ID_CHARS_MIN;
use super::{ForgottenList, Identifier};

/// What may stand between two digits of a number.
const SEPARATORS: [char; 11] =
    [' ', '-', '.', '(', ')', '/', '\u{a0}', '\u{2011}', '\u{2013}', '\u{3000}', '·'];

/// Separators in a row.
const SEPARATORS_MAX: usize = 2;

/// The national digits of a number as a person writes it; `None` where that is no number.
pub fn national(number: &str) -> Option<String> {
    let ignored = |letter: &char| *letter != '+' && !SEPARATORS.contains(letter);
    let digits: Option<String> = number.chars().filter(ignored).map(digit).collect();
    let digits = digits?;
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let mobile = digits.strip_prefix("86").filter(|rest| rest.len() == 11 && rest.starts_with('1'));
    let digits = mobile.unwrap_or(digits).trim_start_matches('0');
    (7..=15).contains(&digits.len()).then(|| digits.to_owned())
}

/// An address as the list holds it.
pub fn normal_email(address: &str) -> Option<String> {
    let address = address.trim().to_lowercase();
    let (local, domain) = address.split_once('@')?;
    (!local.is_empty() && domain.contains('.') && !address.contains('*')).then_some(address.clone())
}

/// A digit, wide ones too.
fn digit(letter: char) -> Option<char> {
    match letter {
        '0'..='9' => Some(letter),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(letter as u32 - 0xff10, 10),
        _ => None,
    }
}

/// Digits that may be one number, each with its place in the text, and where the run begins.
struct Run {
    start: usize,
    digits: String,
    places: Vec<Range<usize>>,
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut gap = usize::MAX;
    let mut plus = None;
    for (at, letter) in text.char_indices() {
        match digit(letter) {
            Some(digit) => {
                if SEPARATORS_MAX < gap {
                    let start = plus.unwrap_or(at);
                    runs.push(Run { start, digits: String::new(), places: Vec::new() });
                }
                gap = 0;
                if let Some(run) = runs.last_mut() {
                    run.digits.push(digit);
                    run.places.push(at..at + letter.len_utf8());
                }
                plus = None;
            }
            None if SEPARATORS.contains(&letter) => gap = gap.saturating_add(1),
            None => {
                gap = usize::MAX;
                plus = (letter == '+').then_some(at);
            }
        }
    }
    runs
}

/// Words in which an address, an id or a treated form may stand.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inside = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '@' | '.' | '_' | '+' | '-' | '*' | ':' | '%')
    };
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(inside)?;
        let length = text[start..].find(|letter| !inside(letter)).unwrap_or(text.len() - start);
        rest = start + length;
        Some((start, &text[start..rest]))
    })
}

impl ForgottenList {
    /// The text without what names a listed person; `None` where nothing does. JSON within a text is read as such.
    pub fn text(&self, source: &str, text: &str) -> Option<String> {
        if self.is_empty() || text.len() < 4 {
            return None;
        }
        let first = text.trim_start().as_bytes().first();
        if matches!(first, Some(b'{' | b'['))
            && let Ok(json @ (Json::Object(_) | Json::Array(_))) = serde_json::from_str::<Json>(text)
        {
            let mut left = json.clone();
            self.document(source, &mut left);
            return (left != json).then(|| left.to_string());
        }
        let mut found = self.numbers(text);
        found.extend(self.named(source, text));
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|(range, _)| (range.start, usize::MAX - range.end));
        let mut out = String::new();
        let mut copied = 0;
        for (range, instead) in found.into_iter() {
            if range.start < copied {
                copied = copied.max(range.end);
                continue;
            }
            out.push_str(&text[copied..range.start]);
            out.push_str(&instead);
            copied = range.end;
        }
        out.push_str(&text[copied..]);
        Some(out)
    }

    fn numbers(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let Some(shortest) = self.lengths.first().copied() else { return Vec::new() };
        let mut found = Vec::new();
        for run in runs(text).into_iter().filter(|run| shortest <= run.digits.len()) {
            for length in &self.lengths {
                let mut at = 0;
                while at + length <= run.digits.len() {
                    if self.has(Identifier::Phone, "", &run.digits[at..at + length]) {
                        let prefix = &run.digits[..at];
                        let whole = matches!(prefix, "" | "0" | "86" | "0086" | "860" | "00860");
                        let start = if whole { run.start } else { run.places[at].start };
                        found.push((start..run.places[at + length - 1].end, String::new()));
                        at += length;
                    } else {
                        at += 1;
                    }
                }
            }
        }
        found
    }

    fn named(&self, source: &str, text: &str) -> Vec<(Range<usize>, String)> {
        let mut found = Vec::new();
        for (start, word) in words(text) {
            let bare = word.trim_matches(|letter| matches!(letter, '.' | ':' | '-' | '_'));
            let start = start + word.find(bare).unwrap_or_default();
            let whole = start..start + bare.len();
            if bare.contains('@') {
                // `mailto:` and the like stand in front of an address.
                let from = bare.rfind(':').map_or(0, |colon| colon + 1);
                let address = bare[from..].to_lowercase();
                if self.has(Identifier::Email, "", &address) {
                    found.push((start + from..whole.end, String::new()));
                    continue;
                }
            }
            if bare.contains(['*', ':']) && self.has(Identifier::Form, "", bare) {
                found.push((whole, String::new()));
            } else if ID_CHARS_MIN <= bare.len() && self.has(Identifier::Agent, source, bare) {
                found.push((whole, self.pseudonym(source, bare)));
            }
        }
        found
    }
}
