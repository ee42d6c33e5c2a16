//! The log of actions.

use ccsync::domain::fault::FaultKind;
use ccsync::domain::vendor::action::{ActionCommand, ActionDraft, ActionState, Delivery, Settlement};
use serde_json::json;

use crate::data::store::support::*;

fn draft(target: &str) -> ActionDraft {
    ActionDraft {
        source: "moor".into(),
        command: ActionCommand::MoorQueueAssign,
        target: Some(target.into()),
        path: "/x".into(),
        delivery: Delivery::default(),
        request: json!({"exten": target}),
    }
}

fn answered() -> Settlement {
    Settlement {
        state: ActionState::Answered,
        code: Some("200".into()),
        message: Some("fine\0".into()),
        result: Some("7".into()),
    }
}

#[tokio::test]
async fn an_action_is_intended_then_unknown_and_its_first_answer_stays() {
    let fresh = fresh_store().await;
    let store = &fresh.store;
    let id = store.intend(&draft("1"), "alice", at(0)).await.unwrap();
    let state = async || store.actions(9).await.unwrap().remove(0);
    assert_eq!((state().await.settlement.state, state().await.sent_at), (ActionState::Intended, None));
    assert!(store.unknown_actions("moor", "moor.queue_assign", "1").await.unwrap().is_empty());
    store.sending(id, at(1)).await.unwrap();
    assert_eq!(state().await.settlement.state, ActionState::Unknown);
    assert_eq!(store.unknown_actions("moor", "moor.queue_assign", "1").await.unwrap().len(), 1);
    // What was sent is not sent again, whoever asks.
    assert_eq!(store.sending(id, at(2)).await.unwrap_err().kind, FaultKind::DatabaseRefused);
    store.settle(id, &answered(), at(3)).await.unwrap();
    store.settle(id, &Settlement { state: ActionState::Refused, ..answered() }, at(4)).await.unwrap();
    let record = state().await;
    assert_eq!(record.settlement, Settlement { message: Some("fine\u{fffd}".into()), ..answered() });
    assert_eq!((record.operator.as_str(), record.answered_at), ("alice", Some(at(3))));
    // Nothing is left to be seen of it.
    store.observe(id, false, at(5)).await.unwrap();
    assert_eq!(state().await.observed_done, None);
}

#[tokio::test]
async fn what_is_seen_of_an_unknown_action_settles_it_once() {
    let fresh = fresh_store().await;
    let store = &fresh.store;
    for target in ["1", "2"] {
        let id = store.intend(&draft(target), "alice", at(0)).await.unwrap();
        store.sending(id, at(1)).await.unwrap();
    }
    let unknown = async |target| store.unknown_actions("moor", "moor.queue_assign", target).await.unwrap();
    let id = unknown("1").await[0].id;
    store.observe(id, true, at(2)).await.unwrap();
    store.observe(id, false, at(3)).await.unwrap();
    let first = store.actions(9).await.unwrap().pop().unwrap();
    assert_eq!((first.observed_done, first.observed_at), (Some(true), Some(at(2))));
    assert_eq!((unknown("1").await.len(), unknown("2").await.len()), (0, 1));
    assert!(store.unknown_actions("other", "moor.queue_assign", "2").await.unwrap().is_empty());
}
