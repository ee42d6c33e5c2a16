//! How many elements a page is asked for: as many as the vendor gives, found out from read to read.
//!
//! The documents say little of it (`docs/vendors.md`). Within a walk the size stays: pages of two sizes do not fit together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::fault::FaultKind;

/// A larger page is tried as long as the slowest of a read took no longer: a vendor that is slow is not asked for more.
const QUICK: Duration = Duration::from_secs(2);

/// A page that took so long may as well have failed: little is left of the time that a request has.
const SLOW: Duration = Duration::from_secs(10);

/// A larger one is larger by this factor.
const GROWTH: u32 = 2;

/// So often in a row a size may fail, with reads by smaller pages between, before it is taken for too large. Once may be an
/// outage.
const STRIKES_MAX: u32 = 2;

/// The size for one stream. Clones are the same.
#[derive(Debug, Clone)]
pub struct PageSize(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: u32,
    /// Never less, unless the vendor gives less.
    least: u32,
    /// Never more: what the stream may ask for, or what the vendor was found to give.
    most: u32,
    /// The largest that came full.
    largest: Option<u32>,
    /// More is not given, or not asked for by anybody.
    bound: Option<u32>,
    /// The last size with which a read failed, and how often it did since pages of it came full.
    strikes: (u32, u32),
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
        let (now, least) = (size.min(most), least.min(size).min(most));
        let state = State { now, least, most, largest: None, bound: None, strikes: (0, 0) };
        PageSize(Arc::new(Mutex::new(state)))
    }

    /// What to ask for.
    pub fn now(&self) -> u32 {
        self.state().now
    }

    /// What was found out, where anything was, and whether more is not to be had.
    pub fn learned(&self) -> Option<(u32, bool)> {
        let state = self.state();
        state.bound.map(|size| (size, true)).or_else(|| state.largest.map(|size| (size, false)))
    }

    /// A read was committed.
    pub(super) fn came(&self, seen: &PagesSeen) {
        let mut state = self.state();
        if state.least == state.most {
            return;
        }
        if seen.given < seen.asked {
            state.settle(seen.given);
        } else if SLOW <= seen.slowest {
            state.strike(seen.asked);
        } else if u64::from(seen.asked) < seen.elements {
            state.came_full(seen.asked, seen.slowest <= QUICK);
        }
    }

    /// A read failed, maybe because its pages were too large.
    pub(super) fn failed(&self, asked: u32, kind: FaultKind) {
        let may_be_why = matches!(
            kind,
            FaultKind::Unreachable
                | FaultKind::VendorFailed
                | FaultKind::Malformed
                | FaultKind::RequestRefused
                | FaultKind::UnknownCode
                | FaultKind::PageTooLarge
        );
        if may_be_why {
            self.state().strike(asked);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn came_full(&mut self, asked: u32, quickly: bool) {
        self.largest = self.largest.max(Some(asked));
        if self.strikes.0 <= asked {
            self.strikes = (0, 0);
        }
        if asked == self.most {
            self.bound = Some(asked);
        }
        // A read that began before the last step says nothing of it.
        if quickly && asked == self.now {
            self.now = (asked * GROWTH).min(self.most);
        }
    }

    /// Smaller pages come next; where this size fails again after those, it is too large.
    fn strike(&mut self, asked: u32) {
        if asked != self.now || asked <= self.least {
            return;
        }
        let times = if self.strikes.0 == asked { self.strikes.1 + 1 } else { 1 };
        self.strikes = (asked, times);
        let smaller = (asked / GROWTH).max(self.least);
        if STRIKES_MAX <= times { self.settle(smaller) } else { self.now = smaller }
    }

    /// More than this is not asked for any more.
    fn settle(&mut self, size: u32) {
        self.now = size.clamp(1, self.most);
        self.most = self.now;
        self.least = self.least.min(self.now);
        self.bound = Some(self.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(size: u32, elements: u64, seconds: u64) -> PagesSeen {
        PagesSeen { asked: size, given: size, elements, slowest: Duration::from_secs(seconds) }
    }

    /// Grown as far as it goes.
    fn grown(most: u32) -> PageSize {
        let size = PageSize::between(50, 10, most);
        for _ in 0..8 {
            size.came(&seen(size.now(), 50_000, 0));
        }
        size
    }

    #[test]
    fn it_grows_while_full_pages_come_quickly_and_never_beyond_what_may_be_asked_for() {
        let size = PageSize::between(50, 10, 300);
        size.came(&seen(50, 50, 0));
        assert_eq!((size.now(), size.learned()), (50, None), "one page shows nothing");
        size.came(&seen(50, 500, 3));
        assert_eq!(size.now(), 50, "the vendor takes its time");
        for next in [100, 200, 300, 300] {
            size.came(&seen(size.now(), 5_000, 1));
            assert_eq!(size.now(), next);
        }
        // A read that began before the last step says nothing of it.
        size.failed(100, FaultKind::Unreachable);
        assert_eq!((size.now(), size.learned()), (300, Some((300, true))));
    }

    #[test]
    fn it_asks_for_what_is_given_however_little_that_is() {
        for given in [80, 15] {
            let size = PageSize::between(100, 50, 1_000);
            size.came(&PagesSeen { asked: 100, given, elements: 500, slowest: Duration::ZERO });
            size.came(&seen(size.now(), 5_000, 0));
            assert_eq!((size.now(), size.learned()), (given, Some((given, true))));
        }
    }

    #[test]
    fn an_outage_says_nothing_of_sizes_for_longer_than_it_lasts() {
        let size = grown(1_000);
        for _ in 0..20 {
            size.failed(size.now(), FaultKind::Unreachable);
        }
        assert_eq!((size.now(), size.learned()), (10, Some((1_000, true))));
        for _ in 0..8 {
            size.came(&seen(size.now(), 50_000, 0));
        }
        assert_eq!(size.now(), 1_000);
        size.failed(1_000, FaultKind::RateLimited);
        size.failed(1_000, FaultKind::DatabaseUnreachable);
        assert_eq!(size.now(), 1_000);
    }

    #[test]
    fn a_size_that_fails_again_and_again_between_smaller_ones_that_come_is_too_large() {
        let size = PageSize::between(50, 10, 1_000);
        for _ in 0..3 {
            size.came(&seen(size.now(), 5_000, 0));
        }
        for times in 1..=2 {
            assert_eq!(size.now(), 400);
            size.failed(400, FaultKind::Malformed);
            assert_eq!(size.now(), 200);
            size.came(&seen(200, 5_000, 0));
            assert_eq!(size.learned(), Some((200, times == 2)));
        }
        assert_eq!(size.now(), 200);
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
