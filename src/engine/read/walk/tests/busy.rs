//! Vendors whose rows come, go and move while they are read.

use std::sync::Arc;

use super::*;

/// Where a busy vendor's new and re-scored rows go.
#[derive(Clone, Copy, Debug)]
enum Newest {
    First,
    Last,
}

/// Rows of which `per_request` (on average) are inserted, removed or moved at each request: half new, two
/// fifths re-scored, a tenth removed.
fn busy(
    closing: Closing,
    rows: u32,
    per_request: f64,
    newest: Newest,
    seed: u64,
) -> (Vendor, Arc<Mutex<BTreeSet<u32>>>) {
    let throughout = Arc::new(Mutex::new((0..rows).collect::<BTreeSet<u32>>()));
    let gone = throughout.clone();
    let mut random = StdRng::seed_from_u64(seed);
    let mut next = 1_000_000;
    let mut owed = 0.0;
    let vendor = Vendor::new(closing, rows).hook(move |_, _, rows, _| {
        owed += per_request * 2.0 * random.random::<f64>();
        while 1.0 <= owed {
            owed -= 1.0;
            let index = random.random_range(0..rows.len().max(1));
            let row = match random.random_range(0..10) {
                0 => {
                    gone.lock().unwrap().remove(&rows.remove(index));
                    continue;
                }
                1..=4 => rows.remove(index),
                _ => {
                    next += 1;
                    next
                }
            };
            match newest {
                Newest::First => rows.insert(0, row),
                Newest::Last => rows.push(row),
            }
        }
    });
    (vendor, throughout)
}

/// Five worlds of each rate and order: requests beyond those of a still vendor in percent, rows missed that
/// were there throughout, and reads called proven that missed one.
fn measure(closing: Closing, size: u32, rows: u32, per_second: f64, newest: Newest) -> (f64, usize, usize) {
    let (mut requests, mut missed, mut falsely_proven) = (0, 0, 0);
    for seed in 0..5 {
        let (vendor, throughout) = busy(closing, rows, per_second * 0.2, newest, seed);
        // What one walk costs; the second one, where no total is stated, costs as much again.
        let once = |config: &mut WalkConfig, rules: &mut ReadRules| {
            (config.page_size, rules.reread_at_once) = (size, false);
        };
        let ReadEnd::Closed(closed) = run_as(&vendor, once, Before::default()).unwrap() else { panic!() };
        requests += vendor.requests();
        let lost = throughout.lock().unwrap().difference(&numbers(&closed)).count();
        missed += lost;
        falsely_proven += usize::from(0 < lost && closed.certificate.verdict == Verdict::Proven);
    }
    // Without totals, a page behind the end is looked at, too.
    let still = f64::from(rows / size + 1 + u32::from(closing == Closing::EmptyPage)) * 5.0;
    (requests as f64 / still * 100.0 - 100.0, missed, falsely_proven)
}

#[test]
fn a_busy_vendor_costs_at_most_a_tenth_more_than_a_still_one_and_hides_nothing() {
    for (closing, size, rows) in
        [(Closing::Total, 50, 5_000), (Closing::Total, 1_000, 60_000), (Closing::EmptyPage, 1_000, 60_000)]
    {
        for per_second in [0.1, 1.0, 10.0] {
            for newest in [Newest::First, Newest::Last] {
                let (more, missed, falsely_proven) = measure(closing, size, rows, per_second, newest);
                println!(
                    "{closing:?}, {size} a page, {per_second}/s, {newest:?}: {more:+.1} %, {missed} missed"
                );
                assert!(
                    more <= 10.0 && (missed, falsely_proven) == (0, 0),
                    "{more} {missed} {falsely_proven}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    /// Rows inserted, removed and moved anywhere, at any rate, while pages that overlap are read.
    #[test]
    fn a_read_is_never_called_proven_that_lacks_a_row_which_was_there_throughout(
        rows in 0u32..6_000, size in 500u32..700, rate in 0f64..3.0, seed in any::<u64>(), anywhere in any::<bool>(),
    ) {
        let mut random = StdRng::seed_from_u64(seed);
        let gone = Arc::new(Mutex::new(BTreeSet::new()));
        let (removed, mut next) = (gone.clone(), 1_000_000);
        let vendor = Vendor::new(Closing::Total, rows).hook(move |_, _, rows, _| {
            for _ in 0..(rate + random.random::<f64>()) as u32 {
                let index = random.random_range(0..=rows.len());
                let row = match random.random_range(0..3) {
                    0 | 1 if index == rows.len() => continue,
                    0 => {
                        removed.lock().unwrap().insert(rows.remove(index));
                        continue;
                    }
                    1 => rows.remove(index),
                    _ => {
                        next += 1;
                        next
                    }
                };
                let to = if anywhere { random.random_range(0..=rows.len()) } else { 0 };
                rows.insert(to, row);
            }
        });
        let closed = run(&vendor, size, Before::default()).unwrap();
        let found = numbers(&closed);
        let lost = (0..rows).filter(|row| !gone.lock().unwrap().contains(row) && !found.contains(row)).count();
        prop_assert!(lost == 0 || closed.certificate.verdict != Verdict::Proven, "{lost} rows lost");
        prop_assert!(lost == 0 || anywhere, "{lost} rows lost though rows move to the front alone");
    }
}
