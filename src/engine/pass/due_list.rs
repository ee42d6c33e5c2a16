//! What is due in a pass, as the whole ledger was last asked.
//!
//! To plan takes as long as the ledger is large, and each window would pay for it. So a plan serves for a while, which grows
//! with what it took, and each scope is held against its own part of the ledger before it is read.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::engine::pass::reader::{DueScope, UnverifiedScope};
use crate::engine::port::store::Scope;

/// A plan serves for so many times what it took to make: planning takes a twentieth of a pass at most.
const SERVES: u32 = 20;

/// Scopes in a row that turned out to be read by others, after which the ledger is asked whole.
const PASSED_MAX: u32 = 8;

/// So often a scope may turn out not to be due before it is taken for one that no pass agrees on.
const DISPUTED: u32 = 5;

/// Where a scope that ended is looked for: those at hand stand near the front.
const NEAR: usize = 1_024;

/// Most urgent first.
#[derive(Default)]
pub(super) struct DueList {
    due: VecDeque<DueScope>,
    plan: Option<Plan>,
    /// In a row.
    passed: u32,
    /// How often each turned out not to be due.
    not_due: HashMap<Scope, u32>,
}

struct Plan {
    /// When it was made, and how long that took.
    made: (Duration, Duration),
    unverified: Vec<UnverifiedScope>,
    is_contradicted: bool,
    /// Nothing that the pass did has changed the ledger since.
    is_fresh: bool,
}

impl DueList {
    /// Takes a plan that was begun and ended at these instants.
    pub(super) fn replace(
        &mut self,
        due: Vec<DueScope>,
        (began, ended): (Duration, Duration),
        unverified: Vec<UnverifiedScope>,
        is_contradicted: bool,
    ) {
        let made = (ended, ended.saturating_sub(began));
        self.due = due.into();
        self.plan = Some(Plan { made, unverified, is_contradicted, is_fresh: true });
        self.passed = 0;
    }

    /// The plan says nothing any more.
    pub(super) fn forget(&mut self) {
        self.due.clear();
        self.plan = None;
    }

    /// Whether there is a plan that still serves.
    pub(super) fn serves(&self, now: Duration) -> bool {
        let serves = |plan: &Plan| now < plan.made.0 + plan.made.1 * SERVES;
        self.passed < PASSED_MAX && self.plan.as_ref().is_some_and(serves)
    }

    /// A scope was read, failed or was given back.
    pub(super) fn settle(&mut self, scope: Scope) {
        self.remove(scope);
        if let Some(plan) = self.plan.as_mut() {
            plan.is_fresh = false;
        }
    }

    /// A scope was not due any more when it was its turn.
    pub(super) fn pass(&mut self, scope: Scope) {
        self.settle(scope);
        self.passed += 1;
        *self.not_due.entry(scope).or_default() += 1;
    }

    /// Whether it is left to the next pass: each plan says that it is due, and its part of the ledger that it is not.
    pub(super) fn is_in_dispute(&self, scope: Scope) -> bool {
        self.not_due.get(&scope).is_some_and(|times| DISPUTED <= *times)
    }

    /// A scope was begun.
    pub(super) fn begin(&mut self) {
        self.passed = 0;
    }

    fn remove(&mut self, scope: Scope) {
        if let Some(place) = self.due.iter().take(NEAR).position(|due| due.scope == scope) {
            self.due.remove(place);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &DueScope> {
        self.due.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether the vendor's total contradicted the last read of any window.
    pub(super) fn is_contradicted(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.is_contradicted)
    }

    /// What nothing confirms, where that was asked since the pass did anything.
    pub(super) fn fresh_unverified(&self) -> Option<&[UnverifiedScope]> {
        self.plan.as_ref().filter(|plan| plan.is_fresh).map(|plan| plan.unverified.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::read::Before;

    fn due() -> DueScope {
        let scope = Scope::Snapshot;
        DueScope { scope, ask: None, planned: None, before: Before::default(), depth: None, whole: false }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_plan_serves_as_long_as_what_it_took_is_little_of_the_time() {
        let mut list = DueList::default();
        assert!(!list.serves(seconds(0)));
        list.replace(vec![due()], (seconds(10), seconds(11)), Vec::new(), true);
        assert!(list.serves(seconds(30)) && !list.serves(seconds(31)));
        assert!(list.is_contradicted() && list.fresh_unverified().is_some());
        list.settle(Scope::Snapshot);
        assert!(list.serves(seconds(30)) && list.fresh_unverified().is_none() && list.len() == 0);
        list.forget();
        assert!(!list.serves(seconds(12)));
    }

    #[test]
    fn a_plan_that_others_overtook_serves_no_more_and_what_it_alone_finds_due_is_left() {
        let mut list = DueList::default();
        for times in 1..=PASSED_MAX {
            assert_eq!(list.is_in_dispute(Scope::Snapshot), DISPUTED < times, "{times}");
            if list.passed == 0 {
                list.replace(vec![due()], (seconds(0), seconds(9)), Vec::new(), false);
            }
            list.pass(Scope::Snapshot);
        }
        assert!(!list.serves(seconds(9)));
        list.begin();
        assert!(list.serves(seconds(9)));
    }
}
