//! Random histories, told to both stores: after each step they hold the same.
//!
//! `CCSYNC_CONFORMANCE_CASES=500` plays more; `CCSYNC_CONFORMANCE_SEED=7` one.

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::certificate::Verdict;
use ccsync::domain::row::record::Row;
use ccsync::domain::stream::StreamKey;
use ccsync::domain::vendor::drift::{DriftKind, SchemaDrift};
use ccsync::engine::port::store::{Commit, Scope, Store};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::{Ground, Memory};
use crate::data::store::support::*;

const CASES: u64 = 12;
const STEPS: usize = 40;

/// What both stores are told.
struct Step {
    stream: StreamKey,
    scope: Scope,
    rows: Vec<Row>,
    rejects: usize,
    /// Numbers of undocumented fields.
    drifts: std::ops::Range<u32>,
    verdict: Verdict,
    complete_to: i64,
    settle: u64,
    /// The lease's term passes before the commit, or somebody else takes it too.
    lease: Fate,
    now: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Ended,
    TakenOver,
    /// The read fails instead.
    Failure,
}

fn step(rng: &mut SmallRng, now: i64) -> Step {
    let snapshot = rng.random_bool(0.2);
    let scope = if snapshot {
        Scope::Snapshot
    } else {
        // Days, their halves and quarters, and what lies across two of them.
        let length = [24, 24, 24, 12, 6, 36][rng.random_range(0..6)];
        let start = rng.random_range(0..4) * 12 + [0, 6][rng.random_range(0..2)] * i64::from(length < 24);
        Scope::Window(window(start, start + length))
    };
    let ids = ["a", "b", "c", "d", "e", "f"];
    let rows = (0..rng.random_range(0..8)).map(|_| {
        let id = ids[rng.random_range(0..ids.len())];
        match (snapshot, rng.random_bool(0.5)) {
            (true, true) => queue(id, ["one", "two"][rng.random_range(0..2)]),
            (true, false) => member(id, ["8000", "8001"][rng.random_range(0..2)]),
            _ => call(id, rng.random_range(0..3), rng.random_range(0..3)),
        }
    });
    let mut rows: Vec<Row> = rows.collect();
    let many = !snapshot && rng.random_bool(0.1);
    if many {
        rows.extend(many_calls(25, 1));
    }
    Step {
        stream: if snapshot { queues() } else { calls() },
        scope,
        rows,
        rejects: if rng.random_bool(0.15) { rng.random_range(1..3) } else { 0 },
        drifts: if rng.random_bool(0.3) {
            let first = rng.random_range(0..250);
            first..first + rng.random_range(1..60)
        } else {
            0..0
        },
        verdict: [Verdict::Proven, Verdict::Proven, Verdict::Stable, Verdict::Unverified]
            [rng.random_range(0..4)],
        complete_to: now - rng.random_range(0..100),
        settle: rng.random_range(0..5) * 3600,
        lease: [Fate::Kept, Fate::Kept, Fate::Kept, Fate::Kept, Fate::Ended, Fate::TakenOver, Fate::Failure]
            [rng.random_range(0..7)],
        now,
    }
}

/// Tells one store a step; answers what it answered.
async fn tell(ground: &dyn Ground, step: &Step) -> String {
    let mut commit: Commit =
        closed_read(ground.store(), &step.stream, step.scope, step.rows.clone(), step.now).await;
    commit.certificate.verdict = step.verdict;
    commit.complete_to = at(step.complete_to);
    commit.absence_settle = std::time::Duration::from_secs(step.settle);
    commit.rejects = (0..step.rejects).map(|number| reject(&format!("{{\"n\": {number}}}"))).collect();
    commit.drifts = step.drifts.clone().map(undocumented).collect();
    let mut other = None;
    match step.lease {
        Fate::Kept | Fate::Failure => {}
        Fate::Ended => ground.expire_leases().await,
        Fate::TakenOver => {
            ground.expire_leases().await;
            other = Some(ground.lease(&step.stream, step.scope).await);
        }
    }
    let lease = commit.lease.clone();
    let answer = if step.lease == Fate::Failure {
        let store: &dyn Store = ground.store();
        let recorded =
            store.record_failure(&lease, commit.run, FaultKind::VendorFailed, "x", 2, at(step.now)).await;
        format!("{:?}", recorded.map_err(|fault| fault.kind))
    } else {
        format!("{:?}", ground.store().commit(commit).await.map_err(|fault| fault.kind))
    };
    for lease in other.iter().chain([&lease]) {
        ground.store().release(lease).await.unwrap();
    }
    answer
}

fn undocumented(number: u32) -> SchemaDrift {
    SchemaDrift {
        kind: DriftKind::NewField,
        field: format!("field_{number:03}"),
        observed: String::new(),
        expected: "no such field".to_owned(),
        example: format!("text of {number} characters"),
    }
}

async fn play(seed: u64) {
    let (postgres, memory) = (fresh_store().await, Memory::new());
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut now = 100;
    for number in 0..STEPS {
        now += rng.random_range(0..4);
        let step = step(&mut rng, now);
        let what = format!(
            "seed {seed}, step {number}: {:?} {:?} {} rows {} rejects {:?}",
            step.lease,
            step.scope,
            step.rows.len(),
            step.rejects,
            step.verdict
        );
        assert_eq!(tell(&postgres, &step).await, tell(&memory, &step).await, "{what}");
        let (one, other) = (postgres.picture().await, memory.picture().await);
        assert_eq!(one.rows, other.rows, "rows after {what}");
        assert_eq!(one.history, other.history, "history after {what}");
        assert_eq!(one, other, "after {what}");
        for stream in [calls(), queues()] {
            let (one, other) =
                (postgres.store().reads(&stream, None).await, memory.store().reads(&stream, None).await);
            assert_eq!(one.unwrap(), other.unwrap(), "ledger after {what}");
        }
    }
}

#[tokio::test]
async fn both_stores_hold_the_same_after_every_step_of_a_random_history() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("CCSYNC_CONFORMANCE_SEED") {
        return play(seed).await;
    }
    for seed in 0..number("CCSYNC_CONFORMANCE_CASES").unwrap_or(CASES) {
        play(seed).await;
    }
}
