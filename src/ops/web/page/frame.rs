//! What stands around each page, and what a browser may do with it.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::ops::text::formatter::Formatter;
use crate::report::language::Language;
use crate::report::phrase::page as label;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The style sheet and the script of the pages, and nothing else: what a vendor's word should become of, if the
/// templates ever let it through, is not run.
pub(in crate::ops) static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// How things stand, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Warn,
    Bad,
}

impl Mood {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Mood::Good => "good",
            Mood::Warn => "warn",
            Mood::Bad => "bad",
        }
    }

    /// For whom colours say nothing.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Mood::Good => "\u{2713}",
            Mood::Warn | Mood::Bad => "!",
        }
    }

    /// The tab's dot.
    fn icon(self) -> String {
        dot(match self {
            Mood::Good => "%2317693a",
            Mood::Warn => "%23c98a10",
            Mood::Bad => "%23b81d24",
        })
    }
}

/// Where no answer comes, nothing is known.
const STALE_COLOUR: &str = "%23808890";

fn dot(colour: &str) -> String {
    format!(
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>\
         <circle cx='8' cy='8' r='7' fill='{colour}'/></svg>"
    )
}

/// One page.
pub(super) struct Frame {
    pub(super) format: Formatter,
    /// The way to `/`: a proxy may have put the server below a path.
    pub(super) root: &'static str,
    pub(super) mood: Mood,
    pub(super) title: String,
    /// Whether this is `/` itself.
    pub(super) home: bool,
    /// Whether it tells of a state, and keeps itself new.
    pub(super) live: bool,
}

impl Frame {
    pub(super) fn render(&self, main: Markup) -> String {
        let (format, root) = (&self.format, self.root);
        html! {
            (DOCTYPE)
            html lang=(format.language.as_str()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content="ccsync";
                    title { (self.title) }
                    link rel="icon" href=(self.mood.icon()) data-stale=(dot(STALE_COLOUR));
                    style { (PreEscaped(STYLE)) }
                    @if self.live { noscript { meta http-equiv="refresh" content="15"; } }
                }
                body {
                    a.skip href="#main" { (format.phrase(label::SKIP)) }
                    header {
                        div.w {
                            p.brand {
                                a href=(root) { "ccsync" }
                                " " small { (env!("CARGO_PKG_VERSION")) }
                            }
                            @if !self.home {
                                nav aria-label="ccsync" { a href=(root) { (format.phrase(label::BACK)) } }
                            }
                            button id="pause" type="button" hidden aria-pressed="false"
                                data-pause=(format.phrase(label::PAUSE)) data-resume=(format.phrase(label::RESUME)) {
                                (format.phrase(label::PAUSE))
                            }
                            (self.languages())
                        }
                    }
                    p id="stale" role="alert" {
                        (format.phrase(label::STALE_SINCE)) " " span {} " " (format.phrase(label::STALE))
                    }
                    p.sr id="live" role="status" {}
                    main.w id="main" tabindex="-1" data-live=[self.live.then_some("")] { (main) }
                    footer.w {
                        nav aria-label=(format.phrase(label::MORE)) {
                            a href={ (root) "api/status" } { "JSON" }
                            a href={ (root) "metrics" } { (format.phrase(label::METRICS)) }
                            a href={ (root) "readyz" } { (format.phrase(label::READINESS)) }
                            a href={ (root) "runbook" } { (format.phrase(label::RUNBOOK)) }
                        }
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
        .into_string()
    }

    fn languages(&self) -> Markup {
        let named = [(Language::En, "English"), (Language::ZhCn, "\u{4e2d}\u{6587}")];
        html! {
            nav aria-label=(self.format.phrase(label::LANGUAGE)) {
                @for (language, name) in named {
                    a href={ "?lang=" (language.as_str()) } lang=(language.as_str()) hreflang=(language.as_str())
                        aria-current=[(language == self.format.language).then_some("true")] { (name) }
                }
            }
        }
    }
}
