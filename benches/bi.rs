//! What a dashboard's question costs, asked by a login of `bi_reader`: one month of every relation that analysts are
//! given, and the questions that tools ask without a condition (filter lists, previews, counts). Besides: what the index
//! on the business day and the notes of changed days cost a load, and how long it takes to store the sums.
//!
//! `cargo bench --bench bi` (one million results), `cargo bench --bench bi -- --rows 10000000 --days 1095 --plans plans.txt`.
//! Needs PostgreSQL's server programs, as the tests do. The embedded server's settings are the product's own.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark tells its figures, and ends where it cannot"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ccsync::store::embedded::{EmbeddedConfig, EmbeddedPostgres};
use ccsync::store::{PgStore, StoreConfig};
use clap::Parser;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Executor as _, PgPool};

const WORLD: &str = include_str!("bi/world.sql");

/// Figures of the analysts' relations.
#[derive(Parser)]
struct Args {
    /// Inspection results, half of them calls.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Days over which they are spread.
    #[arg(long, default_value_t = 730)]
    days: u64,
    /// Times that each question is asked; the median counts.
    #[arg(long, default_value_t = 5)]
    times: usize,
    /// Business days that are noted as changed while the questions are asked, from the last one back: they are computed.
    #[arg(long, default_value_t = 0)]
    changed: u32,
    /// A file for the plan of each question.
    #[arg(long)]
    plans: Option<PathBuf>,
    /// Where the database lives; a temporary directory if not given. It is removed at the end.
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let directory = match &args.directory {
        Some(parent) => tempfile::tempdir_in(parent).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let mut config = EmbeddedConfig::new(directory.path());
    config.stop_with_parent = true;
    let postgres = EmbeddedPostgres::start(&config).await.unwrap();
    let store = PgStore::connect(&StoreConfig::new(postgres.connect_options())).await.unwrap();
    store.migrate().await.unwrap();
    let pool =
        PgPoolOptions::new().max_connections(1).connect_with(postgres.connect_options()).await.unwrap();
    // As for the logins that `ccsync grant bi-reader` makes.
    pool.execute("set jit = off").await.unwrap();

    let began = Instant::now();
    let world = WORLD.replace("$rows", &args.rows.to_string()).replace("$days", &args.days.to_string());
    pool.execute(sqlx::raw_sql(AssertSqlSafe(world))).await.unwrap();
    pool.execute("vacuum analyze").await.unwrap();
    println!("{} results over {} days, made in {:.0?}", args.rows, args.days, began.elapsed());
    index_cost(&pool).await;
    notes_cost(&pool).await;
    store_sums(&store, &pool).await;
    sqlx::query(
        "insert into sync.changed_day (day) select day from sync.stored_day order by day desc limit $1",
    )
    .bind(i64::from(args.changed))
    .execute(&pool)
    .await
    .unwrap();
    store.grant_bi_reader("bench_reader", None).await.unwrap();
    let options = postgres.connect_options().username("bench_reader");
    let reader = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let mut plans = String::new();
    println!("a month of each relation");
    let month = asked().into_iter().map(|(sql, condition)| sql.replace("{}", condition)).collect();
    questions(&reader, args.times, month, &mut plans).await;
    println!("without a condition, or with one that no index has");
    let tools = asked_by_tools(&reader).await;
    questions(&reader, args.times, tools, &mut plans).await;
    if let Some(file) = &args.plans {
        std::fs::write(file, plans).unwrap();
    }
    reader.close().await;
    store.close().await;
    pool.close().await;
    postgres.stop().await.unwrap();
}

/// The share that the index on the business day adds to the cheapest way of storing results: in turns, as the
/// machine has good and bad moments.
async fn index_cost(pool: &PgPool) {
    pool.execute(
        "do $$ begin execute (select 'drop index ' || indexrelid::regclass from pg_index \
        where indrelid = 'public.without_index'::regclass and indexprs is not null); end $$",
    )
    .await
    .unwrap();
    let (mut ratios, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let mut took = Vec::new();
        for table in ["with_index", "without_index"] {
            pool.execute(sqlx::raw_sql(AssertSqlSafe(format!("truncate public.{table}")))).await.unwrap();
            let began = Instant::now();
            let sql = format!(
                "insert into public.{table} select * from (select * from sobot.call_result limit 200000) r
                 on conflict do nothing"
            );
            pool.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
            took.push(began.elapsed().as_secs_f64());
        }
        ratios.push(took[0] / took[1]);
        costs.push((took[0] - took[1]) * 5.0);
    }
    ratios.sort_by(f64::total_cmp);
    costs.sort_by(f64::total_cmp);
    println!(
        "200,000 results stored with the index on the business day, in times of storing them without: {:.2} \
         (of five: {:.2} to {:.2}); {:.1} µs a row",
        ratios[2], ratios[0], ratios[4], costs[2]
    );
}

/// What the triggers that note changed days add to the same.
async fn notes_cost(pool: &PgPool) {
    pool.execute(
        "create table public.with_notes (like sobot.call_result including all);
         create trigger note_inserted after insert on public.with_notes referencing new table as new_rows
         for each statement execute function sync.note_call_days()",
    )
    .await
    .unwrap();
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let mut took = Vec::new();
        for table in ["with_notes", "with_index"] {
            pool.execute(sqlx::raw_sql(AssertSqlSafe(format!("truncate public.{table}")))).await.unwrap();
            let began = Instant::now();
            // As a commit brings them: some thousands in a statement.
            let sql = format!(
                "do $$ begin for i in 0..19 loop
                    insert into public.{table} select * from sobot.call_result offset i * 10000 limit 10000;
                 end loop; end $$"
            );
            pool.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
            took.push(began.elapsed().as_secs_f64());
        }
        ratios.push(took[0] / took[1]);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "200,000 results stored with notes of changed days, in times of storing them without: {:.2} (of five: {:.2} to \
         {:.2})",
        ratios[2], ratios[0], ratios[4]
    );
}

