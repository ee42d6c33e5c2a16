//! The vendors, and the network before them.
//!
//! They stand behind the `Source` port: rows come typed, so a year costs no HTTP and no JSON. What the real
//! sources do between port and wire has its own tests against the simulator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::record::Record;
use ccsync::domain::stream::StreamId;
use ccsync::domain::vendor::page::{Closing, Page, PageRequest};
use ccsync::engine::port::source::Source;
use chrono::{DateTime, Utc};

use super::plan::{Cap, Contradiction, Order, Plan, Spell, Totals};
use super::power::Power;
use super::rng::Rng;
use super::timeline::Timeline;
use super::trace::Trace;
use super::world::{World, stream_no};

/// Requests and time after a slip or a drift in which there is no other: what happens once is forgiven.
const REST_REQUESTS: u32 = 12;
const REST: Duration = Duration::from_secs(30 * 60);

/// One endpoint, whoever asks it.
pub struct Endpoint {
    pub stream: StreamId,
    plan: Plan,
    inner: Mutex<Inner>,
    trace: Arc<Trace>,
}

struct Inner {
    world: World,
    rng: Rng,
    requests: Vec<DateTime<Utc>>,
    since_trouble: u32,
    trouble_at: DateTime<Utc>,
    failures: u64,
}

impl Endpoint {
    pub fn new(stream: StreamId, plan: &Plan, trace: Arc<Trace>) -> Endpoint {
        let inner = Inner {
            world: World::new(stream, plan),
            rng: Rng::new(plan.seed, 200 + stream_no(stream)),
            requests: Vec::new(),
            since_trouble: REST_REQUESTS,
            trouble_at: plan.begin,
            failures: 0,
        };
        Endpoint { stream, plan: plan.clone(), inner: Mutex::new(inner), trace }
    }

    /// Looks at the world.
    pub fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.inner.lock().unwrap().world)
    }

    /// When requests came, in order.
    pub fn requests(&self) -> Vec<DateTime<Utc>> {
        self.inner.lock().unwrap().requests.clone()
    }

    /// Requests that went wrong, slips and drifts.
    pub fn failures(&self) -> u64 {
        let inner = self.inner.lock().unwrap();
        inner.failures + inner.world.drifts
    }

    /// What the vendor lists for a request at this moment.
    pub fn bounds(&self, window: Option<TimeWindow>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let window = window?;
        let (start, end) = match self.stream.grain {
            // Asked for in whole Beijing days, rounded outward.
            Some(_) => {
                let day = |at: DateTime<Utc>, up: i64| {
                    let since = (at - self.plan.begin).num_seconds();
                    self.plan.begin + chrono::Duration::seconds((since + up).div_euclid(86_400) * 86_400)
                };
                (day(window.start, 0), day(window.end, 86_399))
            }
            None => (window.start, window.end),
        };
        let second = chrono::Duration::seconds(i64::from(self.plan.readings.end_counts_in));
        Some((start, end + second))
    }

    /// Whether the answers state more than there is at every moment between two instants.
    pub fn overstates(&self, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> bool {
        let tells = self.closing() == Closing::Total && self.plan.readings.totals == Totals::True;
        let meets = |spell: &&Spell| spell.from <= to && from < spell.to;
        let mut spells = self.plan.spells.iter().filter(meets);
        let only = spells.next().filter(|spell| spell.from <= from && to < spell.to);
        tells
            && spells.next().is_none()
            && only.is_some_and(|spell| matches!(spell.what, Contradiction::WrongTotal(by) if 0 < by))
    }

    fn sent(&self, now: DateTime<Utc>) -> (Duration, Option<Fault>) {
        let mut inner = self.inner.lock().unwrap();
        inner.requests.push(now);
        let stormy = self.plan.is_stormy(now);
        let latency = inner.rng.wait(Duration::from_millis(50), Duration::from_millis(1500));
        if !stormy || !inner.rng.chance(self.plan.failures.network) {
            return (latency, None);
        }
        inner.failures += 1;
        let kind = inner.rng.pick(&[
            FaultKind::Unreachable,
            FaultKind::Unreachable,
            FaultKind::VendorFailed,
            FaultKind::VendorFailed,
            FaultKind::Malformed,
            FaultKind::RateLimited,
            FaultKind::UnknownCode,
            FaultKind::TokenContested,
            FaultKind::RequestRefused,
            FaultKind::CredentialsRefused,
            FaultKind::RedirectRefused,
        ]);
        let mut fault = Fault::new(kind, "the simulated network");
        let latency = match kind {
            FaultKind::Unreachable if inner.rng.chance(0.5) => Duration::from_secs(30),
            _ => latency,
        };
        if kind == FaultKind::RateLimited && inner.rng.chance(0.5) {
            let asked = inner.rng.wait(Duration::from_secs(1), Duration::from_secs(90));
            fault = fault.with_retry_after(asked);
        }
        (latency, Some(fault))
    }

    fn answer(&self, request: &PageRequest, now: DateTime<Utc>) -> Result<Page, Fault> {
        let mut inner = self.inner.lock().unwrap();
        inner.world.advance(now);
        inner.since_trouble += 1;
        let rested = REST_REQUESTS < inner.since_trouble && inner.trouble_at + REST < now;
        let stormy = self.plan.is_stormy(now) && rested;
        if stormy && inner.rng.chance(self.plan.failures.drift) {
            inner.rest(now);
            inner.world.drift(now, request.window);
            self.trace.note(now, || format!("{}: changed while being read", self.stream));
        }
        let mut page = self.page(&inner.world, request, now).inspect_err(|_| inner.failures += 1)?;
        if stormy && inner.rng.chance(self.plan.failures.slip) {
            inner.rest(now);
            inner.failures += 1;
            match inner.rng.index(3) {
                0 => page.total = page.total.map(|total| total + 1),
                1 => page.records.clear(),
                _ => drop(page.records.pop()),
            }
            self.trace.note(now, || format!("{}: slip of one answer", self.stream));
        }
        Ok(page)
    }

    fn page(&self, world: &World, request: &PageRequest, now: DateTime<Utc>) -> Result<Page, Fault> {
        let mut listed = world.listed(self.bounds(request.window));
        match self.plan.readings.order {
            Order::Oldest => {}
            Order::Newest => listed.reverse(),
            Order::AsMade => listed.sort_by_key(|(index, _)| *index),
        }
        let states_total = self.closing() == Closing::Total;
        // Without a total nobody could tell that a list ends early; a refusal tells itself.
        let tells = states_total && self.plan.readings.totals == Totals::True;
        let contradiction = self.plan.contradiction(now);
        let contradiction = contradiction.filter(|what| tells || matches!(what, Contradiction::Refuses(_)));
        let cap = self.plan.readings.cap.filter(|_| self.stream == StreamId::SOBOT_CALL_RESULT);
        let total = state(listed.len() as u64, contradiction, cap);
        match contradiction {
            Some(Contradiction::EndsAt(depth)) => listed.truncate(depth as usize),
            Some(Contradiction::Unlisted(every)) => {
                listed.retain(|(index, _)| !index.is_multiple_of(every as usize));
            }
            _ => {}
        }
        let (size, stated) = match self.plan.readings.clamp {
            Some((clamp, says)) if clamp < request.page_size => (clamp, says && states_total),
            _ => (request.page_size, false),
        };
        let refuses = match contradiction {
            Some(Contradiction::Refuses(depth)) => Some(depth),
            _ => cap.filter(|cap| cap.refuses).map(|cap| cap.elements),
        };
        // No vendor gives pages larger than its search is deep.
        let size = refuses.map_or(size, |depth| size.min(depth));
        let skip = u64::from(size) * u64::from(request.page_no - 1);
        // As deep as there is something; a search engine refuses by the numbers alone.
        let reach = (skip + u64::from(size)).min(listed.len() as u64);
        if let Some(depth) = refuses.filter(|depth| u64::from(*depth) < reach) {
            let text = format!(
                "the vendor answered “from + size must be less than or equal to: [{depth}] but was [{reach}]”"
            );
            return Err(Fault::new(FaultKind::VendorFailed, text).with_code("999999").answered_under(200));
        }
        if let Some(cap) = cap {
            listed.truncate(cap.elements as usize);
        }
        let records: Vec<Record> = listed
            .into_iter()
            .skip(usize::try_from(skip).unwrap())
            .take(size as usize)
            .map(|(_, record)| Record::clone(&record))
            .collect();
        let total = match self.plan.readings.totals {
            _ if !states_total => None,
            Totals::True => Some(total),
            Totals::Ignored => Some(total + 1),
            Totals::Absent => None,
        };
        Ok(Page { records, total, page_size: stated.then_some(size), ..Page::default() })
    }

    fn closing(&self) -> Closing {
        self.stream.closing
    }
}

