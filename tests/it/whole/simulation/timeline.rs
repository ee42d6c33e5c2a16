//! Virtual time: it stands still while anything can run and jumps to the next timer when nothing can.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// More timers than this in one trial mean that something spins.
const TIMERS_MAX: u64 = 30_000_000;

/// One time for all who live in a trial.
pub struct Timeline {
    inner: Mutex<Inner>,
}

struct Inner {
    /// Microseconds since 1970.
    now: i64,
    tickets: u64,
    timers: BTreeMap<(i64, u64), Waker>,
}

impl Timeline {
    pub fn new(begin: DateTime<Utc>) -> Arc<Timeline> {
        let inner = Inner { now: begin.timestamp_micros(), tickets: 0, timers: BTreeMap::new() };
        Arc::new(Timeline { inner: Mutex::new(inner) })
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.inner.lock().unwrap().now).unwrap()
    }

    pub fn sleep_until(self: &Arc<Self>, until: DateTime<Utc>) -> Sleep {
        // Rounded up, or who waits for a fraction of a microsecond would ask again for ever.
        let until =
            until.timestamp_micros() + i64::from(!until.timestamp_subsec_nanos().is_multiple_of(1000));
        Sleep { timeline: self.clone(), until, ticket: 0 }
    }

    pub fn sleep(self: &Arc<Self>, length: Duration) -> Sleep {
        self.sleep_until(self.now() + length)
    }

    /// Nothing can run: on to the earliest timer. Of those at one instant the one that was set first, alone.
    pub fn advance(&self) {
        let mut inner = self.inner.lock().unwrap();
        let Some(((at, _), waker)) = inner.timers.pop_first() else {
            panic!("nothing can run and nobody waits for anything");
        };
        inner.now = at.max(inner.now);
        drop(inner);
        waker.wake();
    }

    /// Timers set so far: the length of the trial in steps.
    pub fn steps(&self) -> u64 {
        self.inner.lock().unwrap().tickets
    }
}

/// Ends when the time has come.
pub struct Sleep {
    timeline: Arc<Timeline>,
    until: i64,
    /// 0 before the timer is set.
    ticket: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timeline = self.timeline.clone();
        let mut inner = timeline.inner.lock().unwrap();
        if self.until <= inner.now {
            return Poll::Ready(());
        }
        if self.ticket == 0 {
            inner.tickets += 1;
            assert!(inner.tickets < TIMERS_MAX, "the trial does not come to an end");
            self.ticket = inner.tickets;
        }
        inner.timers.insert((self.until, self.ticket), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if self.ticket != 0 {
            self.timeline.inner.lock().unwrap().timers.remove(&(self.until, self.ticket));
        }
    }
}

/// Runs a trial on a runtime of its own: one thread, no input, no output, no clock but the timeline.
pub fn run<T>(timeline: &Arc<Timeline>, trial: impl Future<Output = T>) -> T {
    let clock = timeline.clone();
    let runtime =
        tokio::runtime::Builder::new_current_thread().on_thread_park(move || clock.advance()).build();
    runtime.unwrap().block_on(trial)
}
