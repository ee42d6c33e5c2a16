//! One agent: connected for as long as the lease is held, and connected again after each end.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, SubsecRound as _, Utc};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::vendor::feed::{FeedEvent, FeedEventKind, GapReason};
use crate::engine::feed::pulse::{Beat, Pulse, PulseConfig};
use crate::engine::port::clock::Clock;
use crate::engine::port::feed::{Feed, FeedSession, Heard};
use crate::engine::port::feed_store::Fences;
use crate::telemetry::event;

/// How patiently an agent is followed.
#[derive(Debug, Clone, Copy)]
pub struct SessionConfig {
    /// Signs of life.
    pub pulse: PulseConfig,
    /// Wait before the second try to connect; doubles from try to try, with jitter.
    pub reconnect_base: Duration,
    /// The longest wait.
    pub reconnect_max: Duration,
}

/// Before a connection is given up it is listened to once more for this long: where this process stood still, or
/// the other side is gone, what came before may lie there unread.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// One agent's part of a feed.
pub(super) struct Session {
    pub(super) extno: String,
    pub(super) feed: Arc<dyn Feed>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: mpsc::Sender<FeedEvent>,
    pub(super) fences: watch::Receiver<Fences>,
    pub(super) stop: CancellationToken,
    pub(super) config: SessionConfig,
}

/// The stamps of one connection: numbers that grow, instants that never go back.
struct Stamp {
    connection: Uuid,
    opened_at: DateTime<Utc>,
    fence: i64,
    turn: u64,
    number: u64,
    latest: DateTime<Utc>,
}

/// How a connection ended.
enum End {
    /// With an event.
    Report(GapReason, DateTime<Utc>, String),
    /// The lease is another's: it is for the other to say what was missed.
    LeaseLost,
    /// Nobody takes events any more.
    Deaf,
}

impl Session {
    /// Follows the agent until `stop`.
    pub(super) async fn run(mut self) {
        let mut waits = self.waits();
        let mut turn = 0;
        while let Some(fence) = self.lease().await {
            let connected = tokio::select! {
                () = self.stop.cancelled() => return,
                connected = self.feed.connect(&self.extno) => connected,
            };
            match connected {
                Ok(connection) => {
                    turn += 1;
                    if self.follow(connection, fence, turn).await {
                        waits = self.waits();
                    }
                }
                Err(fault) => event::FeedInterrupted {
                    key: self.feed.key(),
                    extno: &self.extno,
                    reason: fault.kind.as_str(),
                    message: &fault.chain(),
                    stood: false,
                }
                .emit(),
            }
            let wait = waits.next().unwrap_or(self.config.reconnect_max);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.config.reconnect_base)
            .with_max_delay(self.config.reconnect_max)
            .without_max_times()
            .with_jitter()
            .build()
    }

    /// Waits for the lease and answers its fencing number; `None` when it is time to stop.
    async fn lease(&mut self) -> Option<i64> {
        let extno = self.extno.clone();
        tokio::select! {
            () = self.stop.cancelled() => None,
            held = self.fences.wait_for(|fences| fences.contains_key(&extno)) => {
                held.ok().and_then(|fences| fences.get(&extno).copied())
            }
        }
    }

    /// Follows one connection to its end; whether anything was heard.
    async fn follow(&mut self, mut connection: Box<dyn FeedSession>, fence: i64, turn: u64) -> bool {
        let now = self.clock.now().trunc_subsecs(6);
        let mut stamp =
            Stamp { connection: Uuid::new_v4(), opened_at: now, fence, turn, number: 0, latest: now };
        event::FeedConnected { key: self.feed.key(), extno: &self.extno }.emit();
        if self.send(&mut stamp, now, FeedEventKind::Opened).await.is_err() {
            return false;
        }
        let steady = Steady { opened_at: now, monotonic: self.clock.monotonic() };
        let mut pulse = Pulse::new(self.config.pulse, now);
        let end = self.listen(connection.as_mut(), &mut stamp, (&mut pulse, steady)).await;
        let heard = pulse.heard_at() > steady.opened_at;
        if let End::Report(reason, at, message) = &end {
            if *reason != GapReason::Shutdown {
                let (key, extno) = (self.feed.key(), self.extno.as_str());
                event::FeedInterrupted { key, extno, reason: reason.as_str(), message, stood: true }.emit();
            }
            // Nobody takes it only when the process ends, and then the ledger's cursor tells the gap.
            let _ = self.send(&mut stamp, *at, FeedEventKind::Closed(*reason)).await;
        }
        if !matches!(end, End::Report(GapReason::Silent | GapReason::Broken, ..)) {
            connection.close().await;
        }
        heard
    }

