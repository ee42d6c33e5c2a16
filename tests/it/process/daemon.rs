//! `ccsync run` as a process: ticks, the ops server, and an orderly end.

mod database;
mod many;
mod ops;
mod refused;
mod secret;
mod service_manager;
mod share;
mod stop;

use std::time::Duration;

use ccsync_simulator::Endpoint;
use sqlx::PgPool;

use crate::support::harness::eventually;
use crate::support::port::free_address;
use crate::support::process::{Program, Setup};

/// Far away: what is read is read for another reason than a tick.
const YEARLY: &str = "0 0 0 1 1 *";

const SCHEDULES: [&str; 4] = [
    "CCSYNC__DEFAULTS__SOBOT__CALL_RESULT__SCHEDULE",
    "CCSYNC__DEFAULTS__SOBOT__CHAT_RESULT__SCHEDULE",
    "CCSYNC__DEFAULTS__MOOR__QUEUE__SCHEDULE",
    "CCSYNC__DEFAULTS__MOOR__AGENT_CLAIM_STATUS__SCHEDULE",
];

/// Longer than anything here takes, for a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_secs(40);

/// All streams on one schedule.
fn scheduled(mut setup: Setup, schedule: &str) -> Setup {
    for variable in SCHEDULES {
        setup = setup.with(variable, schedule);
    }
    setup
}

/// A daemon whose ops server listens on a port that was free a moment ago.
struct Daemon {
    program: Program,
    ops: String,
}

impl Daemon {
    fn start(setup: &Setup) -> Daemon {
        let address = free_address();
        let mut command = setup.workspace.command(&["run"]);
        command.env("CCSYNC__OPS__LISTEN", &address);
        Daemon { program: Program::spawn(command), ops: format!("http://{address}") }
    }

    /// Status code and body; 0 while nobody listens.
    async fn get(&self, path: &str) -> (u16, String) {
        match crate::support::http::get(format!("{}{path}", self.ops)).await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap()),
            Err(error) => (0, error.to_string()),
        }
    }

    async fn ready(&self) {
        eventually(TIMEOUT, async || match self.get("/readyz").await {
            (200, _) => Ok(()),
            (code, body) => Err(format!("{code}: {body}")),
        })
        .await;
    }
}

/// Waits until the first pass of every stream is through.
async fn first_passes(setup: &Setup) {
    let pool = setup.db.pool().await;
    eventually(TIMEOUT, async || {
        let done: i64 =
            count(pool, "select count(distinct stream) from sync.run where outcome = 'succeeded'").await;
        if done == 4 { Ok(()) } else { Err(format!("{done} streams")) }
    })
    .await;
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap_or_default()
}

/// Makes a new call at the vendor, over HTTP as a person would, and answers its id.
async fn new_call(setup: &Setup) -> String {
    let url = format!("{}/_sim/mutate", setup.simulator.base_url());
    let change = r#"{"change": "insert", "channel": "call"}"#;
    let answer = crate::support::http::client().post(url).body(change).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    answer["id"].as_str().unwrap().to_owned()
}

/// Waits until the call is in its table.
async fn arrived(setup: &Setup, id: &str) {
    let pool = setup.db.pool().await;
    eventually(TIMEOUT, async || {
        let sql = "select count(*) from sobot.call_result where call_log_jestid = $1";
        let rows: i64 = sqlx::query_scalar(sql).bind(id).fetch_one(pool).await.unwrap();
        if rows == 1 { Ok(()) } else { Err(format!("{rows} rows of {id}")) }
    })
    .await;
}

fn requests(setup: &Setup, endpoint: Endpoint) -> usize {
    setup.simulator.journal().requests_of(endpoint).count()
}
