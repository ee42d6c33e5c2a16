//! What failed in a pass, and whether that is reason enough to end it.

use std::collections::HashMap;

use crate::domain::fault::FaultKind;
use crate::engine::fault_policy::{Action, policy};
use crate::engine::port::store::Scope;
use crate::engine::reader::ScopeFailure;

/// Scopes that may fail one after another before the vendor is taken to be down.
pub(in crate::engine) const FAILURES_IN_A_ROW_MAX: u32 = 5;
/// Token fights in a row after which the pass ends: each costs the account a token.
const TOKEN_FIGHTS_MAX: u32 = 3;
/// Reads of one scope in a pass that may find their rules changed.
const OUTDATED_MAX: u32 = 3;

/// The failures of a pass.
#[derive(Default)]
pub(super) struct Setbacks {
    /// Not to be taken up again in this pass.
    given_up: HashMap<Scope, ScopeFailure>,
    /// To be taken up again in the next round.
    retry_later: HashMap<Scope, ScopeFailure>,
    in_a_row: u32,
    token_fights: u32,
    /// Times that a scope was read under rules that had changed by its commit.
    outdated: HashMap<Scope, u32>,
}

impl Setbacks {
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

    /// Notes that a scope failed. Answers whether the pass is to end. `is_silent`: the vendor has not answered once.
    pub(super) fn note(&mut self, scope: Scope, failure: ScopeFailure, is_silent: bool) -> bool {
        let in_a_row = self.count();
        let kind = failure.kind;
        self.token_fights = if kind == FaultKind::TokenContested { self.token_fights + 1 } else { 0 };
        let down = is_silent || TOKEN_FIGHTS_MAX <= self.token_fights || FAILURES_IN_A_ROW_MAX <= in_a_row;
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
