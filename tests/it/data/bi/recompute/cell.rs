//! Rows as texts, from the database and from plain loops, and how they differ.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

/// A value in the one form in which it is compared; `None` is null.
pub type Cell = Option<String>;

/// What a relation says, or should.
#[derive(Debug)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// Decimal places that are compared.
const PLACES: u32 = 9;

/// A number that is this many ten-thousandths.
pub type Points = i64;

pub fn text(value: impl ToString) -> Cell {
    Some(value.to_string())
}

pub fn texts(value: Option<&String>) -> Cell {
    value.cloned()
}

pub fn at(value: Option<DateTime<Utc>>) -> Cell {
    value.map(|at| at.timestamp_micros().to_string())
}

pub fn span(value: Option<TimeDelta>) -> Cell {
    value.map(|span| span.num_microseconds().unwrap().to_string())
}

pub fn date(value: Option<NaiveDate>) -> Cell {
    value.map(|day| day.to_string())
}

pub fn points(value: Option<impl Into<i128>>) -> Cell {
    ratio(value.map(Into::into), 10_000)
}

/// A quotient, rounded half away from zero. Null over anything, and anything over 0, is null.
pub fn ratio(above: Option<impl Into<i128>>, below: impl Into<i128>) -> Cell {
    let (above, below): (i128, i128) = (above?.into(), below.into());
    if below == 0 {
        return None;
    }
    let unit = 10_i128.pow(PLACES);
    let (size, over) = (above.abs() * unit, below.abs());
    let rounded = (2 * size + over) / (2 * over);
    let mut written = format!("{}.{:09}", rounded / unit, rounded % unit);
    written.truncate(written.trim_end_matches('0').trim_end_matches('.').len());
    if rounded != 0 && (above < 0) != (below < 0) {
        written.insert(0, '-');
    }
    Some(written)
}

impl Table {
    pub fn new(columns: &str) -> Table {
        Table { columns: columns.split_whitespace().map(str::to_owned).collect(), rows: Vec::new() }
    }

    pub fn add(&mut self, row: impl IntoIterator<Item = Cell>) {
        let row: Vec<Cell> = row.into_iter().collect();
        assert_eq!(row.len(), self.columns.len(), "{:?}", self.columns);
        self.rows.push(row);
    }

    /// With the columns in this order, the rows sorted.
    fn arranged(mut self, columns: &[String]) -> Table {
        let place = |name: &String| self.columns.iter().position(|column| column == name).unwrap();
        let places: Vec<usize> = columns.iter().map(place).collect();
        for row in &mut self.rows {
            *row = places.iter().map(|place| row[*place].clone()).collect();
        }
        self.rows.sort();
        Table { columns: columns.to_vec(), rows: self.rows }
    }
}

/// How a value of a type is asked for.
fn form(name: &str, kind: &str) -> String {
    match kind {
        "interval" | "timestamp with time zone" => {
            format!("(extract(epoch from \"{name}\") * 1000000)::bigint::text")
        }
        "numeric" => format!("trim_scale(round(\"{name}\", {PLACES}))::text"),
        "text[]" => format!("array_to_string(\"{name}\", ' ')"),
        _ => format!("\"{name}\"::text"),
    }
}

/// What a relation of `bi` says.
pub async fn told(connection: &mut PgConnection, relation: &str) -> Table {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select a.attname::text, format_type(a.atttypid, null) from pg_attribute a
        where a.attrelid = $1::regclass and 0 < a.attnum and not a.attisdropped order by a.attnum",
    )
    .bind(format!("bi.{relation}"))
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let forms: Vec<String> = columns.iter().map(|(name, kind)| form(name, kind)).collect();
    let sql = format!("select array[{}] from bi.{relation}", forms.join(", "));
    let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await;
    let rows = rows.unwrap_or_else(|error| panic!("{relation}: {error}"));
    Table { columns: columns.into_iter().map(|(name, _)| name).collect(), rows }
}

/// PostgreSQL divides an interval in floating point: its last digits are not exact.
fn alike(column: &str, one: &Cell, other: &Cell) -> bool {
    let micros = |cell: &Cell| cell.as_deref().and_then(|cell| cell.parse::<i64>().ok());
    one == other
        || column == "lag_mean"
            && micros(one).zip(micros(other)).is_some_and(|(one, other)| (one - other).abs() <= 2)
}

/// The rows that differ, for a person; empty where none does.
pub fn differences(told: Table, expected: Table) -> String {
    let columns = told.columns.clone();
    let mut names = expected.columns.clone();
    names.sort();
    let mut known = columns.clone();
    known.sort();
    assert_eq!(known, names, "each column is recomputed");
    let (told, expected) = (told.arranged(&columns), expected.arranged(&columns));
    let mut found = String::new();
    let same = |one: &Vec<Cell>, other: &Vec<Cell>| {
        columns.iter().zip(one).zip(other).all(|((column, one), other)| alike(column, one, other))
    };
    if told.rows.len() == expected.rows.len()
        && told.rows.iter().zip(&expected.rows).all(|(one, other)| same(one, other))
    {
        return found;
    }
    let mut show = |mark: &str, rows: &[Vec<Cell>], others: &[Vec<Cell>]| {
        let only: Vec<_> = rows.iter().filter(|row| !others.iter().any(|other| same(row, other))).collect();
        writeln!(found, "{mark} alone: {} of {} rows", only.len(), rows.len()).unwrap();
        for row in only.iter().take(4) {
            let cells = columns.iter().zip(row.iter());
            let cells = cells.map(|(column, cell)| format!("{column}={}", cell.as_deref().unwrap_or("-")));
            writeln!(found, "  {}", cells.collect::<Vec<_>>().join(" ")).unwrap();
        }
    };
    show("told", &told.rows, &expected.rows);
    show("recomputed", &expected.rows, &told.rows);
    found
}
