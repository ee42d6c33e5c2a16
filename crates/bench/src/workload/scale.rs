//! The same work at three sizes. What counts is by how much more it takes, not how long: that is the machine's.

mod sources;
mod windows;

use serde::Serialize;

use super::load::surroundings;
use crate::args::{Axis, ScaleArgs};
use crate::failure::{Failure, print};
use crate::place::Place;
use crate::report::{Surroundings, render};

#[derive(Debug, Serialize)]
struct Report {
    surroundings: Surroundings,
    axis: Axis,
    sizes: Vec<u64>,
    /// What was measured at each size.
    lines: Vec<Line>,
}

/// One thing that was measured, at each size.
#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    values: Vec<f64>,
    /// The last by the first.
    ratio: f64,
}

/// Of an odd number of measurements.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// What is measured at one size: always the same things, in the same order.
type Measured = Vec<(&'static str, f64)>;

pub(crate) async fn scale(place: &Place, args: &ScaleArgs) -> Result<String, Failure> {
    let usual = match args.axis {
        Axis::Sources => [100, 300, 1_000],
        Axis::Windows => [200, 4_000, 88_000],
    };
    let sizes = if args.sizes.is_empty() { usual.to_vec() } else { args.sizes.clone() };
    let mut lines: Vec<Line> = Vec::new();
    // An account has one name: each size has accounts of its own.
    let mut accounts = 0;
    for size in &sizes {
        let measured = match args.axis {
            Axis::Sources => sources::measure(place, accounts, *size, args.ticks).await?,
            Axis::Windows => windows::measure(place, accounts, *size).await?,
        };
        accounts += if args.axis == Axis::Sources { *size } else { 1 };
        print(&format!("{size}: {measured:.1?}"));
        for (at, (name, value)) in measured.into_iter().enumerate() {
            match lines.get_mut(at) {
                Some(line) => line.values.push(value),
                None => lines.push(Line { name, values: vec![value], ratio: 0.0 }),
            }
        }
    }
    for line in &mut lines {
        let (first, last) = (line.values.first(), line.values.last());
        line.ratio =
            first.zip(last).filter(|(first, _)| 0.0 < **first).map_or(0.0, |(first, last)| last / first);
    }
    let report = Report { surroundings: surroundings(place).await?, axis: args.axis, sizes, lines };
    render(&report, args.place.json, || text(&report))
}

fn text(report: &Report) -> String {
    let mut text = format!("| {:?} |", report.axis);
    text.extend(report.sizes.iter().map(|size| format!(" {size} |")));
    text.push_str(" last by first |\n|---|");
    text.extend(report.sizes.iter().map(|_| "---|"));
    text.push_str("---|\n");
    for line in &report.lines {
        text.push_str(&format!("| {} |", line.name));
        text.extend(line.values.iter().map(|value| format!(" {value:.1} |")));
        text.push_str(&format!(" {:.2} |\n", line.ratio));
    }
    text
}
