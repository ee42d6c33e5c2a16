//! Records that cannot be read: quarantined whole, in nobody's way, and resolved when they are mended.

use std::time::Duration;

use ccsync::domain::proof::quarantine::QuarantineFilter;
use ccsync::domain::proof::run::RunOutcome;
use ccsync_simulator::{Change, Channel, Endpoint, Fault};
use serde_json::{Map, Value, json};

use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::system::steps::{assert_settles, change, row, sync_well, value};

fn insert(fields: &Value) -> Change {
    let fields = fields.as_object().unwrap().clone();
    Change::Insert { channel: Channel::Call, fields, omit: Vec::new() }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_quarantined_whole_with_its_phone_numbers_masked_until_it_is_mended()
{
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    let mut fields = json!({
        "call_log_jestid": "broken-1", "agentid": "agent-1", "pulse": "3.5",
        "total_score": "abc", "remark": "customer 13812345678 complained",
    });
    change(test, insert(&fields));
    for seen in 1..=3 {
        for report in test.sync().await {
            let calls = report.key.stream.to_string() == "sobot.call_result";
            let outcome = if calls { RunOutcome::Partial } else { RunOutcome::Succeeded };
            assert_eq!(report.outcome, outcome, "{report:?}");
            assert_eq!(report.counts.quarantined, u64::from(calls), "{report:?}");
            assert!(report.failures.is_empty(), "{report:?}");
        }
        let entry = row(test, "select * from sync.quarantine").await;
        assert_eq!((&entry["source"], &entry["stream"]), (&json!("sobot"), &json!("sobot.call_result")));
        assert_eq!((&entry["state"], &entry["seen"]), (&json!("open"), &json!(seen)), "{entry}");
        let payload: Map<String, Value> = serde_json::from_str(entry["payload"].as_str().unwrap()).unwrap();
        assert_eq!(payload["remark"], "customer 138****5678 complained");
        assert_eq!(payload["total_score"], "abc");
        assert_eq!(payload["pulse"], "3.5");
        let reason = entry["reason"].as_str().unwrap();
        assert!(reason.contains("total_score"), "{reason}");
        let stored: i64 = value(test, "select count(*) from sobot.call_result").await;
        assert_eq!(stored, 120, "every other row is there");
        assert_eq!(test.app.status().await.unwrap().quarantine_open, 1);
        world.clock.advance(Duration::from_secs(60));
    }
    change(test, Change::Delete { channel: Channel::Call, id: "broken-1".to_owned(), agentid: None });
    fields["total_score"] = json!("88.0");
    fields["remark"] = json!("nothing");
    change(test, insert(&fields));
    assert_settles(&world).await;
    assert_eq!(value::<String>(test, "select state from sync.quarantine").await, "resolved");
    assert_eq!(test.app.status().await.unwrap().quarantine_open, 0);
}

#[tokio::test]
async fn a_row_that_can_no_longer_be_read_is_not_marked_deleted() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    sync_well(test).await;
    let call = test.simulator.truth().calls[5].clone();
    let (id, agentid) = (call["call_log_jestid"].as_str().unwrap(), call["agentid"].as_str().unwrap());
    // In its own window: only the reject stands between the row and its absence.
    let fields = json!({"total_score": "abc", "qualify_time": call["qualify_time"]});
    change(
        test,
        Change::Rescore {
            channel: Channel::Call,
            id: id.to_owned(),
            agentid: Some(agentid.to_owned()),
            fields: fields.as_object().unwrap().clone(),
        },
    );
    for _ in 0..4 {
        world.clock.advance(Duration::from_secs(3600));
        test.sync().await;
    }
    let kept = format!(
        "select deleted_at, revision, total_score::text from sobot.call_result where call_log_jestid = '{id}' and agentid = '{agentid}'"
    );
    let kept = row(test, &kept).await;
    assert_eq!((&kept["deleted_at"], &kept["revision"]), (&Value::Null, &json!(1)), "{kept}");
    let gone = "select count(*) from sobot.call_result where deleted_at is not null";
    assert_eq!(value::<i64>(test, gone).await, 0);
}

