//! A person who asks to be forgotten: nowhere afterwards, whatever is read later.

mod command;
mod feed;
mod race;
mod token;

use std::time::Duration;

use ccsync::app::ErasureSubject;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::engine::verify::VerifyOrder;
use ccsync_simulator::{Change, Channel, Endpoint, Fault};
use chrono::DateTime;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::counted::assert_rows_are_counted;
use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::whole::system::history::{assert_histories_are_whole, whole_database};
use crate::whole::system::steps::{change, value};
use crate::whole::system::truth;

/// A customer's number, planted wherever a vendor might send one.
const NUMBER: &str = "13987654321";

/// Another one's, which must stay.
const OTHER: &str = "13812345678";

const KEEP: &[(&str, &str)] = &[
    ("CCSYNC__HTTP__READ_TIMEOUT", "1s"),
    ("CCSYNC__ENGINE__LEASE", "10m"),
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__SETTLE", "0s"),
    ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__SETTLE", "0s"),
    ("CCSYNC__PRIVACY__PHONE", "keep"),
];

/// What one agent of Sobot's is known by.
struct Person {
    id: String,
    email: String,
}

impl Person {
    fn erasure_subject(&self) -> ErasureSubject {
        ErasureSubject::Agent { key: self.id.clone(), source: Some("sobot".into()) }
    }

    fn needles(&self) -> [&str; 2] {
        [&self.id, &self.email]
    }
}

/// A world in which the person and the number stand in every field: known and unknown ones, nested, as JSON in a
/// text, in records that cannot be read, and in what is only history.
async fn planted(variables: &[(&str, &str)]) -> (TestWorld, Person) {
    let world = TestWorld::on(TestClock::hurried(), small_world(), variables).await;
    let test = &world.test;
    test.sync().await;
    let sql = "select to_jsonb(r) from (select agentid, agent_email from sobot.call_result group by 1, 2
        order by count(*) desc limit 1) r";
    let agent: Value = value(test, sql).await;
    let text = |name: &str| agent[name].as_str().unwrap().to_owned();
    let person = Person { id: text("agentid"), email: text("agent_email") };
    for channel in [Channel::Call, Channel::Chat] {
        for (mine, score) in [(true, "90"), (true, "abc"), (false, "80"), (false, "abc")] {
            let note =
                format!("{} or 139-8765-4321, not {OTHER}; by {}", person.email.to_uppercase(), person.id);
            let mut fields = json!({
                "total_score": score, "remark": note, "tel": NUMBER, "number": 13_987_654_321u64,
                "deep": {"list": [note, {"agentid": person.id, "nick": "Secret Nick"}]},
                "packed": json!({"phone": NUMBER, "mail": person.email}).to_string(),
            });
            fields["quality_score"] = score.into();
            if mine {
                fields["agentid"] = person.id.clone().into();
                fields["agent_email"] = person.email.clone().into();
            } else {
                fields["agent_name"] = format!("call +86 {NUMBER}").into();
            }
            let fields = fields.as_object().unwrap().clone();
            change(test, Change::Insert { channel, fields, omit: Vec::new() });
        }
    }
    for endpoint in [Endpoint::MoorAgentClaimStatus, Endpoint::SobotChatResult] {
        test.simulator.script(endpoint, [Fault::MalformedRecord.with(1)]);
    }
    test.sync().await;
    let ids: Vec<String> =
        sqlx::query_scalar("select call_log_jestid from sobot.call_result where agentid = $1 limit 3")
            .bind(&person.id)
            .fetch_all(test.pool().await)
            .await
            .unwrap();
    for id in ids {
        let (channel, agentid, fields) = (Channel::Call, Some(person.id.clone()), serde_json::Map::new());
        change(test, Change::Rescore { channel, id, agentid, fields });
    }
    // Until even what moved or vanished is settled.
    for _ in 0..3 {
        test.sync().await;
        world.clock.advance(Duration::from_secs(5));
    }
    (world, person)
}

/// Rows of the whole database in which one of these occurs, in whatever case.
async fn rows_with(world: &TestWorld, needles: &[&str]) -> Vec<String> {
    let mut rows = whole_database(&world.test).await;
    rows.retain(|row| needles.iter().any(|needle| row.to_lowercase().contains(&needle.to_lowercase())));
    rows
}

