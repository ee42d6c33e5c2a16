//! How long a vendor that never answers is waited for, on a clock that only moves when somebody waits.

use chrono::{DateTime, Utc};
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::domain::stream::StreamId;
use crate::domain::vendor::page::Closing;
use crate::engine::port::budget::Reservation;

/// Each wait takes no time and moves the clock.
struct PatientClock(Mutex<DateTime<Utc>>);

#[async_trait]
impl Clock for PatientClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let mut now = self.0.lock().unwrap();
        *now = until.max(*now);
    }
}

/// Fails each request in the same way, after a while.
struct Failing<'a> {
    clock: &'a PatientClock,
    kind: FaultKind,
    after: Duration,
}

#[async_trait]
impl Source for Failing<'_> {
    fn stream(&self) -> StreamId {
        StreamId::SOBOT_CALL_RESULT
    }

    fn closing(&self) -> Closing {
        Closing::Total
    }

    fn reread(&self, _: &str) -> crate::domain::row::record::Record {
        unreachable!("no test reads again")
    }

    async fn fetch(&self, _: &PageRequest) -> Result<Page, Fault> {
        self.clock.sleep(self.after).await;
        Err(Fault::new(self.kind, "nothing"))
    }
}

/// Gives away one moment each few seconds, as a small limit does.
struct Spaced<'a> {
    clock: &'a PatientClock,
    apart: Duration,
    next: Mutex<DateTime<Utc>>,
}

#[async_trait]
impl Budget for Spaced<'_> {
    async fn reserve(&self, _: &BudgetKey) -> Result<Reservation, Fault> {
        let mut next = self.next.lock().unwrap();
        let wait = (*next - self.clock.now()).to_std().unwrap_or_default();
        if wait.is_zero() {
            *next = self.clock.now() + self.apart;
            return Ok(Reservation::Granted(wait));
        }
        Ok(Reservation::Later(wait))
    }

    async fn pause(&self, _: &BudgetKey, _: Duration) -> Result<(), Fault> {
        Ok(())
    }
}

/// How long it takes until a vendor that fails like this is given up, and after how many requests.
async fn given_up(kind: FaultKind, after: Duration, apart: Duration) -> (Duration, u64) {
    let start = DateTime::UNIX_EPOCH;
    let clock = PatientClock(Mutex::new(start));
    let source = Failing { clock: &clock, kind, after };
    let budget = Spaced { clock: &clock, apart, next: Mutex::new(start) };
    let key = StreamKey { source: "test".into(), stream: StreamId::SOBOT_CALL_RESULT };
    let budget_key = BudgetKey { name: "test".into(), per_minute: 18 };
    let retry = RetryConfig {
        tries_max: 8,
        base: Duration::from_millis(250),
        max: Duration::from_secs(10),
        first_contact: Duration::from_secs(4),
    };
    let mut fetcher = Fetcher::new(&key, &source, (&budget, &budget_key), &clock, retry);
    let request = PageRequest { window: None, page_no: 1, page_size: 50 };
    assert_eq!(fetcher.fetch(&request).await.unwrap_err().kind, kind);
    ((clock.now() - start).to_std().unwrap(), fetcher.requests())
}

#[tokio::test]
async fn a_vendor_that_never_answers_is_given_up_within_ten_seconds() {
    let (none, limit, silent) = (Duration::ZERO, Duration::from_millis(3_400), Duration::from_secs(8));
    for kind in [FaultKind::Unreachable, FaultKind::Malformed] {
        for (after, apart) in [(none, none), (none, limit), (silent, none), (silent, limit)] {
            let (took, requests) = given_up(kind, after, apart).await;
            assert!(took <= Duration::from_secs(8), "{kind:?} {after:?} {apart:?}: {took:?}");
            assert_eq!(after.is_zero(), requests > 1, "{kind:?} {after:?} {apart:?}: {requests}");
        }
    }
}

#[tokio::test]
async fn a_vendor_that_answers_with_its_own_failure_gets_all_tries() {
    let (took, requests) = given_up(FaultKind::VendorFailed, Duration::ZERO, Duration::ZERO).await;
    assert_eq!(requests, 8);
    assert!(Duration::from_secs(15) < took, "{took:?}");
}
