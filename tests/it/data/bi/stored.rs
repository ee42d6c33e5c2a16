//! Stored sums and computed ones are one figure, whatever changes the results and whenever the sums are stored.
//!
//! `plain` holds the same views with every sum computed from all rows.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use tokio_util::sync::CancellationToken;

use crate::data::store::support::{Fresh, fresh_store};
use crate::support::analyst;
use crate::support::harness::{TestWorld, small_world};
use crate::whole::system::steps::sync_well;

/// The views that are made of sums.
const VIEWS: [&str; 16] = [
    "agent_quality_daily",
    "agent_quality_weekly",
    "agent_quality_monthly",
    "channel_quality_hourly",
    "channel_quality_daily",
    "channel_quality_weekly",
    "channel_quality_monthly",
    "scheme_quality_daily",
    "scheme_quality_weekly",
    "scheme_quality_monthly",
    "queue_quality_daily",
    "queue_quality_weekly",
    "queue_quality_monthly",
    "score_distribution_daily",
    "inspection_lag_daily",
    "revision_daily",
];

const PLAIN: &str = r"
create schema plain;
do $$
declare
    sums constant text := 'settled_day|settled_week|settled_month|unstored_day|agent_day|hour_day|score_day|channel_day|agent_week|agent_month|group_day';
    view record;
begin
    for view in
        select c.relname, rtrim(pg_get_viewdef(c.oid), ';') as query
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'v' and (n.nspname = 'sync' and c.relname ~ ('^(' || sums || ')$')
            or n.nspname = 'bi' and c.relname ~ '(_quality_(hourly|daily|weekly|monthly)|^(score_distribution|inspection_lag|revision)_daily)$')
        order by n.nspname desc, c.oid
    loop
        execute format('create or replace view plain.%I as %s', view.relname,
            regexp_replace(replace(view.query, 'sync.days_stored()', 'false'), '\msync\.(' || sums || ')\M', 'plain.\1', 'g'));
    end loop;
end
$$";

/// Two groups and six agents, who are known by their e-mail addresses.
const PEOPLE: &str = "
insert into sobot.agent (source, agentid, agent_name, agent_email, named_at, first_seen_at, changed_at)
select 'sobot', 'a' || i, 'Agent ' || i, '80' || i || '@example.com', now(), now(), now() from generate_series(1, 6) i;
insert into moor.queue (source, exten, display_name, revision, first_seen_at, changed_at, content_hash, run_id)
select 'moor', '100' || i, 'Group ' || i, 1, '2026-03-05', '2026-03-05', gen_random_uuid(), 1 from generate_series(1, 2) i;
insert into moor.queue_member (source, exten, agent_number, priority, revision, first_seen_at, changed_at, content_hash, run_id)
select 'moor', '100' || 1 + i % 2, '80' || i, 1, 1, '2026-03-05', '2026-03-05', gen_random_uuid(), 1 from generate_series(1, 4) i;
";

async fn store_of_people() -> Fresh {
    let fresh = fresh_store().await;
    fresh.db.execute(sqlx::raw_sql(PLAIN)).await.unwrap();
    fresh.db.execute(sqlx::raw_sql(PEOPLE)).await.unwrap();
    fresh
}

/// A statement of whoever writes results: some days before or after the change of the year's first quarter.
fn change(rng: &mut StdRng) -> String {
    let day =
        format!("timestamptz '2026-03-20 00:00+08' + interval '{} hours'", rng.random_range(0..24 * 25));
    let agent = rng.random_range(1..=6);
    let id = rng.random_range(0..40);
    let score = ["null", "-3", "0", "61.5", "88.25", "100", "104"].choose(rng).unwrap();
    let highest = ["null", "0", "-1", "100", "120"].choose(rng).unwrap();
    let of = format!("source = 'sobot' and call_log_jestid = 'c{id}'");
    match rng.random_range(0..12) {
        0..4 => format!(
            "insert into sobot.call_result (source, call_log_jestid, agentid, call_start_datetime, quality_datetime, total_score,
                total_score_max, revision, first_seen_at, changed_at, extra, content_hash, run_id)
             select 'sobot', 'c' || {id} + n, 'a{agent}', {day} + n * interval '7 hours', {day} + n * interval '40 hours', {score},
                {highest}, 1, now(), now(), '{{}}', gen_random_uuid(), 1 from generate_series(0, 5) n on conflict do nothing"
        ),
        4..6 => format!(
            "insert into sobot.chat_result (source, cid, schemeid, agentid, chat_start_datetime, update_datetime, quality_score,
                total_score, revision, first_seen_at, changed_at, extra, content_hash, run_id)
             select 'sobot', 'k' || {id} + n, 's' || n % 2, 'a{agent}', nullif({day}, {day} + n * interval '1 hour'), {day},
                {score}, {highest}, 1, now(), now(), '{{}}', gen_random_uuid(), 1 from generate_series(0, 3) n on conflict do nothing"
        ),
        6 => format!("delete from sobot.call_result where {of}"),
        7 => format!("update sobot.call_result set deleted_at = now() where {of}"),
        8 => format!("update sobot.call_result set call_start_datetime = {day} where {of}"),
        9 => format!("update sobot.call_result set call_start_datetime = null, quality_datetime = null where {of}"),
        10 => format!("update sobot.call_result_history set total_score = 1 + coalesce(total_score, 0) where {of} and revision = 1"),
        _ => format!(
            "with replaced as (
                insert into sobot.call_result_history
                select (jsonb_populate_record(null::sobot.call_result_history, to_jsonb(r) || jsonb_build_object(
                    'valid_from', r.changed_at, 'valid_to', now()))).*
                from sobot.call_result r where {of} returning call_log_jestid, agentid, revision
             )
             update sobot.call_result r set total_score = {score}, revision = r.revision + 1 from replaced p
             where r.source = 'sobot' and r.call_log_jestid = p.call_log_jestid and r.agentid = p.agentid"
        ),
    }
}

