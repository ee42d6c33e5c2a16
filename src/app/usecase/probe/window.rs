//! How an account takes the windows that it is asked for.

use chrono::{DateTime, Duration, SubsecRound as _, Utc};
use chrono_tz::Asia::Shanghai;

use super::prober::{Prober, Reply, Stop};
use crate::domain::proof::window::{TimeWindow, local_midnight};
use crate::domain::row::record::{Record, Value};
use crate::domain::row::table::ColumnType;
use crate::domain::row::text::counted;
use crate::domain::vendor::fact::Question;

/// Elements asked for where their times alone matter.
const SAMPLE: u32 = 100;
/// Where that many do not come.
const SMALL_SAMPLE: u32 = 10;
/// Where nothing is found in the first of these, the next is asked for.
const SAMPLE_DAYS: [i64; 2] = [7, 31];
/// A bound may be rounded to the second.
const SECOND: Duration = Duration::seconds(1);

/// The times of a result.
#[derive(Debug, Clone, Copy)]
struct Times {
    inspected: DateTime<Utc>,
    contact: DateTime<Utc>,
}

/// What lies in a window of the last days.
pub(super) struct Sample {
    pub(super) window: TimeWindow,
    /// As stated.
    pub(super) total: Option<u64>,
    times: Vec<Times>,
}

fn times(records: &[Record]) -> Vec<Times> {
    let of_row = |record: &Record| {
        let row = record.rows.first()?;
        let contact = row
            .table
            .columns
            .iter()
            .find(|column| column.kind == ColumnType::Instant && !column.is_version)?;
        let Value::Instant(contact) = row.value(contact.name) else { return None };
        Some(Times { inspected: row.version_at()?, contact })
    };
    records.iter().filter_map(of_row).collect()
}

fn holds(window: TimeWindow, at: DateTime<Utc>) -> bool {
    window.start <= at && at <= window.end + SECOND
}

/// Whether all of these lie in a window: by their inspection, and by their contact.
fn lie_in(window: TimeWindow, of: &[Times]) -> (bool, bool) {
    let all = |time: fn(&Times) -> DateTime<Utc>| of.iter().all(|times| holds(window, time(times)));
    (all(|times| times.inspected), all(|times| times.contact))
}

