//! The counters of the database and its processor time, before and after.

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::place::Place;
use crate::process::stat;
use crate::psql::Psql;

/// How long the sessions of processes that ended may take to be gone.
const TIMEOUT: Duration = Duration::from_secs(30);

const OTHERS: &str = "\
    select count(*) from pg_stat_activity where datname = current_database() \
    and backend_type = 'client backend' and pid <> pg_backend_pid()";

/// Each update and each deletion leaves one dead version behind, whether or not it is cleaned away at once.
const COUNTERS: &str = "\
    select (pg_current_wal_insert_lsn() - '0/0')::bigint, (select wal_fpi from pg_stat_wal), \
        coalesce(sum(n_tup_upd + n_tup_del) filter (where fact), 0), \
        coalesce(sum(n_tup_upd + n_tup_del) filter (where not fact), 0), \
        coalesce(sum(n_tup_hot_upd) filter (where fact), 0) \
    from (select *, schemaname = 'sobot' and relname like 'call_result%' as fact from pg_stat_user_tables \
        where schemaname in ('sobot', 'sync')) t";

/// Counters that only grow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Snapshot {
    /// Bytes of the write-ahead log.
    pub(crate) wal_bytes: u64,
    /// Whole pages in it, which the first change after a checkpoint puts there.
    pub(crate) full_page_images: u64,
    /// Dead versions made in the fact tables and their histories.
    pub(crate) dead_fact: u64,
    /// Dead versions made in all other tables: the ledger, and who the agents are.
    pub(crate) dead_ledger: u64,
    /// Updates of facts that touched no index.
    pub(crate) hot_fact: u64,
    /// Processor time of the server and all its processes.
    pub(crate) cpu_seconds: Option<f64>,
}

impl Snapshot {
    /// As it is now, once nobody but us is connected: until then not all is counted.
    ///
    /// # Errors
    /// The database refused.
    pub(crate) async fn take(place: &Place, server: Option<i32>) -> Result<Snapshot, Failure> {
        let began = Instant::now();
        while place.psql.ask(OTHERS).await? != "0" && began.elapsed() < TIMEOUT {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let cpu_seconds = server.and_then(stat::cpu_seconds_with_children);
        let text = place.psql.ask(COUNTERS).await?;
        let fields: Vec<u64> = text.split('|').filter_map(|field| field.parse().ok()).collect();
        let [wal_bytes, full_page_images, dead_fact, dead_ledger, hot_fact] = fields[..] else {
            return Err(Failure::failed(format!("psql answered the counters with `{text}`")));
        };
        Ok(Snapshot { wal_bytes, full_page_images, dead_fact, dead_ledger, hot_fact, cpu_seconds })
    }

    /// What was added since an earlier one.
    pub(crate) fn since(self, earlier: Snapshot) -> Snapshot {
        Snapshot {
            wal_bytes: self.wal_bytes.saturating_sub(earlier.wal_bytes),
            full_page_images: self.full_page_images.saturating_sub(earlier.full_page_images),
            dead_fact: self.dead_fact.saturating_sub(earlier.dead_fact),
            dead_ledger: self.dead_ledger.saturating_sub(earlier.dead_ledger),
            hot_fact: self.hot_fact.saturating_sub(earlier.hot_fact),
            cpu_seconds: self.cpu_seconds.zip(earlier.cpu_seconds).map(|(later, earlier)| later - earlier),
        }
    }
}

/// The server's own process, if it runs on this machine.
pub(crate) async fn server_process(psql: &Psql) -> Option<i32> {
    let checkpointer =
        psql.ask("select pid from pg_stat_activity where backend_type = 'checkpointer'").await.ok()?;
    let server = stat::parent(checkpointer.parse().ok()?)?;
    stat::is_named(server, "postgres").then_some(server)
}
