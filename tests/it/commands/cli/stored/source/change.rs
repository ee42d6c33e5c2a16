//! Renames and purges, killed anywhere, and run again.

use std::time::Duration;

use ccsync::telemetry::failpoint::Failpoint;
use rustix::process::Signal;

use super::{count, places_with, read, workspace};
use crate::support::counted::assert_rows_are_counted;
use crate::support::process::{Program, Setup};

/// Where a process is killed: at which place, after how many times.
const KILLS: [(Failpoint, u32); 5] = [
    (Failpoint::SourceBegun, 0),
    (Failpoint::SourceStep, 0),
    (Failpoint::SourceStep, 3),
    (Failpoint::SourceStep, 9),
    (Failpoint::SourceSwept, 0),
];

async fn killed(setup: &Setup, arguments: &[&str], (place, after): (Failpoint, u32)) {
    let mut command = setup.workspace.command(arguments);
    command.env("FAILPOINTS", format!("{}={after}*off->return(kill)", place.name()));
    let ended = Program::spawn(command).wait().await;
    assert_eq!(ended.code, None, "{} {after}: {}", place.name(), ended.stderr);
}

/// Some of everything that names a source beside its rows.
async fn with_traces(setup: &Setup) {
    sqlx::raw_sql(
        "insert into sync.agent_link (vendor, source, account_id, person_id, linked_at, linked_by)
            select 'sobot', source, agentid, 'sobot/' || source || '/' || agentid, now(), 'alice' from sobot.agent limit 1;
         insert into sync.forgotten (kind, source, forgotten_at, forgotten_by, rows) values ('agent', 'sobot', now(), 'alice', 0);
         insert into sync.alert (kind, source, stream, severity, message, remedy, first_seen_at, last_seen_at)
            values ('data_stale', 'sobot', 'sobot.call_result', 'critical', '', '', now(), now());",
    )
    .execute(setup.db.pool().await)
    .await
    .unwrap();
}

/// What every table holds of a source, by table.
async fn holdings(setup: &Setup, source: &str) -> Vec<(String, i64)> {
    let pool = setup.db.pool().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'source'
         where c.relkind = 'r' and n.nspname in ('sync', 'sobot', 'moor', 'workbench')
            and c.relname not in ('alert', 'stream', 'action')
            -- Made of the rows.
            and c.relname not like 'quality\\_%' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut held = Vec::new();
    for table in tables {
        let rows = count(pool, &format!("select count(*) from {table} where source = '{source}'")).await;
        held.push((table, rows));
    }
    held
}

#[tokio::test]
async fn a_rename_takes_everything_along_however_often_it_is_killed() {
    let setup = read().await;
    with_traces(&setup).await;
    let before = holdings(&setup, "sobot").await;
    let rename = ["source", "rename", "sobot", "zhichi", "--yes"];
    for kill in KILLS {
        killed(&setup, &rename, kill).await;
        let told = setup.run(&["sync"]).await.expect(2);
        assert!(
            told.stderr.contains("`ccsync source rename sobot zhichi --yes` was begun"),
            "{}",
            told.stderr
        );
    }
    let other = setup.run(&["source", "purge", "sobot", "--yes"]).await.expect(2);
    assert!(other.stderr.contains("run it to its end first"), "{}", other.stderr);
    setup.run(&rename).await.expect(0);
    assert_eq!(holdings(&setup, "zhichi").await, before);
    let pool = setup.db.pool().await;
    assert_rows_are_counted(pool).await;
    let person = "select count(*) from sync.agent_link where person_id = 'sobot/zhichi/' || account_id";
    assert_eq!(count(pool, person).await, 1);
    // The vendor has the word in its kind and its streams, and so do the account's token and budgets.
    let known = ["sync.action.command", "sync.agent_link.person_id", "sync.agent_link.vendor"];
    let known = [
        &known[..],
        &[
            "sync.action.request",
            "sync.migration.description",
            "sync.request_budget.name",
            "sync.source.kind",
            "sync.token.account",
        ],
    ]
    .concat();
    let left: Vec<String> = places_with(pool, "sobot")
        .await
        .into_iter()
        .filter(|place| !place.ends_with(".stream") && !place.ends_with(".table_name"))
        .filter(|place| !known.contains(&place.as_str()))
        .collect();
    // Digests of forgotten persons are made under it for ever.
    assert_eq!(left, ["sync.source.erasure_name"]);
    let action = "select count(*) from sync.action where command = 'source.rename' and target = 'zhichi' and state = 'answered'";
    assert_eq!(count(pool, action).await, 1);
}

