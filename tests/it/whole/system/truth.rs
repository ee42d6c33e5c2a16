//! What the vendors know, held against the tables row by row and field by field. The mapping is written
//! from the vendors' documents and shares nothing with the product's reading.

use std::collections::BTreeMap;

use ccsync_simulator::Simulator;
use chrono::NaiveDateTime;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::support::counted::assert_rows_are_counted;
use crate::support::harness::TestApp;

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    /// Milliseconds since 1970 at Sobot, Beijing wall time at 7moor.
    Instant,
    Truth,
    Phone,
}

use Kind::{Instant, Number, Phone, Text, Truth};

/// Vendor field, column, kind; a table may name a field twice for two spellings.
type Fields = &'static [(&'static str, &'static str, Kind)];

const CALL: Fields = &[
    ("call_log_jestid", "call_log_jestid", Text),
    ("agentid", "agentid", Text),
    ("agent_name", "agent_name", Text),
    ("agent_email", "agent_email", Text),
    ("call_start_datetime", "call_start_datetime", Instant),
    ("quality_datetime", "quality_datetime", Instant),
    ("qualify_time", "quality_datetime", Instant),
    ("total_score_max", "total_score_max", Number),
    ("standard_score_max", "standard_score_max", Number),
    ("pulse_max", "pulse_max", Number),
    ("minus_max", "minus_max", Number),
    ("total_score", "total_score", Number),
    ("standard_score", "standard_score", Number),
    ("pulse", "pulse", Number),
    ("minus", "minus", Number),
];

const CHAT: Fields = &[
    ("cid", "cid", Text),
    ("schemeid", "schemeid", Text),
    ("agentid", "agentid", Text),
    ("agent_name", "agent_name", Text),
    ("agent_email", "agent_email", Text),
    ("chat_start_datetime", "chat_start_datetime", Instant),
    ("update_datetime", "update_datetime", Instant),
    ("update_time", "update_datetime", Instant),
    ("total_score", "total_score", Number),
    ("standard_total_score", "standard_total_score", Number),
    ("add_total_score", "add_total_score", Number),
    ("minus_total_score", "minus_total_score", Number),
    ("quality_score", "quality_score", Number),
    ("standard_quality_score", "standard_quality_score", Number),
    ("add_quality_score", "add_quality_score", Number),
    ("minus_quality_score", "minus_quality_score", Number),
];

const QUEUE: Fields = &[
    ("exten", "exten", Text),
    ("displayName", "display_name", Text),
    ("assignRule", "assign_rule", Text),
    ("isMemory", "is_memory", Truth),
    ("memoryTime", "memory_time", Number),
    ("updateTime", "update_time", Instant),
    ("updateAgent", "update_agent", Text),
];

const MEMBER: Fields = &[
    ("exten", "exten", Text),
    ("agentNumber", "agent_number", Text),
    ("agentName", "agent_name", Text),
    ("priority", "priority", Number),
];

const CLAIM: Fields = &[
    ("exten", "exten", Text),
    ("displayName", "display_name", Text),
    ("assignRule", "assign_rule", Text),
    ("agentNumber", "agent_number", Text),
    ("agentName", "agent_name", Text),
    ("pcAutoClaim", "pc_auto_claim", Truth),
    ("mobileAutoClaim", "mobile_auto_claim", Truth),
    ("priority", "priority", Number),
    ("phone", "phone", Phone),
];

/// Rows by key, each as canonical JSON.
type Rows = BTreeMap<String, Map<String, Value>>;

/// Every fact table.
pub const TABLES: [&str; 5] =
    ["sobot.call_result", "sobot.chat_result", "moor.queue", "moor.queue_member", "moor.agent_claim_status"];

/// Panics with the first differences between the vendors and the tables.
pub async fn assert_tables_are_the_vendors(test: &TestApp) {
    assert_tables_are(&test.simulator, test.pool().await).await;
}

/// The same for a product that runs elsewhere.
pub async fn assert_tables_are(vendors: &Simulator, pool: &PgPool) {
    for name in TABLES {
        assert_table_is(vendors, pool, name).await;
    }
    assert_rows_are_counted(pool).await;
}

