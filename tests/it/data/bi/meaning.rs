//! What a figure means where that was told wrongly once. Random worlds: `recompute`.

use sqlx::AssertSqlSafe;

use crate::data::store::support::{Fresh, fresh_store};

async fn execute(fresh: &Fresh, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&fresh.db).await.unwrap();
}

async fn lines(fresh: &Fresh, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&fresh.db).await.unwrap()
}

/// Calls of agent `a`: contact, inspection, score and maximum, as SQL has them.
async fn calls(fresh: &Fresh, calls: &[(&str, &str, &str, &str)]) {
    for (number, (contact, inspected, score, most)) in calls.iter().enumerate() {
        execute(
            fresh,
            &format!(
                "insert into sobot.call_result (source, call_log_jestid, agentid, agent_name, call_start_datetime,
                    quality_datetime, total_score, total_score_max, revision, first_seen_at, changed_at, content_hash,
                    run_id)
                values ('s', '{number}', 'a', 'name {number}', {contact}, {inspected}, {score}, {most}, 1, now(), now(),
                    gen_random_uuid(), 1)"
            ),
        )
        .await;
    }
}

const NOON: &str = "'2026-03-05 12:00+08'";

/// A call as it was first, in the history of a call that `calls` stored.
async fn first_version(fresh: &Fresh, number: usize, changes: &str) {
    execute(
        fresh,
        &format!(
            "create temp table old as select * from sobot.call_result where call_log_jestid = '{number}';
            update old set {changes};
            update sobot.call_result set revision = 2 where call_log_jestid = '{number}';
            insert into sobot.call_result_history select old.*, '2026-03-06', '2026-03-07' from old;
            drop table old"
        ),
    )
    .await;
}

#[tokio::test]
async fn a_result_without_score_or_maximum_is_in_no_band() {
    let fresh = fresh_store().await;
    let scores = [
        ("null", "100"),
        ("80", "null"),
        ("80", "0"),
        ("80", "-10"),
        ("-5", "100"),
        ("120", "100"),
        ("99.9", "100"),
    ];
    calls(&fresh, &scores.map(|(score, most)| (NOON, NOON, score, most))).await;
    let told =
        "select concat_ws(': ', band, band_name, results) from bi.score_distribution_daily order by band";
    let expected =
        ["0: below 10 %: 1", "9: 90 to 100 %: 1", "10: 100 % and more: 1", "no score or no maximum: 4"];
    assert_eq!(lines(&fresh, told).await, expected);
}

#[tokio::test]
async fn an_agent_has_the_latest_name_in_every_sum_and_a_revision_that_of_its_version() {
    let fresh = fresh_store().await;
    calls(&fresh, &[(NOON, NOON, "1", "10"), ("'2026-02-05'", NOON, "1", "10")]).await;
    execute(&fresh, "insert into sobot.agent values ('s', 'a', 'latest', null, now(), now(), now())").await;
    for view in ["daily", "weekly", "monthly"] {
        let sql = format!("select distinct agent_name from bi.agent_quality_{view}");
        assert_eq!(lines(&fresh, &sql).await, ["latest"], "{view}");
    }
    first_version(&fresh, 0, "agent_name = 'before', call_start_datetime = '2026-03-01'").await;
    let sql = "select concat_ws(' ', agent_name, day, revised_on, revision) from bi.quality_revision";
    assert_eq!(lines(&fresh, sql).await, ["name 0 2026-03-05 2026-03-07 2"]);
}

#[tokio::test]
async fn every_view_has_the_same_share_of_late_inspections() {
    let fresh = fresh_store().await;
    // One of two is late; the third is dated before its contact, which is no time that passed.
    let late = [("2026-03-05", "2026-03-06"), ("2026-03-05", "2026-03-09"), ("2026-03-05", "2026-03-01")];
    let late =
        late.map(|(contact, inspected)| (format!("'{contact} 12:00+08'"), format!("'{inspected} 12:00+08'")));
    calls(
        &fresh,
        &late.each_ref().map(|(contact, inspected)| (contact.as_str(), inspected.as_str(), "1", "10")),
    )
    .await;
    for view in [
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
        "inspection_lag_daily",
    ] {
        let sql = format!("select concat_ws(' ', results, late, round(late_share, 3)) from bi.{view}");
        assert_eq!(lines(&fresh, &sql).await, ["3 1 0.500"], "{view}");
    }
    let each = "select count(*)::text from bi.quality_result where (late is null) = (lag is null)";
    assert_eq!(lines(&fresh, each).await, ["3"]);
}

