//! `ccsync schema`: the data dictionary, and the migration that a stream's tables need.

use serde_json::Value;

use crate::cli::args::{SchemaArgs, SchemaFormat};
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::config::Settings;
use ccsync::domain::stream::StreamId;
use ccsync::report::dictionary::{ColumnEntry, RelationEntry, SchemaEntry};
use ccsync::store::migration_sql;

pub(in crate::cli) async fn schema(settings: Settings, args: SchemaArgs) -> Result<Exit, Failure> {
    let dictionary = with_app(settings, async |app| Ok(app.database().store.dictionary().await?)).await?;
    match args.format {
        _ if args.json => output::json(&dictionary)?,
        SchemaFormat::Json => output::json(&dictionary)?,
        SchemaFormat::Markdown => output::data(&markdown(&dictionary)),
        SchemaFormat::Dbt => output::data(&dbt(&dictionary)),
    }
    Ok(Exit::Done)
}

/// The migration that makes a stream's tables.
pub(in crate::cli) fn migration(stream: StreamId) -> Result<Exit, Failure> {
    let made_of_events =
        || Failure::usage(format!("the tables of {stream} are made of events, not of columns"));
    output::data(&migration_sql(stream).ok_or_else(made_of_events)?);
    Ok(Exit::Done)
}

fn markdown(dictionary: &[SchemaEntry]) -> String {
    let mut lines = vec![
        "# Data dictionary".to_owned(),
        String::new(),
        "Written by `ccsync schema` from the comments in the database; `\\d+` in psql shows the same."
            .to_owned(),
    ];
    for schema in dictionary {
        lines.extend([String::new(), format!("## {}", schema.name), String::new(), cell(&schema.comment)]);
        for relation in &schema.relations {
            lines.extend(markdown_relation(&schema.name, relation));
        }
        if !schema.functions.is_empty() {
            lines.extend([String::new(), "| function | |".to_owned(), "|---|---|".to_owned()]);
        }
        for function in &schema.functions {
            lines.push(format!("| `{}.{}` | {} |", schema.name, function.signature, cell(&function.comment)));
        }
    }
    lines.join("\n")
}

fn markdown_relation(schema: &str, relation: &RelationEntry) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("### {schema}.{}", relation.name),
        String::new(),
        format!("{}: {}", upper(&relation.kind), cell(&relation.comment)),
        String::new(),
        "| column | type | | |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for column in &relation.columns {
        let rule = match (column.key, column.not_null) {
            (true, _) => "key",
            (false, true) => "not null",
            (false, false) => "",
        };
        lines.push(format!("| `{}` | {} | {rule} | {} |", column.name, column.kind, cell(&column.comment)));
    }
    lines
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A comment is a text; a table is no place for its bars and line ends.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// One dbt source for each schema. JSON strings are YAML strings.
fn dbt(dictionary: &[SchemaEntry]) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut lines = vec!["version: 2".to_owned(), "sources:".to_owned()];
    for schema in dictionary {
        lines.push(format!("  - name: {}", schema.name));
        lines.push(format!("    description: {}", quoted(&schema.comment)));
        lines.push("    tables:".to_owned());
        for relation in &schema.relations {
            lines.push(format!("      - name: {}", relation.name));
            lines.push(format!("        description: {}", quoted(&relation.comment)));
            lines.push("        columns:".to_owned());
            lines.extend(relation.columns.iter().flat_map(|column| dbt_column(column, &quoted)));
        }
    }
    lines.join("\n")
}

fn dbt_column(column: &ColumnEntry, quoted: &impl Fn(&str) -> String) -> Vec<String> {
    let mut lines = vec![
        format!("          - name: {}", column.name),
        format!("            description: {}", quoted(&column.comment)),
        format!("            data_type: {}", quoted(&column.kind)),
    ];
    // What else is not null, the database itself refuses; a key is what joins rest on.
    if column.key {
        lines.push("            data_tests: [not_null]".to_owned());
    }
    lines
}
