//! All that one read leaves behind, in one transaction: rows, history, tombstones, quarantine, ledger,
//! certificate, run counts and the end of the lease. There is no other way to move a checkpoint.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Connection as _, Executor as _, PgConnection, Postgres};
use tracing::Instrument as _;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::certificate::Verdict;
use crate::domain::proof::run::{Counts, RunId};
use crate::domain::proof::window::TimeWindow;
use crate::domain::vendor::drift::SchemaDrift;
use crate::engine::port::store::{Commit, Scope};
use crate::store::answered::in_time;
use crate::store::commit::absence::{AbsenceRule, Seen, settle_snapshot, settle_window};
use crate::store::commit::agent::agents_update_in_txn;
use crate::store::commit::merge::{by_table, merge_table};
use crate::store::commit::owner::{owned_by_snapshot, owned_by_window};
use crate::store::commit::row_count::{RowCountChange, row_count_add_in_txn, row_count_refresh_in_txn};
use crate::store::fault::{StoreError, StoreResult, from_sql, lease_lost};
use crate::store::ledger::certificate::certificate_insert_in_txn;
use crate::store::ledger::finality::{beyond_reach, finality_update_in_txn};
use crate::store::ledger::lag::reread_in_txn;
use crate::store::ledger::lease::{lease_end_in_txn, lease_hold_in_txn, lease_name};
use crate::store::ledger::quarantine::{SetAside, quarantine_resolve_in_txn, quarantine_upsert_in_txn};
use crate::store::ledger::run::run_add_in_txn;
use crate::store::ledger::schema_drift::{Found, drifts_insert_in_txn, log_drifts};
use crate::store::ledger::snapshot::{snapshot_commit_in_txn, snapshot_was_read};
use crate::store::ledger::time_window::{KnownWindows, known_windows, window_commit_in_txn};
use crate::store::ledger::walk_page::walk_forget_in_txn;
use crate::store::pool::PgStore;
use crate::store::privacy::forgotten::list_hold_in_txn;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// Limits of the transaction, and the price of a random read on today's disks.
pub(in crate::store) const TRANSACTION: &str = r#"
set local lock_timeout = '10s';
set local statement_timeout = '60s';
set local random_page_cost = 1.1;
"#;

/// Times that a commit is made because another worker was quicker with one of its rows, or because one that was taken
/// for new is none. Neighbouring windows share those on their common bound.
const TRIES_MAX: u32 = 4;

/// What the statements of one commit share.
pub(in crate::store) struct Context<'a> {
    /// The operator's name for the account.
    pub(in crate::store) source: &'a str,
    /// The window; `None` for a snapshot.
    pub(in crate::store) window: Option<TimeWindow>,
    /// The run.
    pub(in crate::store) run: RunId,
    /// The instant of all that is written.
    pub(in crate::store) now: DateTime<Utc>,
    /// What is stored counts for nothing against what the vendor sent.
    pub(in crate::store) overrule: bool,
    /// Whether the commit is made again. Statements whose numbers of rows may differ because another worker writes the
    /// same rows then lock the rows first, so that the numbers are exact.
    pub(in crate::store) is_repeated: bool,
}

impl Context<'_> {
    /// Binds the parameters that all statements over fact tables begin with.
    pub(in crate::store) fn bind<'q>(
        &self,
        query: Query<'q, Postgres, PgArguments>,
        window: Option<TimeWindow>,
    ) -> Query<'q, Postgres, PgArguments> {
        query
            .bind(self.source.to_owned())
            .bind(self.now)
            .bind(window.map(|window| window.start))
            .bind(window.map(|window| window.end))
            .bind(self.run.0)
    }
}

/// What the ledger knew of the scope before this commit.
enum Ledger {
    Window(TimeWindow, KnownWindows),
    Snapshot { read_before: bool },
}

impl PgStore {
    /// Implements [`Store::commit`].
    ///
    /// [`Store::commit`]: crate::engine::port::store::Store::commit
    ///
    /// It runs as a task of its own: a caller that stops waiting does not stop it half way. The driver
    /// loses count of the answers when a COPY is dropped, and the next user of the connection would get
    /// those of another query.
    pub(in crate::store) async fn commit_read(&self, commit: Commit) -> Result<Counts, Fault> {
        let store = self.clone();
        let name = lease_name(&commit.lease.stream, commit.lease.scope);
        let doing = format!("committing {name}");
        let task = async move { store.commit_whole(&commit, &name).await }.in_current_span();
        match tokio::spawn(task).await {
            Ok(outcome) => outcome.map_err(|error| error.during(&doing)),
            Err(_) => Err(Fault::new(
                FaultKind::DatabaseUnreachable,
                format!("{doing}: the commit was stopped before it ended; committing again is safe"),
            )),
        }
    }

