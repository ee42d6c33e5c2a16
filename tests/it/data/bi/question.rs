//! docs/bi.md: each question is asked again, as an analyst, of the demo's world.

use std::time::Duration;

use ccsync_simulator::{Change, ChangeKind, SimulatorConfig};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, PgConnection, Row as _};

use crate::support::analyst;
use crate::support::harness::{QUICK, TestClock, TestWorld, WORLD_DAYS, WORLD_START, small_world};
use crate::whole::system::steps::sync_well;

/// `CCSYNC_WRITE_DOCS=1` writes the answers anew.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/bi.md");

/// The demo's world, read, and read again after a day of changes.
async fn demo_world() -> TestWorld {
    let start: chrono::NaiveDate = WORLD_START.parse().unwrap();
    let limits = small_world();
    let config = SimulatorConfig {
        moor_limit: limits.moor_limit,
        moor_claim_limit: limits.moor_claim_limit,
        ..SimulatorConfig::demo(1, start + chrono::Days::new(WORLD_DAYS))
    };
    let from = config.data_start.to_string();
    let variables = [
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", from.as_str()),
        ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__START", from.as_str()),
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE", "200"),
        ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__PAGE_SIZE", "1000"),
    ];
    let world = TestWorld::on(TestClock::hurried(), config, &[QUICK, &variables].concat()).await;
    sync_well(&world.test).await;
    world.clock.advance(Duration::from_secs(86_400));
    for kind in ChangeKind::ALL {
        for _ in 0..60 {
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

/// What psql would show, without frills.
async fn answer(analyst: &mut PgConnection, sql: &str) -> String {
    let text = format!("select (json_each_text(to_json(q))).* from ({sql}) q");
    let columns: Vec<String> =
        match sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_optional(&mut *analyst).await {
            Ok(Some(row)) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
            other => panic!("{sql}: {:?}", other.err()),
        };
    let cells: Vec<(String, Option<String>)> =
        sqlx::query_as(AssertSqlSafe(text)).fetch_all(analyst).await.unwrap();
    let mut table = vec![columns.clone()];
    table.extend(
        cells
            .chunks(columns.len())
            .map(|row| row.iter().map(|(_, value)| value.clone().unwrap_or_default()).collect::<Vec<_>>()),
    );
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let lines = table.iter().map(|row| {
        let cells =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:width$}", width = width(column)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn ten_questions_are_each_answered_by_one_select_on_one_relation() {
    let world = demo_world().await;
    let login = analyst::login();
    let store = &world.test.app.database().store;
    store.grant_bi_reader(&login, Some(&analyst::PASSWORD.into())).await.unwrap();
    let mut analyst = analyst::connect(&world.test.db, &login).await;
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let mut written = String::new();
    let mut questions = 0;
    let mut rest = document.as_str();
    while let Some((before, after)) = rest.split_once("```sql\n") {
        let (sql, after) = after.split_once("```\n").unwrap();
        assert_eq!(sql.matches("select").count(), 1, "{sql}");
        assert_eq!(sql.matches("from bi.").count(), 1, "{sql}");
        assert!(!sql.contains("join"), "{sql}");
        let told = answer(&mut analyst, sql).await;
        assert!(1 < told.lines().count(), "{sql}\nhas no answer");
        written += &format!("{before}```sql\n{sql}```\n\n```text\n{told}\n```\n");
        rest = match after.trim_start().strip_prefix("```text\n") {
            Some(old) => old.split_once("```\n").unwrap().1,
            None => after,
        };
        questions += 1;
    }
    assert_eq!(questions, 10);
    analyst.close().await.unwrap();
    analyst::forget(world.test.pool().await, &login).await;
    written += rest;
    if std::env::var_os("CCSYNC_WRITE_DOCS").is_some() {
        std::fs::write(DOCUMENT, &written).unwrap();
    }
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    assert!(
        document == written,
        "docs/bi.md is old: CCSYNC_WRITE_DOCS=1 cargo test --test it ten_questions; now:\n{written}"
    );
}
