//! The database goes away, a process is killed, another takes over: what was heard is stored once, and what
//! was not is a gap.

use std::path::Path;
use std::time::Duration;

use ccsync_simulator::MonitorRates;
use sqlx::PgPool;

use super::setup::{Daemon, FeedSetup};
use super::truth::{feed_is_the_vendors, sent, time_adds_up};
use crate::support::db::TestDb;
use crate::support::harness::eventually;
use crate::support::http::get;
use crate::support::port::free_address;
use crate::support::process::{Program, Workspace};
use crate::whole::crash::proxy::Proxy;

const TIMEOUT: Duration = Duration::from_secs(60);

async fn wait_for(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + TIMEOUT;
    while !reached().await {
        assert!(tokio::time::Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn stored(pool: &PgPool, setup: &FeedSetup) {
    eventually(TIMEOUT, async || feed_is_the_vendors(pool, &setup.simulator.monitor_truth()).await).await;
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// Messages that lie on disk.
fn spooled(directory: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory.join("data/feed/setup/0")) else { return 0 };
    let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some());
    let lines = |file| std::fs::read_to_string(file).unwrap_or_default().matches("{\"Message\":").count();
    files.map(lines).sum()
}

fn messages(setup: &FeedSetup) -> usize {
    sent(&setup.simulator.monitor_truth())
}

/// A daemon that follows four agents, and whose database has just gone away.
struct Outage {
    db: TestDb,
    proxy: Proxy,
    setup: FeedSetup,
    workspace: Workspace,
    daemon: Program,
}

impl Outage {
    async fn begin() -> Outage {
        let db = TestDb::create().await;
        let (proxy, url) = Proxy::start(&db).await;
        let setup = FeedSetup::new(4, MonitorRates::lively(10.0), 1, &url).await;
        let workspace =
            Workspace::new(&setup.configuration("", "")).with("CCSYNC__DATABASE__DATA_DIR", "data");
        let daemon = workspace.start(&["run"]);
        let pool = db.pool().await;
        wait_for("something is stored", async || {
            count(pool, "select count(*) from workbench.announcement").await > 0
        })
        .await;
        proxy.shut(true);
        Outage { db, proxy, setup, workspace, daemon }
    }
}

#[tokio::test]
async fn what_waits_on_disk_when_the_process_is_killed_is_stored_by_the_next_one_in_order() {
    let Outage { db, proxy, setup, workspace, daemon } = Outage::begin().await;
    let pool = db.pool().await;
    let before = messages(&setup);
    wait_for("messages come without a database", async || before + 100 < messages(&setup)).await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    // Everything that is not stored lies on disk: only then is a kill to lose nothing.
    let all = messages(&setup);
    wait_for("everything is on disk", async || {
        let known = count(pool, "select coalesce(sum(rows_read), 0)::bigint from sync.run").await;
        all <= usize::try_from(known).unwrap() + spooled(workspace.path())
    })
    .await;
    let waiting = spooled(workspace.path());
    let on_disk = std::process::Command::new("cat")
        .arg(workspace.path().join("data/feed/setup/0").join(first_log(workspace.path())))
        .output()
        .unwrap();
    let on_disk = String::from_utf8(on_disk.stdout).unwrap();
    for secret in ["s3cret-token", "15711356914", "张三"] {
        assert!(!on_disk.contains(secret), "{secret} lies on disk");
    }
    daemon.kill().await;
    proxy.shut(false);
    let daemon = workspace.start(&["run"]);
    wait_for("the next one listens", async || {
        count(pool, "select count(*) from workbench.feed_gap where reason = 'takeover'").await == 4
    })
    .await;
    stored(pool, &setup).await;
    println!("{waiting} messages waited on disk");
    assert!(99 < waiting, "{waiting}");
    // In order: later events of a connection have later numbers.
    let disordered = count(
        pool,
        "select count(*) from (
            select received_at, lag(received_at) over (partition by connection_id order by message_no) as before
            from workbench.announcement) as a where received_at < before",
    )
    .await;
    assert_eq!(disordered, 0);
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
    assert_eq!(spooled(workspace.path()), 0);
}

#[tokio::test]
async fn after_a_kill_the_next_process_in_the_same_place_hears_at_once_and_not_after_the_lease() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(3, MonitorRates::lively(5.0), 1, db.url()).await;
    let configuration = setup.configuration("", "").replace("lease = \"3s\"", "lease = \"10m\"");
    let workspace = Workspace::new(&configuration);
    for kills in 0..2 {
        let daemon = workspace.start(&["run"]);
        let connected = kills + 1;
        wait_for("each agent is heard", async || connections(&setup) == [connected; 3]).await;
        daemon.kill().await;
    }
    let daemon = workspace.start(&["run"]);
    wait_for("each agent is heard again", async || connections(&setup) == [3; 3]).await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    wait_for("it is stored", async || {
        count(pool, "select count(*) from sync.feed_session where stay_since is not null").await == 3
    })
    .await;
    time_adds_up(pool).await.unwrap();
    let reasons = "select count(*) from workbench.feed_gap where reason <> 'takeover'";
    assert_eq!(count(pool, reasons).await, 0);
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn a_message_that_was_damaged_on_its_disk_is_told_and_is_a_gap_of_its_agent() {
    let Outage { db, proxy, setup, workspace, daemon } = Outage::begin().await;
    let pool = db.pool().await;
    wait_for("messages lie on disk", async || 100 < spooled(workspace.path())).await;
    daemon.kill().await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    let log = workspace.path().join("data/feed/setup/0").join(first_log(workspace.path()));
    let text = std::fs::read_to_string(&log).unwrap();
    let line = text.lines().position(|line| line.contains("{\"Message\":")).unwrap();
    let damage = |(number, text): (usize, &str)| match number == line {
        true => text.replace("\"number\":", "\"numbes\":") + "\n",
        false => text.to_owned() + "\n",
    };
    std::fs::write(&log, text.lines().enumerate().map(damage).collect::<String>()).unwrap();
    proxy.shut(false);
    let daemon = workspace.start(&["run"]);
    daemon.says(&format!("1 event lost, and recorded as a gap: {} was damaged", log.display())).await;
    let gap = "from workbench.feed_gap where reason = 'damaged' and until is not null";
    wait_for("it is a gap", async || {
        sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(format!("select count(*) {gap}")))
            .fetch_one(pool)
            .await
            .unwrap()
            == 1
    })
    .await;
    // The vendor's own count: nothing else is missing, and the agent is the one to whom it was sent.
    let (agent, lost): (String, i64) =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("select extno, lost_messages {gap}")))
            .fetch_one(pool)
            .await
            .unwrap();
    let (extno, _) =
        text.lines().nth(line).unwrap().split_once("\"extno\":\"").unwrap().1.split_once('"').unwrap();
    assert_eq!((agent.as_str(), lost), (extno, 1));
    time_adds_up(pool).await.unwrap();
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}

