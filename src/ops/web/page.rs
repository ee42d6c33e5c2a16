//! The page for people: rendered here, whole, with one style sheet and one small script inside, and nothing from
//! elsewhere. Without the script it loads itself anew. Vendors' words reach it; the templates escape them.

mod chart;
mod failure;
mod filter;
mod frame;
mod overview;
mod runbook;
mod stream;
mod table;
mod window;
mod work;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use maud::html;

use crate::engine::alert::away;
use crate::ops::text::formatter::Formatter;
use crate::ops::web::status_cache::Unreadable;
use crate::report::language::Language;
use crate::report::phrase::page as label;
use crate::report::runbook::advice;
use crate::report::status::StatusReport;
use crate::report::status::window::WindowReport;

pub(in crate::ops) use self::filter::Filter;
pub(in crate::ops) use self::frame::CONTENT_SECURITY_POLICY;
use self::frame::{Frame, Mood};
pub(in crate::ops) use self::runbook::page as runbook;
pub(in crate::ops) use self::window::{ROOT as WINDOW_ROOT, window_of};

/// For whom a page is.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Reader {
    /// In which language it is read.
    pub(in crate::ops) language: Language,
    /// The configured language.
    pub(in crate::ops) configured: Language,
    /// Zone in which instants are shown.
    pub(in crate::ops) zone: Tz,
}

impl Reader {
    fn format(&self, now: DateTime<Utc>) -> Formatter {
        Formatter { language: self.language, configured: self.configured, zone: self.zone, now }
    }
}

/// The state of everything.
pub(in crate::ops) fn status(report: &StatusReport, reader: Reader, filter: &Filter) -> String {
    let format = reader.format(report.generated_at);
    let view = overview::View { report, format, filter };
    let (mood, verdict) = view.verdict();
    let frame =
        Frame { format, root: "./", mood, title: format!("ccsync: {verdict}"), home: true, live: true };
    frame.render(html! {
        (view.verdict_shown(mood, &verdict))
        (view.to_do())
        (view.summary())
        (view.running())
        (view.streams())
        (view.quarantine())
        (view.alarms())
        (view.drifts())
        (view.feeds())
        (view.workers())
        (view.runs())
        (view.alert_history())
    })
}

/// One window.
pub(in crate::ops) fn window(report: &WindowReport, reader: Reader) -> String {
    window::page(report, reader.format(report.generated_at))
}

/// In place of a page that is not there.
pub(in crate::ops) fn not_found(
    why: Option<crate::report::phrase::Phrase>,
    root: &'static str,
    reader: Reader,
) -> String {
    let format = reader.format(DateTime::UNIX_EPOCH);
    let title = format.phrase(label::NOT_FOUND);
    let frame =
        Frame { format, root, mood: Mood::Warn, title: format!("ccsync: {title}"), home: false, live: false };
    frame.render(html! {
        section.verdict.warn id="verdict" {
            span.mark aria-hidden="true" { "?" }
            div {
                h1 { (title) }
                @if let Some(why) = why { p { (format.phrase(why)) } }
            }
        }
    })
}

/// In place of any page while the database cannot be read.
pub(in crate::ops) fn unavailable(unreadable: &Unreadable, root: &'static str, reader: Reader) -> String {
    let format = reader.format(DateTime::UNIX_EPOCH);
    let title = format.phrase(label::UNAVAILABLE);
    let (kind, message) = (away(unreadable.kind), unreadable.message.as_str());
    let advice = advice(format.phrase(kind.remedy()), &kind.entry(), format.language);
    let frame = Frame {
        format,
        root,
        mood: Mood::Bad,
        title: format!("ccsync: {title}"),
        home: root == "./",
        live: true,
    };
    frame.render(html! {
        section.verdict.bad id="verdict" {
            span.mark aria-hidden="true" { "!" }
            div {
                h1 { (title) }
                p { (format.fill(label::UNAVAILABLE_WHY, &[("message", message)])) }
                p.do { (advice) }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultKind;

    #[test]
    fn no_markup_survives() {
        let reader = Reader { language: Language::En, configured: Language::En, zone: Tz::UTC };
        let message = r#"<script>alert("x" & y)</script>"#.to_owned();
        let page = unavailable(&Unreadable { kind: FaultKind::DatabaseUnreachable, message }, "./", reader);
        assert!(page.contains("&lt;script&gt;alert(&quot;x&quot; &amp; y)&lt;/script&gt;"), "{page}");
        assert_eq!(page.matches("<script").count(), 1, "its own");
    }
}
