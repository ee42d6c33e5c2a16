//! The readable part of personal data.

use super::Personal;
use super::find::national_mobile;

/// What stays readable.
pub(super) fn mask(kind: Personal, value: &str) -> String {
    match kind {
        Personal::Phone => mask_phone(value),
        Personal::Email => mask_email(value),
        Personal::Name => mask_name(value),
    }
}

/// Whether the value is what a mask leaves.
pub(super) fn is_masked(kind: Personal, value: &str) -> bool {
    match kind {
        Personal::Phone => value.contains("****"),
        Personal::Email => value.contains("***"),
        Personal::Name => value.ends_with("**") && value.chars().count() <= 3,
    }
}

/// First three and last four digits; of a mobile number without what stands before it. Short numbers keep only
/// the last two.
fn mask_phone(phone: &str) -> String {
    let chars: Vec<char> =
        national_mobile(phone).unwrap_or_else(|| phone.trim().to_owned()).chars().collect();
    match chars.len() {
        0 => String::new(),
        1..=7 => {
            let tail: String = chars[chars.len().saturating_sub(2)..].iter().collect();
            if chars.len() <= 2 { "****".to_owned() } else { format!("****{tail}") }
        }
        length => {
            let head: String = chars[..3].iter().collect();
            let tail: String = chars[length - 4..].iter().collect();
            format!("{head}****{tail}")
        }
    }
}

/// First letter and domain. A single letter would be the whole address.
fn mask_email(email: &str) -> String {
    let email = email.trim();
    let at = email.char_indices().rev().find(|(_, letter)| matches!(letter, '@' | '＠'));
    let (local, domain) = at.map_or((email, ""), |(at, _)| email.split_at(at));
    let domain = domain.replace('＠', "@");
    let mut letters = local.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(_)) => format!("{first}***{domain}"),
        (Some(_), None) => format!("***{domain}"),
        (None, _) => domain,
    }
}

/// The first letter, which in Chinese is the family's name.
fn mask_name(name: &str) -> String {
    name.trim().chars().next().map_or_else(String::new, |first| format!("{first}**"))
}