#[tokio::test]
async fn a_change_between_no_score_and_a_score_is_a_rescoring() {
    let fresh = fresh_store().await;
    let call = (NOON, NOON, "5", "10");
    calls(&fresh, &[call, (NOON, NOON, "null", "10"), call, call, call]).await;
    first_version(&fresh, 0, "total_score = null").await;
    first_version(&fresh, 1, "total_score = 7").await;
    first_version(&fresh, 2, "total_score = 9").await;
    first_version(&fresh, 3, "agent_name = 'before'").await;
    let sql = "select concat_ws(' ', results, revised, rescored, rescored_share, score_change_mean, score_change_size,
        score_change_max) from (select results, revised, rescored, round(rescored_share, 2) as rescored_share,
            round(score_change_mean) as score_change_mean, round(score_change_size) as score_change_size,
            score_change_max from bi.revision_daily) d";
    assert_eq!(lines(&fresh, sql).await, ["5 4 3 0.60 -4 4 4"]);
}

#[tokio::test]
async fn results_without_any_time_are_a_row_of_their_own_and_belong_to_no_group() {
    let fresh = fresh_store().await;
    calls(&fresh, &[(NOON, NOON, "5", "10"), ("null", "null", "7", "10")]).await;
    execute(
        &fresh,
        "insert into sobot.agent values ('s', 'a', 'Wei', null, now(), now(), now());
        insert into moor.queue (source, exten, revision, first_seen_at, changed_at, content_hash, run_id)
        values ('m', '10', 1, '2026-03-01', '2026-03-01', gen_random_uuid(), 1);
        insert into moor.queue_member (source, exten, agent_number, agent_name, revision, first_seen_at, changed_at,
            content_hash, run_id)
        values ('m', '10', '1', 'Wei', 1, '2026-03-01', '2026-03-01', gen_random_uuid(), 1)",
    )
    .await;
    for (view, key) in [
        ("agent_quality_daily", "day"),
        ("agent_quality_weekly", "week"),
        ("channel_quality_monthly", "month"),
        ("channel_quality_hourly", "hour"),
        ("score_distribution_daily", "day"),
        ("inspection_lag_daily", "day"),
        ("revision_daily", "day"),
    ] {
        let sql = format!("select results::text from bi.{view} where {key} is null");
        assert_eq!(lines(&fresh, &sql).await, ["1"], "{view}");
    }
    for view in ["daily", "weekly", "monthly"] {
        let sql = format!(
            "select concat_ws(' ', exten, placement, results, placed_share::integer, state) from bi.queue_quality_{view}
            order by placement"
        );
        assert_eq!(lines(&fresh, &sql).await, ["10 member 1 1 partial", "no_day 1 0 partial"], "{view}");
    }
}

#[tokio::test]
async fn a_stretch_of_membership_is_not_cut_where_nothing_that_is_shown_changed() {
    let fresh = fresh_store().await;
    let columns =
        "source, exten, agent_number, agent_name, priority, revision, first_seen_at, changed_at, extra,
        content_hash, run_id";
    let version = |revision: u32, priority: u32, day: u32| {
        format!(
            "'m', '10', '1', 'Wei', {priority}, {revision}, '2026-03-01', '2026-03-0{day}', '{{}}', gen_random_uuid(), 1"
        )
    };
    // The second version differs in a field that has no column, the third in its priority.
    execute(
        &fresh,
        &format!(
            "insert into moor.queue_member_history ({columns}, valid_from, valid_to)
            values ({}, '2026-03-01', '2026-03-02'), ({}, '2026-03-02', '2026-03-04');
            insert into moor.queue_member ({columns}) values ({})",
            version(1, 1, 1),
            version(2, 1, 2),
            version(3, 2, 4)
        ),
    )
    .await;
    let sql = "select concat_ws(' ', priority, bi.business_day(valid_from), bi.business_day(valid_to))
        from bi.skill_group_member_history order by valid_from";
    assert_eq!(lines(&fresh, sql).await, ["1 2026-03-01 2026-03-04", "2 2026-03-04"]);
}

#[tokio::test]
async fn a_day_begins_with_the_first_of_its_midnights() {
    let fresh = fresh_store().await;
    // On 25 October 2026 clocks of the Azores go from 01:00 back to 00:00; in Cairo they leap over the midnight in April.
    for (zone, day, begin) in [
        ("Atlantic/Azores", "2026-10-25", "2026-10-25 00:00:00"),
        ("Atlantic/Azores", "2026-10-26", "2026-10-26 01:00:00"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23 22:00:00"),
        ("Asia/Shanghai", "2026-10-25", "2026-10-24 16:00:00"),
    ] {
        execute(&fresh, &format!("select sync.business_zone_set('{zone}')")).await;
        // A prepared statement of constants was computed once for all: each zone has its own.
        let sql = format!("select (bi.day_start('{day}') at time zone 'UTC')::text -- {zone}");
        assert_eq!(lines(&fresh, &sql).await, [begin], "{zone}");
        let sql = format!(
            "select concat_ws(' ', bi.business_day(bi.day_start('{day}')),
                bi.business_day(bi.day_start('{day}') - interval '1 microsecond') = date '{day}' - 1) -- {zone}"
        );
        assert_eq!(lines(&fresh, &sql).await, [format!("{day} t")], "{zone}");
    }
}