fn first_log(workspace: &Path) -> String {
    let entries = std::fs::read_dir(workspace.join("data/feed/setup/0")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".log"));
    names.sort();
    names.swap_remove(0)
}

#[tokio::test]
async fn what_has_no_room_on_disk_is_a_gap_that_says_how_much_is_lost() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let (proxy, url) = Proxy::start(&db).await;
    let setup = FeedSetup::new(3, MonitorRates::lively(5.0), 1, &url).await;
    let daemon = setup.start("spool_mib_max = 1\nbuffer_messages = 100").await;
    wait_for("something is stored", async || {
        count(pool, "select count(*) from workbench.call_popup").await > 0
    })
    .await;
    proxy.shut(true);
    let before = messages(&setup);
    setup.simulator.set_monitor_rates(MonitorRates { popup: 300.0, ..MonitorRates::default() });
    wait_for("more than the spool holds", async || before + 4_000 < messages(&setup)).await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    proxy.shut(false);
    let whole = async || {
        let lost = count(
            pool,
            "select coalesce(sum(lost_messages), 0)::bigint from workbench.feed_gap where reason = 'spool_full'",
        )
        .await;
        let read = count(pool, "select sum(rows_read)::bigint from sync.run").await;
        (lost, read, messages(&setup) as i64)
    };
    eventually(TIMEOUT, async || match whole().await {
        (lost, read, sent) if 0 < lost && lost + read == sent => Ok(()),
        other => Err(format!("lost, stored and sent are {other:?}")),
    })
    .await;
    let (lost, read, sent) = whole().await;
    println!("{sent} sent, {read} stored, {lost} lost");
    // The sockets have not noticed any of it.
    let connections =
        setup.simulator.monitor_truth().agents.iter().map(|agent| agent.connections.len()).max();
    assert_eq!(connections, Some(1));
    time_adds_up(pool).await.unwrap();
    setup.simulator.set_monitor_rates(MonitorRates::lively(5.0));
    let before = count(pool, "select count(*) from workbench.call_popup").await;
    wait_for("it goes on", async || before < count(pool, "select count(*) from workbench.call_popup").await)
        .await;
    daemon.stop().await;
}

