//! `[telemetry]`: where traces go.

use std::path::PathBuf;

use secrecy::SecretString;
use serde_json::{Map, Value as Json, json};
use url::Url;

use crate::config::parse::leaf::{self, PlainHttp};
use crate::config::parse::reader::Section;
use crate::config::parse::secret;

/// `[telemetry]`
#[derive(Debug, Clone)]
pub struct TelemetrySettings {
    /// The OpenTelemetry collector; `None`: no traces.
    pub otlp_endpoint: Option<Url>,
    /// The value of the header `Authorization`.
    pub otlp_authorization: Option<SecretString>,
    /// The file that it came from.
    pub otlp_authorization_file: Option<PathBuf>,
    /// The name under which traces are sent.
    pub service_name: String,
}

/// Reads the table.
pub(in crate::config) fn telemetry(section: &Section<'_>) -> Option<TelemetrySettings> {
    let otlp_endpoint = section.maybe("otlp_endpoint", |section, key| {
        // A collector is a neighbour, and spans hold nothing that is secret.
        section.parse(key, |text| leaf::base_url(text, PlainHttp::Allowed))
    });
    let authorization = secret::optional(section, "otlp_authorization");
    let service_name = section.text("service_name");
    let (otlp_authorization, otlp_authorization_file) = authorization?.unzip();
    Some(TelemetrySettings {
        otlp_endpoint: otlp_endpoint?,
        otlp_authorization,
        otlp_authorization_file: otlp_authorization_file.flatten(),
        service_name: service_name?,
    })
}

/// The table as it may be shown.
pub(in crate::config) fn shown(telemetry: &TelemetrySettings) -> Json {
    let mut out = Map::new();
    out.extend(telemetry.otlp_endpoint.as_ref().map(|url| ("otlp_endpoint".to_owned(), json!(url.as_str()))));
    match (&telemetry.otlp_authorization, &telemetry.otlp_authorization_file) {
        (_, Some(file)) => out.insert("otlp_authorization_file".to_owned(), json!(file)),
        (Some(_), None) => out.insert("otlp_authorization".to_owned(), json!(secret::HIDDEN)),
        (None, None) => None,
    };
    out.insert("service_name".to_owned(), json!(telemetry.service_name));
    Json::Object(out)
}
