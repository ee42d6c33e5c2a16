//! The log: an hour of a healthy daemon is short, and each line says whose it is.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ccsync::app::{App, Overrides};
use ccsync::engine::port::clock::Clock;
use ccsync::ops::observe::log::lines;
use ccsync_simulator::{ChangeRates, MonitorAgent, MonitorRates, Now, Simulator, SimulatorConfig, Switches};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::db::TestDb;
use crate::support::harness::{OutOfReach, WORLD_START, eventually, simulator, small_world};

/// So many times faster than a clock on the wall, for product and vendors alike.
const PACE: i32 = 60;

/// Time that passes faster.
#[derive(Clone)]
struct FastClock {
    began: tokio::time::Instant,
    origin: DateTime<Utc>,
}

impl FastClock {
    fn new() -> FastClock {
        // Noon (Beijing) of the day after the world's last.
        FastClock { began: tokio::time::Instant::now(), origin: "2026-03-08T04:00:00Z".parse().unwrap() }
    }

    fn passed(&self) -> chrono::Duration {
        chrono::Duration::from_std(self.began.elapsed()).unwrap() * PACE
    }
}

#[async_trait::async_trait]
impl Clock for FastClock {
    fn now(&self) -> DateTime<Utc> {
        self.origin + self.passed()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let wait = (until - self.now()).to_std().unwrap_or_default();
        tokio::time::sleep(wait / PACE.unsigned_abs()).await;
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn configuration(vendor: &str, database: &str, data_dir: &std::path::Path) -> String {
    format!(
        r#"
[database]
url = "{database}"
data_dir = {data_dir:?}
[ops]
enabled = false
[engine]
lease = "10m"
[sources.sobot]
kind = "sobot"
base_url = "{vendor}"
app_id = "demo-app"
app_key = "demo-key"
[sources.sobot.call_result]
start = "{WORLD_START}"
[sources.moor]
kind = "moor"
base_url = "{vendor}"
account_id = "N00000000000"
api_secret = "demo-secret"
[sources.setup]
kind = "workbench"
base_url = "{vendor}"
[[sources.setup.agents]]
extno = "1001"
access_token = "demo-token"
"#
    )
}

/// A daemon on five streams with their default schedules, and what it wrote.
struct Watched {
    clock: FastClock,
    app: Arc<App>,
    written: Lines,
    db: TestDb,
    _vendors: Simulator,
    _directory: tempfile::TempDir,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Watched {
    async fn over(world: SimulatorConfig) -> Watched {
        let clock = FastClock::new();
        let now = clock.clone();
        let mut switches = Switches::default();
        // What departs from the documents would be a warning.
        switches.set("sobot_extra_field", "none").unwrap();
        let vendors = simulator(SimulatorConfig {
            switches,
            now: Now(Arc::new(move || now.now())),
            monitor_agents: vec![MonitorAgent { extno: "1001".into(), token: "demo-token".into() }],
            ..world
        })
        .await;
        let db = TestDb::create().await;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ccsync.toml");
        let text = configuration(&vendors.base_url(), db.url(), &directory.path().join("data"));
        std::fs::write(&file, text).unwrap();
        let settings = ccsync::config::load(Some(&file), Vec::new(), clock.now()).unwrap();
        let written = Lines::default();
        let writer = written.clone();
        let json = lines(false, false, &settings.log.filter, move || writer.clone()).unwrap();
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(json));
        let overrides = Overrides {
            clock: Arc::new(clock.clone()),
            budget: Some(Arc::new(OutOfReach)),
            ..Overrides::default()
        };
        let app = Arc::new(App::build(settings, overrides).await.unwrap());
        Watched { clock, app, written, db, _vendors: vendors, _directory: directory, _guard: guard }
    }

    /// Runs until this says so, and answers what was written.
    async fn run<Check: Future<Output = Result<(), String>>>(&self, until: impl FnMut() -> Check) -> String {
        let stop = CancellationToken::new();
        let daemon = tokio::spawn(self.app.clone().run(None, stop.clone()));
        eventually(Duration::from_secs(240), until).await;
        stop.cancel();
        daemon.await.unwrap().unwrap();
        self.text()
    }

    fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }
}

/// A busy contact centre: something changes four times a minute.
#[tokio::test]
async fn an_hour_of_a_healthy_daemon_is_under_a_hundred_lines() {
    let watched = Watched::over(SimulatorConfig {
        changes: ChangeRates::mixed(4.0 / 60.0 * f64::from(PACE)),
        monitor: MonitorRates::lively(2.0),
        ..small_world()
    })
    .await;
    let pool = watched.db.pool().await;
    let runs = async |sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(pool).await.unwrap_or_default()
    };
    // By the clock of the test an hour is a minute; a machine that is late has more to say, not less.
    let written = watched
        .run(|| async {
            match watched.clock.passed().num_minutes() {
                60.. => Ok(()),
                minutes => Err(format!("{minutes} minutes")),
            }
        })
        .await;
    let passes = runs("select count(*) from sync.run where outcome = 'succeeded'").await;
    assert!(20 < passes, "{passes} passes in an hour\n{written}");
    let popups = runs("select count(*) from workbench.call_popup").await;
    assert!(0 < popups, "the feed was followed");
    println!("{passes} passes, {} lines", written.lines().count());
    assert!((10..100).contains(&written.lines().count()), "{} lines\n{written}", written.lines().count());
    for line in written.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        // A machine that is busy with other things answers late, and the changes of sixty minutes in one overtake a reader.
        let busy = line["db.statement"].is_string() || line["run.outcome"] == "partial";
        assert!(line["message"].is_string() && (busy || line["level"] == "INFO"), "{line}");
        if line["message"].as_str().unwrap().starts_with("pass over") {
            assert!(line["source"].is_string() && line["stream"].is_string(), "{line}");
            assert!(line["run.id"].is_i64(), "{line}");
        }
    }
}

/// Half a second is half a minute here: a window a day takes that long.
#[tokio::test]
async fn a_long_pass_of_the_daemon_tells_windows_rows_rate_and_time_left() {
    let watched = Watched::over(SimulatorConfig { latency_ms: 500, ..small_world() }).await;
    let told = |written: &str| -> Option<Value> {
        let line = written.lines().find(|line| line.contains("windows_due"))?;
        Some(serde_json::from_str(line).unwrap())
    };
    let written =
        watched.run(|| async { told(&watched.text()).map(|_| ()).ok_or("no line".to_owned()) }).await;
    let line = told(&written).unwrap();
    assert_eq!((&line["level"], &line["source"]), (&"INFO".into(), &"sobot".into()), "{line}");
    let message = line["message"].as_str().unwrap();
    let form = r"^sobot/sobot\.\w+: \d+ of \d+ windows, \d+ rows?, \d+ rows/s(, \d+ \w+ left)?$";
    assert!(regex::Regex::new(form).unwrap().is_match(message), "{message}");
    assert!(line["windows"].as_u64().unwrap() < line["windows_due"].as_u64().unwrap(), "{line}");
}
