//! `sync.certificate`: what each committed read of a window or snapshot proved.

use sqlx::postgres::PgArguments;
use sqlx::query::QueryScalar;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use crate::domain::proof::certificate::UnverifiedReason;
use crate::domain::proof::run::Counts;
use crate::engine::port::store::{Commit, Scope};
use crate::store::fault::StoreResult;
use crate::store::ledger::run::stored;
use crate::store::statement::touched::expect_row;

/// Certificates of one window that always stay.
pub(super) const KEPT_NEWEST: i64 = 50;
/// Certificates younger than this stay, however many there are.
pub(super) const KEPT_DAYS: i64 = 35;

/// Binds what all ledger entries of a read begin with: $1 source, $2 stream, $3 rows, $4 requests, $5 pages,
/// $6 the vendor's total, $7 digest, $8 verdict, $9 the beginning of the read, $10 the run, $11 why it is unverified.
pub(in crate::store) fn bind_read<'q, O>(
    query: QueryScalar<'q, Postgres, O, PgArguments>,
    commit: &Commit,
) -> QueryScalar<'q, Postgres, O, PgArguments> {
    let certificate = &commit.certificate;
    query
        .bind(commit.lease.stream.source.clone())
        .bind(commit.lease.stream.stream.as_str())
        .bind(stored(certificate.rows))
        .bind(i64::from(certificate.requests))
        .bind(i32::try_from(certificate.pages).unwrap_or(i32::MAX))
        .bind(certificate.vendor_total.map(stored))
        .bind(Uuid::from_u128(certificate.digest.0))
        .bind(certificate.verdict.as_str())
        .bind(commit.read_at)
        .bind(commit.run.0)
        .bind(certificate.reason.map(UnverifiedReason::as_str))
}

/// Keeps the certificate of this read, number `read_no` of its scope, with what the commit counted, and
/// lets go of this scope's oldest.
pub(in crate::store) async fn certificate_insert_in_txn(
    connection: &mut PgConnection,
    commit: &Commit,
    read_no: i32,
    counts: &Counts,
) -> StoreResult<()> {
    let window = match commit.lease.scope {
        Scope::Window(window) => Some(window),
        Scope::Snapshot => None,
    };
    let (start, end) = (window.map(|window| window.start), window.map(|window| window.end));
    let query = sqlx::query_scalar::<_, i64>(
        r#"
        insert into sync.certificate (source, stream, rows, requests, pages, vendor_total, digest, verdict,
            read_at, run_id, unverified_reason, window_start, window_end, read_no, committed_at, inserted, updated,
            unchanged, superseded, deleted, quarantined)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        returning id
        "#,
    );
    let id = bind_read(query, commit)
        .bind(start)
        .bind(end)
        .bind(read_no)
        .bind(commit.now)
        .bind(stored(counts.inserted))
        .bind(stored(counts.updated))
        .bind(stored(counts.unchanged))
        .bind(stored(counts.superseded))
        .bind(stored(counts.deleted))
        .bind(stored(counts.quarantined))
        .fetch_optional(&mut *connection)
        .await?;
    expect_row("sync.certificate", "storing the certificate of a read", id)?;
    // Planned with these values, each comparison is a range of the index.
    sqlx::query(
        r#"
        with mine as not materialized (
            select id, committed_at
            from sync.certificate
            where source = $1 and stream = $2
                and (window_start = $3 or $3::timestamptz is null and window_start is null)
                and (window_end = $4 or $4::timestamptz is null and window_end is null)
        )
        delete from sync.certificate
        where id in (
            select id from mine
            where committed_at < $5
                and committed_at < (select committed_at from mine order by committed_at desc offset $6 limit 1)
        )
        "#,
    )
    .bind(&commit.lease.stream.source)
    .bind(commit.lease.stream.stream.as_str())
    .bind(start)
    .bind(end)
    .bind(commit.now - chrono::Duration::days(KEPT_DAYS))
    .bind(KEPT_NEWEST - 1)
    .persistent(false)
    .execute(connection)
    .await?;
    Ok(())
}
