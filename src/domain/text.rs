//! Texts of other people, made fit for where they go.

/// On one line and without escape sequences: a vendor's words must not move the cursor.
pub fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Without NUL characters, which PostgreSQL cannot hold: each becomes U+FFFD.
pub fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
