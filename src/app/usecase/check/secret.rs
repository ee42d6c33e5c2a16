//! Who else on this machine can read the secrets.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::report::{CheckGroup, Checked};
use crate::config::Settings;

/// The bit of a file's mode that lets everybody read it.
const OTHERS_READ: u32 = 0o004;

/// Keys whose value is a secret.
const SECRETS: [&str; 5] = ["app_key", "api_secret", "access_token", "hmac_key", "url"];

/// One check for all files that hold secrets, `config_file` among them where it does.
pub(super) fn check(settings: &Settings, config_file: Option<&Path>) -> Checked {
    let (group, subject) = (CheckGroup::Configuration, "secrets");
    let mut files: Vec<&Path> = settings.secret_files.iter().map(PathBuf::as_path).collect();
    files.extend(config_file.filter(|file| holds_secrets(file)));
    files.sort_unstable();
    files.dedup();
    let open = |file: &&&Path| file.metadata().is_ok_and(|found| found.mode() & OTHERS_READ != 0);
    let open: Vec<String> = files.iter().filter(open).map(|file| file.display().to_string()).collect();
    match (files.len(), open.is_empty()) {
        (0, _) => Checked::well(group, subject, "no file holds any: they come from the environment"),
        (1, true) => {
            Checked::well(group, subject, format!("{} is closed to other users", files[0].display()))
        }
        (count, true) => Checked::well(group, subject, format!("{count} files are closed to other users")),
        (_, false) => {
            let detail = format!("every user of this host can read {}", open.join(", "));
            Checked::warning(group, subject, detail, format!("chmod o-r {}", open.join(" ")))
        }
    }
}

/// Whether a secret stands in the file itself. It was read before, so that it is TOML is known.
fn holds_secrets(file: &Path) -> bool {
    let table = std::fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok());
    table.is_some_and(|table| table.iter().any(|(key, value)| is_secret(key, value)))
}

fn is_secret(key: &str, value: &toml::Value) -> bool {
    match value {
        toml::Value::Table(table) => table.iter().any(|(key, value)| is_secret(key, value)),
        toml::Value::Array(values) => values.iter().any(|value| is_secret(key, value)),
        // An address without a password is none.
        toml::Value::String(url) if key == "url" => {
            url::Url::parse(url).is_ok_and(|url| url.password().is_some())
        }
        toml::Value::String(_) => SECRETS.contains(&key),
        _ => false,
    }
}
