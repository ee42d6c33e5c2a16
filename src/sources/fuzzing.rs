//! What reads foreign bytes, opened to `crates/fuzz`; compiled with `--cfg fuzzing` alone.

use chrono::DateTime;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::domain::row::record::Record;
use crate::domain::stream::StreamId;
use crate::domain::vendor::observation::Observation;
use crate::sources::context::RequestContext;
use crate::sources::payload::answer::{Answer, Declared, body_text};
use crate::sources::payload::element::{self, PageLimits};
use crate::sources::{moor, sobot};

/// A secret of the account, which no fault may repeat.
pub const SECRET: &str = "s3cr3t-0f-th3-acc0unt";

/// The largest body that is read, in bytes of its text.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The text of a body under its declared charset; `None` where it would grow too large.
pub fn text(body: Vec<u8>, content_type: Option<&str>) -> Option<String> {
    body_text(body, Declared::of(content_type), BODY_BYTES_MAX)
}

/// As of a page of the usual size.
const LIMITS: PageLimits = PageLimits { asked: 50, bytes_max: 24 << 20 };

/// The records of Sobot's or 7moor's answer under this HTTP status.
///
/// # Errors
/// What a reader of the stream would make of it.
pub fn answer(stream: StreamId, status: u16, text: &str) -> Result<Vec<Record>, Fault> {
    let context = RequestContext { subject: "fuzz/vendor".into(), request: "POST /list".into() };
    let answer = Answer::plain(status, text);
    let spec = stream.spec();
    if stream.vendor() == "sobot" {
        let fields = sobot::wire::judge(&context, &answer, &[SECRET], DateTime::UNIX_EPOCH)
            .map_err(sobot::wire::Refusal::into_fault)?;
        return Ok(sobot::wire::page(&context, (&answer, fields), spec, &Privacy::KEEP, LIMITS)?.records);
    }
    let listing = match moor::wire::judge(&context, &answer, &[SECRET], DateTime::UNIX_EPOCH) {
        Ok(listing) => listing,
        Err(moor::wire::Refusal::Signature(fault) | moor::wire::Refusal::Other(fault)) => return Err(fault),
    };
    let mut seen = listing.observation;
    element::read_all(spec, (&answer, listing.elements), &Privacy::KEEP, LIMITS, &mut seen)
        .map_err(|why| context.fault(FaultKind::PageTooLarge, why))
}

/// One element of a stream's list.
pub fn record(stream: StreamId, json: &str) -> Record {
    element::read(stream.spec(), json, &Privacy::KEEP, &mut Observation::default())
}

/// What stands in the quarantine, read again.
pub fn reread(stream: StreamId, payload: &str) -> Record {
    element::reread(stream.spec(), payload, &Privacy::KEEP)
}
