//! The figures of every view, held against the vendors' tables in the plainest words.

use std::time::Duration;

use ccsync_simulator::{Change, ChangeKind};

use crate::support::harness::{TestWorld, small_world};
use crate::whole::system::steps::{sync_well, value};

/// What analysts are told of results, from the tables alone.
const PLAIN: &str = "
    with result as (
        select source, 'call' as channel, agentid as agent_id, null::text as scheme_id, agent_name,
            coalesce(call_start_datetime, quality_datetime) as at, quality_datetime - call_start_datetime as lag,
            total_score as score, total_score_max as score_max, revision
        from sobot.call_result where deleted_at is null
        union all
        select source, 'chat', agentid, schemeid, agent_name,
            coalesce(chat_start_datetime, update_datetime), update_datetime - chat_start_datetime,
            quality_score, total_score, revision
        from sobot.chat_result where deleted_at is null
    ), dated as (
        select *, (at at time zone 'Asia/Shanghai')::date as day,
            date_trunc('week', at at time zone 'Asia/Shanghai')::date as week,
            date_trunc('month', at at time zone 'Asia/Shanghai')::date as month,
            extract(hour from at at time zone 'Asia/Shanghai')::integer as hour
        from result
    )";

const FIGURES: &str = "count(*) as results, count(score) as scored, avg(score) as score_mean,
    min(score) as score_min, max(score) as score_max,
    sum(case when 0 < score_max then score end)
        / nullif(sum(case when 0 < score_max and score is not null then score_max end), 0) as score_share,
    sum((1 < revision)::integer) as revised, sum(score) as score_sum,
    coalesce(sum((interval '3 days' < lag)::integer), 0) as late";

/// View, and its keys.
const VIEWS: [(&str, &str); 10] = [
    ("agent_quality_daily", "day, channel, agent_id"),
    ("agent_quality_weekly", "week, channel, agent_id"),
    ("agent_quality_monthly", "month, channel, agent_id"),
    ("channel_quality_hourly", "day, hour, channel"),
    ("channel_quality_daily", "day, channel"),
    ("channel_quality_weekly", "week, channel"),
    ("channel_quality_monthly", "month, channel"),
    ("scheme_quality_daily", "day, channel, scheme_id"),
    ("scheme_quality_weekly", "week, channel, scheme_id"),
    ("scheme_quality_monthly", "month, channel, scheme_id"),
];

/// A week of results, then a day on which some of each kind of change happened.
async fn changed_world() -> TestWorld {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    world.clock.advance(Duration::from_secs(86_400));
    for kind in ChangeKind::ALL {
        for _ in 0..5 {
            // Where there is nothing of a kind to change, there is no change.
            let _ = world.test.simulator.mutate(Change::Random { kind });
        }
    }
    for _ in 0..3 {
        sync_well(&world.test).await;
        world.clock.advance(Duration::from_secs(60));
    }
    world
}

async fn count(world: &TestWorld, sql: &str) -> i64 {
    value(&world.test, sql).await
}

#[tokio::test]
async fn every_view_of_quality_says_what_the_tables_say() {
    let world = changed_world().await;
    let rows = count(&world, "select count(*) from bi.quality_result").await;
    let revised = count(&world, "select count(*) from bi.quality_result where 1 < revision").await;
    assert!(200 < rows && 0 < revised, "{rows} results, {revised} revised");
    let names = "results, scored, round(score_mean, 9), score_min, score_max, round(score_share, 9), revised, \
                 score_sum, late";
    for (view, keys) in VIEWS {
        let told = format!("select source, {keys}, {names} from bi.{view}");
        let plain = format!(
            "{PLAIN} select source, {keys}, {names} from (select source, {keys}, {FIGURES} from dated group by source, {keys}) f"
        );
        let less = count(&world, &format!("select count(*) from ({plain} except all {told}) d")).await;
        let more = count(&world, &format!("select count(*) from ({told} except all ({plain})) d")).await;
        assert_eq!((less, more), (0, 0), "{view}");
        let sum = format!("select sum(results)::bigint from bi.{view}");
        assert_eq!(count(&world, &sum).await, rows, "{view}");
    }
    for period in ["week", "month"] {
        let keys = format!("source, moor_source, exten, {period}, channel, placement");
        let figures = "sum(results)::bigint as results, round(sum(score_sum) / sum(scored), 9) as score_mean";
        let daily = format!(
            "select {keys}, {figures} from bi.queue_quality_daily join bi.calendar using (day) group by {keys}"
        );
        let whole = format!("select {keys}, results, round(score_mean, 9) from bi.queue_quality_{period}ly");
        assert!(0 < count(&world, &format!("select count(*) from ({whole}) w")).await);
        assert_eq!(count(&world, &format!("select count(*) from ({daily} except all {whole}) d")).await, 0);
        assert_eq!(count(&world, &format!("select count(*) from ({whole} except all ({daily})) d")).await, 0);
    }
    for view in ["score_distribution_daily", "inspection_lag_daily", "revision_daily"] {
        let sum = format!("select sum(results)::bigint from bi.{view}");
        assert_eq!(count(&world, &sum).await, rows, "{view}");
    }
    let shares = "select count(*) from (select sum(share) as whole from bi.score_distribution_daily \
                  group by source, day, channel, scheme_id) s where round(whole, 9) <> 1";
    assert_eq!(count(&world, shares).await, 0);
    assert_eq!(count(&world, "select sum(revised)::bigint from bi.revision_daily").await, revised);
}

