//! What the fetchers of one pass know together of the vendor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// Whether the vendor is there, and serves us. Clones know the same.
#[derive(Debug, Clone, Default)]
pub struct VendorHealth(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    answered: AtomicBool,
    served: watch::Sender<bool>,
}

impl VendorHealth {
    /// The vendor itself has answered, if only with an error.
    pub fn note_answer(&self) {
        self.0.answered.store(true, Ordering::Relaxed);
    }

    /// Whether it has answered at all.
    pub fn has_answered(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    /// The vendor has given a page: it is up, and accepts our key.
    pub fn note_page(&self) {
        self.note_answer();
        self.0.served.send_if_modified(|served| !std::mem::replace(served, true));
    }

    /// Whether it has given a page.
    pub fn has_served(&self) -> bool {
        *self.0.served.borrow()
    }

    /// Waits until it has.
    pub async fn served(&self) {
        // The sender lives as long as `self`, so that this cannot fail.
        let _ = self.0.served.subscribe().wait_for(|served| *served).await;
    }
}
