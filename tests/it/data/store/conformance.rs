//! What every store promises, whoever keeps it: the same scenarios on PostgreSQL and on the model in memory.
//!
//! A scenario is a function over [`Ground`]; the list at the end makes it two tests.

mod absence;
mod commit;
mod differential;
mod drift;
mod lease;
mod picture;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ccsync::domain::proof::run::Counts;
use ccsync::domain::row::record::Row;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::budget::Budget;
use ccsync::engine::port::clock::Clock;
use ccsync::engine::port::store::{Commit, Lease, Scope, Store};
use ccsync::engine::port::token::TokenVault;
use chrono::{DateTime, Duration, Utc};

use self::picture::{Line, Picture};
use crate::data::store::support::*;
use crate::support::counted::assert_rows_are_counted;
use crate::support::memory::MemoryStore;

/// A store, with ways to look behind it.
#[async_trait]
pub trait Ground: Send + Sync {
    fn store(&self) -> &dyn Store;
    fn budget(&self) -> &dyn Budget;
    fn vault(&self) -> &dyn TokenVault;
    /// All that is stored.
    async fn picture(&self) -> Picture;
    /// Lets the term of every lease pass.
    async fn expire_leases(&self);
}

#[async_trait]
impl Ground for Fresh {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn budget(&self) -> &dyn Budget {
        &self.store
    }

    fn vault(&self) -> &dyn TokenVault {
        &self.store
    }

    async fn picture(&self) -> Picture {
        assert_rows_are_counted(&self.db).await;
        Picture::of_postgres(&self.db).await
    }

    async fn expire_leases(&self) {
        sqlx::query("update sync.lease set expires_at = now() - interval '1 second'")
            .execute(&self.db)
            .await
            .unwrap();
    }
}

/// A clock that stands until it is moved.
struct StillClock(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let mut now = self.0.lock().unwrap();
        *now = until.max(*now);
    }
}

/// The model.
struct Memory {
    store: MemoryStore,
    clock: Arc<StillClock>,
}

impl Memory {
    fn new() -> Memory {
        let clock = Arc::new(StillClock(Mutex::new(at(0))));
        Memory { store: MemoryStore::new(clock.clone()), clock }
    }
}

#[async_trait]
impl Ground for Memory {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn budget(&self) -> &dyn Budget {
        &self.store
    }

    fn vault(&self) -> &dyn TokenVault {
        &self.store
    }

    async fn picture(&self) -> Picture {
        Picture::of_memory(&self.store.state())
    }

    async fn expire_leases(&self) {
        self.clock.sleep(std::time::Duration::from_secs(3600)).await;
    }
}

impl dyn Ground + '_ {
    async fn lease(&self, stream: &StreamKey, scope: Scope) -> Lease {
        take_lease(self.store(), stream, scope).await
    }

    async fn commit(&self, stream: &StreamKey, scope: Scope, rows: Vec<Row>, now: i64) -> Commit {
        closed_read(self.store(), stream, scope, rows, now).await
    }

    async fn read(&self, stream: &StreamKey, scope: Scope, rows: Vec<Row>, now: i64) -> Counts {
        let commit = self.commit(stream, scope, rows, now).await;
        self.store().commit(commit).await.unwrap()
    }

    /// The stored version of a call.
    async fn call(&self, id: &str) -> Option<Line> {
        let key = format!("{id}/agent");
        self.picture().await.rows.into_iter().find(|line| line.key == key)
    }

    /// Live rows, history, absences.
    async fn sizes(&self) -> (usize, usize, usize) {
        let picture = self.picture().await;
        let live = picture.rows.iter().filter(|line| line.deleted_at.is_none()).count();
        (live, picture.history.len(), picture.absences.len())
    }
}

fn hours(hours: i64) -> Duration {
    Duration::hours(hours)
}

macro_rules! conformance {
    ($($room:ident: $($scenario:ident),+;)+) => {
        mod on_postgresql {
            $($(#[tokio::test]
            async fn $scenario() {
                super::$room::$scenario(&super::fresh_store().await).await;
            })+)+
        }

        mod in_memory {
            $($(#[tokio::test]
            async fn $scenario() {
                super::$room::$scenario(&super::Memory::new()).await;
            })+)+
        }
    };
}

conformance! {
    commit:
        a_first_commit_writes_rows_checkpoint_and_counts_and_ends_the_lease,
        the_digest_in_the_ledger_is_the_one_of_the_certificate,
        a_neighbouring_window_that_shares_rows_leaves_them_to_their_owner,
        a_changed_row_becomes_revision_two_and_its_first_version_goes_to_the_history,
        a_commit_that_comes_late_does_not_turn_time_back,
        an_older_version_does_not_replace_a_later_one,
        of_two_equal_keys_in_one_read_the_later_version_wins_and_the_other_is_counted,
        two_sources_share_a_table_and_not_their_rows,
        a_window_whose_end_is_too_young_stays_open,
        a_failure_changes_no_earlier_checkpoint_and_the_next_commit_clears_it,
        a_window_that_was_never_read_is_failed_and_then_complete,
        windows_of_another_length_replace_those_they_overlap_and_lose_no_row,
        a_row_is_missed_though_its_window_was_split_twice_or_in_doubt,
        a_record_that_cannot_be_read_is_kept_once_counted_and_resolved_when_it_is_gone;
    absence:
        a_row_missing_from_two_reads_far_enough_apart_is_marked_deleted,
        a_row_that_comes_back_is_revived_and_the_history_keeps_its_absence,
        a_row_seen_again_is_absent_no_more_and_the_count_begins_anew,
        a_row_is_not_marked_deleted_while_a_later_window_that_may_hold_it_was_not_read_since,
        a_row_that_moved_to_another_window_is_owned_there_and_not_deleted,
        a_doubtful_read_and_one_with_rejects_delete_nothing,
        when_too_much_of_a_window_vanishes_at_once_nothing_is_marked_deleted,
        what_a_closed_snapshot_does_not_contain_is_marked_deleted_at_once_in_each_table,
        members_of_groups_that_came_without_their_lists_are_deleted_after_a_second_read_alone,
        rows_of_pseudonyms_that_no_read_brings_any_more_are_no_mass_absence;
    drift:
        a_departure_is_recorded_by_the_commit_that_shows_it_first_and_never_written_again,
        each_stream_of_each_source_has_its_own_departures,
        beyond_two_hundred_departures_of_a_stream_one_entry_stands_for_the_rest,
        a_commit_whose_lease_was_lost_records_no_departure;
    lease:
        a_commit_whose_lease_ended_or_was_taken_over_writes_nothing,
        a_lease_is_given_to_one_worker_at_a_time,
        of_several_scopes_the_first_that_nobody_holds_is_leased,
        a_lease_that_ended_and_that_nobody_took_over_can_be_renewed,
        a_pause_holds_everybody_and_a_shorter_one_does_not_end_it,
        a_process_that_dies_while_it_waits_leaves_no_debt,
        a_renewal_that_was_taken_over_stores_nothing;
}
