//! Why nothing is read, or nothing of a source: what a start refuses, and names that got another meaning since.

use std::sync::PoisonError;

use crate::app::App;
use crate::app::usecase::source::configured;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::source::AccountRefusal;
use crate::engine::pass::fault_policy::log_failure;
use crate::report::alert::{AlertKind, Refusal};
use crate::report::phrase::{alert, remedy};

impl App {
    /// As last looked at.
    pub(in crate::app) fn refusals(&self) -> Vec<Refusal> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks which of this process's sources have got another meaning, and logs each once. A database that does not answer
    /// is logged by whoever watches it.
    pub(in crate::app) async fn note_lost_sources(&self) {
        let Ok(lost) = self.database.store.lost_claims().await else { return };
        let (known, now) = (self.refusals(), self.overrides.clock.now());
        let mut refusals = Vec::new();
        for AccountRefusal { source, message } in lost {
            let before = known.iter().find(|refusal| refusal.source.as_ref() == Some(&source));
            if before.is_none() {
                let fault = Fault::new(FaultKind::SourceRefused, &message).advising();
                log_failure(&format!("reading {source}"), &fault);
            }
            let since = before.map_or(Some(now), |before| before.since);
            let remedy = alert::SOURCE_CHANGED_REMEDY;
            refusals.push(Refusal {
                kind: AlertKind::SourceRefused,
                source: Some(source),
                since,
                message,
                remedy,
            });
        }
        *self.refusals.lock().unwrap_or_else(PoisonError::into_inner) = refusals;
    }

    /// Looks at everything for which a pass that begins now would be refused. What may not be looked at refuses nothing.
    pub(in crate::app) async fn note_refusals(&self) {
        self.note_lost_sources().await;
        let mut refusals = self.refusals();
        if let Ok(Some(fault)) = self.database.store.catalogue_look().await {
            refusals.push(Refusal {
                kind: AlertKind::DatabaseRefused,
                source: None,
                since: None,
                message: fault.chain(),
                remedy: remedy::DATABASE_REFUSED,
            });
        }
        let accounts = self.database.store.claim_sources(&configured(&self.settings), false).await;
        for AccountRefusal { source, message } in accounts.unwrap_or_default() {
            if !refusals.iter().any(|refusal| refusal.source.as_ref() == Some(&source)) {
                refusals.push(Refusal {
                    kind: AlertKind::SourceRefused,
                    source: Some(source),
                    since: None,
                    message,
                    remedy: remedy::SOURCE_REFUSED,
                });
            }
        }
        *self.refusals.lock().unwrap_or_else(PoisonError::into_inner) = refusals;
    }
}
