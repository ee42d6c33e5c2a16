//! `sync.request_budget`: the vendors' limits, as evenly spaced moments that are given away one by one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::PgPool;
use tokio::sync::Mutex;

use crate::domain::fault::Fault;
use crate::engine::port::budget::{Budget, BudgetKey, Reservation};
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::ledger::lease::interval;
use crate::store::pool::PgStore;

/// The moments of one limit are spread over a little more than its minute. A request that leaves late,
/// because its answer from the database or its task was slow, would else meet those after it within one.
const SPREAD: Duration = Duration::from_secs(61);

/// Above this many a minute, moments are reserved several at a time: about ten commits a second suffice.
const SINGLE_PER_MINUTE: u32 = 600;

/// Moments at most in one reservation.
const BATCH_MAX: u32 = 100;

/// What this process knows of limits without asking the database.
#[derive(Debug, Default)]
pub(in crate::store) struct Reservations {
    limits: Mutex<HashMap<BudgetKey, Arc<Mutex<Known>>>>,
}

/// Of one limit.
#[derive(Debug, Default)]
struct Known {
    /// Moments reserved and not yet handed out, for limits that are high.
    moments: VecDeque<Instant>,
    /// Before this one nobody is given any: one of this process was told so, and the others need not ask.
    not_before: Option<Instant>,
}

/// What was told holds for so long at most: a pause may be taken back.
const TOLD_HOLDS: Duration = Duration::from_secs(1);

impl Reservations {
    async fn of(&self, key: &BudgetKey) -> Arc<Mutex<Known>> {
        Arc::clone(self.limits.lock().await.entry(key.clone()).or_default())
    }
}

fn spacing(key: &BudgetKey) -> Duration {
    SPREAD / key.per_minute.max(1)
}

fn batch(key: &BudgetKey) -> u32 {
    key.per_minute.div_ceil(SINGLE_PER_MINUTE).clamp(1, BATCH_MAX)
}

/// Moments further away than this are given to nobody: a process that is killed while it waits for one
/// would take it along, and one that is restarted again and again would pile them up.
const HORIZON: Duration = Duration::from_millis(100);

/// Reserves the next `count` moments and answers how far away the first is; or, where that is beyond the
/// horizon, reserves nothing and answers when to ask again.
async fn budget_reserve(pool: &PgPool, key: &BudgetKey, count: u32) -> StoreResult<Reservation> {
    let granted: Option<i64> = sqlx::query_scalar(
        r#"
        insert into sync.request_budget as b (name, per_minute, next_at)
        values ($1, $2, clock_timestamp() + $3)
        on conflict (name) do update
        set per_minute = excluded.per_minute, next_at = greatest(b.next_at, clock_timestamp()) + $3
        where b.next_at <= clock_timestamp() + $4
        returning (extract(epoch from next_at - $3 - clock_timestamp()) * 1000000)::bigint
        "#,
    )
    .bind(&key.name)
    .bind(i32::try_from(key.per_minute).unwrap_or(i32::MAX))
    .bind(interval(spacing(key) * count))
    .bind(interval(HORIZON))
    .fetch_optional(pool)
    .await?;
    let length = |microseconds: i64| Duration::from_micros(u64::try_from(microseconds).unwrap_or_default());
    if let Some(microseconds) = granted {
        return Ok(Reservation::Granted(length(microseconds)));
    }
    let away: i64 = sqlx::query_scalar(
        r#"
        select (extract(epoch from next_at - clock_timestamp()) * 1000000)::bigint
        from sync.request_budget where name = $1
        "#,
    )
    .bind(&key.name)
    .fetch_one(pool)
    .await?;
    Ok(Reservation::Later(length(away).saturating_sub(HORIZON)))
}

#[async_trait]
impl Budget for PgStore {
    async fn reserve(&self, key: &BudgetKey) -> Result<Reservation, Fault> {
        let doing = || format!("reserving a request to {}", key.name);
        let count = batch(key);
        let known = self.reservations.of(key).await;
        // One of this process asks at a time: what it is told, all others know.
        let mut known = known.lock().await;
        let Known { moments, not_before } = &mut *known;
        if let Some(left) = not_before.and_then(|until| until.checked_duration_since(Instant::now())) {
            return Ok(Reservation::Later(left));
        }
        // A moment that passed unused is lost: those saved up would leave all at once.
        let oldest = Instant::now().checked_sub(spacing(key));
        while moments.front().is_some_and(|moment| oldest.is_some_and(|oldest| *moment < oldest)) {
            moments.pop_front();
        }
        if moments.is_empty() {
            let reserved = answered(&doing(), budget_reserve(&self.pool, key, count)).await?;
            let wait = match reserved {
                Reservation::Granted(wait) => wait,
                Reservation::Later(wait) => {
                    *not_before = Some(Instant::now() + wait.min(TOLD_HOLDS));
                    return Ok(Reservation::Later(wait));
                }
            };
            let first = Instant::now() + wait;
            moments.extend((0..count).map(|index| first + spacing(key) * index));
        }
        let moment = moments.pop_front().unwrap_or_else(Instant::now);
        Ok(Reservation::Granted(moment.saturating_duration_since(Instant::now())))
    }

    async fn pause(&self, key: &BudgetKey, pause: Duration) -> Result<(), Fault> {
        *self.reservations.of(key).await.lock().await = Known::default();
        let paused = sqlx::query(
            r#"
            insert into sync.request_budget as b (name, per_minute, next_at)
            values ($1, $2, clock_timestamp() + $3)
            on conflict (name) do update
            set next_at = greatest(b.next_at, clock_timestamp() + $3)
            "#,
        )
        .bind(&key.name)
        .bind(i32::try_from(key.per_minute).unwrap_or(i32::MAX))
        .bind(interval(pause))
        .execute(&self.pool);
        answered(&format!("pausing requests to {}", key.name), paused).await.map(|_| ())
    }
}
