//! What can go wrong on purpose: the kinds of fault, and one step of a script.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::service::endpoint::Endpoint;

/// A kind of fault. Names are stable: the command line, scripts and the journal
/// use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fault {
    /// No fault: in a script, lets one request through.
    Pass,
    /// HTTP 500, 502, 503 or 504 with a proxy's page. Amount: the status.
    Http5xx,
    /// HTTP 429 with `Retry-After`. Amount: its seconds.
    Http429,
    /// No answer for long, then HTTP 504. Amount: milliseconds.
    Hang,
    /// The right answer, cut off half way, connection closed. Amount: 0 declares
    /// the whole Content-Length, 1 is chunked.
    CutBody,
    /// HTTP 200 with a web page.
    HtmlPage,
    /// Sobot's `999999`; at 7moor code 500. Amount: another code.
    Code999999,
    /// Ends the token that was sent, and says so (Sobot only).
    ExpiredToken,
    /// The right answer, late. Amount: milliseconds.
    Slow,
    /// Answers as if a smaller page had been asked for. Amount: its size.
    ClampedPageSize,
    /// The total is wrong. Amount: by how much.
    LyingTotal,
    /// The page before the one asked for.
    RepeatPage,
    /// One row of the page is missing.
    DropRow,
    /// The page after the one asked for.
    DropPage,
    /// One row cannot be read. Amount: 0 a score or list `"abc"`, 1 a key
    /// missing, 2 a string for a row, 3 an unreadable time.
    MalformedRecord,
    /// HTTP 302 to another host.
    Redirect,
    /// A page without rows though there are some.
    EmptyPage,
    /// Something changes at the vendor before a further page is answered.
    Drift,
    /// A write is done and its answer lost: the connection is cut. Amount: milliseconds by which it is done
    /// later than that.
    LostAnswer,
}

impl Fault {
    /// All kinds but [`Fault::Pass`].
    pub const KINDS: [Self; 18] = [
        Self::Http5xx,
        Self::Http429,
        Self::Hang,
        Self::CutBody,
        Self::HtmlPage,
        Self::Code999999,
        Self::ExpiredToken,
        Self::Slow,
        Self::ClampedPageSize,
        Self::LyingTotal,
        Self::RepeatPage,
        Self::DropRow,
        Self::DropPage,
        Self::MalformedRecord,
        Self::Redirect,
        Self::EmptyPage,
        Self::Drift,
        Self::LostAnswer,
    ];

    /// What the rate `all` is spread over: everything a client can get over by
    /// itself, without ever telling an untruth it has no way to notice.
    pub const SPREAD: [Self; 10] = [
        Self::Http5xx,
        Self::Http429,
        Self::Hang,
        Self::CutBody,
        Self::HtmlPage,
        Self::Code999999,
        Self::ExpiredToken,
        Self::ClampedPageSize,
        Self::LyingTotal,
        Self::Drift,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Http5xx => "http_5xx",
            Self::Http429 => "http_429",
            Self::Hang => "hang",
            Self::CutBody => "cut_body",
            Self::HtmlPage => "html_page",
            Self::Code999999 => "code_999999",
            Self::ExpiredToken => "expired_token",
            Self::Slow => "slow",
            Self::ClampedPageSize => "clamped_page_size",
            Self::LyingTotal => "lying_total",
            Self::RepeatPage => "repeat_page",
            Self::DropRow => "drop_row",
            Self::DropPage => "drop_page",
            Self::MalformedRecord => "malformed_record",
            Self::Redirect => "redirect",
            Self::EmptyPage => "empty_page",
            Self::Drift => "drift",
            Self::LostAnswer => "lost_answer",
        }
    }

    /// Whether the fault can happen at an endpoint at all.
    #[must_use]
    pub const fn applies_to(self, endpoint: Endpoint) -> bool {
        match self {
            Self::ExpiredToken => endpoint.is_sobot() && endpoint.is_paged(),
            // chat_result has no total to lie about.
            Self::LyingTotal => endpoint.is_paged() && !matches!(endpoint, Endpoint::SobotChatResult),
            Self::ClampedPageSize
            | Self::RepeatPage
            | Self::DropRow
            | Self::DropPage
            | Self::MalformedRecord
            | Self::EmptyPage
            | Self::Drift => endpoint.is_paged(),
            Self::LostAnswer => endpoint.is_write(),
            _ => true,
        }
    }

    /// A step of a script with an amount; each kind says what it means.
    #[must_use]
    pub const fn with(self, amount: i64) -> Step {
        Step { fault: self, amount: Some(amount) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == Self::Pass.name() {
            return Ok(Self::Pass);
        }
        Self::KINDS.into_iter().find(|fault| fault.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::KINDS.iter().map(|fault| fault.name()).collect();
            format!("unknown fault `{text}`; the faults are {}", names.join(", "))
        })
    }
}

impl TryFrom<String> for Fault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.name().to_owned()
    }
}

/// One step of a script: what happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub struct Step {
    /// The kind of fault.
    pub fault: Fault,
    /// How much of it; without, a sensible value of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

impl From<Fault> for Step {
    fn from(fault: Fault) -> Self {
        Self { fault, amount: None }
    }
}

/// A step in JSON: `"hang"` or `{"fault": "hang", "amount": 500}`. An untagged enum would not do: serde cannot hand
/// numbers of any length through one.
impl TryFrom<serde_json::Value> for Step {
    type Error = String;

    fn try_from(json: serde_json::Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Whole {
            fault: Fault,
            amount: Option<i64>,
        }
        if json.is_string() {
            let fault = serde_json::from_value(json).map_err(|error| error.to_string())?;
            return Ok(Self { fault, amount: None });
        }
        let Whole { fault, amount } = serde_json::from_value(json).map_err(|error| error.to_string())?;
        Ok(Self { fault, amount })
    }
}
