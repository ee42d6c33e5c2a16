//! `ccsync plan`.

use crate::app::StreamPlan;
use crate::cli::args::SyncArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::{build, sync};
use crate::config::Settings;
use crate::domain::window::TimeWindow;

pub(super) async fn plan(settings: Settings, args: SyncArgs) -> Result<Exit, Failure> {
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
        for planned in &plan.windows {
            let TimeWindow { start, end } = planned.window;
            let local = |instant: chrono::DateTime<chrono::Utc>| instant.with_timezone(&zone).format("%F %T");
            let reason = serde_json::to_value(planned.reason).unwrap_or_default();
            let reason = reason.as_str().unwrap_or_default().to_owned();
            output::data(&format!("  {} .. {}  {reason}", local(start), local(end)));
        }
    }
    Ok(Exit::Done)
}

fn heading(plan: &StreamPlan) -> String {
    let what = match (plan.snapshot, plan.windows.len()) {
        (true, _) => "the whole of it".to_owned(),
        (false, 0) => "nothing is due".to_owned(),
        (false, 1) => "1 window".to_owned(),
        (false, count) => format!("{count} windows"),
    };
    let requests = match plan.requests {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    };
    format!("{}: {what}, at least {requests}", plan.key)
}
