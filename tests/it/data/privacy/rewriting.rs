//! Stored personal data under new keys and stricter policies.

use ccsync_simulator::{Change, Channel, Endpoint, Fault};
use serde_json::json;
use sqlx::AssertSqlSafe;
use sqlx::PgPool;

use crate::support::db::TestDb;
use crate::support::harness::{QUICK, TestClock, TestWorld, configured_app, small_world};

const ONE: &str = "0123456789abcdef0123456789abcdef";
const TWO: &str = "fedcba9876543210fedcba9876543210";
const STRAY: &str = "13812345678";

/// [`QUICK`] and these.
fn variables<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [QUICK, more].concat()
}

fn policies(policy: &str) -> [(&str, &str); 3] {
    [
        ("CCSYNC__PRIVACY__PHONE", policy),
        ("CCSYNC__PRIVACY__EMAIL", policy),
        ("CCSYNC__PRIVACY__NAME", policy),
    ]
}

fn tokens(keys: &str) -> Vec<(&str, &str)> {
    let key = [("CCSYNC__PRIVACY__HMAC_KEY", keys)];
    [QUICK, &policies("hmac"), &key].concat()
}

/// Personal data in columns, `extra`, history and quarantine.
async fn filled(variables: &[(&str, &str)]) -> TestWorld {
    let world = TestWorld::on(TestClock::hurried(), small_world(), variables).await;
    let test = &world.test;
    let insert = |fields: serde_json::Value| {
        let fields = fields.as_object().unwrap().clone();
        test.simulator.mutate(Change::Insert { channel: Channel::Call, fields, omit: Vec::new() }).unwrap()
    };
    insert(json!({"total_score": "91.0", "remark": format!("call {STRAY} back"), "n": 1.5}));
    insert(json!({"total_score": "abc", "agent_email": "a@x.com", "remark": STRAY}));
    insert(json!({"total_score": "1.0", "agentid": "13812340000"}));
    for endpoint in [Endpoint::MoorAgentClaimStatus, Endpoint::SobotChatResult] {
        test.simulator.script(endpoint, [Fault::MalformedRecord.with(1)]);
    }
    test.sync().await;
    for claim in test.simulator.truth().claims {
        for member in claim["assignMembers"].as_array().unwrap() {
            let agent_number = member["agentNumber"].as_str().unwrap().to_owned();
            test.simulator
                .mutate(Change::SetClaim { agent_number, pc: Some(true), mobile: Some(true) })
                .unwrap();
        }
    }
    for _ in 0..2 {
        test.sync().await;
    }
    world
}

async fn count(pool: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(pool).await.unwrap()
}

/// Tables whose rows hold the text, and in how many.
async fn holding(pool: &PgPool, text: &str) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables
         where schemaname in ('sobot', 'moor', 'workbench', 'sync') order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let rows =
            count(pool, &format!("select count(*) from {table} t where t::text like '%{text}%'")).await;
        if 0 < rows {
            found.push((table, rows));
        }
    }
    found
}

/// Every row of the fact tables with its version, so that anything written shows.
async fn versions(pool: &PgPool) -> Vec<String> {
    let mut all = Vec::new();
    for table in [
        "sobot.call_result",
        "sobot.chat_result",
        "moor.queue",
        "moor.queue_member",
        "moor.agent_claim_status",
    ] {
        let sql = format!(
            "select '{table} ' || t.ctid::text || t.revision || t::text from {table} t order by t.source, 1"
        );
        all.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap());
        let sql = format!("select '{table} ' || t.ctid::text || t::text from {table}_history t order by 1");
        all.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap());
    }
    all
}

/// How many agents both vendors' tables know by one and the same name's token.
const JOINED: &str = "select count(distinct m.agent_name) from moor.queue_member m
    join moor.agent_claim_status c using (agent_name)
    join moor.agent_claim_status_history h on h.phone = c.phone where m.agent_name like 'hmac%'";

#[tokio::test]
async fn tokens_are_lifted_everywhere_joins_hold_and_the_next_read_writes_nothing() {
    let world = filled(&tokens(ONE)).await;
    let pool = world.test.pool().await;
    let before = holding(pool, "hmac1:").await;
    let joined = count(pool, JOINED).await;
    assert!(5 < before.len() && 0 < joined, "{before:?}, {joined}");
    for table in ["sobot.call_result", "sync.quarantine", "moor.agent_claim_status_history"] {
        assert!(before.iter().any(|(name, _)| name == table), "{table} in {before:?}");
    }

    let both = format!("{ONE}\n{TWO}");
    let app = world.another_app(&tokens(&both)).await;
    let counted: Vec<_> = app.privacy_rotate(true).await.unwrap();
    let counted: Vec<_> = counted.into_iter().map(|table| (table.table, table.rows as i64)).collect();
    assert_eq!(counted, before, "a dry run counts every row");
    assert_eq!(holding(pool, "hmac1:").await, before, "and changes none");

    let done = app.privacy_rotate(false).await.unwrap();
    assert!(done.iter().all(|table| table.left == 0), "{done:?}");
    assert_eq!(holding(pool, "hmac1:").await, []);
    assert_eq!(holding(pool, "hmac2:").await, before);
    assert_eq!(count(pool, JOINED).await, joined);
    assert_eq!(app.privacy_rotate(false).await.unwrap(), [], "twice is once");

    let stored = versions(pool).await;
    let reports = app.sync(&[], &tokio_util::sync::CancellationToken::new()).await.unwrap();
    assert_eq!(versions(pool).await, stored, "{reports:?}");
}

