//! The page for people: the text of `ccsync status`, in a browser.

use chrono_tz::Tz;

use crate::domain::status::StatusReport;
use crate::ops::status_text;

/// The page for a report.
pub(super) fn status(report: &StatusReport, zone: Tz) -> String {
    let title = if report.healthy { "ccsync: healthy" } else { "ccsync: needs attention" };
    page(title, &status_text::render(report, zone, None))
}

/// The page when there is no report.
pub(super) fn unavailable(message: &str) -> String {
    let text = format!("The state cannot be shown, because the database cannot be read: {message}\n");
    page("ccsync: database unreachable", &text)
}

fn page(title: &str, text: &str) -> String {
    let (title, text) = (escape(title), escape(text));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <meta http-equiv=\"refresh\" content=\"15\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>body{{font-family:sans-serif;margin:1.5rem}}pre{{overflow-x:auto}}</style></head>\n\
         <body><h1>{title}</h1>\n<pre>{text}</pre>\n\
         <p><a href=\"/api/status\">JSON</a> · <a href=\"/metrics\">metrics</a> · \
         <a href=\"/readyz\">readiness</a></p></body></html>\n"
    )
}

/// Vendors' words reach the page; none of them may become markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_survives() {
        let page = unavailable(r#"<script>alert("x" & 'y')</script>"#);
        assert!(
            page.contains("&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;"),
            "{page}"
        );
        assert!(!page.contains("<script"), "{page}");
    }
}
