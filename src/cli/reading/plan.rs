//! `ccsync plan`.

use crate::cli::args::SyncArgs;
use crate::cli::build;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::sync;
use ccsync::app::{Rereading, StreamPlan};
use ccsync::config::Settings;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::text::counted;
use ccsync::engine::plan::planner::{PlannedWindow, Reason};

pub(in crate::cli) async fn plan(settings: Settings, args: SyncArgs) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    let app = build(settings).await?;
    sync::refuse_unknown(&app, &args.streams)?;
    let plans = app.plan(&args.streams).await;
    app.close().await?;
    let plans = plans?;
    if args.json {
        output::json(&plans)?;
        return Ok(Exit::Done);
    }
    for plan in &plans {
        output::data(&heading(plan));
        if let Some(rereading) = &plan.rereading {
            output::data(&format!("  {}", rests_on(rereading)));
        }
        for range in ranges(&plan.windows) {
            let local = |instant| output::local(instant, zone);
            let TimeWindow { start, end } = range.window;
            let count =
                if range.windows == 1 { String::new() } else { format!("{} windows  ", range.windows) };
            output::data(&format!("  {} .. {}  {count}{}", local(start), local(end), range.why));
        }
    }
    Ok(Exit::Done)
}

/// Windows that follow one another and are due for the same reason.
struct Range {
    window: TimeWindow,
    windows: usize,
    why: String,
}

/// By their time, whatever the order in which they are read.
fn ranges(windows: &[PlannedWindow]) -> Vec<Range> {
    let mut planned: Vec<&PlannedWindow> = windows.iter().collect();
    planned.sort_by_key(|planned| planned.window);
    let mut ranges: Vec<Range> = Vec::new();
    for planned in planned {
        let why = why(planned);
        match ranges.last_mut() {
            Some(last) if last.why == why && last.window.end == planned.window.start => {
                last.window.end = planned.window.end;
                last.windows += 1;
            }
            _ => ranges.push(Range { window: planned.window, windows: 1, why }),
        }
    }
    ranges
}

/// By what complete windows are read again.
fn rests_on(rereading: &Rereading) -> String {
    let days = |hours: i64| format!("{:.1} days", hours as f64 / 24.0);
    let known = match (rereading.changes_seen, rereading.changes_per_row) {
        (Some(seen), Some(per_row)) => format!(
            "learned from {seen:.0} late and changed results, {:.1} in a hundred rows; a window of the usual \
             size is final {} after its end",
            per_row * 100.0,
            days(rereading.final_after_hours),
        ),
        _ => format!(
            "not enough was seen of late and changed results yet: the look-back of {} rules",
            days(rereading.final_after_hours)
        ),
    };
    match rereading.requests_per_day {
        Some(budget) => {
            format!("{known}; of today's {}, {} spent", counted(budget, "request"), rereading.requests_today)
        }
        None => known,
    }
}

/// The reason, with the figures that it rests on.
fn why(planned: &PlannedWindow) -> String {
    let reason = serde_json::to_value(planned.reason).unwrap_or_default();
    let reason = reason.as_str().unwrap_or_default();
    let what = match planned.reason {
        Reason::Open => "it was still growing",
        Reason::Missing => "it was never read",
        Reason::Failed => "each attempt failed",
        Reason::Unverified => "its last read proved nothing yet",
        Reason::Absent => "rows were missing: a second read decides",
        Reason::Closing => "the last look that it needs",
        Reason::Revisions => "it is worth a look",
        Reason::Lookback if planned.unseen.is_some() => "not looked at for most of its age",
        Reason::Lookback => "late results are still awaited",
        Reason::Requested => "asked for",
    };
    match planned.unseen {
        Some(unseen) => format!(
            "{reason}: {what}; {:.1} changes are expected unseen, {:.0} % of its life's",
            unseen.changes,
            unseen.share * 100.0
        ),
        None => format!("{reason}: {what}"),
    }
}

fn heading(plan: &StreamPlan) -> String {
    let what = match (plan.snapshot, plan.windows.len()) {
        (true, _) => "the whole of it".to_owned(),
        (false, 0) => "nothing is due".to_owned(),
        (false, count) => counted(count, "window"),
    };
    let requests = counted(plan.requests, "request");
    format!("{}: {what}, at least {requests}", plan.key)
}
