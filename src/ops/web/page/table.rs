//! Tables, which on a narrow screen become lists, and the small parts that recur.

use maud::{Markup, html};

use crate::ops::text::formatter::Formatter;
use crate::report::language::Language;
use crate::report::phrase::Phrase;

/// A column: its name, and whether it holds numbers.
pub(super) type Heading = (Phrase, bool);

/// A column's name as it stands above other text: a terminal has it in capitals.
pub(super) fn title(format: &Formatter, phrase: Phrase) -> String {
    let text = format.phrase(phrase);
    if format.language != Language::En || text.chars().any(|letter| letter.is_ascii_lowercase()) {
        return text.to_owned();
    }
    let (first, rest) = text.split_at(text.len().min(1));
    format!("{first}{}", rest.to_ascii_lowercase())
}

/// A table that says what it is about to those who do not see it.
pub(super) fn table(
    format: &Formatter,
    caption: &str,
    headings: &[Heading],
    rows: Vec<Vec<Markup>>,
) -> Markup {
    let titles: Vec<String> = headings.iter().map(|(phrase, _)| title(format, *phrase)).collect();
    let class = |number: bool| number.then_some("n");
    html! {
        table.r {
            caption.sr { (caption) }
            thead {
                tr {
                    @for (title, (_, number)) in titles.iter().zip(headings) {
                        th class=[class(*number)] scope="col" { (title) }
                    }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        @for ((cell, title), (_, number)) in row.iter().zip(&titles).zip(headings) {
                            td class=[class(*number)] data-l=(title) { span { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// A part of the page with its heading.
pub(super) fn section(id: &str, heading: &str, content: Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-h" } {
            h2 id={ (id) "-h" } { (heading) }
            (content)
        }
    }
}
