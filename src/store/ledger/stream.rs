//! `sync.stream`: what is configured, so that views know what to expect.

use chrono::{DateTime, Utc};
use sqlx::{Executor as _, PgConnection, PgPool};

use crate::domain::stream::StreamKind;
use crate::report::status::{DeclaredWindow, StreamDeclaration};
use crate::store::fault::StoreResult;

/// The name stored for a kind.
pub(in crate::store) const fn kind_name(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Windowed => "windowed",
        StreamKind::Snapshot => "snapshot",
        StreamKind::Feed => "feed",
    }
}

/// Replaces the declared streams; writes only what differs.
pub(in crate::store) async fn streams_replace(
    pool: &PgPool,
    streams: &[StreamDeclaration],
) -> StoreResult<()> {
    let mut streams: Vec<_> = streams.iter().collect();
    streams.sort_by(|left, right| left.key.cmp(&right.key));
    streams.dedup_by(|later, kept| later.key == kept.key);
    let sources: Vec<&str> = streams.iter().map(|stream| stream.key.source.as_str()).collect();
    let names: Vec<&str> = streams.iter().map(|stream| stream.key.stream.as_str()).collect();
    let kinds: Vec<&str> = streams.iter().map(|stream| kind_name(stream.key.stream.kind())).collect();
    let starts: Vec<Option<DateTime<Utc>>> = streams.iter().map(|stream| stream.start).collect();
    let schedules: Vec<&str> = streams.iter().map(|stream| stream.schedule.as_str()).collect();
    let zones: Vec<&str> = streams.iter().map(|stream| stream.timezone.name()).collect();
    let enabled: Vec<bool> = streams.iter().map(|stream| stream.enabled).collect();
    let seconds = |of: fn(DeclaredWindow) -> chrono::Duration| -> Vec<Option<f64>> {
        let length =
            |stream: &&StreamDeclaration| stream.window.map(|window| of(window).num_seconds() as f64);
        streams.iter().map(length).collect()
    };
    let (lookbacks, settles) = (seconds(|window| window.lookback), seconds(|window| window.settle));
    let mut transaction = pool.begin().await?;
    sqlx::query(
        r#"
        delete from sync.stream
        where (source, stream) not in (select * from unnest($1::text[], $2::text[]))
        "#,
    )
    .bind(&sources)
    .bind(&names)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        r#"
        insert into sync.stream as s (source, stream, kind, start_at, schedule, timezone, lookback, settle, enabled)
        select source, stream, kind, start_at, schedule, timezone, make_interval(secs => lookback),
            make_interval(secs => settle), enabled
        from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::float8[],
            $8::float8[], $9::boolean[])
            as d (source, stream, kind, start_at, schedule, timezone, lookback, settle, enabled)
        on conflict (source, stream) do update
        set kind = excluded.kind, start_at = excluded.start_at, schedule = excluded.schedule,
            timezone = excluded.timezone, lookback = excluded.lookback, settle = excluded.settle,
            enabled = excluded.enabled, declared_at = case
                -- What an earlier version did not record is no change.
                when (s.kind, s.start_at, s.schedule, s.timezone, s.enabled, coalesce(s.lookback, excluded.lookback),
                    coalesce(s.settle, excluded.settle))
                    is distinct from (excluded.kind, excluded.start_at, excluded.schedule, excluded.timezone,
                        excluded.enabled, excluded.lookback, excluded.settle)
                then clock_timestamp() else s.declared_at end,
            wanted_since = case when excluded.enabled and not s.enabled or excluded.start_at < s.start_at
                then clock_timestamp() else s.wanted_since end
        where (s.kind, s.start_at, s.schedule, s.timezone, s.lookback, s.settle, s.enabled)
            is distinct from (excluded.kind, excluded.start_at, excluded.schedule, excluded.timezone,
                excluded.lookback, excluded.settle, excluded.enabled)
        "#,
    )
    .bind(&sources)
    .bind(&names)
    .bind(&kinds)
    .bind(&starts)
    .bind(&schedules)
    .bind(&zones)
    .bind(&lookbacks)
    .bind(&settles)
    .bind(&enabled)
    .execute(&mut *transaction)
    .await?;
    if let Some(zone) = zones.iter().max() {
        business_zone_set_in_txn(&mut transaction, zone).await?;
    }
    // What is wanted again, because `retention` was raised or taken away, may be read again.
    sqlx::query(
        r#"
        update sync.retention r set expired_to = s.start_at
        from sync.stream s
        where s.source = r.source and s.stream = r.stream and s.kind = 'windowed' and s.start_at < r.expired_to
        "#,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// The zone that business days and their indexes are made with; it hardly ever changes, and a change builds the
/// indexes anew.
async fn business_zone_set_in_txn(connection: &mut PgConnection, zone: &str) -> StoreResult<()> {
    let changed: bool =
        sqlx::query_scalar("select bi.business_zone() <> $1").bind(zone).fetch_one(&mut *connection).await?;
    if changed {
        connection.execute(sqlx::raw_sql("set local statement_timeout = 0")).await?;
        sqlx::query("select sync.business_zone_set($1)").bind(zone).execute(connection).await?;
    }
    Ok(())
}