    async fn listen(
        &mut self,
        connection: &mut dyn FeedSession,
        stamp: &mut Stamp,
        (pulse, steady): (&mut Pulse, Steady),
    ) -> End {
        loop {
            let (wait, given_up) = match steady.beat(pulse, self.clock.as_ref()) {
                Beat::Wait(wait) => (wait, None),
                Beat::Ping => match connection.ping().await {
                    Ok(()) => continue,
                    Err(fault) => (
                        LAST_WORDS,
                        Some((GapReason::Broken, steady.heard_at(pulse, self.clock.as_ref()), fault.chain())),
                    ),
                },
                Beat::Note(at) => match self.send(stamp, at, FeedEventKind::Alive).await {
                    Ok(()) => continue,
                    Err(deaf) => return deaf,
                },
                Beat::Dead(at) => {
                    let message = "no sign of life, not even an answer to a ping".to_owned();
                    (LAST_WORDS, Some((GapReason::Silent, at, message)))
                }
            };
            let (stop, clock, fences) = (self.stop.clone(), self.clock.clone(), &mut self.fences);
            let heard = tokio::select! {
                // What came is taken before the end is heard of.
                biased;
                heard = connection.next() => heard,
                () = stop.cancelled() => {
                    return End::Report(GapReason::Shutdown, clock.now().trunc_subsecs(6), String::new());
                }
                changed = fences.changed() => {
                    if changed.is_err() || fences.borrow_and_update().get(&self.extno) != Some(&stamp.fence) {
                        return End::LeaseLost;
                    }
                    continue;
                }
                () = clock.sleep(wait) => match given_up {
                    Some((reason, at, message)) => return End::Report(reason, at, message),
                    None => continue,
                },
            };
            let now = self.clock.now().trunc_subsecs(6);
            match heard {
                Heard::Message(message) => {
                    pulse.noted(steady.now(self.clock.as_ref()));
                    if let Err(deaf) = self.send(stamp, now, FeedEventKind::Message(message)).await {
                        return deaf;
                    }
                    if self.stop.is_cancelled() {
                        return End::Report(GapReason::Shutdown, now, String::new());
                    }
                }
                Heard::Heartbeat => pulse.heard(steady.now(self.clock.as_ref())),
                Heard::End { reason: GapReason::Closed, message } => {
                    return End::Report(GapReason::Closed, now, message);
                }
                Heard::End { reason, message } => {
                    return End::Report(reason, steady.heard_at(pulse, self.clock.as_ref()), message);
                }
            }
        }
    }

    async fn send(&self, stamp: &mut Stamp, at: DateTime<Utc>, kind: FeedEventKind) -> Result<(), End> {
        stamp.number += u64::from(kind != FeedEventKind::Alive);
        stamp.latest = stamp.latest.max(at);
        let event = FeedEvent {
            extno: self.extno.clone(),
            connection: stamp.connection,
            opened_at: stamp.opened_at,
            fence: stamp.fence,
            turn: stamp.turn,
            number: stamp.number,
            at: stamp.latest,
            kind,
        };
        self.events.send(event).await.map_err(|_| End::Deaf)
    }
}

/// The time of one connection, which no clock that is set moves: silences are measured by it.
#[derive(Clone, Copy)]
struct Steady {
    opened_at: DateTime<Utc>,
    monotonic: Duration,
}

impl Steady {
    fn now(self, clock: &dyn Clock) -> DateTime<Utc> {
        let passed = clock.monotonic().saturating_sub(self.monotonic);
        (self.opened_at + passed).trunc_subsecs(6)
    }

    /// An instant of this time, as the clock shows it.
    fn as_shown(self, at: DateTime<Utc>, clock: &dyn Clock) -> DateTime<Utc> {
        let passed = self.now(clock) - at;
        (clock.now() - passed).trunc_subsecs(6)
    }

    fn heard_at(self, pulse: &Pulse, clock: &dyn Clock) -> DateTime<Utc> {
        self.as_shown(pulse.heard_at(), clock)
    }

    fn beat(self, pulse: &mut Pulse, clock: &dyn Clock) -> Beat {
        match pulse.beat(self.now(clock)) {
            Beat::Note(at) => Beat::Note(self.as_shown(at, clock)),
            Beat::Dead(at) => Beat::Dead(self.as_shown(at, clock)),
            beat => beat,
        }
    }
}