#[tokio::test]
async fn a_record_that_was_quarantined_again_under_the_new_key_is_one_entry_after_a_rotation_and_stays_dropped()
 {
    let world = filled(&tokens(ONE)).await;
    let pool = world.test.pool().await;
    let open = "select id from sync.quarantine where payload like '%hmac1:%' and state = 'open' order by id";
    let old: Vec<i64> = sqlx::query_scalar(open).fetch_all(pool).await.unwrap();
    let app = world.another_app(&tokens(&format!("{ONE}\n{TWO}"))).await;
    assert!(app.quarantine_drop(&old, "known").await.unwrap().is_empty(), "all are dropped");
    app.sync(&[], &tokio_util::sync::CancellationToken::new()).await.unwrap();
    let again = "select count(*) from sync.quarantine where payload like '%hmac2:%' and state = 'open'";
    assert!(!old.is_empty());
    assert_eq!(count(pool, again).await, old.len() as i64, "quarantined again");
    assert!(
        app.privacy_rotate(false)
            .await
            .unwrap()
            .iter()
            .all(|table| { table.table != "sync.quarantine" || table.left == 0 })
    );
    let dropped = "select count(*) from sync.quarantine
        where payload like '%hmac2:%' and state = 'dropped' and decision = 'known' and 1 < seen";
    assert_eq!((count(pool, again).await, count(pool, dropped).await), (0, old.len() as i64));
}

#[tokio::test]
async fn a_rotation_beside_a_reader_leaves_nothing_behind_and_spoils_nothing() {
    let world = filled(&tokens(ONE)).await;
    let pool = world.test.pool().await;
    let both = format!("{ONE}\n{TWO}");
    let (reader, rewriter) =
        (world.another_app(&tokens(&both)).await, world.another_app(&tokens(&both)).await);
    let stop = tokio_util::sync::CancellationToken::new();
    let reading = async {
        for _ in 0..3 {
            reader.sync(&[], &stop).await.unwrap();
        }
    };
    let rotating = async {
        for _ in 0..5 {
            rewriter.privacy_rotate(false).await.unwrap();
        }
    };
    futures::future::join(reading, rotating).await;
    rewriter.privacy_rotate(false).await.unwrap();
    // A row whose key is a token was read anew under its new key before the old one was lifted.
    let left = holding(pool, "hmac1:").await;
    assert!(
        left.iter().all(|(table, rows)| table.starts_with("sobot.call_result") && *rows <= 1),
        "{left:?}"
    );
    reader.sync(&[], &stop).await.unwrap();
    let stored = versions(pool).await;
    reader.sync(&[], &stop).await.unwrap();
    assert_eq!(versions(pool).await, stored);
}

#[tokio::test]
async fn a_stricter_policy_is_applied_to_what_is_stored_and_a_read_then_writes_nothing() {
    let world = filled(&variables(&policies("keep"))).await;
    let pool = world.test.pool().await;
    assert!(!holding(pool, STRAY).await.is_empty());
    let phone: String = sqlx::query_scalar("select phone from moor.agent_claim_status_history limit 1")
        .fetch_one(pool)
        .await
        .unwrap();
    let masked = variables(&policies("mask"));
    let app = world.another_app(&masked).await;
    assert!(app.privacy_apply(true).await.unwrap().iter().any(|table| table.table == "sync.quarantine"));
    assert!(!holding(pool, STRAY).await.is_empty(), "a dry run changes nothing");
    let done = app.privacy_apply(false).await.unwrap();
    assert!(done.iter().all(|table| table.left == 0), "{done:?}");
    assert_eq!(holding(pool, STRAY).await, []);
    assert_eq!(holding(pool, &phone).await, []);
    assert_eq!(holding(pool, "a@x.com").await, []);
    assert_eq!(app.privacy_apply(false).await.unwrap(), [], "twice is once");
    let stored = versions(pool).await;
    // A key that is a number is told as what it is: the policy needs a key of tokens for it.
    app.sync(&[], &tokio_util::sync::CancellationToken::new()).await.unwrap();
    assert_eq!(versions(pool).await, stored);
}

#[tokio::test]
async fn a_file_with_other_keys_or_fewer_is_refused_before_a_token_is_made_with_it() {
    let (clock, db) = (TestClock::hurried(), TestDb::create().await);
    let both = format!("{ONE}\n{TWO}");
    drop(configured_app("http://127.0.0.1:1", &db, &clock, &tokens(&both)).await);
    for (keys, why) in
        [(ONE.to_owned(), "it holds 1 key,"), (format!("{TWO}\n{ONE}"), "key 1 is not the one")]
    {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = crate::support::harness::config_text("http://127.0.0.1:1", db.url(), "");
        std::fs::write(file.path(), text).unwrap();
        let variables = tokens(&keys).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = ccsync::config::load(Some(file.path()), variables, chrono::Utc::now()).unwrap();
        let app = ccsync::app::App::build(settings, ccsync::app::Overrides::default()).await.unwrap();
        let refused = app.prepare().await.unwrap_err().chain();
        assert!(refused.contains(why) && !refused.contains(ONE), "{refused}");
    }
}
