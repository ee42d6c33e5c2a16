//! [`PgStore`] as a feed sees it.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Connection as _;
use uuid::Uuid;

use crate::domain::fault::Fault;
use crate::domain::row::text::counted;
use crate::domain::stream::StreamKey;
use crate::engine::port::feed_store::{Failures, FeedCommit, FeedOutcome, FeedStore, Fences};
use crate::store::answered::{answered, in_time};
use crate::store::fault::{StoreResult, from_sql};
use crate::store::feed::commit::store_events;
use crate::store::feed::lease::{leases_hold, leases_inherit, leases_release};
use crate::store::feed::session::{failures_write, sessions_declare};
use crate::store::ledger::schema_drift::log_drifts;
use crate::store::pool::PgStore;

#[async_trait]
impl FeedStore for PgStore {
    async fn feed_declare(&self, key: &StreamKey, agents: &[String]) -> Result<(), Fault> {
        answered(&format!("declaring the agents of {key}"), sessions_declare(&self.pool, key, agents)).await
    }

    async fn feed_hold(
        &self,
        key: &StreamKey,
        agents: &[String],
        worker: Uuid,
        term: Duration,
    ) -> Result<Fences, Fault> {
        answered(
            &format!("taking the leases of {key}"),
            leases_hold(&self.pool, key, agents, worker, term, self.claims.of(&key.source)),
        )
        .await
    }

    async fn feed_inherit(
        &self,
        key: &StreamKey,
        agents: &[String],
        workers: (Uuid, Uuid),
        term: Duration,
    ) -> Result<(), Fault> {
        let doing = format!("taking over the leases of {key} from a process that ended");
        answered(&doing, leases_inherit(&self.pool, key, agents, workers, term)).await
    }

    async fn feed_release(&self, key: &StreamKey, fences: &Fences) -> Result<(), Fault> {
        answered(&format!("releasing the leases of {key}"), leases_release(&self.pool, key, fences)).await
    }

    async fn feed_failures(
        &self,
        key: &StreamKey,
        agents: &[String],
        failures: &Failures,
    ) -> Result<(), Fault> {
        let doing = format!("noting which agents of {key} cannot be followed");
        answered(&doing, failures_write(&self.pool, key, agents, failures)).await
    }

    async fn feed_commit(&self, commit: FeedCommit) -> Result<FeedOutcome, Fault> {
        let doing = format!("storing {} of {}", counted(commit.events.len(), "event"), commit.key);
        self.commit_events(&commit, &doing).await.map_err(|error| error.during(&doing))
    }
}

impl PgStore {
    async fn commit_events(&self, commit: &FeedCommit, doing: &str) -> StoreResult<FeedOutcome> {
        let mut connection = self.pool.acquire().await?;
        let outcome = in_time(doing, async {
            let mut transaction = connection.begin().await?;
            let (outcome, drifts) = store_events(&mut transaction, commit, &self.erasures).await?;
            match outcome {
                FeedOutcome::Stored(_) => {
                    transaction.commit().await.map_err(|error| from_sql(doing, &error))?;
                    log_drifts(&commit.key, &drifts);
                }
                FeedOutcome::NotHeld(_) => transaction.rollback().await?,
            }
            Ok(outcome)
        })
        .await;
        if outcome.is_err() {
            // Whatever state it is in, it serves nobody again.
            connection.close_on_drop();
        }
        outcome
    }
}
