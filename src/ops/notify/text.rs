//! A notice in words.

use chrono_tz::Tz;
use url::Url;

use crate::domain::row::text::one_line;
use crate::report::alert::Severity;
use crate::report::language::Language;
use crate::report::notice::{AlertChange, Change, Notice};
use crate::report::phrase::notice as phrase;
use crate::report::runbook::advice;

/// WeCom takes 4096 bytes; the others take more, and nobody reads more.
const BYTES_MAX: usize = 3_600;

/// How a notice is worded.
#[derive(Debug, Clone)]
pub struct Wording {
    /// The language.
    pub language: Language,
    /// The zone of instants.
    pub zone: Tz,
    /// Where people find the page.
    pub page_url: Option<Url>,
}

/// What is the worst of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something critical was raised.
    Bad,
    /// Something was raised.
    Doubtful,
    /// All of it is over.
    Good,
}

pub(super) fn tone(notice: &Notice) -> Tone {
    let raised = notice.changes.iter().filter(|change| change.change == Change::Raised);
    match raised.map(|change| change.severity).max() {
        Some(Severity::Critical) => Tone::Bad,
        Some(Severity::Warning) => Tone::Doubtful,
        None => Tone::Good,
    }
}

impl Wording {
    pub(super) fn title(&self, notice: &Notice) -> String {
        let count = |change: Change| notice.changes.iter().filter(|one| one.change == change).count();
        let (raised, cleared) = (count(Change::Raised), count(Change::Cleared));
        let (raised_text, cleared_text) = (raised.to_string(), cleared.to_string());
        match (raised, cleared) {
            (0, 0) => phrase::TRIAL.text(self.language).to_owned(),
            (_, 0) => phrase::RAISED.fill(self.language, &[("count", &raised_text)]),
            (0, _) => phrase::CLEARED.fill(self.language, &[("count", &cleared_text)]),
            _ => phrase::BOTH.fill(self.language, &[("raised", &raised_text), ("cleared", &cleared_text)]),
        }
    }

    /// The changes, one paragraph each, as far as there is room; `bold` marks what is to be seen first.
    pub(super) fn body(&self, notice: &Notice, bold: impl Fn(&str) -> String) -> String {
        let mut text = String::new();
        if notice.changes.is_empty() {
            text.push_str(phrase::TRIAL_TEXT.text(self.language));
        }
        for (index, change) in notice.changes.iter().enumerate() {
            let paragraph = self.paragraph(change, &bold);
            if BYTES_MAX < text.len() + paragraph.len() {
                let more = (notice.changes.len() - index).to_string();
                text.push_str(&format!("\n\n{}", phrase::MORE.fill(self.language, &[("count", &more)])));
                break;
            }
            text.push_str(if index == 0 { "" } else { "\n\n" });
            text.push_str(&paragraph);
        }
        if let Some(url) = &self.page_url {
            let line = phrase::PAGE.fill(self.language, &[("url", url.as_str())]);
            text.push_str(&format!("\n\n{line}"));
        }
        text
    }

    fn paragraph(&self, change: &AlertChange, bold: impl Fn(&str) -> String) -> String {
        let language = self.language;
        let state = match (change.change, change.severity) {
            (Change::Cleared, _) => phrase::OVER,
            (Change::Raised, Severity::Critical) => phrase::CRITICAL,
            (Change::Raised, Severity::Warning) => phrase::WARNING,
        };
        let mut head = format!("[{}] {}", state.text(language), change.kind.title().text(language));
        let place: Vec<String> = [change.source.clone(), change.stream.map(|stream| stream.to_string())]
            .into_iter()
            .flatten()
            .collect();
        if !place.is_empty() {
            head = format!("{head} – {}", plain(&place.join("/")));
        }
        let mut text = bold(&head);
        if let Some(since) = change.since {
            let at = since.with_timezone(&self.zone).format("%F %T").to_string();
            text.push_str(&format!(", {}", phrase::SINCE.fill(language, &[("at", &at)])));
        }
        if change.change == Change::Raised {
            let advice = advice(&plain(&change.remedy), &change.kind.entry(), language);
            let remedy = phrase::REMEDY.fill(language, &[("remedy", &advice)]);
            text.push_str(&format!("\n{}\n{remedy}", plain(&short(&change.message))));
        }
        text
    }
}

/// A vendor's words are in it: nothing of them may become a mention or a link.
fn plain(text: &str) -> String {
    one_line(text).replace('&', "＆").replace('<', "‹").replace('>', "›")
}

fn short(text: &str) -> String {
    const CHARS_MAX: usize = 300;
    match text.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
