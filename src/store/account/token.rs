//! `sync.token`: the one live token of each account.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::domain::fault::Fault;
use crate::engine::port::token::{RenewalLease, Token, TokenVault};
use crate::store::answered::answered;
use crate::store::fault::{StoreError, StoreResult, lease_lost};
use crate::store::ledger::lease::{lease_end_in_txn, lease_release, lease_take};
use crate::store::pool::PgStore;

fn lease_of(account: &str) -> String {
    format!("token/{account}")
}

#[async_trait]
impl TokenVault for PgStore {
    async fn load(&self, account: &str) -> Result<Option<Token>, Fault> {
        let stored = sqlx::query_as(
            "select secret, generation, obtained_at, expires_at from sync.token where account = $1",
        )
        .bind(account)
        .fetch_optional(&self.pool);
        let stored: Option<(String, i64, DateTime<Utc>, DateTime<Utc>)> =
            answered(&format!("loading the token of {account}"), stored).await?;
        Ok(stored.map(|(secret, generation, obtained_at, expires_at)| Token {
            secret: SecretString::from(secret),
            generation,
            obtained_at,
            expires_at,
        }))
    }

    async fn begin_renewal(&self, account: &str, term: Duration) -> Result<Option<RenewalLease>, Fault> {
        let fence = answered(
            &format!("taking the right to renew the token of {account}"),
            lease_take(&self.pool, &lease_of(account), Uuid::new_v4(), term, None),
        )
        .await?;
        Ok(fence.map(|fence| RenewalLease { account: account.to_owned(), fence }))
    }

    async fn finish_renewal(
        &self,
        lease: RenewalLease,
        secret: SecretString,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<Token, Fault> {
        let generation = answered(
            &format!("storing the token of {}", lease.account),
            self.token_store(&lease, &secret, obtained_at, expires_at),
        )
        .await?;
        Ok(Token { secret, generation, obtained_at, expires_at })
    }

    async fn abandon_renewal(&self, lease: RenewalLease) -> Result<(), Fault> {
        let doing = format!("giving up the right to renew the token of {}", lease.account);
        answered(&doing, lease_release(&self.pool, &lease_of(&lease.account), lease.fence)).await
    }
}

impl PgStore {
    /// Stores the token if the lease is still the caller's. One whose term has passed but that nobody took
    /// over is: no other token was fetched meanwhile, and this one made the earlier ones invalid.
    async fn token_store(
        &self,
        lease: &RenewalLease,
        secret: &SecretString,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> StoreResult<i64> {
        let name = lease_of(&lease.account);
        let mut transaction = self.pool.begin().await?;
        if !lease_end_in_txn(&mut transaction, &name, lease.fence).await? {
            return Err(StoreError::Fault(lease_lost(&name)));
        }
        let generation = sqlx::query_scalar(
            r#"
            insert into sync.token as t (account, secret, generation, obtained_at, expires_at)
            values ($1, $2, 1, $3, $4)
            on conflict (account) do update
            set secret = excluded.secret, generation = t.generation + 1, obtained_at = excluded.obtained_at,
                expires_at = excluded.expires_at
            returning generation
            "#,
        )
        .bind(&lease.account)
        .bind(secret.expose_secret())
        .bind(obtained_at)
        .bind(expires_at)
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(generation)
    }
}
