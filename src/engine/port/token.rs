//! The one live token of an account, shared by all workers.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::domain::fault::Fault;

/// A token and its number. Numbers only grow: a token refused under number 7 is old news once 8 is there.
#[derive(Debug, Clone)]
pub struct Token {
    /// What goes into the header.
    pub secret: SecretString,
    /// Counts the renewals of the account.
    pub generation: i64,
    /// When it was obtained.
    pub obtained_at: DateTime<Utc>,
    /// When the vendor ends it.
    pub expires_at: DateTime<Utc>,
}

/// Permission to renew the token of one account, held by one worker at a time, for a limited time.
#[derive(Debug, Clone)]
pub struct RenewalLease {
    /// The account.
    pub account: String,
    /// Fencing number of the lease.
    pub fence: i64,
}

/// Where tokens live. No connection is held between the calls, so none is held across a vendor call.
#[async_trait]
pub trait TokenVault: Send + Sync {
    /// The stored token of `account` (`sobot:<app_id>@<host>`), valid or not.
    ///
    /// # Errors
    /// Database faults.
    async fn load(&self, account: &str) -> Result<Option<Token>, Fault>;

    /// Takes the right to renew for at most `term`; `None` while another worker holds it. The caller then
    /// waits a little, loads again and finds either a newer token or a free lease.
    ///
    /// # Errors
    /// Database faults.
    async fn begin_renewal(&self, account: &str, term: Duration) -> Result<Option<RenewalLease>, Fault>;

    /// Stores the new token under the next generation and ends the lease. Answers the stored token; where
    /// the lease was lost meanwhile, nothing is stored and the fault is `LeaseLost`.
    ///
    /// # Errors
    /// `LeaseLost` and database faults.
    async fn finish_renewal(
        &self,
        lease: RenewalLease,
        secret: SecretString,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<Token, Fault>;

    /// Ends the lease without a new token.
    ///
    /// # Errors
    /// Database faults.
    async fn abandon_renewal(&self, lease: RenewalLease) -> Result<(), Fault>;
}
