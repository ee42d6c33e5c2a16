//! The migration that a stream's tables need, from its declaration.

use std::iter;

use crate::domain::row::table::TableShape;
use crate::domain::stream::{StreamId, StreamKind};
use crate::store::statement::LEDGER;

/// The migration that makes the tables of a stream; `None` for a feed, whose tables are made of events.
pub fn migration_sql(stream: StreamId) -> Option<String> {
    let tables: Vec<_> = stream.tables().iter().map(|table| table_sql(stream.kind(), table)).collect();
    (!tables.is_empty()).then(|| tables.join("\n\n"))
}

fn table_sql(kind: StreamKind, table: &TableShape) -> String {
    let (name, stem, history) = (table.name, table.stem(), table.history());
    let key = iter::once("source").chain(table.key_columns().iter().map(|column| column.name));
    let key = key.collect::<Vec<_>>().join(", ");
    let vendor = table.columns.iter().map(|column| {
        let null = if column.is_key { " not null" } else { "" };
        (column.name, format!("{}{null}", column.kind.as_str()), column.comment)
    });
    let ledger = LEDGER.iter().map(|(name, kind, comment)| (*name, (*kind).to_owned(), *comment));
    let source = ("source", "text not null".to_owned(), "The operator's name for the vendor account.");
    let columns: Vec<_> = iter::once(source).chain(vendor).chain(ledger).collect();

    let mut lines = vec![format!("create table {name} (")];
    lines.extend(columns.iter().map(|(column, kind, _)| format!("    {column} {kind},")));
    lines.push(format!("    primary key ({key})\n) with (fillfactor = 90);"));
    if kind == StreamKind::Windowed {
        lines.push(format!("create index {stem}_window on {name} (source, window_start);"));
        let version = table.version_column();
        lines.extend(version.map(|column| format!("create index {stem}_{column} on {name} ({column});")));
    }
    lines.push(format!("comment on table {name} is {};", quoted(table.comment)));
    lines.extend(
        columns
            .iter()
            .map(|(column, _, comment)| format!("comment on column {name}.{column} is {};", quoted(comment))),
    );
    lines.push(format!(
        "\
create table {history} (
    like {name} including comments,
    valid_from timestamptz not null,
    valid_to timestamptz not null,
    primary key ({key}, revision)
);
comment on table {history} is 'Earlier versions of {name}: one row for each version that was changed or marked \
         deleted. A version with deleted_at says that the row was gone for that time.';
comment on column {history}.valid_from is 'From when this version was the current one (its changed_at).';
comment on column {history}.valid_to is 'Until when this version was the current one.';"
    ));
    if kind == StreamKind::Snapshot {
        // What is too old is looked for by its place in time.
        lines.push(format!("create index {stem}_history_valid_to on {history} (source, valid_to);"));
    }
    lines.push(format!("select sync.define_as_of('{name}');"));
    lines.join("\n")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
