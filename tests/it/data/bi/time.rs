//! What agents did with their time, and who was in which group on a day.

use sqlx::AssertSqlSafe;

use crate::data::store::support::{Fresh, fresh_store};

async fn execute(fresh: &Fresh, sql: &str) {
    for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&fresh.db).await.unwrap();
    }
}

async fn lines(fresh: &Fresh, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&fresh.db).await.unwrap()
}

/// A stay or gap as the feed would have written it.
fn stay(table: &str, state: &str, since: &str, until: Option<&str>) -> String {
    let until = until.map_or("null".to_owned(), |until| format!("'{until}+08'"));
    match table {
        "agent_status" => format!(
            "insert into workbench.agent_status (source, extno, since, until, status_name, connection_id,
                message_no, revision, first_seen_at, changed_at, run_id)
             values ('bench', '1001', '{since}+08', {until}, '{state}', gen_random_uuid(), 1, 1, now(), now(), 1)"
        ),
        _ => format!(
            "insert into workbench.feed_gap (source, extno, since, until, reason, first_seen_at, changed_at, run_id)
             values ('bench', '1001', '{since}+08', {until}, '{state}', now(), now(), 1)"
        ),
    }
}

#[tokio::test]
async fn the_states_of_a_day_add_up_and_stays_over_midnights_are_cut() {
    let fresh = fresh_store().await;
    for statement in [
        stay("agent_status", "idle", "2026-03-01 22:00", Some("2026-03-01 23:00")),
        stay("agent_status", "busy", "2026-03-01 23:00", Some("2026-03-02 01:00")),
        stay("feed_gap", "broken", "2026-03-02 01:00", Some("2026-03-02 04:00")),
        stay("agent_status", "signed_out", "2026-03-02 04:00", Some("2026-03-05 12:00")),
        stay("agent_status", "idle", "2026-03-05 12:00", None),
        "insert into sync.feed_session (source, extno, seen_to) values ('bench', '1001', '2026-03-05 13:30+08')"
            .to_owned(),
    ] {
        execute(&fresh, &statement).await;
    }
    let told = lines(
        &fresh,
        "select concat_ws(' ', day, state, round(hours, 3), stays) from bi.agent_state_daily order by day, state",
    )
    .await;
    assert_eq!(
        told,
        [
            "2026-03-01 busy 1.000 1",
            "2026-03-01 idle 1.000 1",
            "2026-03-02 busy 1.000 1",
            "2026-03-02 not heard 3.000 1",
            "2026-03-02 signed_out 20.000 1",
            "2026-03-03 signed_out 24.000 1",
            "2026-03-04 signed_out 24.000 1",
            "2026-03-05 idle 1.500 1",
            "2026-03-05 signed_out 12.000 1",
        ]
    );
    let shares = lines(
        &fresh,
        "select distinct round(sum(share), 9)::text from bi.agent_state_daily group by source, extno, day",
    )
    .await;
    assert_eq!(shares, ["1.000000000"]);
    let one_day = "select concat_ws(' ', state, round(share, 3)) from bi.agent_state_daily
                   where day = '2026-03-02' order by state";
    assert_eq!(lines(&fresh, one_day).await, ["busy 0.042", "not heard 0.125", "signed_out 0.833"]);
}

#[tokio::test]
async fn members_of_a_group_are_known_for_each_day_on_which_they_were_in_it() {
    let fresh = fresh_store().await;
    let hash = "'00000000-0000-0000-0000-000000000000'";
    execute(
        &fresh,
        &format!(
            "insert into moor.queue (source, exten, display_name, revision, first_seen_at, changed_at, content_hash, run_id)
             values ('moor', '10', '售后', 1, '2026-03-01 10:00+08', '2026-03-01 10:00+08', {hash}, 1);
             insert into moor.queue_member_history (source, exten, agent_number, agent_name, priority, revision,
                first_seen_at, changed_at, extra, content_hash, run_id, valid_from, valid_to)
             values ('moor', '10', '8001', '张三', 1, 1, '2026-03-01 10:00+08', '2026-03-01 10:00+08', '{{}}', {hash}, 1,
                '2026-03-01 10:00+08', '2026-03-03 12:00+08');
             insert into moor.queue_member (source, exten, agent_number, agent_name, priority, revision,
                first_seen_at, changed_at, deleted_at, content_hash, run_id)
             values ('moor', '10', '8001', '张三', 1, 2, '2026-03-01 10:00+08', '2026-03-03 12:00+08',
                '2026-03-03 12:00+08', {hash}, 1),
                ('moor', '10', '8002', '李四', 1, 1, '2026-03-02 00:00+08', '2026-03-02 00:00+08', null, {hash}, 1)"
        ),
    )
    .await;
    let told = lines(
        &fresh,
        "select concat_ws(' ', day, agent_number, extract(epoch from time_in_group)::integer / 3600)
         from bi.skill_group_member_daily where day between '2026-02-28' and '2026-03-04' order by day, agent_number",
    )
    .await;
    assert_eq!(
        told,
        [
            "2026-03-01 8001 14",
            "2026-03-02 8001 24",
            "2026-03-02 8002 24",
            "2026-03-03 8001 12",
            "2026-03-03 8002 24",
            "2026-03-04 8002 24",
        ]
    );
}

#[tokio::test]
async fn another_zone_cuts_stays_at_its_own_midnights_by_the_index_too() {
    let fresh = fresh_store().await;
    // Over midnight in Beijing; and over midnight in New York.
    execute(&fresh, &stay("agent_status", "busy", "2026-03-01 23:00", Some("2026-03-02 01:00"))).await;
    execute(&fresh, &stay("feed_gap", "broken", "2026-03-02 12:00", Some("2026-03-02 15:00"))).await;
    execute(&fresh, &stay("agent_status", "idle", "2026-03-03 11:00", Some("2026-03-03 14:00"))).await;
    let told =
        "select concat_ws(' ', day, state, round(hours, 3)) from bi.agent_state_daily order by day, state";
    execute(&fresh, "select sync.business_zone_set('America/New_York')").await;
    let scanned = lines(&fresh, told).await;
    assert_eq!(
        scanned,
        [
            "2026-03-01 busy 2.000",
            "2026-03-01 not heard 1.000",
            "2026-03-02 idle 2.000",
            "2026-03-02 not heard 2.000",
            "2026-03-03 idle 1.000",
        ]
    );
    let mut session = fresh.db.acquire().await.unwrap();
    sqlx::query("set enable_seqscan = off").execute(&mut *session).await.unwrap();
    let indexed: Vec<String> = sqlx::query_scalar(told).fetch_all(&mut *session).await.unwrap();
    assert_eq!(indexed, scanned);
}