#[tokio::test]
async fn a_purge_leaves_nothing_however_often_it_is_killed_and_is_no_part_of_bi_from_its_start() {
    let setup = read().await;
    with_traces(&setup).await;
    let pool = setup.db.pool().await;
    let moor = holdings(&setup, "moor").await;
    let purge = ["source", "purge", "sobot", "--yes"];
    for kill in KILLS {
        killed(&setup, &purge, kill).await;
        assert_eq!(count(pool, "select count(*) from bi.quality_result").await, 0);
        setup.run(&["sync"]).await.expect(2);
    }
    setup.run(&purge).await.expect(0);
    let left: Vec<_> = holdings(&setup, "sobot").await.into_iter().filter(|(_, rows)| 0 < *rows).collect();
    assert_eq!(left, [("sync.forgotten".to_owned(), 1)], "whom it must not bring back is kept");
    assert_eq!(holdings(&setup, "moor").await, moor);
    assert_eq!(count(pool, "select count(*) from sync.token").await, 0);
    setup.run(&["sync"]).await.expect(0);
    assert_eq!(count(pool, "select count(*) from sobot.call_result").await, 150);
    assert_rows_are_counted(pool).await;
}

#[tokio::test]
async fn without_yes_it_is_told_what_would_be_touched_and_nothing_is() {
    let setup = read().await;
    let before = holdings(&setup, "sobot").await;
    for arguments in [["source", "purge", "sobot"].as_slice(), &["source", "rename", "sobot", "zhichi"]] {
        let shown = setup.run(arguments).await.expect(0);
        assert!(shown.stdout.contains("  sobot.call_result: 150\n"), "{}", shown.stdout);
        assert!(shown.stderr.contains("nothing was changed; add --yes to do it"), "{}", shown.stderr);
    }
    assert_eq!(holdings(&setup, "sobot").await, before);
    setup.run(&["sync"]).await.expect(0);
}

#[tokio::test]
async fn a_name_that_holds_rows_takes_no_others_and_a_name_that_nobody_knows_is_told() {
    let setup = read().await;
    let told = setup.run(&["source", "rename", "sobot", "moor", "--yes"]).await.expect(2);
    assert!(told.stderr.contains("rows are stored under the name moor already"), "{}", told.stderr);
    let told = setup.run(&["source", "purge", "nobody", "--yes"]).await.expect(2);
    assert!(told.stderr.contains("nothing is stored under the name nobody"), "{}", told.stderr);
    let told = setup.run(&["source", "rename", "sobot", "a/b", "--yes"]).await.expect(2);
    assert!(told.stderr.contains("is not a name"), "{}", told.stderr);
}

#[tokio::test]
async fn a_worker_that_reads_is_not_disturbed_and_one_of_before_writes_nothing_more() {
    let setup = read().await;
    let pool = setup.db.pool().await;
    let lease = "insert into sync.lease (name, worker, fence, acquired_at, expires_at)
        values ('sobot/sobot.call_result of a test', gen_random_uuid(), nextval('sync.fence'), now(), now() + interval '1 min')";
    sqlx::raw_sql(lease).execute(pool).await.unwrap();
    let rename = ["source", "rename", "sobot", "zhichi", "--yes"];
    let told = setup.run(&rename).await.expect(1);
    assert!(
        told.stderr.contains("a running ccsync reads sobot (lease sobot/sobot.call_result"),
        "{}",
        told.stderr
    );
    sqlx::raw_sql("delete from sync.lease").execute(pool).await.unwrap();

    // It is idle between two ticks, and holds no lease.
    let hurried = workspace(&setup, |text| {
        text.replace(
            "[sources.sobot.call_result]\n",
            "[sources.sobot.call_result]\nschedule = \"*/4 * * * * *\"\n",
        )
    });
    let daemon = hurried.start(&["run"]);
    let runs = "select count(*) from sync.run where trigger = 'schedule' and outcome <> 'running'";
    crate::support::harness::eventually(Duration::from_secs(40), async || match count(pool, runs).await {
        0 | 1 => Err("no tick yet".to_owned()),
        _ => Ok(()),
    })
    .await;
    crate::support::harness::eventually(Duration::from_secs(40), async || {
        match setup.run(&rename).await.code {
            Some(0) => Ok(()),
            code => Err(format!("{code:?}")),
        }
    })
    .await;
    daemon.says("was renamed, moved, retired or purged").await;
    daemon.stop(Signal::TERM).await;
    let written = holdings(&setup, "sobot").await;
    assert!(written.iter().all(|(_, rows)| *rows == 0), "{written:?}");
}

#[tokio::test]
async fn a_forgotten_agent_stays_forgotten_under_the_new_name() {
    let setup = read().await;
    let pool = setup.db.pool().await;
    let agent: String =
        sqlx::query_scalar("select min(agentid) from sobot.call_result").fetch_one(pool).await.unwrap();
    setup.run(&["forget", "--agent", &agent, "--source", "sobot", "--yes"]).await.expect(0);
    let rows = count(pool, "select count(*) from sobot.call_result").await;
    setup.run(&["source", "rename", "sobot", "zhichi", "--yes"]).await.expect(0);
    let renamed = workspace(&setup, |text| text.replace("sources.sobot", "sources.zhichi"));
    renamed
        .run(&[
            "backfill",
            "--stream",
            "sobot.call_result",
            "--from",
            &crate::support::process::first_day().to_string(),
            "--to",
            &chrono::Utc::now().date_naive().to_string(),
        ])
        .await
        .expect(0);
    assert_eq!(count(pool, "select count(*) from sobot.call_result").await, rows);
    assert_eq!(
        count(pool, &format!("select count(*) from sobot.call_result where agentid = '{agent}'")).await,
        0
    );
}
