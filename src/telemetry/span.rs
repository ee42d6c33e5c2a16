//! What is being done, for traces: a pass, its windows, and of each its requests and its commit. Not log lines; the
//! lines within carry the pass's run. No span holds an address, a secret or a value out of a record.

use tracing::Span;
use tracing::field::Empty;

use crate::domain::fault::Fault;
use crate::domain::proof::run::{RunId, Trigger};
use crate::domain::stream::StreamKey;
use crate::domain::vendor::page::PageRequest;

/// A pass over a stream.
pub fn pass(key: &StreamKey, run: RunId, trigger: Trigger) -> Span {
    tracing::info_span!(
        target: "ccsync",
        "pass",
        source = %key.source,
        stream = %key.stream,
        run = run.0,
        trigger = trigger.as_str(),
        outcome = Empty,
        windows = Empty,
        requests = Empty,
        rows = Empty,
        otel.status_code = Empty,
    )
}

/// The read of a window, or of a snapshot, from its lease to its commit.
pub fn window(key: &StreamKey, run: RunId, scope: &str) -> Span {
    tracing::info_span!(
        target: "ccsync",
        "window",
        source = %key.source,
        stream = %key.stream,
        run = run.0,
        window = scope,
        verdict = Empty,
        requests = Empty,
        rows = Empty,
        fault.kind = Empty,
        vendor.code = Empty,
        otel.status_code = Empty,
    )
}

/// One request for one page.
pub fn request(key: &StreamKey, request: &PageRequest, attempt: u32) -> Span {
    tracing::debug_span!(
        target: "ccsync",
        "request",
        source = %key.source,
        stream = %key.stream,
        page.number = request.page_no,
        page.size = request.page_size,
        attempt,
        rows = Empty,
        fault.kind = Empty,
        vendor.code = Empty,
        otel.status_code = Empty,
    )
}

/// The transaction that stores a window.
pub fn commit(key: &StreamKey, run: RunId, scope: &str, rows: usize) -> Span {
    tracing::info_span!(
        target: "ccsync",
        "commit",
        source = %key.source,
        stream = %key.stream,
        run = run.0,
        window = scope,
        rows,
        fault.kind = Empty,
        otel.status_code = Empty,
    )
}

/// Marks what a span stands for as failed. The fault's message may quote the vendor, and stays in the log.
pub fn failed(span: &Span, fault: &Fault) {
    span.record("otel.status_code", "ERROR").record("fault.kind", fault.kind.as_str());
    if let Some(code) = &fault.code {
        span.record("vendor.code", code.as_str());
    }
}
