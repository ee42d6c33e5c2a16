//! One element of a list: it gives rows or is quarantined, the same each time, and what is quarantined is read again as it
//! was read first.
#![no_main]

use ccsync::domain::stream::StreamId;
use ccsync::sources::fuzzing::{record, reread};
use libfuzzer_sys::{Corpus, fuzz_target};

const STREAMS: [StreamId; 4] = [
    StreamId::SOBOT_CALL_RESULT,
    StreamId::SOBOT_CHAT_RESULT,
    StreamId::MOOR_QUEUE,
    StreamId::MOOR_AGENT_CLAIM_STATUS,
];

fuzz_target!(|data: &[u8]| -> Corpus {
    let [choice, json @ ..] = data else { return Corpus::Reject };
    let Ok(json) = std::str::from_utf8(json) else { return Corpus::Reject };
    let stream = STREAMS[usize::from(choice % 4)];
    let first = record(stream, json);
    assert_eq!(first, record(stream, json));
    if first.rows.is_empty() && first.rejects.is_empty() {
        // Groups and claims may list nobody; a result is a row or a reject.
        assert!(stream.vendor() == "moor", "nothing came of {json}");
    }
    for reject in &first.rejects {
        let again = reread(stream, &reject.payload);
        assert!(!again.rejects.is_empty(), "quarantined, then read: {}", reject.payload);
    }
    Corpus::Keep
});
