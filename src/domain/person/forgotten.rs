//! Persons who asked to be forgotten, as keyed digests of what they are known by, and what is left of whatever
//! names them. Applied to all that is read before it is stored, and once to all that is stored already: both must
//! come out the same, or the next read would write it anew.

mod document;
mod event;
mod scan;
/// Who is to be forgotten. `Debug` hides it.
#[derive(Clone)]
pub struct ForgetOrder {
    /// What the person is known by: kind, source (of agents), text in its normal form.
    pub known_by: Vec<(Identifier, String, String)>,
    /// What the entry is called: `agent` or `phone`.
    pub kind: &'static str,
    /// The source named, if one was.
    pub source: Option<String>,
    /// Who says so.
    pub operator: String,
    /// When.
    pub now: DateTime<Utc>,
}

impl std::fmt::Debug for ForgetOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForgetOrder").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forgot {
    /// Number of the entry; `None` where nothing was done.
    pub id: Option<i64>,
    /// Rows that name the person, by table.
    pub tables: Vec<ForgotRows>,
}

/// One table's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForgotRows {
    /// Qualified name.
    pub table: String,
    /// How many.
    pub rows: u64,
}

/// One entry of the list; nothing in it says who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForgottenEntry {
    /// Its number.
    pub id: i64,
    /// `agent` or `phone`.
    pub kind: String,
    /// The source whose agent it was; `None` for all.
    pub source: Option<String>,
    /// When.
    pub forgotten_at: DateTime<Utc>,
    /// By whom.
    pub forgotten_by: String,
    /// Rows that were rewritten.
    pub rows: i64,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
    /// By whom.
    pub undone_by: Option<String>,
}

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use sha2::Sha256;

use crate::domain::row::record::{Record, Reject, Row, Value};
use crate::domain::row::table::ColumnType;
use crate::domain::row::text::letters;
use crate::domain::vendor::page::Page;

pub use self::document::OWNERS;
pub use self::scan::{national, normal_email};

/// How every pseudonym begins.
const PSEUDONYM: &str = "forgotten-";

/// Whether it stands in the place of a forgotten person's id: no vendor sends it.
pub fn is_pseudonym(id: &str) -> bool {
    id.starts_with(PSEUDONYM)
}

/// What a person is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// An agent's id or number, of one source.
    Agent,
    /// A phone number, its national digits.
    Phone,
    /// An e-mail address, in lower case.
    Email,
    /// What a privacy policy made of one of these.
    Form,
}

impl Identifier {
    /// Every kind.
    pub const ALL: [Identifier; 4] =
        [Identifier::Agent, Identifier::Phone, Identifier::Email, Identifier::Form];

    /// The name in `sync.forgotten_digest`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Identifier::Agent => "agent",
            Identifier::Phone => "phone",
            Identifier::Email => "email",
            Identifier::Form => "form",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Identifier> {
        Identifier::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A keyed digest; it says nothing to whoever has no key.
pub type Digest = [u8; 16];

/// One identifier as the list holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// What it is.
    pub kind: Identifier,
    /// Of what.
    pub digest: Digest,
    /// Digits of a phone number, so that it is found within a longer run; else 0.
    pub length: u8,
}

/// The list at one version.
#[derive(Clone, Default)]
pub struct ForgottenList {
    version: i64,
    mac: Option<Hmac<Sha256>>,
    listed: HashSet<(Identifier, Digest)>,
    lengths: BTreeSet<usize>,
    /// Names of sources under which digests are made, by the names of now, where these differ.
    names: HashMap<String, String>,
}

impl std::fmt::Debug for ForgottenList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForgottenList")
            .field("version", &self.version)
            .field("listed", &self.listed.len())
            .finish_non_exhaustive()
    }
}

impl ForgottenList {
    /// The list of this version under this key.
    pub fn new(version: i64, key: &[u8], listed: impl IntoIterator<Item = Listed>) -> ForgottenList {
        let mut list =
            ForgottenList { version, mac: Hmac::new_from_slice(key).ok(), ..ForgottenList::default() };
        list.add(listed);
        list
    }

    /// With sources that were renamed: the name of now, and the one under which their digests are made. An agent who was
    /// forgotten stays so, under the same pseudonym.
    #[must_use]
    pub fn renamed(mut self, names: impl IntoIterator<Item = (String, String)>) -> ForgottenList {
        self.names.extend(names);
        self
    }

