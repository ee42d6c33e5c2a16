//! What comes through a feed, and what waits on disk.

use std::sync::Arc;
use std::time::Duration;

use ccsync::app::{App, ErasureSubject, Overrides};
use ccsync::domain::person::forgotten::{ForgetOrder, Identifier};
use ccsync::domain::row::record::Reject;
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::domain::vendor::feed::{Announcement, CallPopup, FeedEvent, FeedEventKind, FeedMessage};
use ccsync::engine::port::feed_store::{FeedCommit, FeedOutcome, FeedStore as _};
use serde_json::json;
use uuid::Uuid;

use crate::data::store::support::*;
use crate::support::db::TestDb;

const NUMBER: &str = "13987654321";

fn feed() -> StreamKey {
    StreamKey { source: "setup".into(), stream: StreamId::WORKBENCH_AGENT_MONITOR }
}

/// A popup, an announcement and a message that could not be read, all with the number, from the number `first` on.
fn events(connection: Uuid, fence: i64, first: u64) -> Vec<FeedEvent> {
    let popup: CallPopup = serde_json::from_value(json!({
        "session_id": "s1", "city": "杭州", "extno": "1001", "admin_id": 7, "edit_stamp": "2026-01-01T00:00:00Z",
        "info_extno": "1002", "fields": {"tel": NUMBER}, "info_group": null, "import_stamp": null,
        "info_name": format!("Wang {NUMBER} {first}"), "project_id": null, "info_status": null, "task_id": null,
        "telephone": NUMBER, "info_uuid": null, "extra": {"note": format!("+86 {NUMBER}"), "n": 1.5},
    }))
    .unwrap();
    let extra = json!({"by": NUMBER}).as_object().unwrap().clone();
    let payload = json!({"x": NUMBER, "first": first}).to_string();
    let messages = [
        FeedEventKind::Opened,
        FeedEventKind::Message(FeedMessage::Popup(Box::new(popup))),
        FeedEventKind::Message(FeedMessage::Announcement(Announcement {
            msg: Some(format!("call {NUMBER}")),
            extra,
        })),
        FeedEventKind::Message(FeedMessage::Reject {
            reject: Reject { payload, reason: "no info".into() },
            ends_state: false,
        }),
    ];
    let event = |(index, kind): (usize, FeedEventKind)| FeedEvent {
        extno: "1001".into(),
        connection,
        opened_at: at(1),
        fence,
        turn: first,
        number: index as u64 + 1,
        at: at(1) + chrono::Duration::seconds(first as i64 * 10 + index as i64),
        kind,
    };
    messages.into_iter().enumerate().map(event).collect()
}

async fn store(fresh: &Fresh, worker: Uuid, events: impl Fn(i64) -> Vec<FeedEvent>) {
    let fences =
        fresh.store.feed_hold(&feed(), &["1001".into()], worker, Duration::from_secs(60)).await.unwrap();
    let events: Arc<[FeedEvent]> = events(fences["1001"]).into();
    let run = fresh.run(&feed()).await;
    let commit = FeedCommit { key: feed(), run, fences, events, now: at(2), database_wait: None };
    let stored = fresh.store.feed_commit(commit).await.unwrap();
    assert!(matches!(stored, FeedOutcome::Stored(_)), "{stored:?}");
}

async fn found(fresh: &Fresh) -> Vec<String> {
    let mut found = Vec::new();
    for table in ["call_popup", "call_popup_history", "announcement", "agent_status"] {
        let sql = format!("select 1 from workbench.{table} t where t::text like '%{NUMBER}%'");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&fresh.db).await.unwrap();
        found.extend((!rows.is_empty()).then(|| table.to_owned()));
    }
    let aside = format!("select 1 from sync.quarantine where payload like '%{NUMBER}%'");
    let rows = sqlx::query(sqlx::AssertSqlSafe(aside)).fetch_all(&fresh.db).await.unwrap();
    found.extend((!rows.is_empty()).then(|| "quarantine".to_owned()));
    found
}

#[tokio::test]
async fn a_feed_forgets_and_what_was_spooled_before_brings_nobody_back() {
    let fresh = fresh_store().await;
    let (worker, connection) = (Uuid::new_v4(), Uuid::new_v4());
    store(&fresh, worker, |fence| events(connection, fence, 1)).await;
    store(&fresh, worker, |fence| events(Uuid::new_v4(), fence, 2)).await;
    assert_eq!(found(&fresh).await, ["call_popup", "call_popup_history", "announcement", "quarantine"]);
    let known_by = vec![(Identifier::Phone, String::new(), NUMBER.to_owned())];
    let order = ForgetOrder { known_by, kind: "phone", source: None, operator: "tester".into(), now: at(3) };
    fresh.store.forget(&order, true).await.unwrap();
    assert_eq!(found(&fresh).await, Vec::<String>::new());
    let versions = "select count(*) from workbench.call_popup_history";
    let before = fresh.count(versions).await;
    // The same popup once more, as it lay on a disk: cleaned, it is the version that is stored.
    store(&fresh, worker, |fence| {
        let mut late = events(Uuid::new_v4(), fence, 2);
        late.iter_mut().for_each(|event| event.turn = 3);
        late
    })
    .await;
    assert_eq!(found(&fresh).await, Vec::<String>::new());
    assert_eq!(fresh.count(versions).await, before);
}

#[tokio::test]
async fn an_agent_who_is_followed_and_a_spool_that_is_not_empty_are_told_before_anything_is_done() {
    let db = TestDb::create().await;
    let directory = tempfile::tempdir().unwrap();
    let text = format!(
        "[database]\nurl = \"{}\"\ndata_dir = {:?}\n[sources.setup]\nkind = \"workbench\"\nbase_url = \"http://127.0.0.1:9\"\n\
         [[sources.setup.agents]]\nextno = \"1001\"\naccess_token = \"t\"\n",
        db.url(),
        directory.path()
    );
    let file = directory.path().join("ccsync.toml");
    std::fs::write(&file, text).unwrap();
    let settings = ccsync::config::load(Some(&file), Vec::new(), chrono::Utc::now()).unwrap();
    let clock = Arc::new(crate::support::harness::TestClock::hurried());
    let app = App::build(settings, Overrides { clock, ..Overrides::default() }).await.unwrap();
    app.prepare().await.unwrap();
    let who = ErasureSubject::Agent { key: "1001".into(), source: None };
    let refused = app.forget(&who, "tester", true).await.unwrap_err().chain();
    assert!(refused.contains("[[sources.setup.agents]]"), "{refused}");
    let spool = directory.path().join("feed/setup/0");
    std::fs::create_dir_all(&spool).unwrap();
    std::fs::write(spool.join("0000000001.log"), NUMBER).unwrap();
    let who = ErasureSubject::Phone(NUMBER.into());
    let refused = app.forget(&who, "tester", true).await.unwrap_err().chain();
    assert!(refused.contains("wait in") && !refused.contains(NUMBER), "{refused}");
    assert!(app.forgotten().await.unwrap().is_empty());
    std::fs::remove_file(spool.join("0000000001.log")).unwrap();
    app.forget(&who, "tester", true).await.unwrap();
}
