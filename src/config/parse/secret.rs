//! Secrets: inline, or in a file of their own; the database's address is one.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::parse::effective::HIDDEN;
use crate::config::parse::reader::Section;
use crate::sources::credential::{Credential, read_secret};

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
            let value = section.parse_secret(key, inline)?;
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

/// The address of the database: `url` or `url_file`, with the password of `password_file` in it. `None` inside where
/// there is none.
pub(in crate::config) fn database_url(section: &Section<'_>) -> Option<Option<SecretString>> {
    let secret = optional(section, "url");
    let password =
        section.maybe("password_file", |section, key| section.parse(key, |path| read(section, path)));
    let (secret, password) = (secret?, password?);
    let Some(Secret { value: url, key, .. }) = secret else {
        if password.is_some() {
            section
                .refuse("password_file", "is of no use without `url`: the embedded database makes its own");
            return None;
        }
        return Some(None);
    };
    if key == "url" {
        section.note("url", shown_url(&url));
    }
    postgres_url(&url, password.as_ref()).map(Some).map_err(|message| section.refuse(&key, message)).ok()
}

/// The address as it was given, with a sign in place of its password.
fn shown_url(url: &SecretString) -> String {
    let Ok(mut url) = parse_url(url.expose_secret()) else { return HIDDEN.to_owned() };
    if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
        return HIDDEN.to_owned();
    }
    url.into()
}

/// The address of a database. `postgres://user@/database?host=/socket` is one to PostgreSQL's own programs, and to URLs'
/// standard one that lacks its host.
///
/// # Errors
/// Where it is no address.
pub fn parse_url(text: &str) -> Result<Url, url::ParseError> {
    match Url::parse(text.trim()) {
        Err(url::ParseError::EmptyHost) => Url::parse(&text.trim().replacen("@/", "@localhost/", 1)),
        parsed => parsed,
    }
}

fn postgres_url(url: &SecretString, password: Option<&SecretString>) -> Result<SecretString, String> {
    let mut url = parse_url(url.expose_secret())
        .map_err(|error| format!("is not an address such as postgres://user@host/database: {error}"))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("expects an address that begins with postgres://".to_owned());
    }
    if url.query_pairs().any(|(name, _)| name == "password") {
        return Err(
            "has a password after the `?`: write it before the `@`, or use `password_file`".to_owned()
        );
    }
    if url.password() == Some(HIDDEN) {
        return Err(placeholder());
    }
    if let Some(password) = password {
        url.set_password(Some(password.expose_secret()))
            .map_err(|()| "has no host, and so cannot take the password of `password_file`".to_owned())?;
    }
    Ok(SecretString::from(String::from(url)))
}

fn inline(text: &str) -> Result<SecretString, String> {
    if text == HIDDEN { Err(placeholder()) } else { Ok(SecretString::from(text.to_owned())) }
}

fn placeholder() -> String {
    format!("{HIDDEN} is what `ccsync config` shows in place of a secret; give the secret itself")
}

fn read(section: &Section<'_>, written: &str) -> Result<SecretString, String> {
    let path = section.report.path(written);
    section.report.effective.add_secret_file(path.clone());
    let secret = read_secret(&path)?;
    if secret.expose_secret() == HIDDEN { Err(placeholder()) } else { Ok(secret) }
}