impl Prober<'_> {
    /// The window whose elements are looked at; or why there is none.
    pub(super) async fn sample(&mut self) -> Result<Result<Sample, String>, Stop> {
        let today = local_midnight(self.clock.now().with_timezone(&Shanghai).date_naive(), Shanghai);
        let mut withheld = None;
        for days in SAMPLE_DAYS {
            let Some(window) = TimeWindow::new(today - Duration::days(days), today) else { continue };
            for size in [SAMPLE, SMALL_SAMPLE] {
                let reply = self.ask(Some(window), 1, size).await?;
                if withheld.is_none() && days == SAMPLE_DAYS[0] && size == SAMPLE {
                    self.date_form();
                }
                match reply {
                    Reply::Page(page) if !page.records.is_empty() => {
                        let times = times(&page.records);
                        self.fields(page.observation);
                        return Ok(Ok(Sample { window, total: page.total, times }));
                    }
                    Reply::Page(page) if page.total.is_some_and(|total| 0 < total) => {
                        let total = page.total.unwrap_or_default();
                        withheld = Some(format!("the first page of {size} is empty, and {total} are stated"));
                    }
                    Reply::Page(_) => {}
                    Reply::Refused(fault) => {
                        withheld = Some(format!("the first page of {size} is refused: {}", fault.chain()));
                    }
                }
            }
        }
        Ok(Err(withheld.unwrap_or_else(|| "no results of the last 31 days came".to_owned())))
    }

    /// Where the first form is refused, the source asks once more in the second.
    fn date_form(&mut self) {
        let pages = self.answers.iter().filter(|answer| answer.path == self.stream().path).count();
        let form = if pages < 2 { "datetime" } else { "date" };
        self.found(Question::DateForm, form, format!("the ends of a window were taken as a {form}"));
    }

    /// Which time the window filters, whether its time of day counts, and whether its end does.
    pub(super) async fn times(&mut self, sample: &Sample) -> Result<(), Stop> {
        let (question, of) = (Question::FilterTime, &sample.times);
        let seen = counted(of.len() as u64, "result");
        let inspection: (&str, fn(&Times) -> DateTime<Utc>) = ("inspection", |times| times.inspected);
        let contact: (&str, fn(&Times) -> DateTime<Utc>) = ("contact", |times| times.contact);
        let (name, filtered) = match lie_in(sample.window, of) {
            (true, false) => inspection,
            (false, true) => contact,
            (true, true) => match self.filtered_day_or_earlier(sample).await? {
                Some(true) => inspection,
                Some(false) => contact,
                None => {
                    self.unknown(question, "each result was inspected on the day of its contact");
                    return Ok(());
                }
            },
            (false, false) => {
                let why = "some lie outside of the window by either time: its ends may be read in another zone than Beijing's";
                self.unknown(question, format!("of {seen} {why}"));
                return Ok(());
            }
        };
        self.found(question, name, format!("the {name}s of {seen} lie in the window"));
        self.time_of_day(of, filtered).await
    }

    /// The same as [`Prober::filtered_day`]; where the sample does not decide it, by what lies before it. The newest
    /// results are those that were inspected at once.
    async fn filtered_day_or_earlier(&mut self, sample: &Sample) -> Result<Option<bool>, Stop> {
        if let Some(decided) = self.filtered_day(&sample.times).await? {
            return Ok(Some(decided));
        }
        let first = sample.times.iter().map(|times| times.inspected.min(times.contact)).min();
        let end = first.map(|first| local_midnight(first.with_timezone(&Shanghai).date_naive(), Shanghai));
        let Some(earlier) = end.and_then(|end| TimeWindow::new(sample.window.start, end)) else {
            return Ok(None);
        };
        let of = times(&self.ask(Some(earlier), 1, SAMPLE).await?.page().records);
        match lie_in(earlier, &of) {
            (true, false) => Ok(Some(true)),
            (false, true) => Ok(Some(false)),
            _ => self.filtered_day(&of).await,
        }
    }

    /// Whether a day has a result by its inspection (and not by its contact).
    async fn filtered_day(&mut self, of: &[Times]) -> Result<Option<bool>, Stop> {
        let day = |at: DateTime<Utc>| at.with_timezone(&Shanghai).date_naive();
        let Some(apart) = of.iter().find(|times| day(times.inspected) != day(times.contact)) else {
            return Ok(None);
        };
        let start = local_midnight(day(apart.inspected), Shanghai);
        let page = self
            .ask(TimeWindow::new(start, start + Duration::days(1)), 1, self.stream().page_size_max)
            .await?
            .page();
        let found = times(&page.records);
        Ok(Some(
            found.iter().any(|times| times.inspected == apart.inspected && times.contact == apart.contact),
        ))
    }

    async fn time_of_day(&mut self, of: &[Times], filtered: fn(&Times) -> DateTime<Utc>) -> Result<(), Stop> {
        let question = Question::TimeOfDay;
        if !question.concerns(self.stream()) {
            return Ok(());
        }
        let half = Duration::minutes(30);
        let day = |at: DateTime<Utc>| at.with_timezone(&Shanghai).date_naive();
        let has_neighbour = |at: DateTime<Utc>| {
            of.iter()
                .any(|other| day(filtered(other)) == day(at) && half + SECOND < (filtered(other) - at).abs())
        };
        let Some(at) = of.iter().map(filtered).find(|at| has_neighbour(*at)) else {
            self.unknown(question, "no two results of a day lie more than half an hour apart");
            return Ok(());
        };
        let Some(asked) = TimeWindow::new(at - half, at + half) else { return Ok(()) };
        let page = self.ask(Some(asked), 1, SAMPLE).await?.page();
        let found = times(&page.records);
        let outside = found
            .iter()
            .filter(|times| !holds(TimeWindow { start: asked.start - SECOND, ..asked }, filtered(times)))
            .count();
        let seen = counted(found.len() as u64, "result");
        if found.is_empty() {
            self.unknown(question, "an hour around a result brought nothing");
        } else if 0 < outside {
            self.found(
                question,
                "ignored",
                format!("an hour brought {seen}, {outside} of them from other hours"),
            );
        } else {
            self.found(question, "counts", format!("an hour brought {seen}, all of it"));
            self.window_end(of, filtered).await?;
        }
        Ok(())
    }

    /// A row that is not in the window must be missing twice from a page that holds all that is stated.
    async fn window_end(&mut self, of: &[Times], filtered: fn(&Times) -> DateTime<Utc>) -> Result<(), Stop> {
        let question = Question::WindowEnd;
        let within = |at: &DateTime<Utc>| at.trunc_subsecs(0) < *at;
        let all: Vec<DateTime<Utc>> = of.iter().map(filtered).collect();
        for at in [all.iter().find(|at| within(at)), all.iter().find(|at| !within(at))].into_iter().flatten()
        {
            let end = at.trunc_subsecs(0);
            for _ in 0..2 {
                let size = self.endpoint.settings.page_size.max(SAMPLE);
                let page = self.ask(TimeWindow::new(end - Duration::minutes(10), end), 1, size).await?.page();
                if times(&page.records).iter().any(|times| filtered(times) == *at) {
                    let what = if within(at) {
                        "the whole second of the end"
                    } else {
                        "the first instant of the end's second"
                    };
                    self.found(question, "included", format!("{what} was in the window"));
                    return Ok(());
                }
                if page.total != Some(page.records.len() as u64) {
                    self.unknown(question, "a window of ten minutes did not come whole");
                    return Ok(());
                }
            }
        }
        self.found(question, "excluded", "a result of the end's second was not in the window, asked twice");
        Ok(())
    }

    /// Whether more than 31 days are taken at once.
    pub(super) async fn span(&mut self) -> Result<(), Stop> {
        let now = self.clock.now();
        match self.ask(TimeWindow::new(now - Duration::days(33), now - Duration::days(1)), 1, 1).await? {
            Reply::Page(_) => self.found(Question::WindowSpan, "32d", "a window of 32 days was taken"),
            Reply::Refused(fault) => {
                let code = fault.code.unwrap_or_default();
                self.found(
                    Question::WindowSpan,
                    "31d",
                    format!("a window of 32 days was refused, code {code}"),
                );
            }
        }
        Ok(())
    }

    /// Whether totals stop at a number: then two halves have more than their whole.
    pub(super) async fn total_cap(&mut self, sample: &Sample) -> Result<bool, Stop> {
        let question = Question::TotalCap;
        let Some(total) = sample.total else {
            self.unknown(question, "no total is stated");
            return Ok(false);
        };
        let TimeWindow { start, end } = sample.window;
        let middle = start + (end - start) / 2;
        let mut halves = 0;
        for half in [TimeWindow::new(start, middle), TimeWindow::new(middle, end)] {
            halves += self.ask(half, 1, 1).await?.page().total.unwrap_or_default();
        }
        // A row at the second of the middle is in both, and a total that is wrong by some is so in both halves.
        let is_capped = total + total / 10 + 2 < halves;
        if is_capped {
            let seen = format!("a window states {total}, its halves {halves} together");
            self.found(question, total.to_string(), seen);
        } else {
            self.found(question, "none", format!("up to {total}"));
        }
        Ok(is_capped)
    }
}
