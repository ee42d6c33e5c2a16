//! Several workers on one database's windows: none idle, and none missed when it dies.

use std::collections::BTreeSet;
use std::time::Duration;

use ccsync::app::StreamChoice;
use ccsync::telemetry::failpoint::Failpoint;
use ccsync_simulator::SimulatorConfig;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestClock, TestWorld, eventually, small_world};
use crate::support::process::{Program, Setup};
use crate::whole::crash::recipe::{assert_ledger_is_sound, slow_world};

/// Bounds against hanging only.
const TIMEOUT: Duration = Duration::from_secs(120);

const WORKERS: usize = 4;

/// How many workers hold a window's lease, and how many windows are read.
async fn busy_and_read(pool: &PgPool) -> (usize, i64) {
    let (busy, read): (i64, i64) = sqlx::query_as(
        "select (select count(distinct worker) from sync.lease
            where name like '%sobot.call\\_result [%' and clock_timestamp() < expires_at),
            (select count(*) from sync.time_window where stream = 'sobot.call_result' and 0 < reads)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    (usize::try_from(busy).unwrap(), read)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_worker_is_idle_while_windows_are_due() {
    let variables = [
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", "3h"),
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__LOOKBACK", "0s"),
    ];
    let variables = [QUICK, &variables].concat();
    let slow = SimulatorConfig { latency_ms: 200, ..small_world() };
    let world = TestWorld::on(TestClock::hurried(), slow, &variables).await;
    let mut apps = vec![world.test.app.clone()];
    while apps.len() < WORKERS {
        apps.push(world.another_app(&variables).await);
    }
    let choice: StreamChoice = "sobot.call_result".parse().unwrap();
    let passes: Vec<_> = apps
        .into_iter()
        .map(|app| {
            let choice = choice.clone();
            tokio::spawn(async move { app.sync(&[choice], &CancellationToken::new()).await.unwrap() })
        })
        .collect();
    // How much was read whenever all workers were at a window at once.
    let mut seen = BTreeSet::new();
    while passes.iter().any(|pass| !pass.is_finished()) {
        let (busy, read) = busy_and_read(world.test.pool().await).await;
        if busy == WORKERS {
            seen.insert(read);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut windows = Vec::new();
    for pass in passes {
        windows.extend(pass.await.unwrap().iter().map(|report| report.counts.windows));
    }
    let (_, all) = busy_and_read(world.test.pool().await).await;
    let sixths: BTreeSet<i64> = seen.iter().map(|read| read * 6 / all).collect();
    assert!(
        sixths.is_superset(&(0..5).collect()),
        "some worker stood idle in a sixth of the work: {sixths:?}"
    );
    assert!(windows.iter().all(|windows| 0 < *windows), "{windows:?}");
    let twice = "select count(*) from sync.time_window where stream = 'sobot.call_result' and 1 < reads and state = 'complete'";
    assert_eq!(
        crate::whole::system::steps::value::<i64>(&world.test, twice).await,
        0,
        "a window was read by two"
    );
}

/// Notes each lease that goes from one worker to another.
const WITNESS: &str = "
    create table public.handover (name text, ended timestamptz, taken timestamptz);
    create function public.witness() returns trigger language plpgsql as $$
    begin
        if old.worker <> new.worker then
            insert into public.handover values (new.name, old.expires_at, new.acquired_at);
        end if;
        return new;
    end $$;
    create trigger witness after update on sync.lease for each row execute function public.witness();
";

async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

const READ: &str = "select count(*) from sync.time_window where stream = 'sobot.call_result' and 0 < reads";
const LEASES: &str = "select count(distinct worker) from sync.lease
    where name like '%sobot.call\\_result [%' and clock_timestamp() < expires_at";

/// A worker that stands in its third commit, and another that does all the rest; then the first one is killed.
async fn with_a_dead_worker(arguments: &[&str]) -> (Setup, Program) {
    let extra = "[engine]\nlease = \"6s\"\npersist_pages_slower_than = \"0s\"\n\
        [defaults.sobot.call_result]\nlookback = \"0s\"\nschedule = \"0 0 0 1 1 *\"\n";
    let world = SimulatorConfig { latency_ms: 20, ..slow_world() };
    let mut setup = Setup::new(world, extra).await;
    for stream in ["SOBOT__CHAT_RESULT", "MOOR__QUEUE", "MOOR__AGENT_CLAIM_STATUS"] {
        setup = setup.with(&format!("CCSYNC__SOURCES__{stream}__ENABLED"), "false");
    }
    let pool = setup.db.pool().await;
    sqlx::raw_sql(WITNESS).execute(pool).await.unwrap();
    let mut command = setup.workspace.command(arguments);
    command.env("FAILPOINTS", format!("{}=2*off->return(pause 600000)", Failpoint::CommitBegun.name()));
    let held = Program::spawn(command);
    eventually(TIMEOUT, || async {
        let (read, leases) = (number(pool, READ).await, number(pool, LEASES).await);
        if read == 2 && leases == 1 { Ok(()) } else { Err(format!("{read} windows read, {leases} held")) }
    })
    .await;
    let other = setup.workspace.start(arguments);
    eventually(TIMEOUT, || async {
        let leases =
            number(pool, "select count(distinct worker) from sync.run where outcome = 'running'").await;
        if leases == 2 { Ok(()) } else { Err(format!("{leases} workers")) }
    })
    .await;
    held.kill().await;
    (setup, other)
}

async fn assert_taken_over(pool: &PgPool) {
    assert_eq!(number(pool, "select count(*) from public.handover where taken < ended").await, 0);
    assert!(0 < number(pool, "select count(*) from public.handover").await, "nothing was taken over");
    // The dead worker's last sign of life was before its death: its lease ends within a term of it.
    assert_ledger_is_sound(pool).await;
}

#[tokio::test]
async fn a_sync_takes_a_dead_workers_window_over_when_its_lease_ends() {
    let (setup, other) = with_a_dead_worker(&["sync", "sobot.call_result"]).await;
    other.wait().await.expect(0);
    assert_taken_over(setup.db.pool().await).await;
    setup.run(&["verify"]).await.expect(0);
}

#[tokio::test]
async fn a_daemon_takes_a_dead_daemons_window_over_when_its_lease_ends_and_not_at_the_next_tick() {
    let (setup, other) = with_a_dead_worker(&["run"]).await;
    let pool = setup.db.pool().await;
    // The next tick is at new year.
    eventually(TIMEOUT, || async {
        let waiting = "select count(*) from sync.lease where name like '%sobot.call\\_result [%'";
        let (read, waiting, taken) = (
            number(pool, READ).await,
            number(pool, waiting).await,
            number(pool, "select count(*) from public.handover").await,
        );
        match (waiting, taken) {
            (0, 1..) => Ok(()),
            _ => Err(format!("{read} windows read, {waiting} leases left, {taken} taken over")),
        }
    })
    .await;
    other.stop(rustix::process::Signal::TERM).await.expect(0);
    assert_taken_over(pool).await;
}
