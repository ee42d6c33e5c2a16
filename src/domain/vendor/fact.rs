//! What an account was found to do where its vendor's documents leave it open (`docs/vendors.md`).

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::stream::{StreamId, StreamKey, StreamKind};
use crate::domain::vendor::page::Closing;

/// A question that the documents leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which time of a result the window filters: `inspection` or `contact`.
    FilterTime,
    /// Whether the time of day in a window's ends counts: `counts` or `ignored`.
    TimeOfDay,
    /// Whether a row at the second of a window's end is in it: `included` or `excluded`.
    WindowEnd,
    /// How a window's ends are written: `datetime` or `date`.
    DateForm,
    /// Whether a window longer than 31 days is taken: `31d` where it is refused, `32d` where it is not.
    WindowSpan,
    /// The largest page that is given, in elements; with `+` where no larger one was seen to be cut.
    PageSize,
    /// What the stated total counts: `listed` (the elements that come), `differs`, or `absent`.
    Total,
    /// The number at which stated totals stop, or `none` up to the largest one seen.
    TotalCap,
    /// The number of elements behind which no page is given, or `none` up to the largest number seen.
    Depth,
    /// What is answered behind the last page: `empty`, `refused` or `not_found`.
    BehindEnd,
    /// Where the elements stand in an answer, and under which code it succeeds.
    Envelope,
    /// Whether fields are as documented: `as_documented` or `differ`.
    Fields,
    /// The HTTP status of refusals.
    ErrorStatus,
    /// How the vendor's `Date` differs from this host's clock: `right`, `ahead`, `behind`, `stands_still`, `irregular` or
    /// `absent`.
    Clock,
    /// Whether claim states may be asked for without naming a group: `optional` or `required`.
    ClaimFilter,
    /// What the time of a feed's notice counts: `state` or `wait`.
    NoticeTime,
}

impl Question {
    /// All of them, in the order in which they are told.
    pub const ALL: [Question; 16] = [
        Question::FilterTime,
        Question::TimeOfDay,
        Question::WindowEnd,
        Question::DateForm,
        Question::WindowSpan,
        Question::PageSize,
        Question::Total,
        Question::TotalCap,
        Question::Depth,
        Question::BehindEnd,
        Question::Envelope,
        Question::Fields,
        Question::ErrorStatus,
        Question::Clock,
        Question::ClaimFilter,
        Question::NoticeTime,
    ];

    /// As it is stored and printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Question::FilterTime => "filter_time",
            Question::TimeOfDay => "time_of_day",
            Question::WindowEnd => "window_end",
            Question::DateForm => "date_form",
            Question::WindowSpan => "window_span",
            Question::PageSize => "page_size",
            Question::Total => "total",
            Question::TotalCap => "total_cap",
            Question::Depth => "depth",
            Question::BehindEnd => "behind_end",
            Question::Envelope => "envelope",
            Question::Fields => "fields",
            Question::ErrorStatus => "error_status",
            Question::Clock => "clock",
            Question::ClaimFilter => "claim_filter",
            Question::NoticeTime => "notice_time",
        }
    }

    /// The question of this name.
    pub fn from_name(name: &str) -> Option<Question> {
        Question::ALL.into_iter().find(|question| question.as_str() == name)
    }

    /// Whether it can be asked of this stream.
    pub fn concerns(self, stream: StreamId) -> bool {
        if stream.kind() == StreamKind::Feed {
            return self == Question::NoticeTime;
        }
        let is_windowed = stream.kind() == StreamKind::Windowed;
        // A stream that falls back to another one's groups is paged by them.
        let by_group = stream.listed_by.is_some();
        match self {
            Question::FilterTime | Question::WindowSpan => is_windowed,
            Question::TimeOfDay | Question::WindowEnd => is_windowed && stream.grain.is_none(),
            Question::DateForm => 1 < stream.bounds.len(),
            Question::TotalCap => is_windowed && stream.closing == Closing::Total,
            Question::Total => stream.closing == Closing::Total && !by_group,
            Question::PageSize
            | Question::Depth
            | Question::BehindEnd
            | Question::ErrorStatus
            | Question::Clock => !by_group,
            Question::Envelope | Question::Fields => true,
            Question::ClaimFilter => by_group,
            Question::NoticeTime => false,
        }
    }

    /// Those that concern a stream.
    pub fn of(stream: StreamId) -> impl Iterator<Item = Question> {
        Question::ALL.into_iter().filter(move |question| question.concerns(stream))
    }
}

/// An answer, or why there is none yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VendorFact {
    /// The stream that was asked.
    #[serde(flatten)]
    pub stream: StreamKey,
    /// What was asked.
    pub question: Question,
    /// The answer, as [`Question`] lists them; `None` where the account's data did not decide it.
    pub answer: Option<String>,
    /// What was seen, in a sentence without personal data.
    pub evidence: String,
    /// When.
    pub found_at: DateTime<Utc>,
}

impl VendorFact {
    /// What these say of a stream; `None` where nobody asked, or the account's data did not decide it.
    pub fn answer<'f>(facts: &'f [VendorFact], stream: &StreamKey, question: Question) -> Option<&'f str> {
        VendorFact::of(facts, stream, question)?.answer.as_deref()
    }

    /// What was found when a stream was asked; `None` where nobody asked.
    pub fn of<'f>(facts: &'f [VendorFact], stream: &StreamKey, question: Question) -> Option<&'f VendorFact> {
        facts.iter().find(|fact| fact.stream == *stream && fact.question == question)
    }

    /// What a [`Question::PageSize`] answer says: the size, and whether more is not to be had.
    pub fn page_size(answer: &str) -> Option<(u32, bool)> {
        let (size, is_bound) = answer.strip_suffix('+').map_or((answer, true), |size| (size, false));
        Some((size.parse().ok()?, is_bound))
    }

    /// The answer that says so.
    pub fn page_size_answer((size, is_bound): (u32, bool)) -> String {
        if is_bound { size.to_string() } else { format!("{size}+") }
    }

    /// The setting of its stream that follows from the answer, as `key = value`, where one does.
    pub fn setting(&self) -> Option<String> {
        let answer = self.answer.as_deref()?;
        match self.question {
            // What was not more than so may be more.
            Question::PageSize => match VendorFact::page_size(answer)? {
                (size, true) => Some(format!("page_size = {size}")),
                (_, false) => None,
            },
            Question::NoticeTime => Some(format!("notice_time = \"{answer}\"")),
            Question::Depth | Question::TotalCap if answer != "none" => {
                Some(format!("result_cap = {answer}"))
            }
            _ => None,
        }
    }
}
