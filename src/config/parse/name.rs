//! Which names sources and targets of notices may have.

/// A source's name as a command takes it.
///
/// # Errors
/// Where it could not stand in the configuration.
pub fn source_name(text: &str) -> Result<String, String> {
    is_name(text).then(|| text.to_owned()).ok_or_else(|| format!("`{text}` {NAME_RULE}"))
}

/// What is said of what [`is_name`] refuses.
pub(in crate::config) const NAME_RULE: &str =
    "is not a name: letters, digits, `_` and `-`, 63 at most, the first one no `_` or `-`";

pub(in crate::config) fn is_name(name: &str) -> bool {
    let word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(word)
}
