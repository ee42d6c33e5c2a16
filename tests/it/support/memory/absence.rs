//! When a row that a read lacks is gone. The one place.

use std::collections::BTreeSet;
use std::time::Duration;

use ccsync::domain::run::RunId;
use ccsync::domain::window::TimeWindow;
use chrono::{DateTime, Utc};

use super::Flaws;
use super::table::{Key, Table};

/// Fewer than this may always go at once.
const MASS_ROWS: usize = 20;
/// One in this many is the most that may go at once.
const MASS_SHARE: usize = 20;

/// A closed read, as far as absence goes.
pub struct Sweep<'a> {
    /// The keys it brought.
    pub seen: &'a BTreeSet<Key>,
    /// Absences as they were before it.
    pub noted: &'a BTreeSet<Key>,
    pub settle: Duration,
    pub now: DateTime<Utc>,
    pub run: RunId,
    pub flaws: Flaws,
}

/// A snapshot's closed read buries what it lacks.
pub fn sweep_snapshot(table: &mut Table, sweep: &Sweep<'_>) -> u64 {
    let absent: Vec<Key> = table.live(None).into_iter().filter(|key| !sweep.seen.contains(key)).collect();
    absent.iter().for_each(|key| table.bury(key, sweep.now, sweep.run));
    absent.len() as u64
}

/// A window's row is noted the first time, and buried when a later read, `settle` after the first, lacks it
/// too; unless very many would go at once.
pub fn sweep_window(table: &mut Table, window: TimeWindow, sweep: &Sweep<'_>) -> u64 {
    let live = table.live(Some(window));
    let absent: Vec<&Key> = live.iter().filter(|key| !sweep.seen.contains(*key)).collect();
    let settle = chrono::Duration::from_std(sweep.settle).unwrap();
    let mut due: Vec<&Key> = Vec::new();
    for key in absent {
        let since =
            sweep.noted.contains(key).then(|| table.absent.get(key)).flatten().map(|(since, _)| *since);
        match since {
            Some(since) if since + settle <= sweep.now => due.push(key),
            Some(_) => {}
            None if sweep.flaws.one_read_buries => due.push(key),
            None => {
                table.absent.entry(key.clone()).or_insert((sweep.now, window));
            }
        }
    }
    if MASS_ROWS <= due.len() && live.len() < due.len() * MASS_SHARE {
        return 0;
    }
    for key in &due {
        table.absent.remove(*key);
        table.bury(key, sweep.now, sweep.run);
    }
    due.len() as u64
}
