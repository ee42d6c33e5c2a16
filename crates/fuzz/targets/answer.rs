//! A vendor's answer, from the bytes of its body to its records: nothing makes it panic, nothing is lost or doubled on
//! the way, and no fault repeats a secret.
#![no_main]

use ccsync::domain::stream::StreamId;
use ccsync::sources::fuzzing::{SECRET, answer, text};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value as Json;

const STREAMS: [StreamId; 3] =
    [StreamId::SOBOT_CALL_RESULT, StreamId::SOBOT_CHAT_RESULT, StreamId::MOOR_QUEUE];
const TYPES: [Option<&str>; 4] =
    [None, Some("application/json"), Some("application/json;charset=GBK"), Some("text/html; charset=utf-16")];
const STATUSES: [u16; 4] = [200, 401, 429, 500];

fuzz_target!(|data: &[u8]| -> Corpus {
    let [choice, body @ ..] = data else { return Corpus::Reject };
    let stream = STREAMS[usize::from(choice % 3)];
    let status = STATUSES[usize::from(choice / 3 % 4)];
    let Some(text) = text(body.to_vec(), TYPES[usize::from(choice / 12 % 4)]) else { return Corpus::Keep };
    match answer(stream, status, &text) {
        Err(fault) => assert!(!fault.chain().contains(SECRET), "{}", fault.chain()),
        Ok(records) => {
            for record in &records {
                assert!(
                    !record.rows.is_empty() || !record.rejects.is_empty() || stream == StreamId::MOOR_QUEUE
                );
            }
            // Where the list stands once and in one place, an independent reader counts the same.
            if text.matches("items").count() == 1 && stream != StreamId::MOOR_QUEUE {
                let read: Result<Json, _> = serde_json::from_str(&text);
                let listed = read.ok().and_then(|read| Some(read.get("items")?.as_array()?.len()));
                assert!(listed.is_none_or(|listed| listed == records.len()));
            }
        }
    }
    Corpus::Keep
});
