//! Sobot's envelope: `ret_code`, `ret_msg` and what the endpoint adds (`docs/vendors.md#sobot-errors`).

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::domain::stream::StreamSpec;
use crate::domain::vendor::observation::Observation;
use crate::domain::vendor::page::{Closing, Page};
use crate::domain::vendor::schema::{FieldSchema, JsonType, ObjectSchema, TEXT_OR_NUMBER};
use crate::sources::context::{RequestContext, quote};
use crate::sources::payload::answer::Answer;
use crate::sources::payload::element::{self, PageLimits};
use crate::sources::payload::reading::Fields;
use crate::sources::payload::scalar::Scalar;
use crate::sources::payload::schema_check::{count, observe, observe_charset};
use crate::sources::sobot::fault::{Meaning, SUCCESS, meaning};

/// The field with the elements.
const ITEMS: &str = "items";

/// `ret_code` is taken before; where there are no elements, `items` may be absent (`docs/vendors.md#sobot-results`).
const ITEMS_FIELD: FieldSchema = FieldSchema::new(&[ITEMS], &[JsonType::List]).optional();
const MESSAGE_FIELD: FieldSchema = FieldSchema::new(&["ret_msg"], TEXT_OR_NUMBER).optional();

static ANSWER: ObjectSchema = ObjectSchema { path: "(answer)", fields: &[ITEMS_FIELD, MESSAGE_FIELD] };

/// An answer that states the total.
static ANSWER_WITH_TOTAL: ObjectSchema = ObjectSchema {
    path: "(answer)",
    fields: &[
        ITEMS_FIELD,
        FieldSchema::new(&["page_count"], TEXT_OR_NUMBER),
        FieldSchema::new(&["page_no"], TEXT_OR_NUMBER),
        FieldSchema::new(&["page_size"], TEXT_OR_NUMBER),
        MESSAGE_FIELD,
        FieldSchema::new(&["total_count"], TEXT_OR_NUMBER),
    ],
};

/// Why an answer is no success.
#[derive(Debug)]
pub(in crate::sources) enum Refusal {
    /// The token was refused; the fault says in which words.
    Token(Fault),
    /// HTTP 401 or 403 without a code that a document names: perhaps it is the token.
    Unexplained(Fault),
    /// Anything else.
    Other(Fault),
}

impl Refusal {
    pub(in crate::sources) fn into_fault(self) -> Fault {
        match self {
            Refusal::Token(fault) | Refusal::Unexplained(fault) | Refusal::Other(fault) => fault,
        }
    }
}

/// The fields of a successful answer. The body's code decides, whatever the status; where the code is none
/// of the known ones, or there is no envelope at all, a status that says more (401, 403, 429) is believed.
pub(in crate::sources) fn judge<'a>(
    context: &RequestContext,
    answer: &'a Answer,
    secrets: &[&str],
    now: DateTime<Utc>,
) -> Result<Fields<'a>, Refusal> {
    let open = |text: &'a str| Fields::open_around(ITEMS, text, &Privacy::MESSAGE).ok();
    let opened = open(&answer.text).or_else(|| answer.without_broken_elements(&[ITEMS]).and_then(open));
    // An answer that says two things is none.
    let opened = opened.filter(|fields| !fields.is_ambiguous("ret_code"));
    let envelope = opened.and_then(|mut fields| code(fields.take("ret_code")).map(|code| (code, fields)));
    let Some((code, mut fields)) = envelope else {
        let fault = answer.not_understood(context, "JSON with a ret_code", now);
        let is_refusal = matches!(answer.status, 401 | 403);
        return Err(if is_refusal { Refusal::Unexplained(fault) } else { Refusal::Other(fault) });
    };
    if code == SUCCESS {
        return Ok(fields);
    }
    let message = fields.take("ret_msg").into_text().map_or_else(String::new, |text| quote(&text, secrets));
    let status = answer.status;
    let fault = |kind| {
        let shown = quote(&code, secrets);
        let fault =
            context.fault(kind, format_args!("the vendor answered code {shown} {message}, HTTP {status}"));
        let fault = fault.with_code(code.chars().take(32).collect::<String>()).answered_under(status);
        answer.with_retry_after(fault, now)
    };
    Err(match meaning(&code) {
        Meaning::TokenRefused => Refusal::Token(fault(FaultKind::CredentialsRefused)),
        Meaning::Fault(FaultKind::UnknownCode) if matches!(status, 401 | 403) => {
            Refusal::Unexplained(fault(FaultKind::CredentialsRefused))
        }
        Meaning::Fault(FaultKind::UnknownCode) if status == 429 => {
            Refusal::Other(fault(FaultKind::RateLimited))
        }
        Meaning::Fault(kind) => Refusal::Other(fault(kind)),
    })
}

/// A code sent as a number has lost its leading zeros.
fn code(sent: Scalar<'_>) -> Option<String> {
    match sent {
        Scalar::Text(text) => Some(text.trim().to_owned()),
        Scalar::Number(digits) => Some(format!("{digits:0>6}")),
        _ => None,
    }
}

