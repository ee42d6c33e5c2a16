//! A first configuration before it is written, and its text.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use tempfile::NamedTempFile;

use crate::cli::output;
use ccsync::config::{ConfigError, ConfigErrors, Origin};
use ccsync::domain::stream::{StreamId, StreamKind};

/// A vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Sobot,
    Moor,
    Workbench,
}

impl Kind {
    pub(super) const ALL: [Kind; 3] = [Kind::Sobot, Kind::Moor, Kind::Workbench];

    /// As `kind` has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Sobot => "sobot",
            Kind::Moor => "moor",
            Kind::Workbench => "workbench",
        }
    }

    /// As people know it.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Kind::Sobot => "Sobot 智齿, quality inspection",
            Kind::Moor => "7moor 容联七陌, online skill groups",
            Kind::Workbench => "Call system, agent workbench",
        }
    }

    /// Streams that begin at `start`.
    fn windowed(self) -> impl Iterator<Item = StreamId> {
        StreamId::of_vendor(self.name()).filter(|stream| stream.kind() == StreamKind::Windowed)
    }
}

/// One source: what stands in its table, in order.
#[derive(Debug, Clone)]
pub(super) struct SourceDraft {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) values: Vec<(String, String)>,
    /// The first instant wanted, where its streams have one.
    pub(super) start: Option<String>,
    /// Extension, key of the token (`access_token` or `access_token_file`), token or path.
    pub(super) agents: Vec<[String; 3]>,
}

/// All answers.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) timezone: String,
    pub(super) language: String,
    /// `url` or `url_file` with its value; `None`: a PostgreSQL of ccsync's own.
    pub(super) database: Option<(&'static str, String)>,
    pub(super) data_dir: String,
    pub(super) sources: Vec<SourceDraft>,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            timezone: "Asia/Shanghai".to_owned(),
            language: "en".to_owned(),
            database: None,
            data_dir: "data".to_owned(),
            sources: Vec::new(),
        }
    }
}

/// Secrets that stand in the file itself.
const SECRETS: [&str; 3] = ["app_key", "api_secret", "access_token"];

/// Whether a setting of a source is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

impl Draft {
    /// Whether a secret stands in it.
    pub(super) fn holds_secrets(&self) -> bool {
        let url = |(key, url): &(&str, String)| {
            *key == "url" && url::Url::parse(url).is_ok_and(|url| url.password().is_some())
        };
        self.database.as_ref().is_some_and(url)
            || self.sources.iter().any(|source| {
                source.values.iter().any(|(key, _)| is_secret(key))
                    || source.agents.iter().any(|[_, key, _]| is_secret(key))
            })
    }

    /// The sources that have a stream to ask for.
    pub(super) fn probed_sources(&self) -> impl Iterator<Item = &str> {
        let is_asked = |source: &&SourceDraft| {
            StreamId::of_vendor(source.kind.name()).any(|stream| stream.kind() != StreamKind::Feed)
        };
        self.sources.iter().filter(is_asked).map(|source| source.name.as_str())
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let mut text = String::from(
            "# Written by `ccsync init`. Only what differs from the defaults has to stand here; `ccsync config` shows\n\
             # every setting with its value. Any secret can be kept in a file of its own: `app_key_file` in place of\n\
             # `app_key`. Variables win over this file: CCSYNC__DATABASE__URL.\n\n",
        );
        let mut line = |comment: &str, key: &str, value: &str| {
            if !comment.is_empty() {
                let _ = writeln!(text, "# {comment}");
            }
            let _ = writeln!(text, "{key} = {}", quoted(value));
        };
        line(
            "The zone of business days, of schedules and of dates without an offset.",
            "timezone",
            &self.timezone,
        );
        line("In which people are spoken to: en or zh-CN.", "language", &self.language);
        text.push_str("\n[database]\n");
        match &self.database {
            Some((key, value)) => {
                let _ = writeln!(text, "{key} = {}", quoted(value));
            }
            None => text.push_str("# No url: ccsync runs a PostgreSQL of its own under data_dir.\n"),
        }
        let _ = writeln!(text, "data_dir = {}", quoted(&self.data_dir));
        text.push_str(
            "\n[ops]\n# The status page and metrics. There is no login: keep it on loopback, or behind something that has one.\n\
             listen = \"127.0.0.1:8080\"\n",
        );
        self.sources.iter().for_each(|source| source.write(&mut text));
        text
    }

    /// What the reader of configurations says of it in the folder where it will stand, from which relative paths begin;
    /// without the name of the file that was only made to ask.
    pub(super) fn mistakes(&self, Place { path, now }: Place<'_>) -> Vec<ConfigError> {
        let asked = NamedTempFile::new_in(output::folder(path)).and_then(|mut file| {
            file.write_all(self.text().as_bytes())?;
            Ok(ccsync::config::load(Some(file.path()), [], now))
        });
        let ConfigErrors(mut errors) = match asked {
            Ok(Ok(_)) => return Vec::new(),
            Ok(Err(errors)) => errors,
            Err(error) => ConfigErrors::from(ConfigError {
                key: String::new(),
                message: format!("no file can be made in {}: {error}", output::folder(path).display()),
                origin: None,
            }),
        };
        for error in &mut errors {
            error.origin = error.origin.take().filter(|origin| !matches!(origin, Origin::File(_)));
        }
        errors
    }

    /// Writes it whole or not at all; an existing file is replaced only if told to.
    pub(super) fn save(&self, path: &Path, force: bool) -> std::io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if self.holds_secrets() { 0o600 } else { 0o644 };
        output::write_whole(path, &self.text(), Some(std::fs::Permissions::from_mode(mode)), force)
    }
}

impl SourceDraft {
    fn write(&self, text: &mut String) {
        let bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let name = match !self.name.is_empty() && self.name.chars().all(bare) {
            true => self.name.clone(),
            false => quoted(&self.name),
        };
        let _ =
            writeln!(text, "\n# {}\n[sources.{name}]\nkind = \"{}\"", self.kind.title(), self.kind.name());
        for (key, value) in &self.values {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
        if let Some(start) = &self.start {
            for stream in self.kind.windowed() {
                let _ = writeln!(
                    text,
                    "[sources.{name}.{}]\n# The first day wanted.\nstart = {}",
                    stream.stem(),
                    quoted(start)
                );
            }
        }
        if self.kind == Kind::Moor {
            let _ = writeln!(
                text,
                "[sources.{name}.agent_claim_status]\n# It changes by the minute: how long earlier versions are kept.\n\
                 retention = \"90d\""
            );
        }
        for [extno, key, value] in &self.agents {
            let _ = writeln!(
                text,
                "[[sources.{name}.agents]]\nextno = {}\n{key} = {}",
                quoted(extno),
                quoted(value)
            );
        }
    }
}

/// A text as TOML has it; its escapes are JSON's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where a configuration will stand, and when it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The file.
    pub(super) path: &'a Path,
    /// The present.
    pub(super) now: DateTime<Utc>,
}
