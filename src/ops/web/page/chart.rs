//! Charts as SVG: one path each, since there are many. What they show is also said in words.

use std::fmt::Write as _;

use chrono::Duration;
use maud::{Markup, html};

use crate::domain::proof::lag::LagPoint;
use crate::ops::text::formatter::{Formatter, grouped, nothing};
use crate::report::phrase::{Phrase, page as label};
use crate::report::status::StreamStatus;
use crate::report::status::detail::DayStatus;

/// Width of a day, and height of a chart, in the chart's own units.
const DAY: usize = 10;
const HEIGHT: i64 = 100;

/// Shares of all late results that are named beside the curve, in percent.
const CAPTION_PERCENTS: [f64; 3] = [50.0, 90.0, 99.0];

/// What passes did day by day, and how late results come.
pub(super) fn charts(format: &Formatter, stream: &StreamStatus) -> Markup {
    html! {
        div.charts {
            (bars(format, label::CHANGES_CHART, &stream.detail.days, |day| day.changes))
            (bars(format, label::REQUESTS_CHART, &stream.detail.days, |day| day.requests))
            @if stream.kind == crate::domain::stream::StreamKind::Windowed {
                (lag(format, &stream.detail.lag))
            }
        }
    }
}

fn bars(format: &Formatter, title: Phrase, days: &[DayStatus], value: fn(&DayStatus) -> i64) -> Markup {
    let title = format.phrase(title);
    let most = days.iter().map(value).max().unwrap_or(0);
    let today = days.last().map_or(0, value);
    let date =
        |day: Option<&DayStatus>| day.map_or_else(nothing, |day| day.day.format("%Y-%m-%d").to_string());
    let caption = format.fill(
        label::CHART_TOLD,
        &[
            ("title", title),
            ("from", &date(days.first())),
            ("to", &date(days.last())),
            ("most", &grouped(most)),
            ("today", &grouped(today)),
        ],
    );
    let mut path = String::new();
    for (index, day) in days.iter().enumerate().filter(|(_, day)| 0 < value(day)) {
        // What is there must be seen, be it ever so little.
        let height = (HEIGHT * value(day) / most.max(1)).max(2);
        let (left, width) = (index * DAY + 1, DAY - 2);
        // Writing to a String cannot fail.
        let _ = write!(path, "M{left} {HEIGHT}v-{height}h{width}v{height}z");
    }
    html! {
        figure {
            figcaption {
                (title)
                span { (format.count(label::AT_MOST, most)) ", " (format.count(label::TODAY, today)) }
            }
            svg role="img" viewBox={ "0 0 " (days.len().max(1) * DAY) " " (HEIGHT) } preserveAspectRatio="none" {
                title { (caption) }
                path d=(path) {}
            }
        }
    }
}

/// The share of late results that had come, over stretches of age that grow with it.
fn lag(format: &Formatter, points: &[LagPoint]) -> Markup {
    let title = format.phrase(label::LAG_CHART);
    if points.is_empty() {
        return html! { figure { figcaption { (title) span { (format.phrase(label::NO_LAG)) } } } };
    }
    let caption: Vec<String> =
        CAPTION_PERCENTS.iter().filter_map(|percent| caption(format, points, *percent)).collect();
    let caption = caption.join(format.comma());
    let height = |point: &LagPoint| HEIGHT - (point.share * HEIGHT as f64).round() as i64;
    let mut line = format!("M0 {HEIGHT}");
    for (index, point) in points.iter().enumerate() {
        let _ = write!(line, "L{} {}", (index + 1) * DAY, height(point));
    }
    let width = points.len() * DAY;
    html! {
        figure {
            figcaption { (title) span { (caption) } }
            svg role="img" viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" {
                title { (format.fill(label::LAG_CAPTION, &[("told", &caption)])) }
                path.a d={ (line) "V" (HEIGHT) "z" } {}
                path.l d=(line) {}
            }
        }
    }
}

/// By which age so much had come.
fn caption(format: &Formatter, points: &[LagPoint], percent: f64) -> Option<String> {
    // Sums of shares need not reach one to the last digit.
    let point = points.iter().find(|point| percent / 100.0 <= point.share + 1e-9)?;
    let age = format.span(Duration::hours(point.age_hours));
    Some(format.fill(label::LAG_POINT, &[("share", &percent.to_string()), ("age", &age)]))
}
