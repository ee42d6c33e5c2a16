//! A line of the queue on disk: damaged ones are noticed, sound ones come back as they were written.
#![no_main]

use ccsync::domain::vendor::feed::FeedEvent;
use ccsync::spool::{event, line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Bytes as a disk may hold them: whoever made them did not know the checksum.
    let _ = event(data);
    let Ok(read) = serde_json::from_slice::<FeedEvent>(data) else { return };
    let Some(written) = line(&read) else { return };
    let (newline, written) = written.split_last().expect("a line ends with a newline");
    assert_eq!(*newline, b'\n');
    assert!(!written.contains(&b'\n'), "an event is one line");
    assert_eq!(event(written).as_ref(), Some(&read));
    let mut torn = written.to_vec();
    torn.pop();
    assert_eq!(event(&torn), None, "a torn line is noticed");
});
