//! What of a feed's messages could not be kept as it was sent: told, as of every other stream.

use std::time::Duration;

use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::domain::vendor::drift::{DriftKind, SchemaDrift};
use ccsync::domain::vendor::feed::{Announcement, FeedEvent, FeedEventKind, FeedMessage};
use ccsync::engine::port::feed_store::{FeedCommit, FeedOutcome, FeedStore as _};
use uuid::Uuid;

use crate::data::store::support::*;

#[tokio::test]
async fn an_altered_message_is_stored_and_told_once_with_every_digit_of_its_numbers() {
    let fresh = fresh_store().await;
    let feed = StreamKey { source: "setup".into(), stream: StreamId::WORKBENCH_AGENT_MONITOR };
    let drift = SchemaDrift {
        kind: DriftKind::ReplacedText,
        field: "msg".into(),
        observed: String::new(),
        expected: "text".into(),
        example: String::new(),
    };
    let worker = Uuid::new_v4();
    let term = Duration::from_secs(60);
    let fences = fresh.store.feed_hold(&feed, &["1001".into()], worker, term).await.unwrap();
    for turn in 1..3 {
        let extra = serde_json::from_str(r#"{"n":20261127100000123456}"#).unwrap();
        let message = FeedMessage::Announcement(Announcement { msg: Some("x\u{fffd}".into()), extra });
        let message = FeedMessage::Altered { message: Box::new(message), drifts: vec![drift.clone()] };
        let event = FeedEvent {
            extno: "1001".into(),
            connection: Uuid::new_v4(),
            opened_at: at(1),
            fence: fences["1001"],
            turn,
            number: 1,
            at: at(1) + chrono::Duration::seconds(turn as i64),
            kind: FeedEventKind::Message(message),
        };
        // As it comes back from a disk.
        let event: FeedEvent = serde_json::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
        let run = fresh.run(&feed).await;
        let events = vec![event].into();
        let commit = FeedCommit {
            key: feed.clone(),
            run,
            fences: fences.clone(),
            events,
            now: at(2),
            database_wait: None,
        };
        assert!(matches!(fresh.store.feed_commit(commit).await.unwrap(), FeedOutcome::Stored(_)));
    }
    assert_eq!(fresh.count("select count(*) from sync.schema_drift where kind = 'replaced_text'").await, 1);
    let stored = "select count(*) from workbench.announcement where extra ->> 'n' = '20261127100000123456'";
    assert_eq!(fresh.count(stored).await, 2);
}
