//! Budgets and tokens.

use std::time::Duration;

use async_trait::async_trait;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::engine::port::budget::{Budget, BudgetKey, Reservation};
use ccsync::engine::port::token::{RenewalLease, Token, TokenVault};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::MemoryStore;
use super::ledger::{LeaseRow, from_now};

/// A minute's moments are spread over a little more, so that one that leaves late meets none behind it.
const SPREAD: Duration = Duration::from_secs(61);
/// Moments further away are given to nobody.
const HORIZON: Duration = Duration::from_millis(100);

#[async_trait]
impl Budget for MemoryStore {
    async fn reserve(&self, key: &BudgetKey) -> Result<Reservation, Fault> {
        let now = self.clock.now();
        let mut state = self.state();
        let next = state.moments.entry(key.name.clone()).or_insert(now);
        let wait = (*next - now).to_std().unwrap_or_default();
        if HORIZON < wait {
            return Ok(Reservation::Later(wait - HORIZON));
        }
        *next = from_now((*next).max(now), SPREAD / key.per_minute.max(1));
        Ok(Reservation::Granted(wait))
    }

    async fn pause(&self, key: &BudgetKey, pause: Duration) -> Result<(), Fault> {
        let until = from_now(self.clock.now(), pause);
        let mut state = self.state();
        let next = state.moments.entry(key.name.clone()).or_insert(until);
        *next = until.max(*next);
        Ok(())
    }
}

fn renewal_lost(account: &str) -> Fault {
    Fault::new(FaultKind::LeaseLost, format!("the renewal of {account} was taken over"))
}

#[async_trait]
impl TokenVault for MemoryStore {
    async fn load(&self, account: &str) -> Result<Option<Token>, Fault> {
        Ok(self.state().tokens.get(account).cloned())
    }

    async fn begin_renewal(&self, account: &str, term: Duration) -> Result<Option<RenewalLease>, Fault> {
        let now = self.clock.now();
        let mut state = self.state();
        if state.renewals.get(account).is_some_and(|held| now < held.expires_at) {
            return Ok(None);
        }
        let fence = state.next_fence();
        let held = LeaseRow { worker: Uuid::nil(), fence, expires_at: from_now(now, term) };
        state.renewals.insert(account.to_owned(), held);
        Ok(Some(RenewalLease { account: account.to_owned(), fence }))
    }

    async fn finish_renewal(
        &self,
        lease: RenewalLease,
        secret: SecretString,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<Token, Fault> {
        let mut state = self.state();
        if state.renewals.get(&lease.account).is_none_or(|held| held.fence != lease.fence) {
            return Err(renewal_lost(&lease.account));
        }
        state.renewals.remove(&lease.account);
        let generation = state.tokens.get(&lease.account).map_or(0, |token| token.generation) + 1;
        let token = Token { secret, generation, obtained_at, expires_at };
        state.tokens.insert(lease.account, token.clone());
        Ok(token)
    }

    async fn abandon_renewal(&self, lease: RenewalLease) -> Result<(), Fault> {
        let mut state = self.state();
        if state.renewals.get(&lease.account).is_some_and(|held| held.fence == lease.fence) {
            state.renewals.remove(&lease.account);
        }
        Ok(())
    }
}
