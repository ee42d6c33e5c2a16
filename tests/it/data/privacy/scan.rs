//! A daemon and commands under one policy, and everything that they wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{Days, Utc};
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, PgPool};

use super::plant::Plants;
use super::vendor::Planted;
use crate::support::db::TestDb;
use crate::support::harness::eventually;
use crate::support::port::free_address;
use crate::support::process::{Program, Workspace};
use crate::whole::crash::proxy::Proxy;

const TIMEOUT: Duration = Duration::from_secs(60);
const KEYS: &str = "0123456789abcdef0123456789abcdef\n";

/// A number that a person orders a message to.
const ORDERED: &str = "13700001234";

/// Everything that was written, each place by its name.
struct Written(Vec<(String, String)>);

impl Written {
    fn add(&mut self, place: &str, text: impl Into<String>) {
        self.0.push((place.to_owned(), text.into()));
    }

    /// Where each plant stands, as it is or with separators within.
    fn places(&self, plants: &Plants) -> BTreeMap<String, BTreeSet<&str>> {
        let mut places: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (place, text) in &self.0 {
            for plant in plants.found_in(text) {
                places.entry(plant).or_default().insert(place);
            }
        }
        places
    }

    fn holds(&self, word: &str) -> Vec<&str> {
        self.0.iter().filter(|(_, text)| text.contains(word)).map(|(place, _)| place.as_str()).collect()
    }
}

/// Full-width digits as plain ones, and without what people put between digits.
fn bare(text: &str) -> String {
    let plain = |letter: char| match letter {
        '\u{ff10}'..='\u{ff19}' => char::from_u32(letter as u32 - 0xfee0).unwrap(),
        other => other,
    };
    text.chars().map(plain).filter(|letter| !matches!(letter, '-' | ' ')).collect()
}

/// Every row of every table, as text, and once more without separators.
async fn database(pool: &PgPool, written: &mut Written) {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables
         where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(30 < tables.len(), "{tables:?}");
    for table in tables {
        let sql = format!("select t::text from {table} t");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
        let text = rows.join("\n");
        written.add(&table, bare(&text));
        written.add(&table, text);
    }
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => files(&path, found),
            path => found.push(path),
        }
    }
}

fn spool(workspace: &Workspace, written: &mut Written) -> usize {
    let mut found = Vec::new();
    files(&workspace.path().join("data"), &mut found);
    let mut bytes = 0;
    for file in found {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        bytes += text.matches("\"Message\"").count();
        written.add("spool", bare(&text));
        written.add("spool", text);
    }
    bytes
}

fn configuration(vendor: &str, database: &str, day: &str, privacy: &str) -> String {
    format!(
        r#"
[database]
url = "{database}"
data_dir = "data"
[engine]
retries = 2
retry_base = "5ms"
persist_pages_slower_than = "0s"
[scheduler]
jitter = "0s"
[log]
filter = "trace"
{privacy}
[sources.sobot]
kind = "sobot"
base_url = "{vendor}"
app_id = "demo-app"
app_key = "demo-key"
[sources.sobot.call_result]
start = "{day}"
page_size = 1000
requests_per_minute = 60000
[sources.sobot.chat_result]
start = "{day}"
page_size = 1000
requests_per_minute = 60000
[sources.moor]
kind = "moor"
base_url = "{vendor}"
account_id = "N00000000000"
api_secret = "demo-secret"
[sources.moor.queue]
page_size = 1000
[sources.moor.agent_claim_status]
page_size = 1000
[sources.setup]
kind = "workbench"
base_url = "{vendor}"
[[sources.setup.agents]]
extno = "1001"
access_token = "agent-token"
"#
    )
}

/// Rows, rejects and messages of every stream have come.
async fn arrived(pool: &PgPool) {
    for sql in [
        "select count(*) from sobot.call_result",
        "select count(*) from sobot.chat_result",
        "select count(*) from moor.queue",
        "select count(*) from moor.queue_member",
        "select count(*) from moor.agent_claim_status",
        "select count(*) from workbench.announcement",
        "select count(*) from workbench.call_popup where session_id like 't-%'",
        "select count(*) from sync.quarantine where payload like '%xxxxxx%'",
        "select count(*) from sync.quarantine where stream = 'sobot.call_result'",
        "select count(*) from sync.quarantine where stream = 'sobot.chat_result'",
        "select count(*) from sync.run where message is not null",
    ] {
        eventually(TIMEOUT, async || match sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await {
            Ok(count) if 0 < count => Ok(()),
            other => Err(format!("{sql}: {other:?}")),
        })
        .await;
    }
}

