//! What the database is told of each configured stream, those that are not enabled too.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::app::assembly::policy::window_policy;
use crate::app::assembly::stream::length;
use crate::app::background::feed::LIVE;
use crate::config::{Settings, WindowSettings};
use crate::domain::stream::StreamKey;
use crate::report::status::{DeclaredWindow, StreamDeclaration};

/// Of an enabled stream.
pub(in crate::app) fn declaration(
    key: StreamKey,
    window: Option<&WindowSettings>,
    cut: Option<DateTime<Utc>>,
    schedule: String,
    timezone: Tz,
) -> StreamDeclaration {
    StreamDeclaration {
        key,
        // Older windows are not read any more: complete from there on is all that can be said.
        start: window.map(|window| cut.map_or(window.start, |cut| cut.max(window.start))),
        schedule,
        timezone,
        window: window.map(|window| DeclaredWindow {
            lookback: length(window.lookback),
            settle: length(window.settle),
        }),
        enabled: true,
    }
}

/// The streams that are configured and not enabled: paused, their rows and their ledger stay.
pub(in crate::app) fn paused_declarations(settings: &Settings, now: DateTime<Utc>) -> Vec<StreamDeclaration> {
    let zone = settings.timezone;
    let paused = settings.sources.iter().flat_map(|source| &source.streams).filter(|stream| !stream.enabled);
    let declared = paused.map(|stream| {
        let policy = stream
            .window
            .as_ref()
            .map(|window| window_policy(stream.key.stream, window, stream.retention.map(length), zone));
        let cut = policy.and_then(|policy| policy.cut(now));
        let schedule = stream.schedule.clone();
        StreamDeclaration {
            enabled: false,
            ..declaration(stream.key.clone(), stream.window.as_ref(), cut, schedule, zone)
        }
    });
    let feeds = settings.sources.iter().filter_map(|source| source.feed.as_ref());
    let paused = feeds.filter(|feed| !feed.enabled).map(|feed| StreamDeclaration {
        enabled: false,
        ..declaration(feed.key.clone(), None, None, LIVE.to_owned(), zone)
    });
    declared.chain(paused).collect()
}
