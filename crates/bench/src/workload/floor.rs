//! The floor: the very same rows, already typed, by psql alone. In batches as large as windows each is copied in
//! binary form into a temporary table and inserted from there, into a table with the same columns, indexes and
//! constraints.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ccsync::domain::stream::sobot_call_result::SOBOT_CALL_RESULT;

use crate::failure::Failure;
use crate::place::Place;
use crate::process::child::{Cost, measured};
use crate::snapshot::Snapshot;

/// Where the rows go. Removed afterwards.
const SCHEMA: &str = "bench_floor";

/// The rows of one window, as they lie in a file.
struct Batch {
    window_start: String,
    window_end: String,
    file: PathBuf,
}

/// What the floor took.
pub(crate) struct Floor {
    /// psql's.
    pub(crate) cost: Cost,
    /// The database's.
    pub(crate) counters: Snapshot,
    /// Rows that it wrote.
    pub(crate) rows: u64,
    /// In so many batches.
    pub(crate) batches: u64,
}

fn names() -> String {
    SOBOT_CALL_RESULT.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Takes the rows out of the fact table, and measures how psql puts them into another.
///
/// # Errors
/// The database refused, or not all rows arrived.
pub(crate) async fn floor(place: &Place, server: Option<i32>) -> Result<Floor, Failure> {
    let batches = unload(place).await?;
    prepare(place).await?;
    let script = place.path().join("floor.sql");
    write(&script, &load_script(&batches))?;
    place.tidy().await?;
    let before = Snapshot::take(place, server).await?;
    let (_, cost) = measured(place.psql.on_file(&script)).await?;
    let counters = Snapshot::take(place, server).await?.since(before);
    let counted = place.psql.ask(&format!("select count(*) from {SCHEMA}.call_result")).await?;
    let here = place.psql.ask("select count(*) from sobot.call_result").await?;
    if counted != here {
        return Err(Failure::failed(format!("the floor holds {counted} rows of {here}")));
    }
    place.psql.ask(&format!("drop schema {SCHEMA} cascade")).await?;
    for batch in &batches {
        // The directory is removed at the end; this is for those who are short of room.
        let _ = std::fs::remove_file(&batch.file);
    }
    let rows = counted.parse().unwrap_or_default();
    Ok(Floor { cost, counters, rows, batches: batches.len() as u64 })
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", file.display())))
}

/// One file a window, in the order of the key, as ccsync stages its rows.
async fn unload(place: &Place) -> Result<Vec<Batch>, Failure> {
    let windows = "select distinct window_start, window_end from sobot.call_result order by 1, 2";
    let windows = place.psql.ask(windows).await?;
    let batches: Vec<Batch> = windows
        .lines()
        .filter_map(|line| line.split_once('|'))
        .enumerate()
        .map(|(number, (start, end))| Batch {
            window_start: start.to_owned(),
            window_end: end.to_owned(),
            file: place.path().join(format!("window-{number:06}.bin")),
        })
        .collect();
    let key: Vec<_> = SOBOT_CALL_RESULT
        .key_columns()
        .iter()
        .map(|column| format!("{} collate \"C\"", column.name))
        .collect();
    let mut script = String::new();
    for Batch { window_start, window_end, file } in &batches {
        // Writing into a string cannot fail.
        let _ = writeln!(
            script,
            "\\copy (select {}, extra, content_hash from sobot.call_result where source = 'bench' \
             and window_start = '{window_start}' and window_end = '{window_end}' order by {}) to '{}' with (format binary)",
            names(),
            key.join(", "),
            file.display(),
        );
    }
    let file = place.path().join("unload.sql");
    write(&file, &script)?;
    measured(place.psql.on_file(&file)).await?;
    Ok(batches)
}

async fn prepare(place: &Place) -> Result<(), Failure> {
    let options =
        "select array_to_string(reloptions, ', ') from pg_class where oid = 'sobot.call_result'::regclass";
    let options = match place.psql.ask(options).await? {
        empty if empty.is_empty() => empty,
        options => format!(" with ({options})"),
    };
    let sql = format!(
        "drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}; \
         create table {SCHEMA}.call_result (like sobot.call_result including all){options}"
    );
    place.psql.ask(&sql).await.map(drop)
}

/// The conflict is asked for as an upsert has to; in an empty table none occurs, so that what would be done about it
/// costs nothing.
fn load_script(batches: &[Batch]) -> String {
    let names = names();
    let mut script = format!(
        "set jit = off;\ncreate temporary table staged ({}, extra jsonb, content_hash uuid) on commit delete rows;\n",
        SOBOT_CALL_RESULT.declarations()
    );
    for Batch { window_start, window_end, file } in batches {
        let _ = writeln!(
            script,
            "begin;\n\\copy staged from '{}' with (format binary)\n\
             insert into {SCHEMA}.call_result (source, {names}, revision, first_seen_at, changed_at, extra, \
             content_hash, window_start, window_end, run_id) select 'bench', {names}, 1, now(), now(), extra, \
             content_hash, '{window_start}', '{window_end}', 1 from staged on conflict do nothing;\ncommit;",
            file.display(),
        );
    }
    script
}
