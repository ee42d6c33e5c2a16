//! Lays the three layers over one another: compiled-in defaults, the file, the environment.

use std::path::Path;

use config::{Config, File, FileFormat, Format, Map, Source, Value};

use crate::config::parse::environment;
use crate::config::parse::error::{ConfigError, ConfigErrors, Origin, Report};

/// Every setting with its default, documented.
pub(in crate::config) const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// A layer that was read already.
#[derive(Debug, Clone)]
struct Layer(Map<String, Value>);

impl Layer {
    /// Takes out the keys that `config` would follow as a path (`"a.b"`, `"a[9]"`): no setting has such a name.
    fn new(mut table: Map<String, Value>, report: &Report) -> Layer {
        let is_path = |key: &str| key.contains(['.', '[']);
        let mut paths: Vec<_> = table.iter().filter(|(key, _)| is_path(key)).collect();
        paths.sort_by_key(|(key, _)| *key);
        for (key, value) in paths {
            report.error(&format!("{key:?}"), "unknown key", Origin::of(value));
        }
        table.retain(|key, _| !is_path(key));
        Layer(table)
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// The merged tree; each leaf knows where it came from.
pub(in crate::config) fn merge(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
    report: &Report,
) -> Result<Value, ConfigErrors> {
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(path) = file {
        builder = builder.add_source(Layer::new(read_file(path)?, report));
    }
    let below = builder.build_cloned().map_err(unforeseen)?.cache;
    let variables = environment::tree(variables, &below, report).map_err(unforeseen)?;
    Ok(builder.add_source(Layer::new(variables, report)).build().map_err(unforeseen)?.cache)
}

fn read_file(path: &Path) -> Result<Map<String, Value>, ConfigErrors> {
    let name = path.display().to_string();
    let wrong = |message: String| {
        ConfigErrors::from(ConfigError {
            key: String::new(),
            message,
            origin: Some(Origin::File(name.clone())),
        })
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(format!("the configuration file cannot be read: {error}")))?;
    FileFormat::Toml.parse(Some(&name), &text).map_err(|error| {
        wrong(format!("the configuration file is not TOML: {}", syntax(&error.to_string(), &text)))
    })
}

/// The parser's message without the lines of the file that it quotes, for those may hold a secret.
fn syntax(message: &str, text: &str) -> String {
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    let Some(place) = first.strip_prefix("TOML parse error at ") else {
        // The one error without a place: a number that does not fit, most often an id or a secret without quotes.
        let place = text.lines().position(has_long_number).map(|index| format!("line {}: ", index + 1));
        return format!("{}{first}; write long rows of digits in quotes", place.unwrap_or_default());
    };
    // After the place come a margin, the quoted line, the pointer below it, and then the message.
    let message: Vec<&str> = lines
        .skip_while(|line| !line.trim_start().starts_with('|') || !line.contains('^'))
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    format!("{place}: {}", message.join("; "))
}

/// Whether a number stands there that is too long for 64 bits.
fn has_long_number(line: &str) -> bool {
    let value = line.split_once('=').map_or("", |(_, value)| value.trim_start());
    value.bytes().take_while(u8::is_ascii_digit).count() > 18
}

/// The `config` crate fails only on layers that cannot be read, and these were read before.
fn unforeseen(error: config::ConfigError) -> ConfigErrors {
    // Its text may quote a value, so it is not passed on.
    let message = match error {
        config::ConfigError::FileParse { .. } => "the compiled-in defaults are not TOML: please report this",
        _ => "the layers of the configuration cannot be merged: please report this",
    };
    ConfigErrors::from(ConfigError { key: String::new(), message: message.to_owned(), origin: None })
}
