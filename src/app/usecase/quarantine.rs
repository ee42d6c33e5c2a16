//! Quarantined records: looked at, read again with today's readers, dropped.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::app::App;
use crate::domain::fault::Fault;
use crate::domain::proof::quarantine::{QuarantineEntry, QuarantineFilter};
use crate::domain::proof::run::{Counts, RunId, RunOutcome, Trigger};
use crate::domain::row::record::Record;
use crate::domain::row::text::counted;
use crate::domain::stream::{StreamKey, StreamKind};
use crate::engine::port::store::{RunEnd, RunStart, Store as _};

/// What became of one entry that was to be read again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retried {
    /// Its number.
    pub id: i64,
    /// The stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// Its row is in the table, or a later version of it.
    pub retried: bool,
    /// What was written, where something was read.
    pub counts: Option<Counts>,
    /// Why not.
    pub reason: Option<String>,
}

impl App {
    /// The quarantined records.
    ///
    /// # Errors
    /// Database faults.
    pub async fn quarantined(&self, filter: &QuarantineFilter) -> Result<Vec<QuarantineEntry>, Fault> {
        self.database.store.quarantined(filter).await
    }

    /// Reads open entries again and stores what can be read now. No vendor is asked. Each stream gets a run
    /// of its own.
    ///
    /// # Errors
    /// Database faults. What was stored before stands.
    pub async fn quarantine_retry(&self, filter: &QuarantineFilter) -> Result<Vec<Retried>, Fault> {
        self.confirm_accounts().await?;
        let filter = QuarantineFilter { closed_too: false, payload: true, ..filter.clone() };
        let mut streams: BTreeMap<(String, _), Vec<QuarantineEntry>> = BTreeMap::new();
        for entry in self.database.store.quarantined(&filter).await? {
            streams.entry((entry.key.source.clone(), entry.key.stream)).or_default().push(entry);
        }
        let mut all = Vec::new();
        for mut entries in streams.into_values() {
            // Of several versions of one row the last one seen comes last, and stays.
            entries.sort_by_key(|entry| (entry.last_seen_at, entry.id));
            all.extend(self.retry_stream(&entries).await?);
        }
        all.sort_by_key(|retried| retried.id);
        Ok(all)
    }

    async fn retry_stream(&self, entries: &[QuarantineEntry]) -> Result<Vec<Retried>, Fault> {
        let Some(first) = entries.first() else { return Ok(Vec::new()) };
        let (store, key) = (&self.database.store, first.key.clone());
        let now = self.overrides.clock.now();
        let run = store
            .run_start(&RunStart { stream: key, trigger: Trigger::Retry, worker: Uuid::new_v4(), now })
            .await?;
        let mut all = Vec::new();
        for entry in entries {
            match self.retry_entry(entry, run).await {
                Ok(retried) => all.push(retried),
                Err(fault) => {
                    let now = self.overrides.clock.now();
                    let message = fault.chain();
                    let (outcome, message) = (RunOutcome::Failed, Some(message.as_str()));
                    // The database may be away for this as well; the run is then closed as interrupted later.
                    let _ = store.run_finish(run, &RunEnd { outcome, message, requests: 0, now }).await;
                    return Err(fault);
                }
            }
        }
        let done = all.iter().filter(|retried| retried.retried).count();
        let outcome = match done {
            _ if done == all.len() => RunOutcome::Succeeded,
            0 => RunOutcome::Failed,
            _ => RunOutcome::Partial,
        };
        let left = all.len() - done;
        let message =
            (left > 0).then(|| format!("{left} of {} still cannot be read", counted(all.len(), "record")));
        let (message, now) = (message.as_deref(), self.overrides.clock.now());
        store.run_finish(run, &RunEnd { outcome, message, requests: 0, now }).await?;
        Ok(all)
    }

    async fn retry_entry(&self, entry: &QuarantineEntry, run: RunId) -> Result<Retried, Fault> {
        let retried = |counts: Option<Counts>, reason: Option<String>| Retried {
            id: entry.id,
            key: entry.key.clone(),
            retried: counts.is_some(),
            counts,
            reason,
        };
        if entry.key.stream.kind() == StreamKind::Feed {
            let reason = "what a feed's message said is past: look at it, and drop it".to_owned();
            return Ok(retried(None, Some(reason)));
        }
        let Some(stream) = self.streams.iter().find(|stream| stream.reader.key == entry.key) else {
            let reason = format!("{} is not configured and enabled, so nothing here can read it", entry.key);
            return Ok(retried(None, Some(reason)));
        };
        let Record { rows, rejects, .. } =
            stream.reader.source.reread(entry.payload.as_deref().unwrap_or_default());
        if let Some(reject) = rejects.first() {
            self.database.store.still_unreadable(entry.id, &reject.reason).await?;
            return Ok(retried(None, Some(reject.reason.clone())));
        }
        let store = &self.database.store;
        let counts = store.commit_retried(entry, &rows, run, self.overrides.clock.now()).await?;
        let reason = counts.is_none().then(|| "another process dealt with it meanwhile".to_owned());
        Ok(retried(counts, reason))
    }

    /// Drops open entries for good, all or none; answers those that are not there or not open.
    ///
    /// # Errors
    /// Database faults.
    pub async fn quarantine_drop(&self, ids: &[i64], decision: &str) -> Result<Vec<i64>, Fault> {
        self.database.store.drop_quarantined(ids, decision, self.overrides.clock.now()).await
    }
}