/// Transactions of one writer; one in five is rolled back.
async fn write(fresh: &Fresh, seed: u64, transactions: u32) {
    write_until(fresh, seed, transactions, &AtomicBool::new(true)).await;
}

/// At least so many, and until told that it is enough.
async fn write_until(fresh: &Fresh, seed: u64, transactions: u32, enough: &AtomicBool) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut connection = PgConnection::connect_with(&fresh.options).await.unwrap();
    for turn in 0.. {
        if transactions <= turn && enough.load(Ordering::SeqCst) {
            return;
        }
        let mut transaction = connection.begin().await.unwrap();
        let mut taken = true;
        for _ in 0..rng.random_range(1..4) {
            // Two writers of this test may lock the same rows in another order, which those of the product do not.
            taken = transaction.execute(AssertSqlSafe(change(&mut rng))).await.is_ok();
            if !taken {
                break;
            }
        }
        match taken && rng.random_bool(0.8) {
            true => transaction.commit().await.unwrap(),
            false => transaction.rollback().await.unwrap(),
        }
    }
}

/// Rows that one of the two has and the other has not, within one snapshot.
async fn differences(fresh: &Fresh) -> Vec<(String, i64)> {
    let mut connection = PgConnection::connect_with(&fresh.options).await.unwrap();
    connection.execute("begin isolation level repeatable read read only").await.unwrap();
    let mut found = Vec::new();
    for view in VIEWS {
        let sql = format!(
            "select count(*) from ((table bi.{view} except all table plain.{view})
             union all (table plain.{view} except all table bi.{view})) d"
        );
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
        if rows != 0 {
            found.push((view.to_owned(), rows));
        }
    }
    found
}

async fn refresh(fresh: &Fresh) {
    while 0 < fresh.store.refresh_days(Duration::ZERO).await.unwrap() {}
    fresh.store.refresh_places().await.unwrap();
}