/// The same for one table.
pub async fn assert_table_is_the_vendors(test: &TestApp, name: &str) {
    assert_table_is(&test.simulator, test.pool().await, name).await;
}

async fn assert_table_is(vendors: &Simulator, pool: &PgPool, name: &str) {
    let (expected, stored) = both(vendors, pool, name).await;
    assert_same(name, &expected, &stored);
}

/// The rows whose version lies within this span of milliseconds, or all: what the vendor has of them and the table
/// lacks or has otherwise, by key. What the table has beyond them may have moved, and is not looked at.
pub async fn missing_within(
    vendors: &Simulator,
    pool: &PgPool,
    name: &str,
    span: Option<std::ops::Range<i64>>,
) -> Vec<String> {
    let (expected, stored) = both(vendors, pool, name).await;
    let within = |row: &Map<String, Value>| {
        span.as_ref().is_none_or(|span| span.contains(&instant(row, version(name))))
    };
    let differs = |(key, row): &(&String, &Map<String, Value>)| within(row) && stored.get(*key) != Some(row);
    expected.iter().filter(differs).map(|(key, _)| key.clone()).collect()
}

fn version(name: &str) -> &'static str {
    match name {
        "sobot.call_result" => "quality_datetime",
        "sobot.chat_result" => "update_datetime",
        _ => "",
    }
}

/// What the vendors know, and the live rows of the table.
async fn both(vendors: &Simulator, pool: &PgPool, name: &str) -> (Rows, Rows) {
    let truth = vendors.truth();
    let (fields, key_len, items): (Fields, usize, Vec<Value>) = match name {
        "sobot.call_result" => (CALL, 2, truth.calls),
        "sobot.chat_result" => (CHAT, 3, truth.chats),
        "moor.queue" => (QUEUE, 1, truth.groups),
        "moor.queue_member" => (MEMBER, 2, members(&truth.groups, &[])),
        _ => (CLAIM, 2, members_of_claims(&truth.claims)),
    };
    let key: &[&str] = match name {
        "sobot.call_result" => &["call_log_jestid", "agentid"],
        "sobot.chat_result" => &["cid", "schemeid", "agentid"],
        "moor.queue" => &["exten"],
        _ => &["exten", "agentNumber"],
    };
    let expected = latest(&items, fields, key, version(name));
    (expected, table(pool, name, fields, key_len).await)
}

fn members_of_claims(claims: &[Value]) -> Vec<Value> {
    members(claims, &["displayName", "assignRule"])
}

/// One element per member, with the group's number and `inherited` fields.
fn members(groups: &[Value], inherited: &[&str]) -> Vec<Value> {
    let mut members = Vec::new();
    for group in groups {
        for member in group["assignMembers"].as_array().into_iter().flatten() {
            let mut member = member.clone();
            for field in ["exten"].iter().chain(inherited) {
                member[*field] = group[*field].clone();
            }
            members.push(member);
        }
    }
    members
}

/// Of equal keys the one with the latest `version` stays: a re-scored result may come as a second row.
fn latest(items: &[Value], fields: Fields, key: &[&str], version: &str) -> Rows {
    let mut rows = Rows::new();
    for item in items {
        let row = canonical(item.as_object().unwrap(), fields);
        let key: Vec<_> = key.iter().map(|part| item[*part].as_str().unwrap()).collect();
        let key = key.join("|");
        let newer = rows.get(&key).is_none_or(|old| instant(old, version) <= instant(&row, version));
        if newer {
            rows.insert(key, row);
        }
    }
    rows
}

fn instant(row: &Map<String, Value>, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_default()
}

fn canonical(item: &Map<String, Value>, fields: Fields) -> Map<String, Value> {
    let mut row = Map::new();
    let mut extra = Map::new();
    for (_, column, _) in fields {
        row.insert((*column).to_owned(), Value::Null);
    }
    for (name, value) in item {
        match fields.iter().find(|(field, ..)| field == name) {
            Some((_, column, kind)) => {
                let value = canonical_value(value, *kind);
                if !value.is_null() {
                    row.insert((*column).to_owned(), value);
                }
            }
            None if name == "assignMembers" => {}
            None => {
                extra.insert(name.clone(), value.clone());
            }
        }
    }
    row.insert("extra".to_owned(), Value::Object(extra));
    row
}

