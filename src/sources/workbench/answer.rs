//! The call system's answers: `{"msg": …, "code": 0, "data": …}`. The sample of getMsg is no JSON
//! (`"data": "" 短信内容 }`), so that one form is read too.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::engine::port::action::Reply;
use crate::sources::context::{RequestContext, quote};
use crate::sources::payload::answer::Answer;
use crate::sources::payload::reading::Fields;

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Envelope {
    code: String,
    message: Option<String>,
    data: Option<String>,
}

/// Code 0, number or text, is success whatever the status. Any other is a failure with that code: the
/// document lists none. `tells`: `data` is a text for the person.
pub(super) fn judge(
    context: &RequestContext,
    answer: &Answer,
    secrets: &[&str],
    tells: bool,
    now: DateTime<Utc>,
) -> Reply {
    let read = strict(&answer.text).or_else(|| if tells { loose(&answer.text) } else { None });
    let Some(envelope) = read else {
        return refused_or_unknown(answer.not_understood(context, "JSON with a code", now), answer.status);
    };
    let message = envelope.message.as_deref().map(|text| quote(text, secrets));
    if envelope.code == "0" {
        let details = envelope.data.filter(|_| tells);
        return Reply::Done { code: Some(envelope.code), message, result: None, details };
    }
    let code = quote(&envelope.code, secrets);
    let words = message.unwrap_or_default();
    let kind = match envelope.code.as_str() {
        "401" | "403" => FaultKind::CredentialsRefused,
        "429" => FaultKind::RateLimited,
        _ => FaultKind::RequestRefused,
    };
    let what = format_args!("the vendor answered code {code} {words}, HTTP {}", answer.status);
    let fault = context.fault(kind, what).with_code(envelope.code.chars().take(32).collect::<String>());
    refused_or_unknown(answer.with_retry_after(fault, now), answer.status)
}

/// A status of 5xx may have come after the deed.
fn refused_or_unknown(fault: Fault, status: u16) -> Reply {
    match fault.kind {
        _ if 500 <= status => Reply::Unknown(fault),
        FaultKind::RequestRefused | FaultKind::RateLimited | FaultKind::CredentialsRefused => {
            Reply::Refused(fault)
        }
        _ => Reply::Unknown(fault),
    }
}

fn strict(text: &str) -> Option<Envelope> {
    let mut fields = Fields::open(text, &Privacy::KEEP).ok()?;
    Some(Envelope {
        code: fields.take("code").into_text()?.trim().to_owned(),
        message: fields.take("msg").into_text().map(Cow::into_owned),
        data: fields.take("data").into_text().map(Cow::into_owned),
    })
}

/// The document's sample of getMsg: an object whose `data`, the last of its fields, is followed by text
/// that nothing quotes.
fn loose(text: &str) -> Option<Envelope> {
    let (head, data) = text.split_once("\"data\"")?;
    let data = data.trim_start().strip_prefix(':')?.trim().strip_suffix('}')?.trim();
    let data = data.strip_prefix("\"\"").unwrap_or(data).trim();
    let data = data.strip_prefix('"').unwrap_or(data);
    let data = data.strip_suffix('"').unwrap_or(data).trim().to_owned();
    let head = format!("{}}}", head.trim_end().trim_end_matches(','));
    let read = strict(&head)?;
    Some(Envelope { data: (!data.is_empty()).then_some(data), ..read })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(text: &str) -> Option<String> {
        strict(text).or_else(|| loose(text))?.data
    }

    #[test]
    fn the_documents_sample_of_a_message_is_read_though_it_is_no_json() {
        let sample = r#"{ "msg": "success", "code": 0, "data": "" 短信内容 }"#;
        assert_eq!(strict(sample), None);
        assert_eq!(
            loose(sample),
            Some(Envelope {
                code: "0".into(),
                message: Some("success".into()),
                data: Some("短信内容".into())
            })
        );
        assert_eq!(
            details(r#"{"msg":"success","code":"0","data":"短信 \"x\""}"#).as_deref(),
            Some("短信 \"x\"")
        );
        assert_eq!(
            details(r#"{"msg":"success","code":0,"data":"a "quoted" text"}"#).as_deref(),
            Some("a \"quoted\" text")
        );
        assert_eq!(details(r#"{"msg":"success","code":0,"data":""}"#), None);
        for nonsense in ["", "{", r#"{"data"}"#, r#"{"code":0,"data":"x""#, "<html>", r#"{"data": x }"#] {
            assert_eq!(details(nonsense), None, "{nonsense}");
        }
    }
}
