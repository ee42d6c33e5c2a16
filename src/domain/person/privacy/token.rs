//! Keyed tokens: equal for equal values and no way back without the key, so that joins hold.
//!
//! The token of level 1 is made of the value with the first key. Each further key makes the token of the next
//! level of the token before it. So whoever has the keys can lift a stored token without knowing the value, and
//! a value read anew meets the lifted token.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization as _;

use super::Personal;
use super::find::{digits_of, fold, national_mobile};
use crate::domain::row::text::letters;

/// A key of fewer bytes is refused.
pub const KEY_BYTES_MIN: usize = 32;

/// Of the digest; 128 bits.
const TOKEN_BYTES: usize = 16;

const PREFIX: &str = "hmac";

/// The keys of tokens, the oldest first. `Debug` hides them.
#[derive(Debug)]
pub struct TokenKeys {
    keys: Vec<SecretString>,
}

impl TokenKeys {
    /// Keys as a file holds them: one in each line, a new one at the end.
    ///
    /// # Errors
    /// Which line cannot be a key, and why; never the key.
    pub fn parse(text: &str) -> Result<TokenKeys, String> {
        let mut keys: Vec<SecretString> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let (line, number) = (line.trim(), index + 1);
            if line.is_empty() {
                continue;
            }
            if line.len() < KEY_BYTES_MIN {
                let bytes = line.len();
                return Err(format!(
                    "line {number}: a key of {bytes} bytes is too short: {KEY_BYTES_MIN} at least, for example from \
                     `openssl rand -hex 32`"
                ));
            }
            if keys.iter().any(|key| key.expose_secret() == line) {
                return Err(format!("line {number}: this key is there twice"));
            }
            keys.push(SecretString::from(line.to_owned()));
        }
        if keys.is_empty() { Err("holds no key".to_owned()) } else { Ok(TokenKeys { keys }) }
    }

    /// How many keys there are: the level of new tokens.
    pub fn level(&self) -> usize {
        self.keys.len()
    }

    /// The token of a value.
    pub fn token(&self, kind: Personal, value: &str) -> String {
        let value = normal(kind, value);
        // Kinds do not share tokens: a name that is somebody's number is not that number.
        let first = digest(&self.keys[0], &[kind.as_str().as_bytes(), b"\0", value.as_bytes()]);
        self.lifted(1, first)
    }

    /// Each key's mark, by which the database knows it again. Says nothing of the key.
    pub fn marks(&self) -> Vec<String> {
        self.keys.iter().map(|key| letters(&digest(key, &[b"ccsync mark of a key"]))).collect()
    }

    /// The text with every token in it lifted to the newest level, or `None` where there is none to lift.
    pub fn lift_text(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        for (start, _) in text.match_indices(PREFIX) {
            let Some((level, digest, end)) = token_at(text, start) else { continue };
            if start < copied || level == 0 || self.level() <= level {
                continue;
            }
            out.push_str(&text[copied..start]);
            out.push_str(&self.lifted(level, digest));
            copied = end;
        }
        (0 < copied).then(|| out + &text[copied..])
    }

    fn lifted(&self, level: usize, mut token: [u8; TOKEN_BYTES]) -> String {
        for (index, key) in self.keys.iter().enumerate().skip(level) {
            let before = written(index, &token);
            token = digest(key, &[before.as_bytes()]);
        }
        written(self.level(), &token)
    }
}

/// Whether the value is a token, of whatever level.
pub(super) fn is_token(value: &str) -> bool {
    token_at(value, 0).is_some_and(|(_, _, end)| end == value.len())
}

/// Level, digest and end of the token that begins here.
fn token_at(text: &str, start: usize) -> Option<(usize, [u8; TOKEN_BYTES], usize)> {
    let rest = text[start..].strip_prefix(PREFIX)?;
    let colon = rest.bytes().position(|byte| !byte.is_ascii_digit())?;
    let level: usize = rest[..colon].parse().ok()?;
    let letters = rest[colon..].strip_prefix(':')?.as_bytes().get(..TOKEN_BYTES * 2)?;
    let mut digest = [0; TOKEN_BYTES];
    for (byte, pair) in digest.iter_mut().zip(letters.chunks_exact(2)) {
        let value = |letter: u8| letter.checked_sub(b'a').filter(|half| *half < 16);
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some((level, digest, start + PREFIX.len() + colon + 1 + TOKEN_BYTES * 2))
}

fn written(level: usize, digest: &[u8; TOKEN_BYTES]) -> String {
    format!("{PREFIX}{level}:{}", letters(digest))
}

fn digest(key: &SecretString, parts: &[&[u8]]) -> [u8; TOKEN_BYTES] {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
        return [0; TOKEN_BYTES];
    };
    parts.iter().for_each(|part| mac.update(part));
    let whole = mac.finalize().into_bytes();
    std::array::from_fn(|index| whole[index])
}

/// One form for all the ways in which vendors write one value.
fn normal(kind: Personal, value: &str) -> String {
    match kind {
        Personal::Phone => normal_phone(value),
        Personal::Email => value.nfkc().collect::<String>().trim().to_lowercase(),
        Personal::Name => {
            let name = value.nfkc().collect::<String>().to_lowercase();
            name.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}

/// National digits where the number is a Chinese one, else `+` and all digits, else what there is.
fn normal_phone(value: &str) -> String {
    if let Some(mobile) = national_mobile(value) {
        return mobile;
    }
    let digits = digits_of(value);
    if digits.is_empty() {
        return value.trim().to_lowercase();
    }
    let international = value.trim_start().chars().next().map(fold) == Some('+');
    let abroad = if international { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    match abroad {
        // A landline: the area code's zero is left out behind the country's.
        Some(abroad) => match abroad.strip_prefix("86") {
            Some(national) => format!("0{}", national.trim_start_matches('0')),
            None => format!("+{abroad}"),
        },
        None => digits,
    }
}
