//! `sync.source`: which vendor account stands behind each name, and who may read for it.
//!
//! A process claims its sources when it starts and remembers the number (`generation`) under which it did. Every lease
//! and every run is begun only while that number stands, under a lock that a change of the name waits for: once a name
//! has got another meaning, no worker of before writes under it.

mod change;
mod claim;
mod order;
mod place;
mod retire;
mod sweep;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

pub(in crate::store) use self::claim::claim_hold_in_txn;
pub use self::order::{SourceChange, SourceOrder};
pub use self::sweep::SweptTable;
use crate::domain::fault::Fault;
use crate::domain::source::{KnownSource, PendingChange, UnconfiguredSource, VendorAccount};
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;

/// The numbers under which this process claimed its sources.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Claims(Arc<RwLock<HashMap<String, i64>>>);

impl Claims {
    /// The number of a source; `None` where it was not claimed, and its leases are free to take.
    pub(in crate::store) fn of(&self, source: &str) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(source).copied()
    }

    /// All of them.
    fn all(&self) -> (Vec<String>, Vec<i64>) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone().into_iter().unzip()
    }

    fn set(&self, claims: HashMap<String, i64>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = claims;
    }
}

impl PgStore {
    /// Every source whose rows stand in schema `bi`, with when it was read last.
    ///
    /// # Errors
    /// Database faults.
    pub async fn stored_sources(&self) -> Result<Vec<UnconfiguredSource>, Fault> {
        let stored = async { stored_fetch(&mut *self.pool.acquire().await?).await };
        answered("reading which sources are stored", stored).await
    }

    /// The claim under which leases of this source are taken.
    pub(in crate::store) fn claim_on<'s>(&self, source: &'s str) -> Option<(&'s str, i64)> {
        self.claims.of(source).map(|generation| (source, generation))
    }
}

const KNOWN: &str = r#"
select s.name, s.kind, s.account, s.host, s.generation, s.retired_at, s.retired_by, s.pending, s.pending_name,
    s.pending_since
from sync.source s
order by s.name
"#;

#[derive(FromRow)]
struct SourceRow {
    name: String,
    kind: String,
    account: Option<String>,
    host: Option<String>,
    generation: i64,
    retired_at: Option<DateTime<Utc>>,
    retired_by: Option<String>,
    pending: Option<String>,
    pending_name: Option<String>,
    pending_since: Option<DateTime<Utc>>,
}

impl SourceRow {
    fn known(self) -> KnownSource {
        let account = self.account.zip(self.host);
        let pending = self.pending.zip(self.pending_since).map(|(_, since)| PendingChange {
            command: match &self.pending_name {
                Some(name) => format!("ccsync source rename {} {name} --yes", self.name),
                None => format!("ccsync source purge {} --yes", self.name),
            },
            since,
            new_name: self.pending_name,
        });
        KnownSource {
            account: account.map(|(id, host)| VendorAccount { kind: self.kind.clone(), id, host }),
            name: self.name,
            kind: self.kind,
            generation: self.generation,
            retired: self.retired_at.zip(self.retired_by),
            pending,
            has_rows: true,
        }
    }
}

/// The newest window of the last stream is read at every pass.
const STORED: &str = r#"
select s.name as source, s.kind, r.read_at
from sync.source s
cross join lateral (
    select greatest(
        (select w.read_at from sync.time_window w where w.source = s.name and w.read_at is not null
            order by w.source desc, w.stream desc, w.window_start desc limit 1),
        (select max(n.read_at) from sync.snapshot n where n.source = s.name),
        (select max(f.seen_to) from sync.feed_session f where f.source = s.name)) as read_at
) r
where s.retired_at is null and s.pending is null and r.read_at is not null
order by s.name
"#;

/// Every source whose rows stand in schema `bi`, with when it was read last.
pub(in crate::store) async fn stored_fetch(
    connection: &mut PgConnection,
) -> StoreResult<Vec<UnconfiguredSource>> {
    let rows: Vec<(String, String, DateTime<Utc>)> = sqlx::query_as(STORED).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(source, kind, read_at)| UnconfiguredSource { source, kind, read_at }).collect())
}

/// Every source, by name; whether rows of it are stored is not looked at.
async fn known_fetch(connection: &mut PgConnection) -> StoreResult<Vec<KnownSource>> {
    let rows: Vec<SourceRow> = sqlx::query_as(KNOWN).fetch_all(connection).await?;
    Ok(rows.into_iter().map(SourceRow::known).collect())
}
