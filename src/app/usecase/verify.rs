//! The vendors read again and held against the tables; on request, what is damaged is read anew.

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::app::assembly::stream::Stream;
use crate::app::{App, StreamChoice};
use crate::domain::fault::Fault;
use crate::domain::proof::run::Trigger;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKind;
use crate::engine::pass::reader::{PassOrder, PassReport};
use crate::engine::port::store::{Scope, Store as _};
use crate::engine::verify::{Verification, VerifyOrder};

/// What verifying one stream showed, and what was done about it.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// What it showed.
    #[serde(flatten)]
    pub verification: Verification,
    /// What was done; `None` where nothing was asked for or nothing was damaged.
    pub repair: Option<Repair>,
}

impl Verified {
    /// What the last verification showed.
    pub fn last(&self) -> &Verification {
        self.repair.as_ref().map_or(&self.verification, |repair| &repair.after)
    }
}

/// Damaged windows read again.
#[derive(Debug, Serialize)]
pub struct Repair {
    /// One report for each window, or for the snapshot.
    pub passes: Vec<PassReport>,
    /// What a second verification of these windows showed.
    pub after: Verification,
}

impl App {
    /// Reads the vendors for the streams chosen (all where none is named; with a range only those that have
    /// windows) and compares. With `repair` set, reads what is damaged anew, by the vendor's word alone, and
    /// compares again.
    ///
    /// # Errors
    /// Database faults that kept it from even beginning.
    pub async fn verify(
        &self,
        chosen: &[StreamChoice],
        order: &VerifyOrder,
        repair: bool,
        stop: &CancellationToken,
    ) -> Result<Vec<Verified>, Fault> {
        self.confirm_accounts().await?;
        // The sources apply the list of forgotten persons that was read last.
        self.database.store.forgotten().await?;
        self.learn_time(self.chosen(chosen), stop).await;
        self.ask_vendors_for_time(self.chosen(chosen), stop).await;
        let all = chosen.is_empty();
        let is_asked = |stream: &&Stream| {
            let is_snapshot = stream.reader.key.stream.kind() == StreamKind::Snapshot;
            !(all && is_snapshot && order.range.is_some())
        };
        let streams = self.chosen(chosen).filter(is_asked);
        let verified = streams.map(|stream| self.verify_stream(stream, order, repair, stop));
        let verified: Result<Vec<Verified>, Fault> =
            futures::future::join_all(verified).await.into_iter().collect();
        let mut verified = verified?;
        if verified.iter().any(|one| !one.last().agrees()) {
            self.add_refusal(&mut verified).await;
        }
        Ok(verified)
    }

    /// Names what has to be mended before any other remedy helps. What may not be looked at refuses nothing.
    async fn add_refusal(&self, verified: &mut [Verified]) {
        let Ok(Some(fault)) = self.database.store.catalogue_look().await else { return };
        let first_remedy = format!("first of all, since a pass is refused meanwhile: {}", fault.chain());
        for one in verified {
            let last = one.repair.as_mut().map_or(&mut one.verification, |repair| &mut repair.after);
            if !last.remedies.is_empty() {
                last.remedies.insert(0, first_remedy.clone());
            }
        }
    }

    async fn verify_stream(
        &self,
        stream: &Stream,
        order: &VerifyOrder,
        repair: bool,
        stop: &CancellationToken,
    ) -> Result<Verified, Fault> {
        let store = &self.database.store;
        let verification = stream.reader.verify(store, order, stop).await?;
        if !repair || verification.agrees() {
            return Ok(Verified { verification, repair: None });
        }
        let mut scopes = verification.damaged();
        scopes.extend(verification.unread.iter().copied().map(Scope::Window));
        let mut passes = Vec::new();
        for scope in &scopes {
            let range = match scope {
                Scope::Window(window) => Some(*window),
                Scope::Snapshot => None,
            };
            passes.push(self.reread(stream, range, stop).await?);
        }
        let order = VerifyOrder { scopes: Some(verification.damaged()), ..VerifyOrder::default() };
        let after = stream.reader.verify(store, &order, stop).await?;
        Ok(Verified { verification, repair: Some(Repair { passes, after }) })
    }

    async fn reread(
        &self,
        stream: &Stream,
        range: Option<TimeWindow>,
        stop: &CancellationToken,
    ) -> Result<PassReport, Fault> {
        let sync = PassOrder::sync(stream.reader.clock.now());
        let order = PassOrder { trigger: Trigger::Repair, range, ..sync };
        let reader = range.map_or_else(|| stream.reader.clone(), |range| stream.reader_from(range.start));
        reader.pass(&order, stop).await
    }
}
