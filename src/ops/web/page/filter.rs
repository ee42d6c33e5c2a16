//! Which streams the page shows: those of a source, those in a state.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde::Deserialize;

use crate::ops::text::formatter::stream_state;
use crate::ops::web::page::overview::View;
use crate::ops::web::page::window::encoded;
use crate::report::phrase::page as label;
use crate::report::status::{StreamState, StreamStatus};

/// As the address says, after `?`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::ops) struct Filter {
    /// A source's name.
    source: Option<String>,
    /// A state, as [`StreamState::as_str`] names it.
    state: Option<String>,
}

impl Filter {
    fn fits(&self, stream: &StreamStatus) -> bool {
        self.source.as_ref().is_none_or(|source| *source == stream.source)
            && self.state.as_ref().is_none_or(|state| StreamState::from_name(state) == Some(stream.state()))
    }

    /// The address of the page with another source or state.
    fn way(source: Option<&str>, state: Option<&str>) -> String {
        let parts = [("source", source), ("state", state)];
        let parts = parts.iter().filter_map(|(name, value)| Some(format!("{name}={}", encoded((*value)?))));
        format!("./?{}", parts.collect::<Vec<_>>().join("&"))
    }
}

impl View<'_> {
    /// The streams that fit, with their place among all.
    pub(super) fn shown(&self) -> Vec<(usize, &StreamStatus)> {
        self.report.streams.iter().enumerate().filter(|(_, stream)| self.filter.fits(stream)).collect()
    }

    /// Links to the streams of each source and state that there is; nothing where there is no choice.
    pub(super) fn filters(&self) -> Markup {
        let (format, filter) = (&self.format, self.filter);
        let sources: BTreeSet<&str> =
            self.report.streams.iter().map(|stream| stream.source.as_str()).collect();
        let is_there =
            |state: &StreamState| self.report.streams.iter().any(|stream| stream.state() == *state);
        let states: Vec<StreamState> = StreamState::ALL.into_iter().filter(is_there).collect();
        if sources.len() < 2 && states.len() < 2 {
            return html! {};
        }
        let (source, state) = (filter.source.as_deref(), filter.state.as_deref());
        let current = |is: bool| is.then_some("true");
        html! {
            nav.filter aria-label=(format.phrase(label::FILTER)) {
                span { (format.phrase(label::FILTER)) }
                a href="./" aria-current=[current(source.is_none() && state.is_none())] {
                    (format.phrase(label::FILTER_ALL))
                }
                @for known in states {
                    a href=(Filter::way(source, Some(known.as_str()))) aria-current=[current(state == Some(known.as_str()))] {
                        (format.phrase(stream_state(known)))
                    }
                }
                @if 1 < sources.len() {
                    span { "\u{b7}" }
                    @for known in sources {
                        a href=(Filter::way(Some(known), state)) aria-current=[current(source == Some(known))] { (known) }
                    }
                }
            }
        }
    }
}
