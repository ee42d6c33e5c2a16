//! All that a store holds, in a form in which two can be compared.

use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamId;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use crate::support::memory::{State, Version};

/// A version of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub table: &'static str,
    pub source: String,
    pub key: String,
    pub revision: i32,
    pub hash: [u8; 16],
    pub first_seen_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub owner: Option<TimeWindow>,
    pub run: i64,
    /// From when to when, in the history.
    pub valid: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// A row that a read lacked: table, source, key, since when, in which window.
pub type Absence = (&'static str, String, String, DateTime<Utc>, Option<TimeWindow>);

/// A record quarantined: stream, payload, times seen, whether it is open, when last.
pub type SetAside = (String, String, i32, bool, DateTime<Utc>);

/// A departure from a vendor's document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drift {
    pub stream: String,
    pub kind: String,
    pub field: String,
    pub observed: String,
    pub expected: String,
    pub example: String,
    pub first_seen_at: DateTime<Utc>,
    pub run: i64,
    pub window: Option<TimeWindow>,
}

/// All that is stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Picture {
    pub rows: Vec<Line>,
    pub history: Vec<Line>,
    pub absences: Vec<Absence>,
    /// Rows that a window contained although another is their owning window.
    pub observations: Vec<Absence>,
    pub quarantine: Vec<SetAside>,
    pub drifts: Vec<Drift>,
    /// What each run counted.
    pub runs: Vec<(i64, Vec<i64>)>,
    pub leases: usize,
}

fn window(row: &PgRow) -> Option<TimeWindow> {
    let (start, end): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) =
        (row.get("window_start"), row.get("window_end"));
    TimeWindow::new(start?, end?)
}

impl Picture {
    pub async fn of_postgres(pool: &PgPool) -> Picture {
        let mut picture = Picture::default();
        for table in StreamId::all_tables() {
            let key: Vec<_> = table.key_columns().iter().map(|column| column.name).collect();
            let key = key.join(", ");
            for (name, valid) in [(table.name.to_owned(), false), (format!("{}_history", table.name), true)] {
                let sql = format!("select *, concat_ws('/', {key}) as whole_key from {name}");
                let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
                let lines = rows.iter().map(|row| Line {
                    table: table.name,
                    source: row.get("source"),
                    key: row.get("whole_key"),
                    revision: row.get("revision"),
                    hash: row.get::<uuid::Uuid, _>("content_hash").into_bytes(),
                    first_seen_at: row.get("first_seen_at"),
                    changed_at: row.get("changed_at"),
                    deleted_at: row.get("deleted_at"),
                    owner: window(row),
                    run: row.get("run_id"),
                    valid: valid.then(|| (row.get("valid_from"), row.get("valid_to"))),
                });
                let place = if valid { &mut picture.history } else { &mut picture.rows };
                place.extend(lines);
            }
            let absences = sqlx::query("select * from sync.absence where table_name = $1").bind(table.name);
            picture.absences.extend(absences.fetch_all(pool).await.unwrap().iter().map(|row| {
                let key: Vec<String> = row.get("key");
                (table.name, row.get("source"), key.join("/"), row.get("first_absent_at"), window(row))
            }));
            let observations =
                sqlx::query("select * from sync.observation where table_name = $1").bind(table.name);
            picture.observations.extend(observations.fetch_all(pool).await.unwrap().iter().map(|row| {
                let key: Vec<String> = row.get("key");
                (table.name, row.get("source"), key.join("/"), row.get("seen_at"), window(row))
            }));
        }
        let drifts = sqlx::query("select *, source || '/' || stream as whole from sync.schema_drift");
        picture.drifts.extend(drifts.fetch_all(pool).await.unwrap().iter().map(|row| Drift {
            stream: row.get("whole"),
            kind: row.get("kind"),
            field: row.get("field"),
            observed: row.get("observed"),
            expected: row.get("expected"),
            example: row.get("example"),
            first_seen_at: row.get("first_seen_at"),
            run: row.get("first_run_id"),
            window: window(row),
        }));
        let quarantine = sqlx::query("select *, source || '/' || stream as whole from sync.quarantine");
        picture.quarantine.extend(quarantine.fetch_all(pool).await.unwrap().iter().map(|row| {
            let open = row.get::<String, _>("state") == "open";
            (row.get("whole"), row.get("payload"), row.get("seen"), open, row.get("last_seen_at"))
        }));
        let runs = sqlx::query_as(
            "select id, array[windows, requests, rows_read, inserted, updated, unchanged, superseded, deleted, \
             quarantined] from sync.run",
        );
        picture.runs = runs.fetch_all(pool).await.unwrap();
        let leases: i64 =
            sqlx::query_scalar("select count(*) from sync.lease").fetch_one(pool).await.unwrap();
        picture.leases = usize::try_from(leases).unwrap();
        picture.sorted()
    }

