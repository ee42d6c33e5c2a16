//! Quality by skill group and business day.

use sqlx::AssertSqlSafe;

use super::support::Agents;
use crate::support::harness::{TestApp, small_world};
use crate::whole::system::steps::sync_well;

/// Group or reason, results and share placed, of one day.
async fn day(agents: &Agents, day: &str) -> Vec<(String, i64, f64)> {
    let sql = "select coalesce(exten, '-') || ' ' || placement, results, placed_share::float8
        from bi.queue_quality_daily where day = $1::date order by 1";
    sqlx::query_as(sql).bind(day).fetch_all(agents.pool().await).await.unwrap()
}

async fn queue(agents: &Agents, exten: &str, first_read: &str) {
    agents
        .run(&format!(
            "insert into moor.queue (source, exten, display_name, revision, first_seen_at, changed_at, content_hash,
                run_id)
             values ('m', '{exten}', 'group {exten}', 1, '{first_read}', '{first_read}', gen_random_uuid(), 1)"
        ))
        .await;
}

/// A call of an agent at a time of Beijing.
async fn call(agents: &Agents, agent: &str, at: &str, score: &str) {
    agents
        .run(&format!(
            "insert into sobot.call_result (source, call_log_jestid, agentid, agent_name, call_start_datetime,
                total_score, total_score_max, revision, first_seen_at, changed_at, content_hash, run_id)
             values ('s', gen_random_uuid()::text, '{agent}', '{agent}', '{at}+08', {score}, 100, 1, now(), now(),
                gen_random_uuid(), 1);
             insert into sobot.agent values ('s', '{agent}', '{agent}', null, now(), now(), now())
             on conflict do nothing"
        ))
        .await;
}

#[tokio::test]
async fn a_day_counts_for_every_group_that_the_agent_was_in_at_any_time_of_it() {
    let agents = Agents::new().await;
    queue(&agents, "100", "2026-03-01T00:00+08").await;
    queue(&agents, "101", "2026-03-01T00:00+08").await;
    // From 100 to 101 in the middle of the 5th, out of 101 at the very end of the 7th.
    agents.member("m/1", "Wei", "100", "2026-03-02T09:00+08", Some("2026-03-05T12:00+08")).await;
    agents.member("m/1", "Wei", "101", "2026-03-05T12:00+08", Some("2026-03-08T00:00+08")).await;
    for day in 1..=8 {
        // The first minute of a Beijing day is yesterday in UTC.
        call(&agents, "Wei", &format!("2026-03-0{day} 00:01"), "80").await;
    }
    for (date, expected) in [
        ("2026-03-01", &["- no_group"][..]),
        ("2026-03-02", &["100 member"]),
        ("2026-03-04", &["100 member"]),
        ("2026-03-05", &["100 member", "101 member"]),
        ("2026-03-06", &["101 member"]),
        ("2026-03-07", &["101 member"]),
        ("2026-03-08", &["- no_group"]),
    ] {
        let seen = day(&agents, date).await;
        let places: Vec<&str> = seen.iter().map(|(place, ..)| place.as_str()).collect();
        assert_eq!(places, expected, "{date}");
        let share = if expected[0].starts_with('-') { 0.0 } else { 1.0 };
        assert!(
            seen.iter().all(|(_, results, placed)| (*results, *placed) == (1, share)),
            "{date}: {seen:?}"
        );
    }
}

#[tokio::test]
async fn stretches_of_one_day_count_it_once() {
    let agents = Agents::new().await;
    queue(&agents, "100", "2026-03-01T00:00+08").await;
    for (from, to) in [("02T08:00", "05T10:00"), ("05T11:00", "05T12:00"), ("05T13:00", "06T10:00")] {
        let (from, to) = (format!("2026-03-{from}+08"), format!("2026-03-{to}+08"));
        let sql = format!(
            "insert into moor.queue_member_history (source, exten, agent_number, agent_name, revision, first_seen_at,
                changed_at, extra, content_hash, run_id, valid_from, valid_to)
             values ('m', '100', '1', 'Wei', extract(epoch from '{from}'::timestamptz)::int, '{from}', '{from}', '{{}}',
                gen_random_uuid(), 1, '{from}', '{to}')"
        );
        agents.run(&sql).await;
    }
    agents.member("m/1", "Wei", "100", "2026-03-06T11:00+08", None).await;
    call(&agents, "Wei", "2026-03-05 10:30", "80").await;
    call(&agents, "Wei", "2026-03-06 10:30", "80").await;
    for date in ["2026-03-05", "2026-03-06"] {
        assert_eq!(day(&agents, date).await, [("100 member".to_owned(), 1, 1.0)], "{date}");
    }
}

