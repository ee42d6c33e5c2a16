//! Pages that came before a kill or a restart: the walk goes on behind them.
//!
//! A kept walk is taken up under its own beginning and its own bounds, and is judged as one walk: totals must
//! still agree. It is no older than a few minutes, or the vendor's rows would have moved too far.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::proof::window::TimeWindow;
use crate::domain::vendor::page::{Page, PageRequest};
use crate::engine::port::page_log::{PageLog, WalkMark};
use crate::engine::port::store::Lease;
use crate::telemetry::event;

/// A walk that began longer ago is not taken up again.
const RESUME_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// The pages of one read, kept as they come.
pub struct ResumableWalk<'a> {
    log: &'a dyn PageLog,
    lease: Lease,
    mark: WalkMark,
    threshold: Duration,
    kept: HashMap<(u32, u32), Page>,
}

impl<'a> ResumableWalk<'a> {
    /// The read of a scope: a new one, or the one that ended before its commit. Pages that took less than
    /// `threshold` to get are not kept. A log that cannot be read is no log.
    pub async fn open(
        log: &'a dyn PageLog,
        lease: &Lease,
        ask: Option<TimeWindow>,
        (now, threshold): (DateTime<Utc>, Duration),
        list: i64,
    ) -> ResumableWalk<'a> {
        let found = log.kept(lease).await.ok().flatten();
        let fresh =
            |mark: &WalkMark| now - RESUME_WITHIN <= mark.began && mark.began <= now && mark.list == list;
        let (mark, kept) = match found {
            Some(found) if fresh(&found.mark) => {
                event::WalkResumed { key: &lease.stream, pages: found.pages.len() }.emit();
                let pages = found.pages.into_iter().map(|(number, size, page)| ((number, size), page));
                (found.mark, pages.collect())
            }
            Some(stale) => {
                (WalkMark { began: now, ask, number: stale.mark.number + 1, list }, HashMap::new())
            }
            None => (WalkMark { began: now, ask, number: 1, list }, HashMap::new()),
        };
        ResumableWalk { log, lease: lease.clone(), mark, threshold, kept }
    }

    /// Whether it goes on with what another worker, or an earlier life, has begun.
    pub fn is_resumed(&self) -> bool {
        !self.kept.is_empty()
    }

    /// When the read began.
    pub fn began(&self) -> DateTime<Utc> {
        self.mark.began
    }

    /// What the vendor is asked for.
    pub fn ask(&self) -> Option<TimeWindow> {
        self.mark.ask
    }

    /// A page that came before; each is given once, for whoever asks again doubts it.
    pub(in crate::engine) fn take(&mut self, request: &PageRequest) -> Option<Page> {
        self.kept.remove(&(request.page_no, request.page_size))
    }

    /// The walk starts over: what was kept of it counts no more.
    pub(in crate::engine) fn start_over(&mut self) {
        self.kept.clear();
        self.mark.number += 1;
    }

    /// Keeps a page that took so long to get. Failing to costs a request after a kill, and nothing now.
    pub(in crate::engine) async fn keep(&self, request: &PageRequest, page: &Page, took: Duration) {
        if self.threshold <= took {
            let _ = self.log.keep(&self.lease, self.mark, request, page).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::fault::Fault;
    use crate::domain::stream::{StreamId, StreamKey};
    use crate::engine::port::page_log::KeptWalk;
    use crate::engine::port::store::Scope;

    const PAGE: PageRequest = PageRequest { window: None, page_no: 1, page_size: 50 };

    /// One walk that began then, with one page.
    struct Log(Mutex<Option<DateTime<Utc>>>);

    #[async_trait::async_trait]
    impl PageLog for Log {
        async fn keep(&self, _: &Lease, mark: WalkMark, _: &PageRequest, _: &Page) -> Result<(), Fault> {
            *self.0.lock().unwrap() = Some(mark.began);
            Ok(())
        }

        async fn kept(&self, _: &Lease) -> Result<Option<KeptWalk>, Fault> {
            let pages = vec![(1, 50, Page { total: Some(9), ..Page::default() })];
            let mark = |began| WalkMark { began, ask: None, number: 4, list: 0 };
            Ok(self.0.lock().unwrap().map(|began| KeptWalk { mark: mark(began), pages }))
        }
    }

    fn lease() -> Lease {
        let stream = StreamKey { source: "s".into(), stream: StreamId::MOOR_QUEUE };
        Lease { stream, scope: Scope::Snapshot, fence: 1 }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    async fn open(log: &Log, now: i64) -> ResumableWalk<'_> {
        ResumableWalk::open(log, &lease(), None, (at(now), Duration::from_millis(20)), 0).await
    }

    #[tokio::test]
    async fn a_kept_page_is_given_once_under_the_beginning_of_its_walk() {
        let log = Log(Mutex::new(Some(at(0))));
        let mut walk = open(&log, 10).await;
        assert_eq!((walk.began(), walk.is_resumed()), (at(0), true));
        assert_eq!(walk.take(&PAGE).unwrap().total, Some(9));
        assert!(walk.take(&PAGE).is_none(), "whoever asks again doubts it");
    }

    #[tokio::test]
    async fn a_walk_of_long_ago_and_one_that_starts_over_give_nothing() {
        let log = Log(Mutex::new(Some(at(0))));
        let mut stale = open(&log, 16).await;
        assert_eq!((stale.began(), stale.is_resumed(), stale.mark.number), (at(16), false, 5));
        assert!(stale.take(&PAGE).is_none());
        let mut over = open(&log, 1).await;
        over.start_over();
        assert!(over.take(&PAGE).is_none());
        assert_eq!(over.mark.number, 5, "pages of two walks do not mix");
    }

    #[tokio::test]
    async fn only_pages_that_were_dear_are_kept() {
        let log = Log(Mutex::new(None));
        let walk = open(&log, 3).await;
        walk.keep(&PAGE, &Page::default(), Duration::from_millis(19)).await;
        assert_eq!(*log.0.lock().unwrap(), None);
        walk.keep(&PAGE, &Page::default(), Duration::from_millis(20)).await;
        assert_eq!(*log.0.lock().unwrap(), Some(at(3)));
    }
}
