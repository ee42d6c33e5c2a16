//! `ccsync retention`.

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::stop;
use crate::cli::with_accounts;
use ccsync::app::{Expired, StreamChoice};
use ccsync::config::Settings;
use ccsync::domain::row::text::counted;

#[derive(Debug, Args)]
pub(in crate::cli) struct RetentionArgs {
    /// Streams, for example `sobot.call_result`, or `mysource/sobot.call_result` for one source's.
    #[arg(value_name = "STREAM")]
    pub streams: Vec<StreamChoice>,
    /// Really remove it. Without, it is shown and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

pub(in crate::cli) async fn retention(settings: Settings, args: RetentionArgs) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    let stop = stop::on_signal();
    with_accounts(settings, async |app| {
        let expired = if args.yes {
            app.expire(&args.streams, &stop).await?
        } else {
            app.expired(&args.streams).await?
        };
        if args.json {
            output::json(&expired)?;
        } else {
            expired.iter().for_each(|stream| print(stream, zone));
        }
        if !args.yes {
            output::message("nothing was removed; add --yes to remove it, or leave it to `ccsync run`");
        }
        Ok(if stop.is_cancelled() { Exit::Partial } else { Exit::Done })
    })
    .await
}

fn print(expired: &Expired, zone: chrono_tz::Tz) {
    let local = |instant| output::local(instant, zone);
    let Some(cut) = expired.cut else {
        return output::data(&format!("{}: kept for ever (no `retention`)", expired.key));
    };
    let rows = counted(expired.tables.iter().map(|table| table.rows).sum::<u64>(), "row");
    let word = if expired.removed { "removed" } else { "to remove" };
    output::data(&format!("{}: {rows} {word}, from before {}", expired.key, local(cut)));
    for table in &expired.tables {
        let oldest =
            table.oldest.map(|oldest| format!(", the oldest of {}", local(oldest))).unwrap_or_default();
        output::data(&format!("  {}: {}{oldest}", table.table, table.rows));
    }
}
