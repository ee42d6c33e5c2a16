//! Traces over OTLP (HTTP, protobuf), where an endpoint is configured: the spans of `telemetry/span`, in batches, from a
//! thread of their own. A collector that is away costs traces and nothing else.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use secrecy::{ExposeSecret as _, SecretString};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;
use url::Url;

/// How long the collector may take for a batch, and the last one at the end of the process.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where traces go.
#[derive(Debug, Clone)]
pub struct OtlpConfig {
    /// The collector, without the path of traces.
    pub endpoint: Url,
    /// The value of the header `Authorization`.
    pub authorization: Option<SecretString>,
    /// Under which name.
    pub service_name: String,
}

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
#[error("telemetry.otlp_endpoint: the exporter of traces cannot be set up: {0}")]
pub struct OtlpError(#[from] opentelemetry_otlp::ExporterBuildError);

/// Sends until it is dropped; what is left is sent then.
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to send; asks nothing of the collector yet. Not within an asynchronous runtime: the exporter's client
    /// waits.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn start(config: &OtlpConfig) -> Result<Traces, OtlpError> {
        crate::sources::http::install_cryptography();
        let endpoint = format!("{}/v1/traces", config.endpoint.as_str().trim_end_matches('/'));
        let secret = config.authorization.as_ref().map(|secret| secret.expose_secret().to_owned());
        let headers: HashMap<_, _> =
            secret.into_iter().map(|secret| ("authorization".to_owned(), secret)).collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(TIMEOUT)
            .with_headers(headers)
            .build()?;
        // Nothing of the machine or its environment: only what is said here.
        let resource = Resource::builder_empty()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let exporter = Watched { exporter, failing: AtomicBool::new(false) };
        let provider =
            SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        Ok(Traces { provider })
    }

    /// What takes the product's spans in. Log lines are none of its business, and neither are libraries' spans.
    pub(in crate::ops) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let ours = filter_fn(|metadata| metadata.is_span() && metadata.target() == "ccsync")
            .with_max_level_hint(LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("ccsync"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_filter(ours)
            .boxed()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // What the collector does not take by now is lost.
        let _ = self.provider.shutdown_with_timeout(TIMEOUT);
    }
}

/// Tells when traces begin and cease to be lost, and not of each batch.
struct Watched {
    exporter: SpanExporter,
    failing: AtomicBool,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The exporter's headers may hold a secret.
        f.debug_struct("Watched").field("failing", &self.failing).finish_non_exhaustive()
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Watched {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let failed_before = self.failing.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(_) if failed_before => {}
            Err(error) => tracing::warn!(
                target: "ccsync",
                error = %error,
                "traces are lost until the collector of telemetry.otlp_endpoint takes them: {error}",
            ),
            Ok(()) if failed_before => tracing::info!(target: "ccsync", "the collector takes traces again"),
            Ok(()) => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        opentelemetry_sdk::trace::SpanExporter::shutdown_with_timeout(&self.exporter, timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
