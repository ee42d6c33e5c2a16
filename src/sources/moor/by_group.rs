//! Claim states asked for group by group. Whether queueQueueAgentClaimStatus may be called with neither
//! `exten` nor `displayName` is not said (`docs/vendors.md#7moor-lists`): where an account refuses that, each group
//! is a page of its own, in the order in which queueQueue lists them.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Duration, Utc};
use tokio::sync::Mutex;

/// A walk begins with the list of groups; the repeated first page of one walk does not fetch it anew.
const LIST_AGE_MAX: Duration = Duration::seconds(60);

/// What a walk group by group remembers between its pages.
#[derive(Debug, Default)]
pub(super) struct ByGroup {
    /// The account refused to be asked for all groups at once.
    needed: AtomicBool,
    list: Mutex<Option<GroupList>>,
}

#[derive(Debug)]
struct GroupList {
    taken_at: DateTime<Utc>,
    extens: Vec<String>,
}

impl ByGroup {
    pub(super) fn is_needed(&self) -> bool {
        self.needed.load(Ordering::Relaxed)
    }

    pub(super) fn need(&self) {
        self.needed.store(true, Ordering::Relaxed);
    }

    /// The groups of this walk, where they are known and young enough for its first page.
    pub(super) async fn known(&self, page_no: u32, now: DateTime<Utc>) -> Option<Vec<String>> {
        let list = self.list.lock().await;
        let list = list.as_ref()?;
        (1 < page_no || now - list.taken_at < LIST_AGE_MAX).then(|| list.extens.clone())
    }

    pub(super) async fn remember(&self, extens: &[String], now: DateTime<Utc>) {
        *self.list.lock().await = Some(GroupList { taken_at: now, extens: extens.to_vec() });
    }

    /// A group that was listed is not there any more: the next walk begins with a new list.
    pub(super) async fn forget(&self) {
        *self.list.lock().await = None;
    }
}
