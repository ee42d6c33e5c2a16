//! Every value comes out of PostgreSQL as it went into the binary COPY.

use ccsync::domain::row::decimal::Decimal;
use ccsync::domain::row::record::{Row, Value};
use ccsync::domain::stream::moor_agent_claim_status::MOOR_AGENT_CLAIM_STATUS;
use ccsync::domain::stream::sobot_call_result::SOBOT_CALL_RESULT;
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::store::Scope;
use chrono::{DateTime, TimeZone as _, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sqlx::Row as _;

use crate::data::store::support::*;

fn decimal() -> impl Strategy<Value = Decimal> {
    let parsed = |text: String| text.parse::<Decimal>().unwrap();
    prop_oneof![
        "-?[0-9]{1,28}(\\.[0-9]{1,28})?".prop_map(parsed),
        "-?[0-9]{1,5}(\\.[0-9]{1,2})?".prop_map(parsed),
        "-?[0-9]{1,200}(\\.[0-9]{1,200})?(e-?[0-9]{1,4})?".prop_map(parsed),
        Just("0".to_owned()).prop_map(parsed),
        Just("1e131071".to_owned()).prop_map(parsed),
        Just("-1e-16383".to_owned()).prop_map(parsed),
        Just(i64::MIN).prop_map(Decimal::from),
    ]
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    // From the year 1 to 9999, to the microsecond.
    (-62_135_596_800_000_000i64..253_402_300_799_000_000)
        .prop_map(|micros| Utc.timestamp_micros(micros).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\u{4e00}-\\u{9fff}]{0,20}",
        Just(String::new()),
        Just("\\N\t\n\"'\0".to_owned())
    ]
}

fn or_null<T: std::fmt::Debug>(
    strategy: impl Strategy<Value = T>,
    form: fn(T) -> Value<'static>,
) -> impl Strategy<Value = Value<'static>> {
    proptest::option::weighted(0.8, strategy).prop_map(move |value| value.map_or(Value::Null, form))
}

fn json() -> impl Strategy<Value = serde_json::Map<String, serde_json::Value>> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    let tree = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::hash_map(text(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::hash_map(text(), tree, 0..4).prop_map(|map| map.into_iter().collect())
}

#[tokio::test]
async fn numbers_instants_texts_and_json_survive_the_binary_copy() {
    let fresh = fresh_store().await;
    let mut runner = TestRunner::deterministic();
    let score = || or_null(decimal(), Value::Numeric);
    let strategy = (
        or_null(text(), Value::text),
        or_null(instant(), Value::Instant),
        proptest::collection::vec(score(), 8),
        json(),
    );
    let rows: Vec<Row> = (0..1500)
        .map(|number| {
            let (name, began, scores, extra) = strategy.new_tree(&mut runner).unwrap().current();
            let mut values = vec![
                Value::text(format!("{number}")),
                Value::text("agent"),
                name,
                Value::Null,
                began,
                Value::Null,
            ];
            values.extend(scores);
            Row::new(&SOBOT_CALL_RESULT, &values, extra)
        })
        .collect();
    fresh.read(&calls(), day(), rows.clone(), 48).await;
    let numerics =
        SOBOT_CALL_RESULT.columns.iter().skip(6).map(|column| format!("{0}::text as {0}", column.name));
    let as_texts = format!(
        "select {} from sobot.call_result where call_log_jestid = $1",
        numerics.collect::<Vec<_>>().join(", ")
    );
    for row in &rows {
        let Value::Text(id) = row.value("call_log_jestid") else { panic!() };
        let stored = sqlx::query("select * from sobot.call_result where call_log_jestid = $1")
            .bind(id)
            .fetch_one(&fresh.db)
            .await
            .unwrap();
        let scores = sqlx::query(sqlx::AssertSqlSafe(as_texts.clone()))
            .bind(row.text("call_log_jestid"))
            .fetch_one(&fresh.db)
            .await
            .unwrap();
        let name: Option<String> = stored.get("agent_name");
        assert_eq!(name.map_or(Value::Null, Value::text), row.value("agent_name"));
        let began: Option<DateTime<Utc>> = stored.get("call_start_datetime");
        assert_eq!(began.map_or(Value::Null, Value::Instant), row.value("call_start_datetime"));
        for column in SOBOT_CALL_RESULT.columns.iter().skip(6) {
            let score: Option<String> = scores.get(column.name);
            let score = score.map(|text| text.parse().unwrap());
            assert_eq!(score.map_or(Value::Null, Value::Numeric), row.value(column.name));
        }
        let extra: sqlx::types::Json<serde_json::Map<String, serde_json::Value>> = stored.get("extra");
        assert_eq!(extra.0, row.extra);
        assert_eq!(stored.get::<uuid::Uuid, _>("content_hash").into_bytes(), row.hash.0);
    }
    // Whoever reads numbers as text sees what the vendor meant, without zeros of ours.
    let texts: Vec<(String, String)> = sqlx::query_as(
        "select call_log_jestid, total_score::text from sobot.call_result where total_score is not null",
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    for (id, text) in texts {
        assert_eq!(
            Value::Numeric(text.parse().unwrap()),
            rows[id.parse::<usize>().unwrap()].value("total_score")
        );
    }
}

#[tokio::test]
async fn booleans_and_integers_survive_the_binary_copy() {
    let fresh = fresh_store().await;
    let stream = StreamKey { source: "moor".into(), stream: StreamId::MOOR_AGENT_CLAIM_STATUS };
    let row = |agent: &str, pc: Value<'static>, priority: Value<'static>| {
        let mut values = vec![Value::Null; MOOR_AGENT_CLAIM_STATUS.columns.len()];
        values[0] = Value::text("10019345");
        values[1] = Value::text(agent);
        values[5] = pc;
        values[7] = priority;
        Row::new(&MOOR_AGENT_CLAIM_STATUS, &values, serde_json::Map::new())
    };
    let rows = vec![
        row("1", Value::Bool(true), Value::Integer(i32::MIN)),
        row("2", Value::Bool(false), Value::Integer(i32::MAX)),
        row("3", Value::Null, Value::Null),
    ];
    fresh.read(&stream, Scope::Snapshot, rows, 1).await;
    let stored: Vec<(Option<bool>, Option<i32>)> =
        sqlx::query_as("select pc_auto_claim, priority from moor.agent_claim_status order by agent_number")
            .fetch_all(&fresh.db)
            .await
            .unwrap();
    assert_eq!(stored, [(Some(true), Some(i32::MIN)), (Some(false), Some(i32::MAX)), (None, None)]);
}