    async fn commit_whole(&self, commit: &Commit, name: &str) -> StoreResult<Counts> {
        let mut tries = 1;
        loop {
            let mut connection = self.pool.acquire().await?;
            let doing = format!("committing {name}");
            let outcome = in_time(&doing, commit_on(&mut connection, commit, name, tries == 1)).await;
            if outcome.is_err() {
                // Whatever state it is in, it serves nobody again.
                connection.close_on_drop();
            }
            match outcome {
                Err(StoreError::Conflict(_)) if tries < TRIES_MAX => tries += 1,
                outcome => return outcome,
            }
        }
    }
}

async fn commit_on(
    connection: &mut PgConnection,
    commit: &Commit,
    name: &str,
    is_first_try: bool,
) -> StoreResult<Counts> {
    let mut transaction = connection.begin().await?;
    let (counts, drifts) = write_read(&mut transaction, commit, name, is_first_try).await?;
    failpoint(Failpoint::CommitBefore).await?;
    transaction.commit().await.map_err(|error| {
        let fault = from_sql(&format!("committing {name}"), &error);
        match fault.kind {
            FaultKind::DatabaseUnreachable => Fault::new(
                fault.kind,
                format!("{}; whether it was committed is not known, committing again is safe", fault.message),
            ),
            _ => fault,
        }
    })?;
    log_drifts(&commit.lease.stream, &drifts);
    failpoint(Failpoint::CommitAfter).await?;
    Ok(counts)
}

/// Answers what was done, and what was noticed for the first time.
async fn write_read(
    connection: &mut PgConnection,
    commit: &Commit,
    name: &str,
    is_first_try: bool,
) -> StoreResult<(Counts, Vec<SchemaDrift>)> {
    let key = &commit.lease.stream;
    connection.execute(sqlx::raw_sql(TRANSACTION)).await?;
    failpoint(Failpoint::CommitBegun).await?;
    if !lease_hold_in_txn(connection, name, commit.lease.fence).await? {
        return Err(StoreError::Fault(lease_lost(name)));
    }
    failpoint(Failpoint::LeaseHeld).await?;
    if list_hold_in_txn(connection).await? != commit.list {
        let message = format!("{name} was read before somebody was forgotten; nothing was written");
        return Err(StoreError::Fault(Fault::new(FaultKind::Outdated, message)));
    }
    let ledger = match commit.lease.scope {
        Scope::Window(window) => Ledger::Window(window, known_windows(connection, key, window).await?),
        Scope::Snapshot => Ledger::Snapshot { read_before: snapshot_was_read(connection, key).await? },
    };
    let mut counts = commit.counts;
    counts.windows += 1;
    let Written { counts: written, dated, late, rows } =
        write_rows(connection, commit, &ledger, is_first_try).await?;
    counts += written;
    if let Ledger::Window(window, known) = &ledger {
        finality_update_in_txn(connection, commit, (*window, known), &written, &late).await?;
    }
    counts.quarantined += quarantine_upsert_in_txn(connection, &SetAside::of(commit)).await?;
    if commit.certificate.verdict != Verdict::Unverified {
        quarantine_resolve_in_txn(connection, commit).await?;
    }
    failpoint(Failpoint::QuarantineWritten).await?;
    let read_no = match commit.lease.scope {
        Scope::Window(window) => {
            let read_no = window_commit_in_txn(connection, commit, window).await?;
            reread_in_txn(connection, commit, window, &written, &dated).await?;
            read_no
        }
        Scope::Snapshot => snapshot_commit_in_txn(connection, commit).await?,
    };
    failpoint(Failpoint::CheckpointWritten).await?;
    certificate_insert_in_txn(connection, commit, read_no, &counts).await?;
    let drifts = drifts_insert_in_txn(connection, &Found::of(commit)).await?;
    failpoint(Failpoint::CertificateWritten).await?;
    row_count_add_in_txn(connection, &rows).await?;
    // What was damaged may have been removed too, or put there.
    if commit.overrule {
        row_count_refresh_in_txn(connection, key).await?;
    }
    run_add_in_txn(connection, commit.run, &counts, Some(commit.windows_due)).await?;
    failpoint(Failpoint::CountsAdded).await?;
    walk_forget_in_txn(connection, name).await?;
    if !lease_end_in_txn(connection, name, commit.lease.fence).await? {
        return Err(StoreError::Fault(lease_lost(name)));
    }
    failpoint(Failpoint::LeaseEnded).await?;
    Ok((counts, drifts))
}