#[test]
fn any_broken_record_leaves_the_rest_of_its_page_alone_and_is_resolved_by_the_next_good_read() {
    let read = [
        Endpoint::SobotCallResult,
        Endpoint::SobotChatResult,
        Endpoint::MoorQueue,
        Endpoint::MoorAgentClaimStatus,
    ];
    with_each(0..4_i64, |how| async move {
        // A second walk over the chats would find the record whole again.
        let once = [QUICK, &[("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__REREAD_AT_ONCE", "false")]].concat();
        let world = TestWorld::on(TestClock::hurried(), small_world(), &once).await;
        // A claim has no time to be unreadable; 7moor's groups take any further field.
        for endpoint in
            read.into_iter().filter(|endpoint| how != 3 || *endpoint != Endpoint::MoorAgentClaimStatus)
        {
            world.test.simulator.script(endpoint, [Fault::MalformedRecord.with(how)]);
        }
        for report in world.test.sync().await {
            let spared = how == 3 && report.key.stream.to_string() == "moor.agent_claim_status";
            let outcome = if spared { RunOutcome::Succeeded } else { RunOutcome::Partial };
            assert_eq!(report.outcome, outcome, "{how}: {report:?}");
            assert_eq!(report.counts.quarantined, u64::from(!spared), "{how}: {report:?}");
        }
        // Of 120 rows one is missing; of 12 groups one, or what was broken in it.
        assert_eq!(value::<i64>(&world.test, "select count(*) from sobot.call_result").await, 119);
        assert_eq!(value::<i64>(&world.test, "select count(*) from sobot.chat_result").await, 119);
        assert!(value::<i64>(&world.test, "select count(*) from moor.queue").await >= 11);
        // The record that is whole now is news, which an equal read confirms.
        world.test.sync().await;
        assert_settles(&world).await;
        let open = "select count(*) from sync.quarantine where state = 'open'";
        assert_eq!(value::<i64>(&world.test, open).await, 0);
    });
}

#[tokio::test]
async fn a_retried_record_older_than_the_stored_row_moves_neither_the_row_nor_a_checkpoint() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    let fields = json!({
        "call_log_jestid": "broken-1", "agentid": "agent-1", "total_score": "abc", "pulse": "3.5",
        "qualify_time": "2026-03-03 10:00:00",
    });
    change(test, insert(&fields));
    test.sync().await;
    // As if the reader had learned to read it, and a later version of the row had come meanwhile.
    let learned = "update sync.quarantine set payload = replace(payload, 'abc', '88.0') returning id";
    let id: i64 = value(test, learned).await;
    let filter = QuarantineFilter { ids: Some(vec![id]), ..QuarantineFilter::default() };
    assert!(test.app.quarantine_retry(&filter).await.unwrap()[0].retried);
    let ledger = "select md5(string_agg(w::text, ',' order by stream, window_start)) from sync.time_window w";
    let before: String = value(test, ledger).await;
    let older = "update sync.quarantine set state = 'open', payload = replace(replace(payload, '88.0', '11.0'), '03-03 10', '03-02 10') returning id";
    value::<i64>(test, older).await;
    let retried = test.app.quarantine_retry(&filter).await.unwrap();
    assert_eq!(retried[0].counts.unwrap().superseded, 1, "{retried:?}");
    assert_eq!(value::<String>(test, ledger).await, before);
    let kept = row(
        test,
        "select total_score::text, revision from sobot.call_result where call_log_jestid = 'broken-1'",
    )
    .await;
    assert_eq!(
        (kept["total_score"].as_str().map(|score| &score[..2]), &kept["revision"]),
        (Some("88"), &json!(1))
    );
    assert_eq!(value::<String>(test, "select state from sync.quarantine").await, "retried");
}

