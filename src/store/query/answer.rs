//! A question in SQL and its answer as a text table, for the demo.

use sqlx::{Column as _, Row as _};

use crate::domain::fault::Fault;
use crate::store::answered::answered;
use crate::store::fault::from_sql;
use crate::store::pool::PgStore;

impl PgStore {
    /// The answer to a query whose columns are all text, as aligned columns under their names.
    ///
    /// # Errors
    /// Database faults.
    pub async fn answer(&self, sql: &'static str) -> Result<String, Fault> {
        let doing = "answering an example query";
        let rows = answered(doing, sqlx::query(sql).fetch_all(&self.pool)).await?;
        let Some(first) = rows.first() else { return Ok("(no rows)".to_owned()) };
        let mut table = vec![first.columns().iter().map(|column| column.name().to_owned()).collect()];
        for row in &rows {
            let cells: Result<Vec<Option<String>>, sqlx::Error> =
                (0..row.len()).map(|index| row.try_get(index)).collect();
            let cells = cells.map_err(|error| from_sql(doing, &error))?;
            table.push(cells.into_iter().map(Option::unwrap_or_default).collect::<Vec<String>>());
        }
        Ok(aligned(&table))
    }
}

fn aligned(table: &[Vec<String>]) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let width = |index: usize| table.iter().map(|row| display_width(&row[index])).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = table.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let padding = width - display_width(cell);
            format!("{cell}{}", " ".repeat(padding))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Chinese characters take two columns of a terminal.
fn display_width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{1100}'..='\u{115f}').contains(&c) || '\u{2e80}' <= c { 2 } else { 1 }).sum()
}
