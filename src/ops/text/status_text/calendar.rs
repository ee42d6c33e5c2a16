//! The windows of each stream, one character a window.

use crate::domain::row::text::one_line;
use crate::ops::text::formatter::window_state;
use crate::ops::text::status_text::Sheet;
use crate::ops::text::text_table::Colour;
use crate::report::phrase::status as label;
use crate::report::status::calendar::WindowState;
use crate::report::status::{StatusReport, StreamStatus};
use unicode_width::UnicodeWidthStr as _;

/// Windows shown where nobody says how wide the paper is.
const SHOWN: usize = 90;
/// Fewer than this are not worth a line.
const WINDOWS_SHOWN_MIN: usize = 20;

impl Sheet<'_> {
    /// The newest windows of each stream, as many as fit.
    pub(super) fn calendars(&mut self) {
        let listed = |stream: &&StreamStatus| !stream.detail.calendar.windows.is_empty();
        let streams: Vec<&StreamStatus> = self.report.streams.iter().filter(listed).collect();
        let name = |stream: &StreamStatus| format!("{}/{}", one_line(&stream.source), stream.stream);
        let names = streams.iter().map(|stream| name(stream).width()).max().unwrap_or(0);
        // Behind the name, the first window's date.
        let room = self.view.width.map_or(SHOWN, |width| width.saturating_sub(names + 2 + 10 + 2));
        if streams.is_empty() || room < WINDOWS_SHOWN_MIN {
            return;
        }
        self.heading(label::WINDOWS);
        for stream in &streams {
            let windows = &stream.detail.calendar.windows;
            let shown = &windows[windows.len().saturating_sub(room)..];
            let blank = " ".repeat(names - name(stream).width());
            let from = self.format.date(shown.first().map(|known| known.window.start));
            let mut strip = String::new();
            for same in shown.chunk_by(|left, right| left.state == right.state) {
                let marks: String = same.iter().map(|known| known.state.mark()).collect();
                strip.push_str(&self.paint(colour(same[0].state), &marks));
            }
            self.line(&format!("{}{blank}  {from}  {strip}", name(stream)));
        }
        self.legend();
    }

    /// What the letters mean, of those that there are.
    fn legend(&mut self) {
        let parts_shown: Vec<_> = WindowState::ALL
            .into_iter()
            .filter(|state| holds(self.report, *state))
            .map(|state| format!("{} {}", state.mark(), self.phrase(window_state(state))))
            .collect();
        self.wrap(&parts_shown.join(self.format.comma()));
    }
}

fn holds(report: &StatusReport, state: WindowState) -> bool {
    let mut windows = report.streams.iter().flat_map(|stream| &stream.detail.calendar.windows);
    windows.any(|known| known.state == state)
}

fn colour(state: WindowState) -> Colour {
    match state {
        WindowState::Proven | WindowState::Stable => Colour::Green,
        WindowState::Provisional | WindowState::Open => Colour::Blue,
        WindowState::Unverified | WindowState::Moving => Colour::Yellow,
        WindowState::Failed => Colour::Red,
        WindowState::NotYet => Colour::Dim,
    }
}