async fn forget(world: &TestWorld, who: &ErasureSubject) -> i64 {
    let forgot = world.test.app.forget(who, "tester", true).await.unwrap();
    assert!(!forgot.tables.is_empty());
    forgot.id.unwrap()
}

/// Everything is read again, in every way there is.
async fn read_all_again(world: &TestWorld) {
    let (app, stop) = (&world.test.app, CancellationToken::new());
    world.test.sync().await;
    let at = |text: &str| text.parse::<DateTime<chrono::Utc>>().unwrap();
    let range = TimeWindow::new(at("2026-02-28T16:00:00Z"), at("2026-03-08T16:00:00Z")).unwrap();
    let streams = ["sobot.call_result", "sobot.chat_result"].map(|name| name.parse().unwrap());
    app.backfill(&streams, range, &stop).await.unwrap();
    app.verify(&[], &VerifyOrder::default(), true, &stop).await.unwrap();
    app.quarantine_retry(&Default::default()).await.unwrap();
    world.clock.advance(Duration::from_secs(5));
    world.test.sync().await;
}

async fn assert_a_rerun_writes_nothing(world: &TestWorld) {
    let facts = async || {
        let mut rows = whole_database(&world.test).await;
        rows.retain(|row| row.starts_with("sobot.") || row.starts_with("moor."));
        rows
    };
    let (before, mark) = (facts().await, truth::fact_table_writes(&world.test).await);
    world.test.sync().await;
    let mut after = facts().await;
    after.retain(|row| !before.contains(row));
    assert_eq!(after, Vec::<String>::new());
    assert_eq!(truth::fact_table_writes(&world.test).await, mark);
}

const PER_DAY: &str = "select jsonb_agg(r) from (
    select window_start, channel, count(*) as results, count(distinct agentid) as agents, sum(score) as score
    from (
        select window_start, 'call' as channel, agentid, total_score as score from sobot.call_result
        union all select window_start, 'chat', agentid, quality_score from sobot.chat_result
    ) all_results group by 1, 2 order by 1, 2) r";

#[tokio::test]
async fn after_an_agent_is_forgotten_nothing_of_them_is_anywhere_and_counts_are_as_before() {
    for variables in [QUICK, KEEP] {
        let (world, person) = planted(variables).await;
        sqlx::query(
            "insert into sync.agent_link (vendor, source, account_id, person_id, linked_at, linked_by)
             values ('sobot', 'sobot', $1, 'sobot/sobot/' || $1, now(), 'tester')",
        )
        .bind(&person.id)
        .execute(world.test.pool().await)
        .await
        .unwrap();
        let found = rows_with(&world, &person.needles()).await;
        for table in [
            "sobot.agent:",
            "sync.agent_link:",
            "sobot.call_result:",
            "sobot.call_result_history:",
            "sobot.chat_result:",
            "sync.quarantine:",
        ] {
            assert!(found.iter().any(|row| row.starts_with(table)), "not in {table}");
        }
        let per_day: Value = value(&world.test, PER_DAY).await;
        forget(&world, &person.erasure_subject()).await;
        let needles = [person.id.as_str(), person.email.as_str(), "Secret Nick"];
        assert_eq!(rows_with(&world, &needles).await, Vec::<String>::new());
        assert_eq!(value::<Value>(&world.test, PER_DAY).await, per_day);
        assert_histories_are_whole(&world.test).await;
        assert_rows_are_counted(world.test.pool().await).await;
        assert_a_rerun_writes_nothing(&world).await;
        read_all_again(&world).await;
        assert_eq!(rows_with(&world, &needles).await, Vec::<String>::new());
        assert_eq!(value::<Value>(&world.test, PER_DAY).await, per_day);
        let verified =
            world.test.app.verify(&[], &VerifyOrder::default(), false, &CancellationToken::new()).await;
        for verified in verified.unwrap() {
            assert!(verified.verification.agrees(), "{:?}", verified.verification);
        }
    }
}