/// All sums, from nothing.
async fn store_sums(store: &PgStore, pool: &PgPool) {
    pool.execute("select sync.days_note_all()").await.unwrap();
    let (began, mut days) = (Instant::now(), 0);
    loop {
        match store.refresh_days(Duration::ZERO).await.unwrap() {
            0 => break,
            some => days += some,
        }
    }
    let of_days = began.elapsed();
    let began = Instant::now();
    store.refresh_places().await.unwrap();
    println!("sums of {days} days stored in {of_days:.1?}, those of skill groups in {:.1?}", began.elapsed());
    pool.execute("vacuum analyze").await.unwrap();
}

/// What BI tools ask of their own accord: lists for filters, the newest day, counts, previews, truncated dates.
async fn asked_by_tools(pool: &PgPool) -> Vec<String> {
    let mut asked: Vec<String> = [
        "select week, skill_group, sum(results) from bi.queue_quality_weekly
            where week between '2026-07-06' and '2026-09-28' group by week, skill_group",
        "select date_trunc('week', day), skill_group, sum(results) from bi.queue_quality_daily
            where day between '2026-07-01' and '2026-09-30' group by 1, 2",
        "select month, channel, sum(score_sum) / sum(scored) from bi.channel_quality_monthly
            where month between '2025-11-01' and '2026-10-01' group by month, channel",
        "select date_trunc('month', day), channel, sum(results) from bi.agent_quality_daily
            where day between '2025-11-01' and '2026-10-31' group by 1, 2",
        "select max(day) from bi.quality_result",
        "select distinct channel from bi.quality_result",
    ]
    .map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" "))
    .to_vec();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select c.relname::text, a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'bi'::regnamespace and c.relkind = 'v' and 0 < a.attnum
            and (c.relname like '%daily' or c.relname like '%hourly')
            and a.attname in ('source', 'channel', 'agent_name', 'agent_id', 'scheme_id', 'skill_group', 'state', 'band_name')
         order by 1, a.attnum",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    asked.extend(columns.iter().map(|(view, column)| format!("select distinct {column} from bi.{view}")));
    let views: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'bi'::regnamespace and relkind = 'v' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    for view in &views {
        if view.ends_with("daily") || view.ends_with("hourly") {
            asked.push(format!("select max(day) from bi.{view}"));
            asked.push(format!("select count(*) from bi.{view}"));
        }
        if view.ends_with("daily") || view == "quality_result" {
            asked.push(format!(
                "select count(*) from bi.{view} where date_trunc('month', day) = '2026-10-01'"
            ));
        }
        asked.push(format!("select * from bi.{view} limit 1000"));
    }
    asked
}

/// Relation and condition: a month in the middle.
fn asked() -> Vec<(String, &'static str)> {
    let day = "day between '2026-10-01' and '2026-10-31'";
    let mut asked =
        vec![("select day, agent_id, count(*), avg(score) from bi.quality_result".to_owned(), day)];
    asked[0].0 += " where {} group by day, agent_id";
    let whole = |relation: &str| format!("select * from bi.{relation} where {{}}");
    for relation in [
        "agent_quality_daily",
        "channel_quality_daily",
        "channel_quality_hourly",
        "scheme_quality_daily",
        "score_distribution_daily",
        "inspection_lag_daily",
        "revision_daily",
        "quality_revision",
        "day_state",
        "agent_state_daily",
        "skill_group_member_daily",
        "queue_quality_daily",
    ] {
        asked.push((whole(relation), day));
    }
    for dimension in ["agent", "channel", "scheme", "queue"] {
        asked.push((
            whole(&format!("{dimension}_quality_weekly")),
            "week between '2026-10-05' and '2026-10-26'",
        ));
        asked.push((whole(&format!("{dimension}_quality_monthly")), "month = '2026-10-01'"));
    }
    asked.push((whole("week_state"), "week between '2026-10-05' and '2026-10-26'"));
    asked.push((whole("month_state"), "month = '2026-10-01'"));
    for relation in [
        "freshness",
        "skill_group_member",
        "skill_group_member_history",
        "agent_account",
        "agent_identity",
        "agent_unmatched",
    ] {
        asked.push((whole(relation), "true"));
    }
    asked
}

/// Each question, whole answers fetched; with its plan behind `plans`.
async fn questions(pool: &PgPool, times: usize, asked: Vec<String>, plans: &mut String) {
    println!("{:>8} {:>8}  question", "ms", "rows");
    for sql in asked {
        let mut took: Vec<Duration> = Vec::new();
        let mut rows = 0;
        // The first time warms the caches.
        for turn in 0..=times {
            let began = Instant::now();
            rows = sqlx::query(AssertSqlSafe(sql.clone())).fetch_all(pool).await.unwrap().len();
            if 0 < turn {
                took.push(began.elapsed());
            }
        }
        took.sort();
        let median = took[times / 2].as_millis();
        let over = if 500 < median { "  over 500 ms" } else { "" };
        println!("{median:>8} {rows:>8}  {sql}{over}");
        let plan: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("explain (analyze, buffers) {sql}")))
                .fetch_all(pool)
                .await
                .unwrap();
        plans.push_str(&format!("{sql}\n{}\n\n", plan.join("\n")));
    }
}
