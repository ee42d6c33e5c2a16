//! One event as one line: a checksum, a blank, JSON, a newline.

use md5::{Digest as _, Md5};

use crate::domain::vendor::feed::FeedEvent;

/// Hex digits of the checksum.
const SUM: usize = 16;

fn sum(json: &[u8]) -> String {
    let digest: [u8; 16] = Md5::digest(json).into();
    format!("{:032x}", u128::from_be_bytes(digest))[..SUM].to_owned()
}

/// The line of an event, its newline included.
pub fn line(event: &FeedEvent) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(event).ok()?;
    let mut line = sum(&json).into_bytes();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Some(line)
}

/// The event of a line without its newline; `None` where it is damaged.
pub fn event(line: &[u8]) -> Option<FeedEvent> {
    let (stated, json) = (line.get(..SUM)?, line.get(SUM + 1..)?);
    (sum(json).as_bytes() == stated).then(|| serde_json::from_slice(json).ok()).flatten()
}