#[tokio::test]
async fn before_the_first_roster_it_counts_and_says_so() {
    let agents = Agents::new().await;
    let first = "2026-03-05T10:00+08";
    queue(&agents, "100", first).await;
    agents.member("m/1", "Wei", "100", first, None).await;
    agents.member("m/2", "Li", "100", "2026-03-06T10:00+08", None).await;
    for agent in ["Wei", "Li"] {
        call(&agents, agent, "2026-02-01 10:00", "80").await;
        call(&agents, agent, "2026-03-05 09:00", "80").await;
        call(&agents, agent, "2026-03-06 09:00", "80").await;
    }
    let told = |rows: &[(&str, i64, f64)]| -> Vec<(String, i64, f64)> {
        rows.iter().map(|(place, results, share)| ((*place).to_owned(), *results, *share)).collect()
    };
    assert_eq!(day(&agents, "2026-02-01").await, told(&[("- no_group", 1, 0.5), ("100 assumed", 1, 0.5)]));
    assert_eq!(day(&agents, "2026-03-05").await, told(&[("- no_group", 1, 0.5), ("100 member", 1, 0.5)]));
    assert_eq!(day(&agents, "2026-03-06").await, told(&[("100 member", 2, 1.0)]));
}

#[tokio::test]
async fn what_cannot_be_placed_is_there_with_the_reason_and_the_share_is_told_everywhere() {
    let agents = Agents::new().await;
    queue(&agents, "100", "2026-03-01T00:00+08").await;
    queue(&agents, "101", "2026-03-01T00:00+08").await;
    agents.member("m/1", "Wei", "100", "2026-03-01T00:00+08", None).await;
    agents.member("m/1", "Wei", "101", "2026-03-01T00:00+08", None).await;
    agents.member("m/2", "Gone", "101", "2026-03-01T00:00+08", Some("2026-03-02T00:00+08")).await;
    for (agent, score) in
        [("Wei", "90"), ("Wei", "60.5"), ("Gone", "50"), ("Nobody", "40"), ("Nobody", "null")]
    {
        call(&agents, agent, "2026-03-04 10:00", score).await;
    }
    let expected: Vec<(String, i64, f64)> =
        [("- no_group", 1), ("- no_identity", 2), ("100 member", 2), ("101 member", 2)]
            .map(|(place, results)| (place.to_owned(), results, 0.4))
            .into();
    assert_eq!(day(&agents, "2026-03-04").await, expected);
    let figures: (i64, String, String, String, i64, String) = sqlx::query_as(
        "select scored, score_sum::text, score_max::text, round(score_share, 4)::text, agents, state
         from bi.queue_quality_daily where exten = '100'",
    )
    .fetch_one(agents.pool().await)
    .await
    .unwrap();
    let told = |text: &str| text.to_owned();
    assert_eq!(figures, (2, told("150.5"), told("90"), told("0.7525"), 1, told("partial")));
    let mean =
        "select count(*) from bi.queue_quality_daily where score_mean = 75.25 and skill_group = 'group 100'";
    assert_eq!(agents.count(mean).await, 1);
}

#[tokio::test]
async fn each_result_of_a_whole_world_is_in_the_groups_of_its_agent_or_among_what_is_not_placed() {
    let test = TestApp::start(small_world()).await;
    sync_well(&test).await;
    let pool = test.pool().await;
    let count = async |sql: &str| -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(pool).await.unwrap()
    };
    // The simulator's matches, ambiguities and those whom one vendor alone knows.
    for state in ["matched", "ambiguous", "unmatched"] {
        let sql = format!("select count(*) from bi.agent_account where state = '{state}'");
        assert!(count(&sql).await > 0, "nobody is {state}");
    }
    assert!(count("select count(*) from bi.queue_quality_daily where placement = 'assumed'").await > 0);
    // Counted in another way: from each result to its groups, all rosters being those of the first read.
    let slow = "select d.source, d.day, d.channel, g.exten, count(*) as results, sum(d.score) as score_sum
        from bi.quality_result d
        left join lateral (
            select m.exten from bi.agent_account a
            join bi.agent_account b on b.person_id = a.person_id and b.vendor = 'moor'
            join moor.queue_member m on m.source = b.source and m.agent_number = b.account_id
            where a.vendor = 'sobot' and a.source = d.source and a.account_id = d.agent_id
        ) g on true
        group by 1, 2, 3, 4";
    let fast =
        "select source, day, channel, exten, sum(results)::bigint as results, sum(score_sum) as score_sum
        from bi.queue_quality_daily group by 1, 2, 3, 4";
    assert!(count(&format!("select count(*) from ({slow}) s where exten is null")).await > 0);
    assert_eq!(count(&format!("select count(*) from ({slow} except all {fast}) s")).await, 0);
    assert_eq!(count(&format!("select count(*) from ({fast} except all {slow}) s")).await, 0);
    let shares = "select count(*) from (
            select day, channel, source, max(placed_share) as told, min(placed_share) as told_too,
                1 - coalesce(sum(results) filter (where exten is null), 0)
                    / (select count(*) from bi.quality_result r where r.day = q.day and r.channel = q.channel) as share
            from bi.queue_quality_daily q group by 1, 2, 3
        ) s where round(share, 9) <> round(told, 9) or told <> told_too";
    assert_eq!(count(shares).await, 0);
}