    /// Lists more.
    pub fn add(&mut self, listed: impl IntoIterator<Item = Listed>) {
        for one in listed {
            self.listed.insert((one.kind, one.digest));
            self.lengths.extend((0 < one.length).then_some(usize::from(one.length)));
        }
    }

    /// Grows whenever somebody is listed or taken off.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether nobody is listed.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// An identifier as the list would hold it. `source` counts for agents alone.
    pub fn listed(&self, kind: Identifier, source: &str, text: &str) -> Listed {
        let length = match kind {
            Identifier::Phone => u8::try_from(text.len()).unwrap_or(u8::MAX),
            _ => 0,
        };
        Listed { kind, digest: self.digest(kind.as_str(), source_of(kind, source), text), length }
    }

    fn digest(&self, domain: &str, source: &str, text: &str) -> Digest {
        let mut digest = Digest::default();
        let Some(mut mac) = self.mac.clone() else { return digest };
        let source = self.names.get(source).map_or(source, String::as_str);
        for part in [domain, source, text] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        digest.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        digest
    }

    fn has(&self, kind: Identifier, source: &str, text: &str) -> bool {
        self.listed.contains(&(kind, self.digest(kind.as_str(), source_of(kind, source), text)))
    }

    /// What stands in an id's place: the same for the same id, and nothing by which it could be told.
    pub fn pseudonym(&self, source: &str, id: &str) -> String {
        format!("{PSEUDONYM}{}", letters(&self.digest("pseudonym", source, id)))
    }

    /// Cleans a page, if there is anybody to be forgotten.
    pub fn page(&self, source: &str, mut page: Page) -> Page {
        if !self.is_empty() {
            page.records = page.records.into_iter().map(|record| self.record(source, record)).collect();
        }
        page
    }

    /// Cleans a record.
    pub fn record(&self, source: &str, record: Record) -> Record {
        if self.is_empty() {
            return record;
        }
        let rows = record.rows.into_iter().map(|row| self.row(source, row)).collect();
        let rejects = record.rejects.into_iter().map(|reject| self.reject(source, reject)).collect();
        Record { rows, rejects, ..record }
    }

    /// Cleans what is quarantined.
    pub fn reject(&self, source: &str, reject: Reject) -> Reject {
        let clean = |text: String| self.text(source, &text).unwrap_or(text);
        Reject { payload: clean(reject.payload), reason: clean(reject.reason) }
    }

    /// Cleans a row.
    pub fn row(&self, source: &str, row: Row) -> Row {
        if self.is_empty() {
            return row;
        }
        let mut columns = Map::new();
        for (column, value) in row.table.columns.iter().zip(row.values()) {
            if let (ColumnType::Text, Value::Text(text)) = (column.kind, value) {
                columns.insert(column.name.to_owned(), Json::String(text.into_owned()));
            }
        }
        columns.insert("extra".to_owned(), Json::Object(row.extra.clone()));
        let keys: Vec<&str> = row.table.key_columns().iter().map(|column| column.name).collect();
        if !self.columns(source, &keys, &mut columns) {
            return row;
        }
        let mut values: Vec<_> = row.values().collect();
        for (column, value) in row.table.columns.iter().zip(&mut values) {
            match columns.remove(column.name) {
                Some(Json::String(text)) => *value = Value::text(text),
                Some(_) => *value = Value::Null,
                None => {}
            }
        }
        let extra = match columns.remove("extra") {
            Some(Json::Object(extra)) => extra,
            _ => row.extra.clone(),
        };
        Row::new(row.table, &values, extra)
    }
}

/// An address or number is one person's wherever it stands; the number of an agent is not.
fn source_of(kind: Identifier, source: &str) -> &str {
    if kind == Identifier::Agent { source } else { "" }
}

/// The list of this process: looked at by whoever reads, brought up to date by the store.
#[derive(Debug, Clone, Default)]
pub struct ErasureList(Arc<RwLock<Arc<ForgottenList>>>);

impl ErasureList {
    /// The list as it was last known.
    pub fn list(&self) -> Arc<ForgottenList> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a list up, unless a later one hangs there already.
    pub fn put(&self, list: Arc<ForgottenList>) {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if place.version() <= list.version() {
            *place = list;
        }
    }
}