/// The page that a successful answer holds.
pub(in crate::sources) fn page(
    context: &RequestContext,
    (answer, mut fields): (&Answer, Fields<'_>),
    spec: &'static StreamSpec,
    privacy: &Privacy,
    limits: PageLimits,
) -> Result<Page, Fault> {
    let mut observation = Observation::default();
    let (documented, states_totals) = match spec.closing {
        Closing::Total => (&ANSWER_WITH_TOTAL, true),
        Closing::EmptyPage => (&ANSWER, false),
    };
    observe(documented, &fields, &mut observation);
    observe_charset(documented, answer, &mut observation);
    let malformed = |why: String| context.fault(FaultKind::Malformed, why);
    let has_items = fields.peek(ITEMS).is_some();
    let items = fields.list(ITEMS).map_err(malformed)?;
    let total = total(documented, fields.take_all("total_count"), &mut observation);
    if items.is_empty() && total.is_none() {
        is_empty_page(&fields, has_items || !states_totals).map_err(malformed)?;
    }
    let page_size = fields.take("page_size").count().and_then(|size| u32::try_from(size).ok());
    let records = element::read_all(spec, (answer, items), privacy, limits, &mut observation)
        .map_err(|why| context.fault(FaultKind::PageTooLarge, why))?;
    Ok(Page { records, total, page_size: page_size.filter(|_| states_totals), observation })
}

/// Whether an answer without elements and without a total is an empty page. One whose elements may stand elsewhere is not,
/// nor is one that lacks both where the document promises a total.
fn is_empty_page(fields: &Fields<'_>, may_be_empty: bool) -> Result<(), String> {
    let elsewhere = fields
        .untaken()
        .find(|(_, raw)| serde_json::from_str::<Json>(raw.get()).is_ok_and(|value| holds_objects(&value)));
    match elsewhere {
        Some((name, _)) => {
            let shown = quote(name, &[]);
            Err(format!("holds no `{ITEMS}`, and a list of objects in {shown}, which no document names"))
        }
        None if may_be_empty => Ok(()),
        None => Err(format!("holds neither `{ITEMS}` nor `total_count`")),
    }
}

/// Whether a list of objects stands anywhere in it.
fn holds_objects(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| item.is_object() || holds_objects(item)),
        Json::Object(map) => map.values().any(holds_objects),
        _ => false,
    }
}

/// Of two totals the larger one: it cannot hide a missing row.
fn total(answer: &'static ObjectSchema, sent: Vec<&RawValue>, seen: &mut Observation) -> Option<u64> {
    sent.into_iter().filter_map(|sent| count(answer, "total_count", sent, seen)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stream::StreamId;

    fn read(stream: StreamId, text: &str) -> Result<Page, String> {
        let context = RequestContext { subject: "s/sobot".into(), request: "GET /list".into() };
        let answer = Answer::plain(200, text);
        let fields =
            judge(&context, &answer, &[], Utc::now()).map_err(|refusal| refusal.into_fault().chain())?;
        let limits = PageLimits { asked: 50, bytes_max: 1 << 20 };
        page(&context, (&answer, fields), stream.spec(), &Privacy::KEEP, limits)
            .map_err(|fault| fault.chain())
    }

    #[test]
    fn an_answer_whose_elements_stand_elsewhere_is_no_empty_page() {
        let moved = [
            r#"{"ret_code":"000000","data":{"items":[{"cid":"1"}],"total_count":1}}"#,
            r#"{"ret_code":"000000","items":[],"rows":[{"cid":"1"}]}"#,
            r#"{"ret_code":"000000","items":null,"result":{"page":{"list":[{"cid":"1"}]}}}"#,
        ];
        for text in moved {
            for stream in [StreamId::SOBOT_CALL_RESULT, StreamId::SOBOT_CHAT_RESULT] {
                let why = read(stream, text).unwrap_err();
                assert!(why.contains("holds no `items`, and a list of objects in"), "{text}: {why}");
            }
        }
    }

    #[test]
    fn an_answer_without_elements_is_an_empty_page_unless_it_lacks_all_that_was_promised() {
        let bare = r#"{"ret_code":"000000","ret_msg":"ok"}"#;
        assert!(read(StreamId::SOBOT_CHAT_RESULT, bare).unwrap().records.is_empty());
        let why = read(StreamId::SOBOT_CALL_RESULT, bare).unwrap_err();
        assert!(why.contains("holds neither `items` nor `total_count`"), "{why}");
        for text in [
            r#"{"ret_code":"000000","total_count":0}"#,
            r#"{"ret_code":"000000","items":[]}"#,
            r#"{"ret_code":"000000","items":null,"trace":{"id":"a","hops":["b"]}}"#,
        ] {
            assert!(read(StreamId::SOBOT_CALL_RESULT, text).unwrap().records.is_empty(), "{text}");
        }
    }
}
