//! The runbook as a page: what each alert, fault and exit code means, and what to do.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::domain::fault::FaultKind;
use crate::ops::text::formatter::Formatter;
use crate::ops::web::page::Reader;
use crate::ops::web::page::failure::with_code;
use crate::ops::web::page::frame::{Frame, Mood};
use crate::ops::web::page::table::section;
use crate::report::alert::AlertKind;
use crate::report::phrase::{Phrase, meaning, page as label};
use crate::report::runbook::EXITS;

/// The page, whose entries are named as `docs/runbook.md` names them.
pub(in crate::ops) fn page(reader: Reader) -> String {
    let format = reader.format(DateTime::<Utc>::UNIX_EPOCH);
    let title = format.phrase(label::RUNBOOK_TITLE);
    let frame = Frame {
        format,
        root: "./",
        mood: Mood::Good,
        title: format!("ccsync: {title}"),
        home: false,
        live: false,
    };
    frame.render(html! {
        h1.top { (title) }
        (section("alerts", format.phrase(label::RUNBOOK_ALERTS), alerts(&format)))
        (section("faults", format.phrase(label::RUNBOOK_FAULTS), faults(&format)))
        (section("exits", format.phrase(label::RUNBOOK_EXITS), exits(&format)))
    })
}

fn alerts(format: &Formatter) -> Markup {
    html! {
        (entry(format, "ccsync_down", Some(meaning::DOWN_TITLE), &[
            (label::WHAT_IT_MEANS, meaning::DOWN),
            (label::WHAT_TO_DO, meaning::DOWN_REMEDY),
        ]))
        @for kind in AlertKind::ALL {
            @let fault = FaultKind::from_name(kind.as_str());
            @let as_fault = fault.map(|fault| (label::WHAT_IT_MEANS_AS_FAULT, fault.meaning()));
            @let told: Vec<(Phrase, Phrase)> = [
                Some((label::WHAT_IT_MEANS, kind.meaning())),
                Some((label::WHAT_TO_DO, kind.remedy())),
                as_fault,
            ].into_iter().flatten().collect();
            (entry(format, kind.as_str(), Some(kind.title()), &told))
        }
    }
}

fn faults(format: &Formatter) -> Markup {
    html! {
        @for kind in FaultKind::ALL.into_iter().filter(|kind| AlertKind::from_name(kind.as_str()).is_none()) {
            (entry(format, kind.as_str(), Some(kind.title()), &[
                (label::WHAT_IT_MEANS, kind.meaning()),
                (label::WHAT_TO_DO, kind.remedy()),
            ]))
        }
    }
}

fn exits(format: &Formatter) -> Markup {
    html! {
        @for exit in EXITS {
            (entry(format, &format!("exit_{}", exit.code), None, &[
                (label::WHAT_IT_MEANS, exit.meaning),
                (label::WHAT_TO_DO, exit.remedy),
            ]))
        }
    }
}

fn entry(format: &Formatter, name: &str, title: Option<Phrase>, told: &[(Phrase, Phrase)]) -> Markup {
    html! {
        article.card id=(name) aria-labelledby={ (name) "-h" } {
            h3 id={ (name) "-h" } {
                code { (name) }
                @if let Some(title) = title { " " (format.phrase(title)) }
            }
            dl.told {
                @for (name, text) in told {
                    div { dt { (format.phrase(*name)) } dd { (with_code(format, format.phrase(*text), "./")) } }
                }
            }
        }
    }
}