    pub fn of_memory(state: &State) -> Picture {
        let mut picture = Picture { leases: state.leases.len(), ..Picture::default() };
        for ((source, table), stored) in &state.tables {
            let line = |key: &[String], version: &Version, valid| Line {
                table,
                source: source.clone(),
                key: key.join("/"),
                revision: version.revision,
                hash: version.row.hash.0,
                first_seen_at: version.first_seen_at,
                changed_at: version.changed_at,
                deleted_at: version.deleted_at,
                owner: version.owner,
                run: version.run.0,
                valid,
            };
            picture.rows.extend(stored.rows().iter().map(|(key, version)| line(key, version, None)));
            for (key, past) in stored.history() {
                let lines =
                    past.iter().map(|past| line(key, &past.version, Some((past.valid_from, past.valid_to))));
                picture.history.extend(lines);
            }
            let absent = stored.absent.iter();
            picture.absences.extend(
                absent.map(|(key, (since, window))| (*table, source.clone(), key.join("/"), *since, *window)),
            );
        }
        picture.collect_observations(state);
        picture.collect_drifts(state);
        let quarantine = state.quarantine.iter();
        picture.quarantine.extend(quarantine.map(|((stream, payload), entry)| {
            let payload = payload.replace('\0', "\\u0000");
            (stream.to_string(), payload, entry.seen, entry.open, entry.last_seen_at)
        }));
        picture.runs.extend(state.runs.iter().map(|(id, run)| {
            let counts = &run.counts;
            let all = [
                counts.windows,
                counts.requests,
                counts.rows_read,
                counts.inserted,
                counts.updated,
                counts.unchanged,
                counts.superseded,
                counts.deleted,
                counts.quarantined,
            ];
            (id.0, all.iter().map(|count| i64::try_from(*count).unwrap()).collect())
        }));
        picture.sorted()
    }

    fn collect_drifts(&mut self, state: &State) {
        for (stream, departures) in &state.departures {
            self.drifts.extend(departures.iter().map(|((kind, field, observed), departure)| Drift {
                stream: stream.to_string(),
                kind: kind.as_str().to_owned(),
                field: field.clone(),
                observed: observed.clone(),
                expected: departure.expected.clone(),
                example: departure.example.clone(),
                first_seen_at: departure.first_seen_at,
                run: departure.run.0,
                window: departure.window,
            }));
        }
    }

    fn collect_observations(&mut self, state: &State) {
        for ((source, table), stored) in &state.tables {
            let observations = stored.observations.iter();
            self.observations.extend(observations.map(|((key, _), (window, seen_at))| {
                (*table, source.clone(), key.join("/"), *seen_at, Some(*window))
            }));
        }
    }

    fn sorted(mut self) -> Picture {
        self.rows.sort();
        self.history.sort();
        self.absences.sort();
        self.observations.sort();
        self.quarantine.sort();
        self.drifts.sort();
        self.runs.sort();
        self
    }
}
