//! One seed from beginning to end.

use std::sync::Arc;

use ccsync::domain::stream::StreamKey;

use super::database::Line;
use super::oracle;
use super::plan::Plan;
use super::power::DatabaseClock;
use super::timeline::{self, Timeline};
use super::trace::Trace;
use super::vendor::{Endpoint, Endpoints};
use super::watch::{Tally, Watch};
use super::worker::{Shop, budget_key};
use crate::support::memory::{Flaws, MemoryStore};

/// How a trial went.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was wrong; empty, if nothing.
    pub wrong: Vec<String>,
    pub tally: Tally,
    pub requests: u64,
    /// Equal for two trials exactly when everything happened at the same instants.
    pub digest: u64,
    pub steps: u64,
    /// The words, where they were asked for.
    pub trace: Vec<String>,
}

/// Plays a plan.
pub fn play(plan: &Plan, flaws: Flaws, words: bool) -> Outcome {
    let timeline = Timeline::new(plan.begin);
    let trace = Arc::new(Trace::new(words));
    let clock = DatabaseClock { timeline: timeline.clone(), ahead: plan.database_ahead };
    let store = Arc::new(MemoryStore::with_flaws(Arc::new(clock), flaws));
    let endpoint = |key: &StreamKey| (key.stream, Arc::new(Endpoint::new(key.stream, plan, trace.clone())));
    let endpoints: Endpoints = plan.streams.iter().map(endpoint).collect();
    let watch = Arc::new(Watch::new(plan, endpoints.clone(), store.clone()));
    let shop = Arc::new(Shop {
        plan: plan.clone(),
        timeline: timeline.clone(),
        store: store.clone(),
        line: Arc::new(Line::new(plan)),
        endpoints: endpoints.clone(),
        watch: watch.clone(),
        trace: trace.clone(),
    });
    timeline::run(&timeline, async {
        let workers = (0..plan.workers).map(|number| shop.clone().work(number));
        let workers = futures::future::join_all(workers);
        tokio::select! {
            biased;
            () = timeline.sleep_until(plan.end) => {}
            _ = workers => {}
        }
    });
    let tally = watch.tally();
    let mut wrong = watch.broken();
    let state = store.state();
    let (mut sent, mut failures) = (0, 0);
    for key in &plan.streams {
        let endpoint = &endpoints[&key.stream];
        wrong.extend(oracle::differences(plan, key, endpoint, &state));
        let requests = endpoint.requests();
        let limit = budget_key(plan, key.stream);
        wrong.extend(oracle::minute(&limit.name, limit.per_minute, &requests, &tally));
        sent += requests.len() as u64;
        failures += endpoint.failures();
    }
    wrong.extend(oracle::requests("all streams", sent, &tally, failures));
    Outcome {
        wrong,
        tally,
        requests: sent,
        digest: trace.digest(),
        steps: timeline.steps(),
        trace: trace.lines(),
    }
}
