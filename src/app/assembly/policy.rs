//! From settings to the engine's policies.

use chrono::Duration;
use chrono_tz::Tz;

use crate::app::assembly::stream::length;
use crate::config::{EngineSettings, StreamSettings, WindowSettings};
use crate::domain::proof::window::WindowGrid;
use crate::domain::stream::StreamId;
use crate::engine::pass::reader::PassConfig;
use crate::engine::plan::planner::WindowPolicy;
use crate::engine::read::ReadRules;
use crate::engine::read::fetch::RetryConfig;
use crate::engine::read::walk::WalkConfig;

/// How long a vendor that never answered is tried before a pass gives up.
const FIRST_CONTACT: std::time::Duration = std::time::Duration::from_secs(4);

/// Whose days the vendors mean (Sobot's and 7moor's documents think in Beijing time).
const VENDOR_ZONE: Tz = Tz::Asia__Shanghai;

/// How a windowed stream is planned.
pub(in crate::app) fn window_policy(
    stream: StreamId,
    window: &WindowSettings,
    retention: Option<Duration>,
    zone: Tz,
) -> WindowPolicy {
    // Where the vendor takes whole days, they are its own.
    let zone = if stream.grain.is_some() { VENDOR_ZONE } else { zone };
    let origin = window.start.with_timezone(&zone).date_naive();
    WindowPolicy {
        start: window.start,
        grid: WindowGrid::new(origin, length(window.window), zone),
        lookback: length(window.lookback),
        settle: length(window.settle),
        reread_every: window.reread_every.map(length),
        missed_revisions_max: window.missed_revisions_max.as_f64(),
        reread_requests_per_day: window.reread_requests_per_day.map(u64::from),
        retention,
    }
}

/// How a pass over a stream goes.
pub(in crate::app) fn pass_config(engine: &EngineSettings, stream: &StreamSettings) -> PassConfig {
    let spec = stream.key.stream.spec();
    PassConfig {
        lease: engine.lease,
        retry: RetryConfig {
            tries_max: engine.retries,
            base: engine.retry_base,
            max: engine.retry_max,
            first_contact: FIRST_CONTACT,
        },
        walk: WalkConfig {
            page_size: stream.page_size,
            page_size_max: if spec.is_splittable { spec.page_size_max } else { stream.page_size },
            pages_max: engine.pages_max,
            rows_max: spec.is_splittable.then_some(u64::from(engine.window_rows_max)),
            doubles: false,
            follow: false,
            totals: stream.totals,
            to_the_end: false,
            result_cap: stream.result_cap,
        },
        max_concurrent_windows: engine.max_concurrent_windows,
        rules: ReadRules {
            walks_max: engine.walks_max,
            reread_at_once: stream.reread_at_once,
            keys_only: spec.is_point_in_time,
        },
        persist_pages_slower_than: engine.persist_pages_slower_than,
        absence_max: stream.absence_max,
    }
}
