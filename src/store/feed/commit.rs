//! Events of a feed, in one transaction: leases, cursor, stays, gaps, announcements, popups, quarantine, run
//! counts. An event that the cursor has passed changes nothing.

use std::collections::BTreeSet;

use sqlx::{Executor as _, PgConnection};

use crate::domain::person::forgotten::ErasureList;
use crate::domain::proof::run::Counts;
use crate::domain::row::record::Reject;
use crate::domain::vendor::drift::SchemaDrift;
use crate::domain::vendor::feed::{CallPopup, FeedEvent, FeedEventKind, FeedMessage};
use crate::engine::feed::timeline::Change;
use crate::engine::port::feed_store::{FeedCommit, FeedOutcome};
use crate::store::commit::row_count::{RowCountChange, row_count_add_in_txn};
use crate::store::commit::transaction::TRANSACTION;
use crate::store::fault::StoreResult;
use crate::store::feed::lease::leases_missing_in_txn;
use crate::store::feed::popup::popups_merge_in_txn;
use crate::store::feed::row::{
    Intervals, announcements_insert_in_txn, gaps_write_in_txn, stays_write_in_txn,
};
use crate::store::feed::session::{timelines_in_txn, timelines_save_in_txn};
use crate::store::ledger::quarantine::{SetAside, quarantine_upsert_in_txn};
use crate::store::ledger::run::run_add_in_txn;
use crate::store::ledger::schema_drift::{Found, drifts_insert_in_txn};
use crate::store::privacy::forgotten::list_fetch_in_txn;

/// What new events bring to the tables.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    pub(super) intervals: Intervals,
    pub(super) announcements: Vec<&'a FeedEvent>,
    pub(super) popups: Vec<(&'a FeedEvent, &'a CallPopup)>,
    pub(super) rejects: Vec<Reject>,
    pub(super) drifts: Vec<SchemaDrift>,
    counts: Counts,
}

/// Stores the events; everything else of the transaction is the caller's.
///
/// What was read, or lay on a disk, under an older list of forgotten persons is cleaned here.
pub(super) async fn store_events(
    connection: &mut PgConnection,
    commit: &FeedCommit,
    erasures: &ErasureList,
) -> StoreResult<(FeedOutcome, Vec<SchemaDrift>)> {
    connection.execute(sqlx::raw_sql(TRANSACTION)).await?;
    let source = commit.key.source.as_str();
    let agents: BTreeSet<&str> = commit.events.iter().map(|event| event.extno.as_str()).collect();
    let missing = leases_missing_in_txn(connection, &commit.key, &agents, &commit.fences).await?;
    if !missing.is_empty() {
        return Ok((FeedOutcome::NotHeld(missing), Vec::new()));
    }
    let list = list_fetch_in_txn(connection, &erasures.list()).await?;
    erasures.put(list.clone());
    let cleaned: Vec<FeedEvent> = match list.is_empty() {
        true => Vec::new(),
        false => commit.events.iter().map(|event| list.event(source, event.clone())).collect(),
    };
    let events = if list.is_empty() { &commit.events } else { cleaned.as_slice() };
    let mut timelines = timelines_in_txn(connection, source, &agents).await?;
    let mut gathered = Gathered::default();
    for event in events {
        let mut changes = Vec::new();
        let Some(timeline) = timelines.get_mut(&event.extno) else { continue };
        timeline.database_wait = commit.database_wait;
        if timeline.apply(event, &mut changes) {
            gathered.add(event, changes);
        }
    }
    let Gathered { intervals, announcements, popups, rejects, drifts, mut counts } = gathered;
    timelines_save_in_txn(connection, source, &timelines).await?;
    let stays = stays_write_in_txn(connection, commit, &intervals).await?;
    counts += stays;
    counts += gaps_write_in_txn(connection, commit, &intervals).await?;
    let announced = announcements_insert_in_txn(connection, commit, &announcements).await?;
    counts.inserted += announced;
    let popups = popups_merge_in_txn(connection, commit, popups).await?;
    counts += popups;
    let mut rows = RowCountChange::default();
    rows.add(&commit.key, "workbench.agent_status", stays.inserted, 0);
    rows.add(&commit.key, "workbench.announcement", announced, 0);
    rows.add(&commit.key, "workbench.call_popup", popups.inserted, 0);
    let (run, now) = (commit.run, commit.now);
    let aside = SetAside { stream: &commit.key, bounds: None, rejects: &rejects, run, now };
    counts.quarantined += quarantine_upsert_in_txn(connection, &aside).await?;
    let found = Found { key: &commit.key, drifts: &drifts, window: None, run, now };
    let recorded = drifts_insert_in_txn(connection, &found).await?;
    row_count_add_in_txn(connection, &rows).await?;
    run_add_in_txn(connection, commit.run, &counts, None).await?;
    Ok((FeedOutcome::Stored(counts), recorded))
}

impl<'a> Gathered<'a> {
    fn add(&mut self, event: &'a FeedEvent, changes: Vec<Change>) {
        let FeedEventKind::Message(message) = &event.kind else {
            self.intervals.add(&event.extno, changes);
            return;
        };
        self.counts.rows_read += 1;
        let (message, drifts) = message.content();
        self.drifts.extend(drifts.iter().cloned());
        match message {
            FeedMessage::Notice(_) if changes.is_empty() => self.counts.unchanged += 1,
            FeedMessage::Notice(_) => {}
            FeedMessage::Announcement(_) => self.announcements.push(event),
            FeedMessage::Popup(popup) => self.popups.push((event, popup)),
            FeedMessage::Reject { reject, .. } => self.rejects.push(reject.clone()),
            // Nothing is altered twice.
            FeedMessage::Altered { .. } => {}
        }
        self.intervals.add(&event.extno, changes);
    }
}
