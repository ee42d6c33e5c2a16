//! How many elements a page is asked for: as many as the vendor gives, found out from read to read.
//!
//! The documents say little of it (`docs/vendors.md`). Within a walk the size stays: pages of two sizes do not fit together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::fault::FaultKind;

/// A larger page is tried as long as the slowest of a read took no longer: a vendor that is slow is not asked for more.
const QUICK: Duration = Duration::from_secs(2);

/// A page that took so long is halved: little is left of the time that a request has.
const SLOW: Duration = Duration::from_secs(10);

/// A larger one is larger by this factor.
const GROWTH: u32 = 2;

/// The size for one stream. Clones are the same.
#[derive(Debug, Clone)]
pub struct PageSize(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: u32,
    /// Never less.
    least: u32,
    /// Never more: what the stream may ask for, or what the vendor was seen to give.
    most: u32,
    /// Something was found out.
    is_learned: bool,
    /// More was asked for and not given, or is not asked for by anybody.
    is_bound: bool,
}

/// What a read showed of pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct PagesSeen {
    /// Elements that each was asked for.
    pub(super) asked: u32,
    /// Elements that the vendor gives on each.
    pub(super) given: u32,
    /// Elements that came in all.
    pub(super) elements: u64,
    /// The time of the slowest.
    pub(super) slowest: Duration,
}

impl PageSize {
    /// As configured: always this one.
    pub fn fixed(size: u32) -> PageSize {
        PageSize::between(size, size, size)
    }

    /// Begins with `size` and asks for `least` at least and `most` at most.
    pub fn between(size: u32, least: u32, most: u32) -> PageSize {
        let (least, most) = (least.min(size), most.max(size));
        PageSize(Arc::new(Mutex::new(State { now: size, least, most, is_learned: false, is_bound: false })))
    }

    /// What to ask for.
    pub fn now(&self) -> u32 {
        self.state().now
    }

    /// What was found out, where anything was, and whether more is not to be had.
    pub fn learned(&self) -> Option<(u32, bool)> {
        let state = self.state();
        state.is_learned.then_some((state.now, state.is_bound))
    }

    /// A read was committed.
    pub(super) fn came(&self, seen: &PagesSeen) {
        let mut state = self.state();
        if state.least == state.most {
            return;
        }
        if seen.given < seen.asked {
            state.settle(seen.given);
        } else if SLOW <= seen.slowest && seen.asked == state.now {
            state.settle(seen.asked / GROWTH);
        } else if u64::from(seen.asked) < seen.elements && seen.slowest <= QUICK && seen.asked == state.now {
            state.is_bound = seen.asked == state.most;
            state.now = (seen.asked * GROWTH).min(state.most);
            state.is_learned = true;
        }
    }

    /// A read failed: where larger pages than at first may be why, they are not asked for any more.
    pub(super) fn failed(&self, asked: u32, kind: FaultKind) {
        let may_be_why = matches!(
            kind,
            FaultKind::Unreachable
                | FaultKind::VendorFailed
                | FaultKind::Malformed
                | FaultKind::RateLimited
                | FaultKind::RequestRefused
                | FaultKind::UnknownCode
                | FaultKind::PageTooLarge
        );
        let mut state = self.state();
        if may_be_why && state.least < asked && asked == state.now {
            state.settle(asked / GROWTH);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// More than this is not tried again by this process.
    fn settle(&mut self, size: u32) {
        self.most = size.max(self.least).min(self.most);
        self.now = self.most;
        (self.is_learned, self.is_bound) = (true, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(size: u32, elements: u64, seconds: u64) -> PagesSeen {
        PagesSeen { asked: size, given: size, elements, slowest: Duration::from_secs(seconds) }
    }

    #[test]
    fn it_grows_while_full_pages_come_quickly_and_never_beyond_what_may_be_asked_for() {
        let size = PageSize::between(50, 50, 300);
        size.came(&seen(50, 50, 0));
        assert_eq!((size.now(), size.learned()), (50, None), "one page shows nothing");
        size.came(&seen(50, 500, 3));
        assert_eq!(size.now(), 50, "the vendor takes its time");
        for next in [100, 200, 300, 300] {
            size.came(&seen(size.now(), 5_000, 1));
            assert_eq!(size.now(), next);
        }
        // A read that began before the last step says nothing of it.
        size.came(&PagesSeen { asked: 100, given: 100, elements: 5_000, slowest: Duration::from_secs(60) });
        assert_eq!((size.now(), size.learned()), (300, Some((300, true))));
    }

    #[test]
    fn it_steps_back_to_what_is_given_and_after_failures_and_does_not_try_again() {
        let size = PageSize::between(50, 50, 1_000);
        size.came(&seen(50, 500, 0));
        size.came(&PagesSeen { asked: 100, given: 80, elements: 500, slowest: Duration::ZERO });
        assert_eq!(size.now(), 80);
        size.came(&seen(80, 500, 0));
        assert_eq!(size.now(), 80);
        let size = PageSize::between(50, 50, 1_000);
        for _ in 0..3 {
            size.came(&seen(size.now(), 5_000, 0));
        }
        size.failed(400, FaultKind::DatabaseUnreachable);
        assert_eq!(size.now(), 400);
        size.failed(400, FaultKind::Unreachable);
        size.came(&seen(200, 5_000, 0));
        assert_eq!(size.now(), 200);
        size.came(&seen(200, 5_000, 11));
        size.failed(100, FaultKind::Unreachable);
        size.failed(50, FaultKind::Unreachable);
        assert_eq!((size.now(), size.learned()), (50, Some((50, true))));
    }

    #[test]
    fn a_size_that_is_set_is_exact() {
        let size = PageSize::fixed(70);
        size.came(&seen(70, 5_000, 0));
        size.failed(70, FaultKind::Unreachable);
        size.came(&PagesSeen { asked: 70, given: 20, elements: 100, slowest: Duration::ZERO });
        assert_eq!((size.now(), size.learned()), (70, None));
    }
}