async fn unstored(fresh: &Fresh) -> i64 {
    fresh.value("select count(*) from sync.changed_day").await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_snapshot_beside_writers_and_refreshes_has_the_figures_of_its_rows() {
    let fresh = store_of_people().await;
    let (done, stored) = (AtomicBool::new(false), AtomicU32::new(0));
    let writers = futures::future::join_all((0..3).map(|seed| write_until(&fresh, seed, 60, &done)));
    let refreshing = async {
        let mut connection = PgConnection::connect_with(&fresh.options).await.unwrap();
        for turn in 0.. {
            // A process that is killed before it commits.
            let mut transaction = connection.begin().await.unwrap();
            transaction.execute("select sync.days_refresh('0'), sync.places_refresh()").await.unwrap();
            transaction.rollback().await.unwrap();
            stored.fetch_add(fresh.store.refresh_days(Duration::ZERO).await.unwrap(), Ordering::SeqCst);
            if turn % 7 == 3 {
                let moved = "update sobot.agent set agent_email =
                    case when agent_email = '803@example.com' then 'nobody@example.com' else '803@example.com' end
                    where agentid = 'a3'";
                connection.execute(moved).await.unwrap();
                assert!(0 < fresh.store.refresh_places().await.unwrap());
            }
            if done.load(Ordering::SeqCst) {
                return;
            }
        }
    };
    let reading = async {
        for _ in 0..4 {
            assert_eq!(differences(&fresh).await, []);
        }
        done.store(true, Ordering::SeqCst);
    };
    let (_, (), ()) = tokio::join!(writers, refreshing, reading);
    assert!(30 < stored.into_inner());
    refresh(&fresh).await;
    assert_eq!(unstored(&fresh).await, 0);
    assert!(fresh.value::<i64>("select count(*) from sync.stored_day").await > 20);
    assert_eq!(differences(&fresh).await, []);
}

#[tokio::test]
async fn another_zone_has_all_days_computed_until_they_are_stored_anew() {
    let fresh = store_of_people().await;
    write(&fresh, 7, 80).await;
    refresh(&fresh).await;
    for zone in ["America/New_York", "Asia/Kathmandu"] {
        sqlx::query("select sync.business_zone_set($1)").bind(zone).execute(&fresh.db).await.unwrap();
        assert!(0 < unstored(&fresh).await);
        assert_eq!(differences(&fresh).await, [], "{zone}");
        refresh(&fresh).await;
        assert_eq!(unstored(&fresh).await, 0);
        assert_eq!(differences(&fresh).await, [], "{zone}");
    }
}

#[tokio::test]
async fn changes_by_hand_and_in_months_of_histories_are_noticed_too() {
    let fresh = store_of_people().await;
    write(&fresh, 11, 80).await;
    fresh.store.partition_histories(chrono::Utc::now()).await.unwrap();
    refresh(&fresh).await;
    let parts: Vec<String> = sqlx::query_scalar(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'sobot.call_result_history'::regclass",
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    let mut changed = 0;
    for part in parts {
        let sql = format!("update {part} set total_score = 7 where revision = 1");
        changed += fresh.db.execute(AssertSqlSafe(sql)).await.unwrap().rows_affected();
    }
    assert!(0 < changed && 0 < unstored(&fresh).await);
    for by_hand in [
        "update sobot.call_result set agentid = 'a7' where agentid = 'a5'",
        "update sobot.call_result set source = 'other' where agentid = 'a7'",
        "truncate sobot.chat_result",
    ] {
        refresh(&fresh).await;
        assert_eq!(differences(&fresh).await, []);
        fresh.db.execute(by_hand).await.unwrap();
        assert!(0 < unstored(&fresh).await, "{by_hand}");
        assert_eq!(differences(&fresh).await, [], "{by_hand}");
    }
}

#[tokio::test]
async fn a_trigger_that_was_dropped_is_made_again_and_all_days_are_stored_anew() {
    let fresh = store_of_people().await;
    write(&fresh, 13, 40).await;
    refresh(&fresh).await;
    fresh.db.execute("drop trigger note_updated on sobot.call_result").await.unwrap();
    fresh.db.execute("update sobot.call_result set total_score = 5").await.unwrap();
    assert_ne!(differences(&fresh).await, []);
    fresh.store.migrate().await.unwrap();
    assert_eq!(differences(&fresh).await, []);
    refresh(&fresh).await;
    assert_eq!(differences(&fresh).await, []);
}

#[tokio::test]
async fn without_triggers_everything_is_computed() {
    let fresh = store_of_people().await;
    write(&fresh, 17, 40).await;
    refresh(&fresh).await;
    fresh.db.execute("select sync.days_unwatch()").await.unwrap();
    write(&fresh, 18, 40).await;
    assert_eq!(unstored(&fresh).await, 0);
    assert_eq!(differences(&fresh).await, []);
    assert_eq!(fresh.store.refresh_days(Duration::ZERO).await.unwrap(), 0);
    fresh.store.migrate().await.unwrap();
    assert_eq!(fresh.value::<i64>("select count(*) from pg_trigger where tgname like 'note\\_%'").await, 0);
}

#[tokio::test]
async fn a_rerun_over_unchanged_data_notes_no_day() {
    let world = TestWorld::quick(small_world()).await;
    let noted = async || -> i64 {
        let count = sqlx::query_scalar("select count(*) from sync.changed_day");
        count.fetch_one(world.test.pool().await).await.unwrap()
    };
    sync_well(&world.test).await;
    assert!(0 < noted().await);
    world.test.app.refresh_sums(&CancellationToken::new()).await;
    assert_eq!(noted().await, 0);
    sync_well(&world.test).await;
    assert_eq!(noted().await, 0);
}

#[tokio::test]
async fn an_analysts_statement_ends_by_itself_unless_the_login_says_otherwise() {
    let fresh = fresh_store().await;
    let (login, other) = (analyst::login(), analyst::login());
    fresh.store.grant_bi_reader(&login, Some(&analyst::PASSWORD.into())).await.unwrap();
    let limit = |login: String| {
        format!(
            "select coalesce((select s.setconfig::text from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
             where r.rolname = '{login}'), '')"
        )
    };
    let set: String =
        sqlx::query_scalar(AssertSqlSafe(limit(login.clone()))).fetch_one(&fresh.db).await.unwrap();
    assert!(set.contains("statement_timeout=2min") && set.contains("jit=off"), "{set}");
    let by_hand = format!("create role \"{other}\" login; alter role \"{other}\" set statement_timeout = 0");
    fresh.db.execute(sqlx::raw_sql(AssertSqlSafe(by_hand))).await.unwrap();
    fresh.store.grant_bi_reader(&other, None).await.unwrap();
    let set: String =
        sqlx::query_scalar(AssertSqlSafe(limit(other.clone()))).fetch_one(&fresh.db).await.unwrap();
    assert!(set.contains("statement_timeout=0"), "{set}");
    for login in [login, other] {
        analyst::forget(&fresh.db, &login).await;
    }
}
