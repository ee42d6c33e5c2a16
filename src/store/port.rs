//! [`PgStore`] as the engine sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::ForgottenList;
use crate::domain::proof::run::{Counts, RunId};
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamKey, StreamKind};
use crate::engine::port::store::{Commit, LagLedger, Lease, ReadRecord, RunEnd, RunStart, Scope, Store};
use crate::report::status::StreamDeclaration;
use crate::store::answered::answered;
use crate::store::fault::{StoreError, StoreResult, lease_lost};
use crate::store::ledger::lag::lag_fetch;
use crate::store::ledger::lease::{
    lease_end_in_txn, lease_hold_in_txn, lease_name, lease_release, lease_renew, lease_take, leases_free,
};
use crate::store::ledger::run::{run_add_in_txn, run_close, run_open};
use crate::store::ledger::snapshot::{snapshot_fail_in_txn, snapshot_fetch};
use crate::store::ledger::stream::streams_replace;
use crate::store::ledger::time_window::{window_fail_in_txn, windows_fetch};
use crate::store::ledger::walk_page::{walk_forget_in_txn, walks_prune};
use crate::store::pool::PgStore;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// Names in one look. More are looked at only where all of these are leased.
const LEASES_LOOKED_AT: usize = 64;

#[async_trait]
impl Store for PgStore {
    async fn reads(&self, stream: &StreamKey, within: Option<TimeWindow>) -> Result<Vec<ReadRecord>, Fault> {
        let reads = async {
            match stream.stream.kind() {
                StreamKind::Windowed => windows_fetch(&self.pool, stream, within).await,
                StreamKind::Snapshot => snapshot_fetch(&self.pool, stream).await,
                // What is known of a feed is its cursor; nothing of it can be read again.
                StreamKind::Feed => Ok(Vec::new()),
            }
        };
        answered(&format!("reading the ledger of {stream}"), reads).await
    }

    async fn lag(&self, stream: &StreamKey, since: NaiveDate, day: NaiveDate) -> Result<LagLedger, Fault> {
        answered(
            &format!("reading what re-reads of {stream} showed"),
            lag_fetch(&self.pool, stream, since, day),
        )
        .await
    }

    async fn lease(
        &self,
        stream: &StreamKey,
        scope: Scope,
        worker: Uuid,
        term: Duration,
    ) -> Result<Option<Lease>, Fault> {
        let name = lease_name(stream, scope);
        let claim = self.claim_on(&stream.source);
        let fence = answered(
            &format!("taking the lease on {name}"),
            lease_take(&self.pool, &name, worker, term, claim),
        )
        .await?;
        if fence.is_some() {
            failpoint(Failpoint::LeaseTaken).await?;
        }
        Ok(fence.map(|fence| Lease { stream: stream.clone(), scope, fence }))
    }

    /// Among many workers most of what is urgent is leased: that is found out at once, not name by name.
    async fn lease_first(
        &self,
        stream: &StreamKey,
        scopes: &[Scope],
        worker: Uuid,
        term: Duration,
    ) -> Result<Option<Lease>, Fault> {
        if let [scope] = scopes {
            return self.lease(stream, *scope, worker, term).await;
        }
        for scopes in scopes.chunks(LEASES_LOOKED_AT) {
            let names: Vec<String> = scopes.iter().map(|scope| lease_name(stream, *scope)).collect();
            let free = leases_free(&self.pool, &names);
            let doing = || format!("looking for what of {stream} is leased to nobody");
            for index in answered(&doing(), free).await? {
                let Some(scope) = scopes.get(index) else { continue };
                // Another worker may be quicker still.
                let lease = self.lease(stream, *scope, worker, term).await?;
                if lease.is_some() {
                    return Ok(lease);
                }
            }
        }
        Ok(None)
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<(), Fault> {
        let name = lease_name(&lease.stream, lease.scope);
        answered(&format!("renewing the lease on {name}"), lease_renew(&self.pool, lease, term)).await?;
        failpoint(Failpoint::LeaseRenewed).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), Fault> {
        let name = lease_name(&lease.stream, lease.scope);
        answered(&format!("releasing the lease on {name}"), lease_release(&self.pool, &name, lease.fence))
            .await
    }

    async fn run_start(&self, start: &RunStart) -> Result<RunId, Fault> {
        let claim = self.claims.of(&start.stream.source);
        let run = answered(&format!("opening a run of {}", start.stream), run_open(&self.pool, start, claim))
            .await?;
        answered("forgetting pages of old walks", walks_prune(&self.pool)).await?;
        failpoint(Failpoint::RunOpened).await?;
        Ok(run)
    }

    async fn run_finish(&self, run: RunId, end: &RunEnd<'_>) -> Result<(), Fault> {
        answered(&format!("closing run {}", run.0), run_close(&self.pool, run, end)).await?;
        failpoint(Failpoint::RunClosed).await
    }

    async fn commit(&self, commit: Commit) -> Result<Counts, Fault> {
        self.commit_read(commit).await
    }

    async fn record_failure(
        &self,
        lease: &Lease,
        run: RunId,
        kind: FaultKind,
        message: &str,
        requests: u64,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let doing = format!("recording the failure of {}", lease_name(&lease.stream, lease.scope));
        answered(&doing, self.fail_read(lease, run, (kind, message), requests, now)).await
    }

    async fn forgotten(&self) -> Result<Arc<ForgottenList>, Fault> {
        answered("reading the list of forgotten persons", self.list()).await
    }

    async fn declare(&self, streams: &[StreamDeclaration]) -> Result<(), Fault> {
        answered("declaring the configured streams", streams_replace(&self.pool, streams)).await
    }
}

impl PgStore {
    async fn fail_read(
        &self,
        lease: &Lease,
        run: RunId,
        failure: (FaultKind, &str),
        requests: u64,
        now: DateTime<Utc>,
    ) -> StoreResult<()> {
        let name = lease_name(&lease.stream, lease.scope);
        let mut transaction = self.pool.begin().await?;
        if !lease_hold_in_txn(&mut transaction, &name, lease.fence).await? {
            return Err(StoreError::Fault(lease_lost(&name)));
        }
        match lease.scope {
            Scope::Window(window) => {
                window_fail_in_txn(&mut transaction, &lease.stream, window, run, failure, now).await?;
            }
            Scope::Snapshot => {
                snapshot_fail_in_txn(&mut transaction, &lease.stream, run, failure, now).await?;
            }
        }
        run_add_in_txn(&mut transaction, run, &Counts { requests, ..Counts::default() }, None).await?;
        // What could not be read from these pages cannot be read from them the next time.
        walk_forget_in_txn(&mut transaction, &name).await?;
        lease_end_in_txn(&mut transaction, &name, lease.fence).await?;
        transaction.commit().await?;
        Ok(())
    }
}