/// The total that is stated of so many elements.
fn state(elements: u64, contradiction: Option<Contradiction>, cap: Option<Cap>) -> u64 {
    let capped = cap.map_or(elements, |cap| elements.min(u64::from(cap.elements)));
    match contradiction {
        Some(Contradiction::WrongTotal(by)) => capped.saturating_add_signed(by),
        Some(Contradiction::ZeroTotal) => 0,
        _ => capped,
    }
}

impl Inner {
    fn rest(&mut self, now: DateTime<Utc>) {
        self.since_trouble = 0;
        self.trouble_at = now;
    }
}

/// The endpoint as one worker reaches it.
pub struct Vendor {
    pub endpoint: Arc<Endpoint>,
    pub timeline: Arc<Timeline>,
    pub power: Arc<Power>,
}

#[async_trait]
impl Source for Vendor {
    fn stream(&self) -> StreamId {
        self.endpoint.stream
    }

    fn closing(&self) -> Closing {
        self.endpoint.closing()
    }

    fn reread(&self, payload: &str) -> Record {
        Record::new(payload, Vec::new(), Vec::new())
    }

    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault> {
        self.power.gate().await;
        let (latency, fault) = self.endpoint.sent(self.timeline.now());
        self.timeline.sleep(latency).await;
        let now = self.timeline.now();
        // A lost answer was given all the same.
        let answer = match fault {
            Some(fault) => Err(fault),
            None => self.endpoint.answer(request, now),
        };
        self.endpoint.trace.note(now, || match &answer {
            Ok(page) => format!(
                "{}: page {} of {} brings {} of {:?}",
                self.endpoint.stream,
                request.page_no,
                request.window.map_or_else(String::new, |window| window.to_string()),
                page.records.len(),
                page.total
            ),
            Err(fault) => {
                format!("{}: page {} fails: {:?}", self.endpoint.stream, request.page_no, fault.kind)
            }
        });
        self.power.gate().await;
        answer
    }
}

/// All endpoints of a trial.
pub type Endpoints = HashMap<StreamId, Arc<Endpoint>>;
