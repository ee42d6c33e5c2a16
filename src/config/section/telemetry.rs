//! `[telemetry]`: where traces go.

use secrecy::SecretString;
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
    Some(TelemetrySettings {
        otlp_endpoint: otlp_endpoint?,
        otlp_authorization: authorization?.map(|secret| secret.value),
        service_name: service_name?,
    })
}
