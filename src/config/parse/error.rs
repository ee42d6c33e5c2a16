//! What is wrong with a configuration, all of it at once, and never a secret's value.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use config::{Value, ValueKind};
use serde_json::{Value as Json, json};

use crate::config::parse::effective::Effective;

/// How [`config::Environment`] calls itself.
pub(in crate::config) const ENVIRONMENT: &str = "the environment";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The compiled-in defaults.
    Default,
    /// The file of this path.
    File(String),
    /// A variable `CCSYNC__…`.
    Environment,
}

impl Origin {
    /// The layer that a value came from. A merged table does not say, so its first key of an outer layer does.
    pub(in crate::config) fn of(value: &Value) -> Option<Origin> {
        if let ValueKind::Table(table) = &value.kind {
            let mut inside: Vec<_> = table.iter().collect();
            inside.sort_by_key(|(key, _)| *key);
            let mut origins: Vec<_> = inside.into_iter().filter_map(|(_, value)| Origin::of(value)).collect();
            let outer = origins.iter().position(|origin| *origin != Origin::Default);
            return outer.map(|index| origins.swap_remove(index)).or_else(|| origins.pop());
        }
        Some(match value.origin() {
            None => Origin::Default,
            Some(ENVIRONMENT) => Origin::Environment,
            Some(path) => Origin::File(path.to_owned()),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => f.write_str(path),
            Origin::Environment => f.write_str("environment"),
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting's full path, for example `sources.sobot.app_key`; empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
    /// Where the value came from; `None` where there is no value.
    pub origin: Option<Origin>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        match &self.origin {
            Some(origin) => write!(f, " ({origin})"),
            None => Ok(()),
        }
    }
}

/// Every mistake that was found, never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        ConfigErrors(vec![error])
    }
}

/// Collects mistakes, the keys that were asked for and what was found there, while a configuration is read.
#[derive(Debug, Default)]
pub(in crate::config) struct Report {
    errors: RefCell<Vec<ConfigError>>,
    /// Each setting, with what it may be as JSON Schema says it.
    asked: RefCell<BTreeMap<String, Json>>,
    /// What was read.
    pub(in crate::config) effective: Effective,
    /// Where relative paths begin: the folder of the configuration file, or else the working directory.
    base: PathBuf,
}

impl Report {
    /// Of a configuration in this file.
    pub(in crate::config) fn of_file(file: Option<&Path>) -> Report {
        // An absolute path has a parent; where the working directory is gone, paths stay as they are written.
        let base = file.and_then(|file| Some(std::path::absolute(file).ok()?.parent()?.to_owned()));
        Report {
            base: base.or_else(|| std::env::current_dir().ok()).unwrap_or_default(),
            ..Report::default()
        }
    }

    /// The path that is meant.
    pub(in crate::config) fn path(&self, written: &str) -> PathBuf {
        self.base.join(written)
    }

    /// Records a mistake. The same one twice (a default that several sources share) counts once.
    pub(in crate::config) fn error(&self, key: &str, message: impl Into<String>, origin: Option<Origin>) {
        let error = ConfigError { key: key.to_owned(), message: message.into(), origin };
        let mut errors = self.errors.borrow_mut();
        if !errors.contains(&error) {
            errors.push(error);
        }
    }

    /// Records that a setting of this path exists; of what form it is may be said later.
    pub(in crate::config) fn ask(&self, key: String) {
        self.asked.borrow_mut().entry(key).or_insert_with(|| json!({ "type": "string" }));
    }

    /// Records what a setting may be.
    pub(in crate::config) fn shape(&self, key: String, shape: Json) {
        self.asked.borrow_mut().insert(key, shape);
    }

    /// Every setting that was asked for, with what it may be.
    pub(in crate::config) fn shapes(&self) -> BTreeMap<String, Json> {
        self.asked.borrow().clone()
    }

    /// The value, if nothing was wrong.
    pub(in crate::config) fn into_result<T>(self, value: Option<T>) -> Result<T, ConfigErrors> {
        let errors = self.errors.into_inner();
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            None if errors.is_empty() => Err(ConfigErrors::from(ConfigError {
                key: String::new(),
                message: "the configuration is incomplete, and no key says why: please report this".into(),
                origin: None,
            })),
            _ => Err(ConfigErrors(errors)),
        }
    }
}
