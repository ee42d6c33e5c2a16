//! Token and budget for `check` on a database that has no schema yet: kept in memory, for one request a stream.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::domain::fault::{Fault, FaultKind};
use crate::engine::port::budget::{Budget, BudgetKey, Reservation};
use crate::engine::port::token::{RenewalLease, Token, TokenVault};

/// Tokens for as long as the process lives.
#[derive(Default)]
pub(in crate::app) struct TransientVault {
    tokens: Mutex<HashMap<String, Token>>,
}

impl TransientVault {
    fn tokens(&self) -> Result<std::sync::MutexGuard<'_, HashMap<String, Token>>, Fault> {
        self.tokens.lock().map_err(|_| Fault::new(FaultKind::Cancelled, "the check was interrupted"))
    }
}

#[async_trait]
impl TokenVault for TransientVault {
    async fn load(&self, account: &str) -> Result<Option<Token>, Fault> {
        Ok(self.tokens()?.get(account).cloned())
    }

    async fn begin_renewal(&self, account: &str, _: Duration) -> Result<Option<RenewalLease>, Fault> {
        Ok(Some(RenewalLease { account: account.to_owned(), fence: 1 }))
    }

    async fn finish_renewal(
        &self,
        lease: RenewalLease,
        secret: SecretString,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<Token, Fault> {
        let mut tokens = self.tokens()?;
        let generation = tokens.get(&lease.account).map_or(1, |token| token.generation + 1);
        let token = Token { secret, generation, obtained_at, expires_at };
        tokens.insert(lease.account, token.clone());
        Ok(token)
    }

    async fn abandon_renewal(&self, _: RenewalLease) -> Result<(), Fault> {
        Ok(())
    }
}

/// No limit: a check sends one request a stream.
pub(in crate::app) struct NoBudget;

#[async_trait]
impl Budget for NoBudget {
    async fn reserve(&self, _: &BudgetKey) -> Result<Reservation, Fault> {
        Ok(Reservation::Granted(Duration::ZERO))
    }

    async fn pause(&self, _: &BudgetKey, _: Duration) -> Result<(), Fault> {
        Ok(())
    }
}
