//! 7moor's envelopes. The table of the document shows one, its samples another, a sister endpoint a third
//! (`docs/vendors.md#7moor-lists`); all three are read.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Asia::Shanghai;
use serde_json::value::RawValue;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::domain::vendor::observation::Observation;
use crate::domain::vendor::schema::{FieldSchema, JsonType, ObjectSchema, TEXT_OR_NUMBER};
use crate::sources::context::{RequestContext, quote};
use crate::sources::moor::fault::{Meaning, RATE_WAIT, SUCCESS, is_known_failure, meaning};
use crate::sources::payload::answer::Answer;
use crate::sources::payload::reading::{Fields, list};
use crate::sources::payload::scalar::Scalar;
use crate::sources::payload::schema_check::{count as stated, observe_charset, open_known};

/// The list that a successful answer holds.
#[derive(Debug)]
pub(in crate::sources) struct Listing<'a> {
    pub(in crate::sources) elements: Vec<&'a RawValue>,
    pub(in crate::sources) count: Option<u64>,
    /// How the answer kept to its documents.
    pub(in crate::sources) observation: Observation,
}

/// An answer in any of the three forms. The message is documented as an object and shown as a text.
static ANSWER: ObjectSchema = ObjectSchema {
    path: "(answer)",
    fields: &[
        FieldSchema::new(&["code"], TEXT_OR_NUMBER).optional(),
        FieldSchema::new(&["count"], TEXT_OR_NUMBER).optional(),
        FieldSchema::new(&["data"], &[JsonType::List, JsonType::Object]).optional(),
        FieldSchema::new(&["list"], &[JsonType::List]).optional(),
        FieldSchema::new(&["message"], &[JsonType::Text, JsonType::Object]).optional(),
        FieldSchema::new(&["success"], &[JsonType::Bool]).optional(),
    ],
};

/// The names under which a list of elements comes.
const LISTS: &[&str] = &["data", "list"];

static NESTED: ObjectSchema = ObjectSchema {
    path: "(answer).data",
    fields: &[
        FieldSchema::new(&["count"], TEXT_OR_NUMBER).optional(),
        FieldSchema::new(&["list"], &[JsonType::List]).optional(),
    ],
};

/// Why an answer is no success.
#[derive(Debug)]
pub(in crate::sources) enum Refusal {
    /// The signature was refused; a fresh one may be taken.
    Signature(Fault),
    /// Anything else.
    Other(Fault),
}

/// What a successful answer holds beside its code.
#[derive(Debug)]
pub(in crate::sources) struct Success<'a> {
    pub(in crate::sources) fields: Fields<'a>,
    /// As sent, if it was.
    pub(in crate::sources) code: Option<String>,
    /// How the answer kept to its documents.
    pub(in crate::sources) observation: Observation,
}

/// The list of a successful answer.
pub(in crate::sources) fn judge<'a>(
    context: &RequestContext,
    answer: &'a Answer,
    secrets: &[&str],
    now: DateTime<Utc>,
) -> Result<Listing<'a>, Refusal> {
    let success = verdict(context, answer, secrets, now)?;
    listing(success.fields, success.observation)
        .map_err(|why| Refusal::Other(context.fault(FaultKind::Malformed, why)))
}

/// Success is `success` true or `code` 200; `success` false or a known code of failure overrules the other.
/// The body decides whatever the status; the status only where the body has neither.
pub(in crate::sources) fn verdict<'a>(
    context: &RequestContext,
    answer: &'a Answer,
    secrets: &[&str],
    now: DateTime<Utc>,
) -> Result<Success<'a>, Refusal> {
    let not_understood = || {
        let fault = answer.not_understood(context, "JSON with a code or success", now);
        match fault.kind {
            FaultKind::CredentialsRefused => Refusal::Signature(skewed(fault, answer, now)),
            _ => Refusal::Other(fault),
        }
    };
    let mut observation = Observation::default();
    let mut open = |text: &'a str| open_known(text, &Privacy::MESSAGE, &ANSWER, &mut observation).ok();
    let mut opened = open(&answer.text);
    if opened.is_none() {
        opened = answer.without_broken_elements(LISTS).and_then(open);
    }
    let mut fields = opened.ok_or_else(not_understood)?;
    observe_charset(&ANSWER, answer, &mut observation);
    // An answer that says two things is none.
    if fields.is_ambiguous("code") || fields.is_ambiguous("success") {
        return Err(not_understood());
    }
    let sent = fields.take("code");
    let (code, shown) = (sent.count(), sent.into_text());
    let success = fields.take("success").truth();
    let succeeded = match (success, code) {
        (None, None) if shown.is_none() => return Err(not_understood()),
        (Some(false), _) => false,
        (Some(true), Some(code)) => !is_known_failure(code),
        (Some(true), None) => true,
        (None, code) => code == Some(SUCCESS),
    };
    if succeeded {
        return Ok(Success { fields, code: shown.map(Cow::into_owned), observation });
    }
    // A failure that names no code of its own is known by the status, if that is one of failure.
    let status = u64::from(answer.status);
    let judged =
        code.filter(|code| *code != SUCCESS).or((shown.is_none() && 400 <= status).then_some(status));
    let message = fields.take("message").into_text().unwrap_or_default();
    let words = quote(&message, secrets);
    let code_text =
        shown.as_deref().map_or("no code".to_owned(), |code| format!("code {}", quote(code, secrets)));
    let fault = |kind| {
        let fault =
            context.fault(kind, format_args!("the vendor answered {code_text} {words}, HTTP {status}"));
        let fault = match &shown {
            Some(code) => fault.with_code(code.chars().take(32).collect::<String>()),
            None => fault,
        };
        // 500 to 599 as a code are a server that failed, too.
        let fault = match kind {
            FaultKind::RateLimited => fault.with_retry_after(RATE_WAIT),
            FaultKind::VendorFailed => fault,
            _ => fault.answered_under(answer.status),
        };
        answer.with_retry_after(fault, now)
    };
    Err(match meaning(judged, &message) {
        Meaning::Fault(FaultKind::UnknownCode) if matches!(answer.status, 401 | 403) => {
            Refusal::Signature(skewed(fault(FaultKind::CredentialsRefused), answer, now))
        }
        Meaning::SignatureRefused => {
            Refusal::Signature(skewed(fault(FaultKind::CredentialsRefused), answer, now))
        }
        Meaning::Fault(kind) => Refusal::Other(fault(kind)),
    })
}