#[tokio::test]
async fn each_change_of_a_result_is_told_with_what_it_changed() {
    let world = changed_world().await;
    let versions = "select (select count(*) from sobot.call_result_history) \
                    + (select count(*) from sobot.chat_result_history)";
    let changes = count(&world, "select count(*) from bi.quality_revision").await;
    assert!(0 < changes);
    assert_eq!(changes, count(&world, versions).await);
    let kinds = "select count(distinct kind) from bi.quality_revision where kind in ('changed', 'withdrawn')";
    assert_eq!(count(&world, kinds).await, 2);
    // The first score and all its changes make the present one.
    let astray = "select count(*) from bi.quality_result q join (
            select channel, contact_id, agent_id, scheme_id, sum(score_change) as change,
                min(score_before) filter (where revision = 2) as first
            from bi.quality_revision group by 1, 2, 3, 4) c
        on (c.channel, c.contact_id, c.agent_id) = (q.channel, q.contact_id, q.agent_id)
            and c.scheme_id is not distinct from q.scheme_id
        where c.first + c.change <> q.score";
    assert_eq!(count(&world, astray).await, 0);
    let rescored = "select sum(rescored)::bigint from bi.revision_daily";
    assert!(0 < count(&world, rescored).await);
}

#[tokio::test]
async fn a_row_is_provisional_as_long_as_a_window_that_brings_its_results_may_change() {
    let world = changed_world().await;
    let of = async |view: &str, state: &str| {
        count(&world, &format!("select count(*) from bi.{view} where state = '{state}'")).await
    };
    for (view, _) in VIEWS {
        assert_eq!(of(view, "final").await, 0, "{view}: everything may still change");
    }
    // Fewer windows than would tell how far they reach: nothing is read again here.
    for sql in [
        "update sync.time_window set state = 'complete', verdict = 'proven', final_at = read_at",
        "update sync.stream set lookback = '0'",
    ] {
        sqlx::query(sql).execute(world.test.pool().await).await.unwrap();
    }
    for (view, _) in VIEWS.iter().filter(|(view, _)| view.ends_with("daily")) {
        assert!(0 < of(view, "final").await, "{view}");
    }
    // One window in the middle is not final: days whose results came under it are not either.
    sqlx::query(
        "update sync.time_window set final_at = null where stream = 'sobot.call_result' and window_start = (
            select window_start from sync.time_window where stream = 'sobot.call_result' and state = 'complete'
            order by window_start offset 3 limit 1)",
    )
    .execute(world.test.pool().await)
    .await
    .unwrap();
    for view in ["agent_quality_daily", "channel_quality_daily", "channel_quality_hourly"] {
        let calls =
            format!("select count(*) from bi.{view} where channel = 'call' and state = 'provisional'");
        let chats =
            format!("select count(*) from bi.{view} where channel = 'chat' and state = 'provisional'");
        assert!(count(&world, &chats).await < count(&world, &calls).await, "{view}");
    }
    // A day that is final in the sums of its agents is final for the channel, and the other way round.
    let differ = "select count(*) from bi.channel_quality_daily c join (
            select source, day, channel, bool_and(state = 'final') as final from bi.agent_quality_daily group by 1, 2, 3) a
        using (source, day, channel) where (c.state = 'final') and not a.final";
    assert_eq!(count(&world, differ).await, 0);
}
