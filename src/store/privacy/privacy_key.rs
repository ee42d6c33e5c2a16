//! `sync.privacy_key`: which keys tokens were made with.

use chrono::{DateTime, Utc};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::TokenKeys;
use crate::domain::row::text::counted;
use crate::store::answered::answered;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;

impl PgStore {
    /// Notes keys that are used for the first time. Without keys nothing is noted.
    ///
    /// # Errors
    /// `DatabaseRefused` where tokens were made with other keys, or with more; and other database faults.
    pub async fn note_privacy_keys(&self, keys: Option<&TokenKeys>, now: DateTime<Utc>) -> Result<(), Fault> {
        let Some(keys) = keys else { return Ok(()) };
        answered("comparing the keys of tokens", self.note_keys(&keys.marks(), now)).await
    }

    async fn note_keys(&self, marks: &[String], now: DateTime<Utc>) -> StoreResult<()> {
        let mut transaction = self.pool.begin().await?;
        let known: Vec<String> = sqlx::query_scalar("select mark from sync.privacy_key order by level")
            .fetch_all(&mut *transaction)
            .await?;
        if let Some(why) = mismatch(marks, &known) {
            let remedy = "give the file as it was, new keys at its end";
            let what = format!(
                "privacy.hmac_key_file: {why}, so tokens would not meet those in the tables; {remedy}"
            );
            return Err(StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, what).advising()));
        }
        if known.len() == marks.len() {
            return Ok(());
        }
        // Of two processes that begin with the same new key at once, one notes it.
        sqlx::query(
            r#"
            insert into sync.privacy_key (level, mark, first_used_at)
            select level, mark, $2 from unnest($1::text[]) with ordinality as k(mark, level)
            on conflict do nothing
            "#,
        )
        .bind(marks)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}

fn mismatch(given: &[String], known: &[String]) -> Option<String> {
    if given.len() < known.len() {
        return Some(format!(
            "it holds {}, and tokens were made with {}",
            counted(given.len(), "key"),
            known.len()
        ));
    }
    let other = given.iter().zip(known).position(|(given, known)| given != known);
    other.map(|index| format!("key {} is not the one tokens were made with", index + 1))
}