/// What the rows of a read changed.
struct Written {
    counts: Counts,
    /// The vendor's own times of what is new or changed.
    dated: Vec<DateTime<Utc>>,
    /// The contacts, of what is new or changed, that lie further before the window than any was seen before.
    late: Vec<DateTime<Utc>>,
    /// Live rows that came and went.
    rows: RowCountChange,
}

/// Rows, history and tombstones of all tables of the stream, in the stream's order of tables.
async fn write_rows(
    connection: &mut PgConnection,
    commit: &Commit,
    ledger: &Ledger,
    is_first_try: bool,
) -> StoreResult<Written> {
    let context = Context {
        source: &commit.lease.stream.source,
        window: match commit.lease.scope {
            Scope::Window(window) => Some(window),
            Scope::Snapshot => None,
        },
        run: commit.run,
        now: commit.now,
        overrule: commit.overrule,
        is_repeated: !is_first_try,
    };
    let closed = commit.certificate.verdict != Verdict::Unverified && commit.rejects.is_empty();
    let (mut counts, mut dated, mut late) = (Counts::default(), Vec::new(), Vec::new());
    let (mut written, mut rows_changed) = (Vec::new(), RowCountChange::default());
    let mut of_table = by_table(&commit.rows, &mut counts.superseded);
    let stream = commit.lease.stream.stream;
    for table in stream.tables() {
        let rows = of_table.remove(table.name).unwrap_or_default();
        let (owner, read_before) = match ledger {
            Ledger::Window(window, known) => {
                let owner = owned_by_window(connection, context.source, table, *window, known.since).await?;
                // What is under way still holds what was known elsewhere and was inspected anew.
                let is_over = window.end <= commit.complete_to;
                (owner.presuming_new(is_first_try && is_over && !known.read_before), known.read_before)
            }
            Ledger::Snapshot { read_before } => {
                (owned_by_snapshot(connection, context.source, table).await?, *read_before)
            }
        };
        let merged = merge_table(connection, &context, table, &rows, &owner).await?;
        if read_before || commit.overrule {
            dated.extend(merged.written.iter().filter_map(|row| row.version_at()));
        }
        if let Ledger::Window(window, known) = ledger {
            late.extend(beyond_reach(&merged.written, *window, known));
        }
        counts.inserted += merged.inserted;
        counts.updated += merged.updated;
        counts.unchanged += merged.unchanged;
        counts.superseded += merged.superseded;
        let proven = commit.certificate.verdict == Verdict::Proven && !commit.leaves_open(table);
        let seen = Seen { table, rows: &rows, owner: &owner, merged: &merged, closed, proven };
        let deleted = match ledger {
            Ledger::Window(window, known) => {
                let rule = AbsenceRule {
                    stream,
                    replaced: &known.replaced,
                    since: known.since,
                    settle: commit.absence_settle,
                    limit: commit.absence_max,
                };
                settle_window(connection, &context, *window, &seen, &rule).await?
            }
            Ledger::Snapshot { .. } => {
                settle_snapshot(connection, &context, stream, &seen, commit.absence_max).await?
            }
        };
        counts.deleted += deleted;
        rows_changed.add(&commit.lease.stream, table.name, merged.inserted + merged.restored, deleted);
        failpoint(Failpoint::AbsencesSettled).await?;
        written.push((*table, merged.written));
    }
    for (table, rows) in written {
        agents_update_in_txn(connection, &context, table, &rows).await?;
    }
    match of_table.keys().next() {
        None => Ok(Written { counts, dated, late, rows: rows_changed }),
        Some(name) => Err(StoreError::Fault(Fault::new(
            FaultKind::DatabaseRefused,
            format!("rows of {name} came in a read of {}, which does not fill it", commit.lease.stream),
        ))),
    }
}