fn canonical_value(value: &Value, kind: Kind) -> Value {
    let text = match value {
        Value::Null => return Value::Null,
        Value::String(text) if text.is_empty() => return Value::Null,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match kind {
        Text => Value::String(text),
        Number => Value::String(text.parse::<rust_decimal::Decimal>().unwrap().normalize().to_string()),
        Truth => Value::Bool(text == "true" || text == "1"),
        Phone => Value::String(format!("{}****{}", &text[..3], &text[text.len() - 4..])),
        Instant => match text.parse::<i64>() {
            Ok(millis) => Value::from(millis),
            Err(_) => {
                let wall = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").unwrap();
                // Beijing is eight hours ahead of UTC all year round.
                Value::from((wall.and_utc().timestamp() - 8 * 3600) * 1000)
            }
        },
    }
}

/// The live rows of a table, in the same form.
async fn table(pool: &PgPool, name: &str, fields: Fields, key_len: usize) -> Rows {
    let mut columns: Vec<(&str, Kind)> = Vec::new();
    for (_, column, kind) in fields {
        if !columns.iter().any(|(known, _)| known == column) {
            columns.push((column, *kind));
        }
    }
    let select: Vec<String> = columns
        .iter()
        .map(|(column, kind)| match kind {
            Text | Phone => format!("to_jsonb({column})"),
            Number => format!("to_jsonb(trim_scale({column}::numeric)::text)"),
            Truth => format!("to_jsonb({column})"),
            Instant => format!("to_jsonb((extract(epoch from {column}) * 1000)::bigint)"),
        })
        .collect();
    let keys: Vec<&str> = match name {
        "sobot.call_result" => vec!["call_log_jestid", "agentid"],
        "sobot.chat_result" => vec!["cid", "schemeid", "agentid"],
        "moor.queue" => vec!["exten"],
        _ => vec!["exten", "agent_number"],
    };
    assert_eq!(keys.len(), key_len);
    let sql = format!(
        "select concat_ws('|', {}) as key, extra, {} from {name} where deleted_at is null",
        keys.join(", "),
        select.join(", ")
    );
    let mut rows = Rows::new();
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap() {
        let mut values = Map::new();
        for (index, (column, _)) in columns.iter().enumerate() {
            let value: Option<Value> = row.get(index + 2);
            values.insert((*column).to_owned(), value.unwrap_or_default());
        }
        values.insert("extra".to_owned(), row.get("extra"));
        rows.insert(row.get("key"), values);
    }
    rows
}

fn assert_same(name: &str, expected: &Rows, stored: &Rows) {
    let missing: Vec<_> = expected.keys().filter(|key| !stored.contains_key(*key)).take(3).collect();
    let surplus: Vec<_> = stored.keys().filter(|key| !expected.contains_key(*key)).take(3).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "{name}: missing {missing:?}, surplus {surplus:?}");
    for (key, row) in expected {
        assert_eq!(row, &stored[key], "{name} {key}");
    }
}

/// Inserts, updates and deletes that PostgreSQL counted in the fact and history tables.
pub async fn fact_table_writes(test: &TestApp) -> i64 {
    fact_tables_mark(test.pool().await).await
}

/// A number that changes with every row version that is written.
pub async fn fact_tables_mark(pool: &PgPool) -> i64 {
    // Statistics arrive with a delay; what is counted here is in the tables themselves: every version ever
    // written has a transaction and a place of its own.
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, relname) from pg_stat_user_tables
         where schemaname in ('sobot', 'moor') order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut sum = 0i64;
    for table in tables {
        let sql = format!(
            "select coalesce(sum(hashtext(ctid::text || xmin::text)::bigint), 0)::bigint from {table}"
        );
        sum = sum
            .wrapping_mul(31)
            .wrapping_add(sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap());
    }
    sum
}
