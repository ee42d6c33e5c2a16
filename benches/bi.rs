//! What a dashboard's question costs: one month, grouped by day and agent, for every relation that analysts are
//! given, and what the index behind them costs a load.
//!
//! `cargo bench --bench bi` (one million results), `cargo bench --bench bi -- --rows 10000000 --days 730`.
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
    questions(&pool, args.times).await;
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

/// Each question, whole answers fetched.
async fn questions(pool: &PgPool, times: usize) {
    println!("{:>8} {:>8}  question", "ms", "rows");
    for (sql, condition) in asked() {
        let sql = sql.replace("{}", condition);
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
        println!("{:>8} {rows:>8}  {sql}", took[times / 2].as_millis());
    }
}