/// A success must say where its list is, or that there is none: an answer that merely says nothing would
/// otherwise pass for an account without skill groups. A list that stands twice is one list.
fn listing(mut fields: Fields<'_>, mut observation: Observation) -> Result<Listing<'_>, String> {
    let (mut elements, mut counts) = (None, Vec::new());
    for data in fields.take_all("data") {
        match Scalar::of(data) {
            Scalar::List => add(&mut elements, "data", [data])?,
            Scalar::Object => {
                let mut nested = open_known(data.get(), &Privacy::MESSAGE, &NESTED, &mut observation)
                    .map_err(|why| field("data", &why))?;
                add(&mut elements, "data.list", nested.take_all("list"))?;
                counts.append(&mut nested.take_all("count"));
                // An empty or numbered object is a list, as PHP writes it.
                if elements.is_none()
                    && let Ok(numbered) = list(data)
                {
                    elements = Some(numbered);
                }
            }
            Scalar::Nothing => {}
            other => return Err(field("data", &format!("expected a list, got {}", other.describe()))),
        }
    }
    if elements.is_none() {
        add(&mut elements, "list", fields.take_all("list"))?;
    }
    if counts.iter().all(|count| Scalar::of(count) == Scalar::Nothing) {
        counts = fields.take_all("count");
    }
    // Of two counts the larger one: it cannot hide a missing group.
    let counts = counts.into_iter().filter_map(|sent| stated(&ANSWER, "count", sent, &mut observation));
    let count = counts.max();
    match elements {
        Some(elements) => Ok(Listing { elements, count, observation }),
        None if count == Some(0) => Ok(Listing { elements: Vec::new(), count, observation }),
        None => Err("the answer says success and holds no list".to_owned()),
    }
}

fn add<'a>(
    elements: &mut Option<Vec<&'a RawValue>>,
    name: &str,
    lists: impl IntoIterator<Item = &'a RawValue>,
) -> Result<(), String> {
    for sent in lists {
        let more = list(sent).map_err(|why| field(name, &why))?;
        elements.get_or_insert_default().extend(more);
    }
    Ok(())
}

fn field(name: &str, why: &str) -> String {
    format!("field `{name}`: {why}")
}

/// A signature is taken for so long, before and after.
const VALID: Duration = Duration::from_secs(300);

/// The most common reason of a refused signature is a wrong clock; both clocks are told.
fn skewed(mut fault: Fault, answer: &Answer, now: DateTime<Utc>) -> Fault {
    let wall = |instant: DateTime<Utc>| instant.with_timezone(&Shanghai).format("%Y-%m-%d %H:%M:%S");
    let apart = |date: DateTime<Utc>| (date - now).abs().to_std().unwrap_or(Duration::ZERO);
    let theirs = answer.date.map_or_else(String::new, |date| {
        format!(", the answer's Date header says {} ({} s apart)", wall(date), apart(date).as_secs())
    });
    fault.advises = answer.date.is_some_and(|date| VALID < apart(date));
    let remedy = match fault.advises {
        true => "set this host's clock (NTP); see docs/runbook.md#clock_off",
        false => "check account, secret and clock",
    };
    fault.message.push_str(&format!(
        "; signatures are valid for 5 minutes: our clock says {} Beijing time{theirs}; {remedy}",
        wall(now)
    ));
    fault
}
