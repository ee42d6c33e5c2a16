//! The address of the database: what of libpq's forms is taken, and what to write in place of the others.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::parse::effective::HIDDEN;
use crate::config::parse::reader::Section;
use crate::config::parse::secret::{Secret, optional, placeholder, read};
use crate::config::parse::suggest;
use crate::sources::credential::Credential;

/// What may stand behind the `?`.
const PARAMETERS: [&str; 15] = [
    "application_name",
    "channel_binding",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "target_session_attrs",
    "user",
    "password",
];

const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// The configured address and password. Each may stand in a file whose text is replaced while the program runs.
#[derive(Debug, Clone)]
pub struct DatabaseAddress {
    url: Credential,
    password: Option<Credential>,
}

impl DatabaseAddress {
    /// The address with the password in it, as they are known now.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn current(&self) -> Result<SecretString, String> {
        checked(&self.url.current(), self.password.as_ref().map(Credential::current).as_ref())
    }

    /// Reads the files again; whether they hold something else.
    pub fn reread(&self) -> bool {
        let password = self.password.as_ref().is_some_and(Credential::reread);
        self.url.reread() || password
    }
}

/// `url` or `url_file`, and `password_file`. `None` inside where there is no address.
pub(in crate::config) fn database(section: &Section<'_>) -> Option<Option<DatabaseAddress>> {
    let url = optional(section, "url");
    let password = section.maybe("password_file", |section, key| {
        let value = section.parse(key, |path| read(section, path))?;
        Some(Credential::new(value, Some(section.report.path(&section.text(key)?))))
    });
    let (url, password) = (url?, password?);
    let Some(Secret { value, key, .. }) = url.clone() else {
        if password.is_some() {
            section
                .refuse("password_file", "is of no use without `url`: the embedded database makes its own");
            return None;
        }
        return Some(None);
    };
    if key == "url" {
        section.note("url", shown(&value));
    }
    let address = DatabaseAddress { url: url?.credential(), password };
    match address.current() {
        Ok(_) => Some(Some(address)),
        Err(message) => {
            section.refuse(&key, message);
            None
        }
    }
}

/// The address as it was given, with a sign in place of its password.
fn shown(url: &SecretString) -> String {
    let Ok(mut url) = parse(url.expose_secret()) else { return HIDDEN.to_owned() };
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
pub fn parse(text: &str) -> Result<Url, url::ParseError> {
    match Url::parse(text.trim()) {
        Err(url::ParseError::EmptyHost) => Url::parse(&text.trim().replacen("@/", "@localhost/", 1)),
        parsed => parsed,
    }
}

fn checked(url: &SecretString, password: Option<&SecretString>) -> Result<SecretString, String> {
    let text = url.expose_secret();
    if names_several(text) {
        return Err("names several hosts, and they are not tried in turn: name the one that follows the primary, such \
                    as a virtual address or a pooler"
            .to_owned());
    }
    let mut url = parse(text)
        .map_err(|error| format!("is not an address such as postgres://user@host/database: {error}"))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("expects an address that begins with postgres://".to_owned());
    }
    if url.password() == Some(HIDDEN) {
        return Err(placeholder());
    }
    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (name, value) in &parameters {
        refuse_parameter(name, value)?;
    }
    // What the driver does anyway, and would call unknown.
    let kept: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "channel_binding" | "target_session_attrs"))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    if let Some(password) = password {
        // As it stands in the file, a percent sign included.
        let password = utf8_percent_encode(password.expose_secret(), NON_ALPHANUMERIC).to_string();
        url.set_password(Some(&password))
            .map_err(|()| "has no host, and so cannot take the password of `password_file`".to_owned())?;
    }
    Ok(SecretString::from(String::from(url)))
}

/// `host,host` or `host:port,host:port`, in its place or as a parameter.
fn names_several(text: &str) -> bool {
    let (_, rest) = text.split_once("://").unwrap_or_default();
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let is_list = |pair: &str| {
        pair.starts_with("host") && (pair.contains(',') || pair.to_ascii_lowercase().contains("%2c"))
    };
    hosts.contains(',') || query.split('&').any(is_list)
}

fn refuse_parameter(name: &str, value: &str) -> Result<(), String> {
    let unknown = || {
        let hint = suggest::hint(name, PARAMETERS);
        let known = PARAMETERS[..PARAMETERS.len() - 1].join(", ");
        format!("has the parameter `{name}`, which is none that counts{hint}; those are {known}")
    };
    match name {
        "password" => {
            Err("has a password after the `?`: write it before the `@`, or use `password_file`".to_owned())
        }
        "sslmode" if !SSL_MODES.contains(&value) => {
            Err(format!("has sslmode={value}; it is one of {}", SSL_MODES.join(", ")))
        }
        "target_session_attrs" if !matches!(value, "any" | "read-write" | "primary") => Err(format!(
            "has target_session_attrs={value}: ccsync writes, so that only read-write or primary makes sense; leave it out"
        )),
        "channel_binding" if !matches!(value, "disable" | "prefer") => Err(format!(
            "has channel_binding={value}, which is not done here: leave it out, and use sslmode=verify-full"
        )),
        _ if PARAMETERS.contains(&name) || name.starts_with("options[") => Ok(()),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str, password: Option<&str>) -> Result<String, String> {
        let password = password.map(SecretString::from);
        checked(&url.into(), password.as_ref()).map(|url| url.expose_secret().to_owned())
    }

    #[test]
    fn a_password_from_a_file_is_taken_as_it_stands() {
        for password in ["%41", "a b@c:d/e?f#g", "100%", "密码", "'\"\\"] {
            let url = Url::parse(&taken("postgres://u@h/d", Some(password)).unwrap()).unwrap();
            let decoded =
                percent_encoding::percent_decode_str(url.password().unwrap()).decode_utf8().unwrap();
            assert_eq!(decoded, password);
        }
    }

    #[test]
    fn sockets_addresses_and_harmless_parameters_are_taken() {
        for url in [
            "postgres://u@/d?host=/run/postgresql",
            "postgres://u@[::1]:5433/d",
            "postgresql://u:p@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres://u@h/d?options=-c%20work_mem%3D4MB&application_name=x",
        ] {
            assert!(taken(url, None).is_ok(), "{url}");
        }
        let url =
            taken("postgres://u@h/d?target_session_attrs=read-write&channel_binding=prefer&port=6", None);
        assert_eq!(url.as_deref(), Ok("postgres://u@h/d?port=6"));
    }

    #[test]
    fn what_is_not_taken_says_what_to_write() {
        for (url, told) in [
            ("postgres://u@h1,h2/d", "several hosts"),
            ("postgres://u@h1:1,h2:2/d?target_session_attrs=read-write", "several hosts"),
            ("postgres://u@/d?host=h1,h2", "several hosts"),
            ("postgres://u@/d?hostaddr=10.0.0.1%2C10.0.0.2", "several hosts"),
            ("postgres://u@h/d?sslmod=require", "did you mean `sslmode`?"),
            ("postgres://u@h/d?connect_timeout=3", "none that counts"),
            ("postgres://u@h/d?sslmode=on", "it is one of disable, allow"),
            ("postgres://u@h/d?channel_binding=require", "leave it out"),
            ("postgres://u@h/d?target_session_attrs=standby", "leave it out"),
            ("postgres://u@h/d?password=p", "before the `@`"),
            ("mysql://u@h/d", "begins with postgres://"),
            ("h/d", "is not an address"),
        ] {
            let why = taken(url, None).unwrap_err();
            assert!(why.contains(told), "{url}: {why}");
        }
    }
}
