//! `sync.vendor_clock`: what the vendors' answers said of the time; and the database's own clock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::fault::Fault;
use crate::engine::plan::present::VendorDate;
use crate::store::answered::answered;
use crate::store::pool::PgStore;

/// Source, date, when it came, and whether it stands still.
type Heard = (String, DateTime<Utc>, DateTime<Utc>, bool);

impl PgStore {
    /// The database's clock.
    ///
    /// # Errors
    /// Database faults.
    pub async fn clock(&self) -> Result<DateTime<Utc>, Fault> {
        let clock = sqlx::query_scalar("select clock_timestamp()").fetch_one(&self.pool);
        answered("asking the database for the time", clock).await
    }

    /// What was heard of the vendors' clocks, by source.
    ///
    /// # Errors
    /// Database faults.
    pub async fn vendor_dates(&self) -> Result<Vec<(String, VendorDate)>, Fault> {
        let rows =
            sqlx::query_as("select source, vendor_date, answered_at, stands_still from sync.vendor_clock")
                .fetch_all(&self.pool);
        let rows: Vec<Heard> = answered("reading what the vendors said of the time", rows).await?;
        let heard = |(source, date, answered_at, stands_still)| {
            (source, VendorDate { date, answered_at, stands_still })
        };
        Ok(rows.into_iter().map(heard).collect())
    }

    /// Keeps what an answer said of the time that came `age` ago. Nothing of a source that was renamed or purged meanwhile.
    ///
    /// # Errors
    /// Database faults.
    pub async fn keep_vendor_date(
        &self,
        source: &str,
        date: DateTime<Utc>,
        age: Duration,
        stands_still: bool,
    ) -> Result<(), Fault> {
        let kept = sqlx::query(
            r#"
            insert into sync.vendor_clock as t (source, vendor_date, answered_at, stands_still)
            select s.name, $2, clock_timestamp() - make_interval(secs => $3), $4
            from sync.source s
            where s.name = $1 and s.pending is null and s.generation = coalesce($5, s.generation)
            -- A change under way is waited for, and its outcome looked at.
            for key share
            on conflict (source) do update
            set vendor_date = excluded.vendor_date, answered_at = excluded.answered_at,
                stands_still = excluded.stands_still
            where (t.vendor_date, t.stands_still) is distinct from (excluded.vendor_date, excluded.stands_still)
            "#,
        )
        .bind(source)
        .bind(date)
        .bind(age.as_secs_f64())
        .bind(stands_still)
        .bind(self.claim_on(source).map(|(_, generation)| generation))
        .execute(&self.pool);
        answered("keeping what the vendors said of the time", kept).await.map(drop)
    }
}