#[tokio::test]
async fn after_a_number_is_forgotten_it_is_nowhere_in_no_form_and_others_stay() {
    for (variables, form) in [(KEEP, NUMBER), (QUICK, "139****4321")] {
        let (world, _) = planted(variables).await;
        let needles = [NUMBER, "139-8765-4321", form];
        let found = rows_with(&world, &needles).await;
        for table in ["sobot.call_result:", "sobot.chat_result:", "sync.quarantine:"] {
            assert!(found.iter().any(|row| row.starts_with(table)), "not in {table}");
        }
        let others = rows_with(&world, &[OTHER, "138****5678"]).await.len();
        forget(&world, &ErasureSubject::Phone(format!("+86 {NUMBER}"))).await;
        assert_eq!(rows_with(&world, &needles).await, Vec::<String>::new());
        assert_eq!(rows_with(&world, &[OTHER, "138****5678"]).await.len(), others);
        assert_a_rerun_writes_nothing(&world).await;
        read_all_again(&world).await;
        assert_eq!(rows_with(&world, &needles).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_agents_own_number_goes_with_the_agent() {
    let (world, _) = planted(KEEP).await;
    let sql = "select to_jsonb(r) from (select agent_number, phone from moor.agent_claim_status
        where phone is not null order by 1 limit 1) r";
    let agent: Value = value(&world.test, sql).await;
    let (key, phone) = (agent["agent_number"].as_str().unwrap(), agent["phone"].as_str().unwrap());
    let who = ErasureSubject::Agent { key: key.to_owned(), source: Some("moor".into()) };
    let members = "select count(*) from moor.queue_member";
    let before: i64 = value(&world.test, members).await;
    forget(&world, &who).await;
    for _ in 0..2 {
        assert_eq!(rows_with(&world, &[phone]).await, Vec::<String>::new());
        for column in [
            "moor.queue_member where agent_number",
            "moor.agent_claim_status where agent_number",
            "moor.queue where update_agent",
        ] {
            let left: i64 = value(&world.test, &format!("select count(*) from {column} = '{key}'")).await;
            assert_eq!(left, 0, "{column}");
        }
        assert_eq!(value::<i64>(&world.test, members).await, before);
        read_all_again(&world).await;
    }
}

#[tokio::test]
async fn without_yes_it_is_only_told_how_many_rows_name_the_person() {
    let (world, person) = planted(QUICK).await;
    let before = whole_database(&world.test).await;
    let told = world.test.app.forget(&person.erasure_subject(), "tester", false).await.unwrap();
    assert_eq!(told.id, None);
    assert_eq!(whole_database(&world.test).await, before);
    let done = world.test.app.forget(&person.erasure_subject(), "tester", true).await.unwrap();
    assert_eq!(told.tables, done.tables);
    let entries = world.test.app.forgotten().await.unwrap();
    let text = format!("{told:?} {done:?} {entries:?}");
    assert!(person.needles().iter().all(|needle| !text.contains(needle)), "{text}");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].rows, done.tables.iter().map(|table| table.rows as i64).sum::<i64>());
}

#[tokio::test]
async fn what_is_undone_comes_back_with_the_next_reads() {
    let (world, person) = planted(QUICK).await;
    let mine = format!(
        "select count(*) from sobot.call_result where agentid = '{}' and deleted_at is null",
        person.id
    );
    let before: i64 = value(&world.test, &mine).await;
    let id = forget(&world, &person.erasure_subject()).await;
    assert_eq!(value::<i64>(&world.test, &mine).await, 0);
    world.test.app.unforget(id, "tester").await.unwrap();
    for _ in 0..3 {
        world.test.sync().await;
        world.clock.advance(Duration::from_secs(5));
    }
    assert_eq!(value::<i64>(&world.test, &mine).await, before);
    let again = world.test.app.unforget(id, "tester").await.unwrap_err();
    assert!(again.chain().contains(&format!("no entry {id}")), "{again:?}");
    let entry = &world.test.app.forgotten().await.unwrap()[0];
    assert!(entry.undone_at.is_some() && entry.undone_by.as_deref() == Some("tester"));
}

#[tokio::test]
async fn nobody_is_forgotten_by_half_a_number() {
    let world = TestWorld::quick(small_world()).await;
    for number in ["12345", "no number", "139876543211234567"] {
        let refused =
            world.test.app.forget(&ErasureSubject::Phone(number.into()), "tester", true).await.unwrap_err();
        assert!(
            refused.chain().contains("7 to 15 digits") && !refused.chain().contains(number),
            "{refused:?}"
        );
    }
    let who = ErasureSubject::Agent { key: "8000".into(), source: Some("nowhere".into()) };
    assert!(
        world
            .test
            .app
            .forget(&who, "tester", true)
            .await
            .unwrap_err()
            .chain()
            .contains("no source `nowhere`")
    );
}
