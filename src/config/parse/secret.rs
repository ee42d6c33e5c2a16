//! Secrets: inline, or in a file of their own; the database's address is one.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use crate::config::parse::reader::Section;

/// What stands for a secret wherever settings are shown.
pub(in crate::config) const HIDDEN: &str = "********";

/// A secret and the file it came from.
pub(in crate::config) type Secret = (SecretString, Option<PathBuf>);

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
    match (section.has(key), section.has(&file_key)) {
        (false, false) => Some(None),
        (true, false) => section.parse(key, inline).map(|secret| Some((secret, None))),
        (false, true) => {
            let path = path(section, &file_key)?;
            let secret = section.parse(&file_key, |path| read(Path::new(path)))?;
            Some(Some((secret, Some(path))))
        }
        (true, true) => {
            section.refuse(&file_key, format!("`{key}` and `{file_key}` are both set: give one of them"));
            None
        }
    }
}

/// A path, as written.
pub(in crate::config) fn path(section: &Section<'_>, key: &str) -> Option<PathBuf> {
    section.text(key).map(PathBuf::from)
}

/// The address of the database, complete with its password: url, url_file, password_file.
pub(in crate::config) type DatabaseUrl = (Option<SecretString>, Option<PathBuf>, Option<PathBuf>);

/// Reads `url` or `url_file`, and puts the password of `password_file` into it.
pub(in crate::config) fn database_url(section: &Section<'_>) -> Option<DatabaseUrl> {
    let secret = optional(section, "url");
    let password = section.maybe("password_file", |section, key| {
        section.parse(key, |path| Ok((read(Path::new(path))?, PathBuf::from(path))))
    });
    let (secret, password) = (secret?, password?);
    let Some((url, url_file)) = secret else {
        if password.is_some() {
            section
                .refuse("password_file", "is of no use without `url`: the embedded database makes its own");
            return None;
        }
        return Some((None, None, None));
    };
    let key = if url_file.is_some() { "url_file" } else { "url" };
    let (password, password_file) = password.unzip();
    match postgres_url(&url, password.as_ref()) {
        Ok(url) => Some((Some(url), url_file, password_file)),
        Err(message) => {
            section.refuse(key, message);
            None
        }
    }
}

/// The address as it may be shown: no password, or a sign that there is one.
pub(in crate::config) fn shown_url(url: &SecretString, password_file: Option<&Path>) -> String {
    use secrecy::ExposeSecret;
    let Ok(mut url) = Url::parse(url.expose_secret()) else { return HIDDEN.to_owned() };
    if url.password().is_some() {
        let shown = if password_file.is_some() { None } else { Some(HIDDEN) };
        if url.set_password(shown).is_err() {
            return HIDDEN.to_owned();
        }
    }
    url.into()
}

fn postgres_url(url: &SecretString, password: Option<&SecretString>) -> Result<SecretString, String> {
    use secrecy::ExposeSecret;
    let mut url = Url::parse(url.expose_secret().trim())
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

fn read(path: &Path) -> Result<SecretString, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.trim().is_empty() {
        return Err(format!("{shown} is empty"));
    }
    inline(secret)
}