/// Runs it all under `[privacy]` and answers what was planted and what was written.
async fn run(privacy: &str) -> (Plants, Written) {
    let mut plants = Plants::default();
    let day = (Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive() - Days::new(1)).to_string();
    let vendor = Planted::new(&mut plants, &day).serve().await;
    let db = TestDb::create().await;
    db.lift_limits("moor:%").await;
    let pool = db.pool().await;
    let (proxy, url) = Proxy::start(&db).await;
    let workspace = Workspace::new(&configuration(&vendor, &url, &day, privacy));
    workspace.write("keys", KEYS);
    let ops = free_address();
    let mut command = workspace.command(&["run"]);
    command.env("CCSYNC__OPS__LISTEN", &ops);
    let daemon = Program::spawn(command);
    arrived(pool).await;

    let mut written = Written(Vec::new());
    for path in ["/", "/metrics", "/api/status", "/readyz"] {
        let answer = crate::support::http::get(format!("http://{ops}{path}")).await.unwrap();
        written.add(path, answer.text().await.unwrap());
    }
    proxy.shut(true);
    eventually(TIMEOUT, async || {
        let mut seen = Written(Vec::new());
        match spool(&workspace, &mut seen) {
            messages if 400 < messages => Ok(()),
            messages => Err(format!("{messages} messages on disk")),
        }
    })
    .await;
    spool(&workspace, &mut written);
    proxy.shut(false);
    let ended = daemon.stop(Signal::TERM).await;
    assert!(ended.stderr.contains("TRACE"), "the log is as loud as it can be");
    written.add("log", bare(&ended.stderr));
    written.add("log", ended.stderr);
    for arguments in [
        &["status", "--json"][..],
        &["quarantine", "list", "--json"],
        &["quarantine", "show", "1", "--json"],
        &["verify"],
        &["check"],
        &["drift", "--json"],
        &["sync"],
        &["workbench", "send-sms", "--telephone", ORDERED, "--msg", "call 13700001234", "--yes"],
    ] {
        let ended = workspace.run(arguments).await;
        assert_ne!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        written.add(&arguments.join(" "), ended.stdout);
        written.add(&arguments.join(" "), ended.stderr);
    }
    database(pool, &mut written).await;
    (plants, written)
}

async fn nothing_is_found(privacy: &str) {
    let (plants, written) = run(privacy).await;
    let found = written.places(&plants);
    assert!(found.is_empty(), "{} plants were found: {found:?}", found.len());
    assert_eq!(written.holds(ORDERED), Vec::<&str>::new());
    assert!(200 < plants.phones.len(), "{}", plants.phones.len());
}

#[tokio::test]
async fn masked_personal_data_is_found_nowhere() {
    nothing_is_found(
        "[privacy]\nphone = \"mask\"\nemail = \"mask\"\nname = \"mask\"\ncustom_fields = \"keep\"",
    )
    .await;
}

#[tokio::test]
async fn personal_data_with_a_token_in_its_place_is_found_nowhere() {
    nothing_is_found(
        "[privacy]\nphone = \"hmac\"\nemail = \"hmac\"\nname = \"hmac\"\nhmac_key_file = \"keys\"\ncustom_fields = \"keep\"",
    )
    .await;
}

#[tokio::test]
async fn dropped_personal_data_is_found_nowhere() {
    nothing_is_found(
        "[privacy]\nphone = \"drop\"\nemail = \"drop\"\nname = \"drop\"\ncustom_fields = \"keep\"",
    )
    .await;
}

/// The control: what is not found above is found by the same search where nothing forbids it.
#[tokio::test]
async fn personal_data_that_is_kept_is_found_in_the_tables_and_the_spool_and_in_no_log() {
    let (plants, written) =
        run("[privacy]\nphone = \"keep\"\nemail = \"keep\"\nname = \"keep\"\ncustom_fields = \"keep\"").await;
    let found = written.places(&plants);
    let planted = plants.phones.len() + plants.emails.len() + plants.names.len();
    // The words of a failure are not stored whole even so.
    assert!(planted - 2 <= found.len(), "{} of {planted} were found", found.len());
    let places: BTreeSet<&str> = found.into_values().flatten().collect();
    for place in [
        "sobot.call_result",
        "sobot.chat_result",
        "moor.queue",
        "moor.queue_member",
        "moor.agent_claim_status",
        "workbench.call_popup",
        "workbench.announcement",
        "workbench.agent_status",
        "sync.quarantine",
        "spool",
    ] {
        assert!(places.contains(place), "nothing in {place}: {places:?}");
    }
    for place in ["log", "/metrics", "/api/status", "/"] {
        assert!(!places.contains(place), "{place}");
    }
}