#[tokio::test]
async fn a_retried_member_of_a_skill_group_gets_its_row_and_its_group_is_left_alone() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    sync_well(test).await;
    let groups = "select coalesce(sum(hashtext(ctid::text || xmin::text)), 0)::bigint from moor.queue";
    let before: i64 = value(test, groups).await;
    let exten: String = value(test, "select min(exten) from moor.queue").await;
    for (stream, group) in [
        ("moor.queue", json!({ "exten": exten })),
        (
            "moor.agent_claim_status",
            json!({"exten": exten, "displayName": "late shift", "assignRule": "queue"}),
        ),
    ] {
        let member = json!({"agentName": "x", "priority": "2", "phone": "13812345678"});
        let payload = json!({"group": group, "member": member});
        let quarantined = "
            insert into sync.quarantine (source, stream, payload, payload_hash, reason, run_id,
                first_seen_at, last_seen_at)
            values ('moor', $1, $2, gen_random_uuid(), 'member: field `agentNumber`', 1, now(), now())
            returning id";
        let id: i64 = sqlx::query_scalar(quarantined)
            .bind(stream)
            .bind(payload.to_string())
            .fetch_one(test.pool().await)
            .await
            .unwrap();
        let filter = QuarantineFilter { ids: Some(vec![id]), ..QuarantineFilter::default() };
        let refused = test.app.quarantine_retry(&filter).await.unwrap().remove(0);
        assert!(!refused.retried && refused.reason.unwrap().contains("agentNumber"));
        // As if the reader had learned to find the number.
        let learned = format!(
            "update sync.quarantine set payload = replace(payload, '\"agentName\"', '\"agentNumber\":\"late-1\",\"agentName\"') where id = {id} returning id"
        );
        value::<i64>(test, &learned).await;
        let retried = test.app.quarantine_retry(&filter).await.unwrap().remove(0);
        assert!(retried.retried, "{retried:?}");
        let counts = retried.counts.unwrap();
        assert_eq!((counts.inserted, counts.updated, counts.unchanged), (1, 0, 0), "{stream}");
    }
    assert_eq!(value::<i64>(test, groups).await, before, "no group was written");
    let member = row(test, "select * from moor.queue_member where agent_number = 'late-1'").await;
    assert_eq!((&member["exten"], &member["priority"]), (&json!(exten), &json!(2)), "{member}");
    let claim = row(test, "select * from moor.agent_claim_status where agent_number = 'late-1'").await;
    assert_eq!((&claim["display_name"], &claim["phone"]), (&json!("late shift"), &json!("138****5678")));
}

#[tokio::test]
async fn a_retry_revives_a_row_that_was_marked_deleted_and_the_history_keeps_its_absence() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    let mut fields = json!({
        "call_log_jestid": "back-1", "agentid": "agent-1", "total_score": "70.0",
        "qualify_time": "1772503200000",
    });
    change(test, insert(&fields));
    sync_well(test).await;
    change(test, Change::Delete { channel: Channel::Call, id: "back-1".to_owned(), agentid: None });
    assert_settles(&world).await;
    let stored = "select deleted_at is null as lives, revision, total_score from sobot.call_result
        where call_log_jestid = 'back-1'";
    assert_eq!(row(test, stored).await["lives"], json!(false));
    // It comes back as something that cannot be read.
    fields["total_score"] = json!("abc");
    change(test, insert(&fields));
    test.sync().await;
    assert_eq!(row(test, stored).await["lives"], json!(false));
    let learned = "update sync.quarantine set payload = replace(payload, 'abc', '88.0') returning id";
    let id: i64 = value(test, learned).await;
    let filter = QuarantineFilter { ids: Some(vec![id]), ..QuarantineFilter::default() };
    assert!(test.app.quarantine_retry(&filter).await.unwrap()[0].retried);
    let back = row(test, stored).await;
    assert_eq!((&back["lives"], &back["total_score"]), (&json!(true), &json!(88)), "{back}");
    let absent = "select count(*) from sobot.call_result_history
        where call_log_jestid = 'back-1' and deleted_at is not null";
    assert_eq!(value::<i64>(test, absent).await, 1);
    change(test, Change::Delete { channel: Channel::Call, id: "back-1".to_owned(), agentid: None });
    fields["total_score"] = json!("88.0");
    change(test, insert(&fields));
    assert_settles(&world).await;
}
