//! Secrets: inline, or in a file of their own; the database's address is one.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::parse::effective::HIDDEN;
use crate::config::parse::reader::Section;
use crate::sources::credential::{Credential, read_secret, secret_text};

/// A secret, and the key under which it or its file stands.
#[derive(Debug, Clone)]
pub(in crate::config) struct Secret {
    pub(in crate::config) value: SecretString,
    pub(in crate::config) key: String,
    file: Option<PathBuf>,
}

impl Secret {
    /// As that of an account.
    pub(in crate::config) fn credential(self) -> Credential {
        Credential::new(self.value, self.file)
    }
}

/// The secret `key`, given as text or as `…_file`.
pub(in crate::config) fn required(section: &Section<'_>, key: &str) -> Option<Secret> {
    let secret = optional(section, key)?;
    if secret.is_none() && !section.is_template() {
        section.refuse(key, format!("is required and missing; give it here or name a file in `{key}_file`"));
    }
    secret
}

/// As [`required`], for a secret that may be absent; `None` outside is a mistake.
pub(in crate::config) fn optional(section: &Section<'_>, key: &str) -> Option<Option<Secret>> {
    let file_key = format!("{key}_file");
    [key, &file_key].iter().for_each(|key| section.is_text(key));
    match (section.has(key), section.has(&file_key)) {
        (false, false) => Some(None),
        (true, false) => {
            let value = match key == KEYS {
                true => section.parse_secret(key, inline)?,
                false => section.parse_secret(key, inline_in_one_line)?,
            };
            Some(Some(Secret { value, key: key.to_owned(), file: None }))
        }
        (false, true) => {
            let value = section.parse(&file_key, |path| read(section, path))?;
            let file = section.report.path(&section.text(&file_key)?);
            section.note(&file_key, file.to_string_lossy());
            Some(Some(Secret { value, key: file_key, file: Some(file) }))
        }
        (true, true) => {
            section.refuse(&file_key, format!("`{key}` and `{file_key}` are both set: give one of them"));
            None
        }
    }
}

/// A path; a relative one begins at the folder of the configuration file.
pub(in crate::config) fn path(section: &Section<'_>, key: &str) -> Option<PathBuf> {
    let path = section.report.path(&section.text(key)?);
    section.note(key, path.to_string_lossy());
    Some(path)
}

/// The one secret of several lines: a key on each.
const KEYS: &str = "hmac_key";

fn inline(text: &str) -> Result<SecretString, String> {
    let text = secret_text(text);
    if text == HIDDEN { Err(placeholder()) } else { Ok(SecretString::from(text.to_owned())) }
}

fn inline_in_one_line(text: &str) -> Result<SecretString, String> {
    if secret_text(text).contains(char::is_control) {
        let why = "holds a control character, such as a line break or a tab, which no request carries";
        return Err(why.to_owned());
    }
    inline(text)
}

pub(super) fn placeholder() -> String {
    format!("{HIDDEN} is what `ccsync config` shows in place of a secret; give the secret itself")
}

pub(super) fn read(section: &Section<'_>, written: &str) -> Result<SecretString, String> {
    let path = section.report.path(written);
    section.report.effective.add_secret_file(path.clone());
    let secret = read_secret(&path)?;
    if secret.expose_secret() == HIDDEN { Err(placeholder()) } else { Ok(secret) }
}
