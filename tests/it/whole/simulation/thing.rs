//! One inspection or one skill group, in the form in which the sources deliver it.

use ccsync::domain::row::record::{Record, Reject, Row, Value};
use ccsync::domain::row::table::TableShape;
use ccsync::domain::stream::StreamId;
use chrono::{DateTime, Utc};

use super::rng::Rng;

/// Whether it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Whole,
    Broken,
}

/// What the vendor keeps.
pub struct Thing {
    stream: StreamId,
    index: usize,
    pub version: u32,
    pub score: i64,
    /// Members of a group; they come and go with its versions.
    members: u32,
    pub contact: DateTime<Utc>,
    pub quality: DateTime<Utc>,
}

impl Thing {
    pub fn new(stream: StreamId, index: usize, at: DateTime<Utc>, rng: &mut Rng) -> Thing {
        // Two versions of an element of claims share a member, or nothing of it could be recognised.
        let fewest = 2 * i64::from(stream == StreamId::MOOR_AGENT_CLAIM_STATUS);
        let members = u32::try_from(rng.between(fewest, 4)).unwrap();
        Thing { stream, index, version: 1, score: rng.between(0, 100), members, contact: at, quality: at }
    }

    /// The first part of the key of all its rows.
    pub fn key(&self) -> String {
        format!("{:05}", self.index)
    }

    pub fn key_of(row: &Row) -> String {
        row.key().next().unwrap_or_default().to_owned()
    }

    /// As an element of a page.
    pub fn record(&self, form: Form) -> Record {
        let raw = format!("{} {} {} {} {form:?}", self.index, self.version, self.score, self.quality);
        if form == Form::Broken {
            let reject = Reject { payload: raw.clone(), reason: "score: a number was expected".into() };
            return Record::new(&raw, Vec::new(), vec![reject]);
        }
        let mut rows = Vec::new();
        for table in self.stream.tables() {
            match table.version_index() {
                Some(version) => rows.push(self.inspection(table, version)),
                None if table.key_len == 1 => rows.push(self.group(table)),
                None => rows.extend(self.members(table)),
            }
        }
        Record::new(&raw, rows, Vec::new())
    }

    fn inspection(&self, table: &'static TableShape, version: usize) -> Row {
        let mut values = vec![Value::Null; table.columns.len()];
        values[0] = Value::text(self.key());
        values[1..table.key_len].iter_mut().for_each(|part| *part = Value::text("8000"));
        values[version - 1] = Value::Instant(self.contact);
        values[version] = Value::Instant(self.quality);
        values[table.index_of("total_score").unwrap()] =
            Value::Numeric(self.score.to_string().parse().unwrap());
        Row::new(table, &values, serde_json::Map::new())
    }

    fn group(&self, table: &'static TableShape) -> Row {
        let mut values = vec![Value::Null; table.columns.len()];
        values[0] = Value::text(self.key());
        values[1] = Value::text(format!("group {}", self.score));
        Row::new(table, &values, serde_json::Map::new())
    }

    /// With each version one leaves and one comes.
    fn members(&self, table: &'static TableShape) -> impl Iterator<Item = Row> + '_ {
        (self.version..self.version + self.members).map(move |agent| {
            let mut values = vec![Value::Null; table.columns.len()];
            values[0] = Value::text(self.key());
            values[1] = Value::text(format!("{}", 8000 + agent % 7));
            Row::new(table, &values, serde_json::Map::new())
        })
    }
}
