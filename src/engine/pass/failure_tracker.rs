//! What failed in a pass, and whether that is reason enough to end it.

use std::collections::HashMap;

use crate::domain::fault::FaultKind;
use crate::engine::pass::fault_policy::{Action, policy};
use crate::engine::pass::reader::ScopeFailure;
use crate::engine::port::store::Scope;

/// Scopes that may fail one after another before the vendor is taken to be down.
pub(in crate::engine) const FAILURES_IN_A_ROW_MAX: u32 = 5;
/// Token fights in a row after which the pass ends: each costs the account a token.
const TOKEN_FIGHTS_MAX: u32 = 3;
/// Reads of one scope in a pass that may find their rules changed.
const OUTDATED_MAX: u32 = 3;

/// The failures of a pass.
#[derive(Default)]
pub(super) struct FailureTracker {
    /// Not to be taken up again in this pass.
    given_up: HashMap<Scope, ScopeFailure>,
    /// To be taken up again in the next round.
    retry_later: HashMap<Scope, ScopeFailure>,
    in_a_row: u32,
    token_fights: u32,
    /// Grows with each trouble: what was begun before the last one has met the same.
    failures: u64,
    /// Times that a scope was read under rules that had changed by its commit.
    outdated: HashMap<Scope, u32>,
}

impl FailureTracker {
    /// A scope was committed.
    pub(super) fn are_over(&mut self) {
        self.in_a_row = 0;
        self.token_fights = 0;
    }

    /// Whether the last thing that ended has failed.
    pub(super) fn is_failing(&self) -> bool {
        0 < self.in_a_row
    }

    /// Counts a failure; answers how many there were in a row.
    pub(super) fn count(&mut self) -> u32 {
        self.in_a_row += 1;
        self.in_a_row
    }

    /// How many troubles there were so far.
    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// Notes that a scope failed that was begun after so many troubles: those that were under way side by side meet
    /// one trouble together, a token taken away say, and it counts once. Answers whether the pass is to end.
    /// `is_silent`: the vendor has not answered once.
    pub(super) fn note(
        &mut self,
        scope: Scope,
        failure: ScopeFailure,
        begun_after: u64,
        is_silent: bool,
    ) -> bool {
        let kind = failure.kind;
        if begun_after == self.failures {
            self.failures += 1;
            self.count();
            self.token_fights = if kind == FaultKind::TokenContested { self.token_fights + 1 } else { 0 };
        }
        let many = TOKEN_FIGHTS_MAX <= self.token_fights || FAILURES_IN_A_ROW_MAX <= self.in_a_row;
        let down = is_silent || many;
        let action = policy(kind).action;
        if !down && matches!(action, Action::RetryRequest | Action::RetryWindow) {
            self.retry_later.insert(scope, failure);
            return false;
        }
        self.given_up.insert(scope, failure);
        down || action == Action::StopStream
    }

    /// Whether the scope is not to be begun for now.
    pub(super) fn passes_over(&self, scope: Scope) -> bool {
        self.given_up.contains_key(&scope) || self.retry_later.contains_key(&scope)
    }

    /// Whether a part of a scope has failed in this round, so that the whole fails with it.
    pub(super) fn fails_with(&mut self, whole: Scope, part: Scope) -> bool {
        if let Some(failure) = self.retry_later.get(&part).cloned() {
            self.retry_later.insert(whole, failure);
            return true;
        }
        let failure = self.given_up.get(&part).cloned();
        failure.map(|failure| self.given_up.insert(whole, failure)).is_some()
    }

    /// Whether a further round could mend something.
    pub(super) fn has_second_chances(&self) -> bool {
        !self.retry_later.is_empty()
    }

    /// What failed may be begun again.
    pub(super) fn begin_round(&mut self) {
        self.retry_later.clear();
    }

    /// Rules change once in a while. Where they have changed at every commit, two workers follow different ones.
    pub(super) fn outdated_again(&mut self, scope: Scope, kind: FaultKind) -> bool {
        if kind != FaultKind::Outdated {
            return false;
        }
        let times = self.outdated.entry(scope).or_default();
        *times += 1;
        OUTDATED_MAX < *times
    }

    /// All of them, by scope.
    pub(super) fn into_failures(self) -> Vec<ScopeFailure> {
        let mut failures: Vec<_> =
            self.given_up.into_values().chain(self.retry_later.into_values()).collect();
        failures.sort_by(|a, b| a.scope.cmp(&b.scope));
        failures
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::proof::window::TimeWindow;

    fn fails(failure_tracker: &mut FailureTracker, number: i64, begun_after: u64) -> bool {
        let at = |hour: i64| DateTime::from_timestamp(hour * 3600, 0).unwrap();
        let scope = Scope::Window(TimeWindow::new(at(number), at(number + 1)).unwrap());
        let (kind, advises) = (FaultKind::TokenContested, false);
        let failure = ScopeFailure { scope: number.to_string(), kind, message: String::new(), advises };
        failure_tracker.note(scope, failure, begun_after, false)
    }

    #[test]
    fn windows_that_fail_side_by_side_are_one_trouble_and_are_read_again() {
        let mut failure_tracker = FailureTracker::default();
        for number in 0..8 {
            assert!(!fails(&mut failure_tracker, number, 0), "all were begun before the first failed");
        }
        assert_eq!(failure_tracker.failures(), 1);
        assert!(failure_tracker.has_second_chances());
    }

    #[test]
    fn windows_that_fail_one_after_another_end_the_pass() {
        let mut failure_tracker = FailureTracker::default();
        let ends: Vec<bool> =
            (0..3).map(|number| fails(&mut failure_tracker, number, number as u64)).collect();
        assert_eq!(ends, [false, false, true], "three tokens were lost");
        assert_eq!(failure_tracker.into_failures().len(), 3);
    }
}
