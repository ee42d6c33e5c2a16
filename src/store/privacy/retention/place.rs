//! Where rows of a stream lie, and which of them are old. $1 is the source, $2 the cut, $3 the most rows at once.

use std::iter;

use sqlx::AssertSqlSafe;

use crate::domain::row::table::TableShape;
use crate::domain::stream::{EventTable, StreamId, StreamKind};
use crate::store::commit::row_count::counted_as;
use crate::store::statement::Statement;

/// One table's old rows.
pub(super) struct Place {
    /// Qualified name.
    pub(super) table: String,
    /// Which rows `t` are old.
    old: String,
    /// Their place in time.
    at: String,
    /// The columns that its history shares with it as a key; the history goes with the rows.
    history_of: Vec<&'static str>,
}

impl Place {
    fn new(table: impl Into<String>, old: impl Into<String>, at: impl Into<String>) -> Place {
        Place { table: table.into(), old: old.into(), at: at.into(), history_of: Vec::new() }
    }

    fn with_history(self, key: impl Iterator<Item = &'static str>) -> Place {
        Place { history_of: key.collect(), ..self }
    }

    /// The table whose live rows are counted, if it is one.
    pub(super) fn counted(&self) -> Option<&'static str> {
        counted_as(&self.table).map(|(_, table)| table)
    }

    /// How many there are, and the oldest one's place in time.
    pub(super) fn count(&self) -> Statement {
        let Place { table, old, at, .. } = self;
        AssertSqlSafe(format!("select count(*), min({at}) from {table} t where t.source = $1 and {old}"))
    }

    /// Removes some, each with all of its history. Says how many went, and how many of them were live rows of a table
    /// whose rows are counted. Rows that somebody holds are left to the
    /// next step. A place says where a row lies only together with the table that it is in, which may be one month of
    /// many; and each table is asked for the one source, so that only the machine that has it is asked.
    pub(super) fn remove(&self) -> Statement {
        let Place { table, old, at, history_of } = self;
        let doomed = format!(
            "with doomed as (
                select t.tableoid, t.ctid from {table} t where t.source = $1 and {old} order by {at} limit $3
                for update skip locked
            )"
        );
        let live = if self.counted().is_some() { "t.deleted_at is null" } else { "false" };
        if history_of.is_empty() {
            return AssertSqlSafe(format!(
                "{doomed}, gone as (
                    delete from {table} t using doomed d
                    where t.source = $1 and t.tableoid = d.tableoid and t.ctid = d.ctid returning {live} as live
                )
                select count(*), count(*) filter (where live) from gone"
            ));
        }
        let key = history_of.iter().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
        let same: Vec<_> = history_of.iter().map(|column| format!("h.{column} = g.{column}")).collect();
        AssertSqlSafe(format!(
            "{doomed}, gone as (
                delete from {table} t using doomed d
                where t.source = $1 and t.tableoid = d.tableoid and t.ctid = d.ctid returning {key}, {live} as live
            ), versions as (
                delete from {table}_history h using gone g
                where h.source = $1 and {same} returning 1
            )
            select (select count(*) from gone) + (select count(*) from versions), (select count(*) from gone where live)",
            same = same.join(" and "),
        ))
    }
}

/// All places of a stream, in the order in which they are emptied.
pub(super) fn places(stream: StreamId) -> Vec<Place> {
    let mut places = match stream.kind() {
        StreamKind::Windowed => windowed(stream),
        StreamKind::Snapshot => snapshot(stream),
        StreamKind::Feed => feed(stream),
    };
    let named = format!("t.stream = '{stream}'");
    // What lies in no window is as old as the last read that showed it.
    let unread = "coalesce(t.window_end, t.last_seen_at) <= $2";
    places.push(Place::new("sync.quarantine", format!("{named} and {unread}"), "t.last_seen_at"));
    places
}

fn windowed(stream: StreamId) -> Vec<Place> {
    const OLD: &str = "t.window_start < $2 and t.window_end <= $2";
    const AT: &str = "t.window_start";
    let named = format!("t.stream = '{stream}'");
    let mut places = Vec::new();
    for table in stream.tables() {
        places.push(Place::new(table.name, OLD, AT).with_history(key(table)));
        // Versions go with their row, whichever window owned it when they were current; here they are only counted.
        places.push(Place::new(format!("{}_history", table.name), of_old_row(table), AT));
        for noted in ["sync.absence", "sync.observation"] {
            places.push(Place::new(noted, format!("t.table_name = '{}' and {OLD}", table.name), AT));
        }
    }
    for ledger in ["sync.absence_alarm", "sync.certificate", "sync.time_window"] {
        places.push(Place::new(ledger, format!("{named} and {OLD}"), AT));
    }
    places
}

fn of_old_row(table: &'static TableShape) -> String {
    let same: Vec<_> = key(table).map(|column| format!("r.{column} = t.{column}")).collect();
    format!(
        "exists (select from {} r where r.source = $1 and {} and r.window_start < $2 and r.window_end <= $2)",
        table.name,
        same.join(" and ")
    )
}

/// What the vendor reports is kept, however old it is.
fn snapshot(stream: StreamId) -> Vec<Place> {
    let of_table = |table: &&'static TableShape| {
        let gone = Place::new(table.name, "t.deleted_at <= $2", "t.deleted_at").with_history(key(table));
        [gone, Place::new(format!("{}_history", table.name), "t.valid_to <= $2", "t.valid_to")]
    };
    stream.tables().iter().flat_map(of_table).collect()
}

fn feed(stream: StreamId) -> Vec<Place> {
    let of_table = |table: &'static EventTable| {
        let age = format!("t.{}", table.age);
        let events = Place::new(table.name, format!("{age} <= $2"), age);
        let history = Place::new(format!("{}_history", table.name), "t.valid_to <= $2", "t.valid_to");
        let history = (!table.history_key.is_empty()).then_some(history);
        iter::once(events.with_history(table.history_key.iter().copied())).chain(history)
    };
    stream.spec().event_tables.iter().flat_map(of_table).collect()
}

fn key(table: &'static TableShape) -> impl Iterator<Item = &'static str> {
    table.key_columns().iter().map(|column| column.name)
}

/// Old live rows that were seen in a kept window too are owned by it: $1 source, $2 the cut, $3 the table.
pub(super) fn rehome(table: &'static TableShape) -> Statement {
    let same: Vec<_> =
        key(table).enumerate().map(|(index, column)| format!("t.{column} = s.key[{}]", index + 1)).collect();
    AssertSqlSafe(format!(
        r#"
        with seen as (
            select distinct on (key) key, window_start, window_end from sync.observation
            where source = $1 and table_name = $3 and $2 < window_end
            order by key, window_start
        ), moved as (
            update {table} t set window_start = s.window_start, window_end = s.window_end
            from seen s
            where t.source = $1 and {same} and t.window_end <= $2 and t.deleted_at is null
            returning s.key, s.window_start
        )
        delete from sync.observation d using moved m
        where d.source = $1 and d.table_name = $3 and d.key = m.key and d.window_start = m.window_start
        "#,
        table = table.name,
        same = same.join(" and "),
    ))
}