#[tokio::test]
async fn commits_whose_answer_is_lost_store_nothing_twice() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let (proxy, url) = Proxy::start(&db).await;
    let setup = FeedSetup::new(5, MonitorRates::lively(20.0), 1, &url).await;
    let daemon = setup.start("").await;
    wait_for("something is stored", async || {
        count(pool, "select count(*) from workbench.announcement").await > 0
    })
    .await;
    proxy.swallow(5);
    wait_for("answers are lost", async || proxy.swallowed() == 5).await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    stored(pool, &setup).await;
    // The last messages may say nothing new, and still be on their way when all that is new is stored.
    wait_for("each message is counted, and once", async || {
        count(pool, "select sum(rows_read)::bigint from sync.run").await == messages(&setup) as i64
    })
    .await;
    daemon.stop().await;
}

fn connections(setup: &FeedSetup) -> Vec<usize> {
    setup.simulator.monitor_truth().agents.iter().map(|agent| agent.connections.len()).collect()
}

async fn heard(pool: &PgPool, daemon: &Daemon, agents: usize) {
    wait_for("every agent is heard", async || {
        let _ = daemon;
        let open = count(pool, "select count(*) from sync.feed_session where stay_since is not null").await;
        open == agents as i64
    })
    .await;
}

#[tokio::test]
async fn of_two_daemons_one_follows_an_agent_and_the_other_takes_over_with_a_gap() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(4, MonitorRates::lively(10.0), 1, db.url()).await;
    let first = setup.start("").await;
    heard(pool, &first, 4).await;
    let second = setup.start("").await;
    let before = messages(&setup);
    // Longer than a lease: the second one has tried to take it.
    wait_for("a while passes", async || before + 200 < messages(&setup)).await;
    assert_eq!(connections(&setup), [1; 4]);
    first.abort().await;
    wait_for("the second takes over", async || connections(&setup) == [2; 4]).await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    stored(pool, &setup).await;
    assert_eq!(count(pool, "select count(*) from workbench.feed_gap where reason = 'takeover'").await, 4);
    let third = setup.start("").await;
    second.stop().await;
    wait_for("the third takes over", async || connections(&setup) == [3; 4]).await;
    stored(pool, &setup).await;
    assert_eq!(count(pool, "select count(*) from workbench.feed_gap where reason = 'shutdown'").await, 4);
    third.stop().await;
}

#[tokio::test]
async fn a_daemon_that_starts_without_its_database_waits_says_so_and_hears_at_once_when_it_is_there() {
    let Outage { db, proxy, setup, workspace, daemon } = Outage::begin().await;
    let pool = db.pool().await;
    daemon.kill().await;
    let ops = free_address();
    let workspace = workspace
        .with("CCSYNC__ENGINE__LEASE", "10m")
        .with("CCSYNC__OPS__ENABLED", "true")
        .with("CCSYNC__OPS__LISTEN", &ops);
    let mut daemon = workspace.start(&["run"]);
    daemon.says("; the daemon waits for it; see docs/runbook.md#database_unreachable").await;
    let get = async |path: &str| get(format!("http://{ops}{path}")).await.unwrap();
    assert_eq!(get("/readyz").await.status(), 503);
    assert_eq!(get("/healthz").await.status(), 200);
    let page = get("/").await.text().await.unwrap();
    assert!(page.contains("The database cannot be read"), "{page}");
    assert!(get("/metrics").await.text().await.unwrap().contains("ccsync_up 0"));
    assert!(daemon.has_ended().is_none());
    proxy.shut(false);
    wait_for("each agent is heard again", async || connections(&setup).iter().all(|count| 1 < *count)).await;
    wait_for("the gap says why", async || {
        count(pool, "select count(*) from workbench.feed_gap where reason = 'database_away'").await == 4
    })
    .await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    stored(pool, &setup).await;
    time_adds_up(pool).await.unwrap();
    wait_for("it is ready", async || get("/readyz").await.status() == 200).await;
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn a_daemon_that_waits_for_its_database_ends_when_it_is_told_to() {
    let Outage { db: _db, proxy: _proxy, setup: _setup, workspace, daemon } = Outage::begin().await;
    daemon.kill().await;
    let daemon = workspace.start(&["run"]);
    daemon.says("the daemon waits for it").await;
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}
