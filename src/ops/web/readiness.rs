//! Readiness as a latch: each part that must come up holds one, and the process is ready when all were
//! dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Knows which parts are not ready yet. Clones share their latches.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    waiting: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

/// Holds readiness back until it is dropped.
#[derive(Debug)]
#[must_use = "a latch that is dropped at once holds nothing back"]
pub struct Latch {
    readiness: Readiness,
    part: &'static str,
}

impl Readiness {
    /// Nothing holds it back yet.
    pub fn new() -> Readiness {
        Readiness::default()
    }

    /// Holds readiness back for `part`. The same part may hold several latches.
    pub fn latch(&self, part: &'static str) -> Latch {
        *self.parts().entry(part).or_default() += 1;
        Latch { readiness: self.clone(), part }
    }

    /// The parts that are not ready, in alphabetical order.
    pub fn waiting_for(&self) -> Vec<&'static str> {
        self.parts().keys().copied().collect()
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<&'static str, usize>> {
        // Nothing can panic while it is held, so a poisoned one is as good as any.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        let mut parts = self.readiness.parts();
        if let Some(count) = parts.get_mut(self.part) {
            *count -= 1;
            if *count == 0 {
                parts.remove(self.part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_for_the_last_latch_of_each_part() {
        let readiness = Readiness::new();
        let (first, second) = (readiness.latch("streams"), readiness.latch("streams"));
        let database = readiness.latch("database");
        assert_eq!(readiness.waiting_for(), ["database", "streams"]);
        drop(first);
        drop(database);
        assert_eq!(readiness.waiting_for(), ["streams"]);
        drop(second);
        assert!(readiness.waiting_for().is_empty());
    }
}
