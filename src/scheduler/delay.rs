//! How long after its tick a pass begins, so that streams with one schedule do not all begin in one second.

use std::time::Duration;

use md5::{Digest as _, Md5};
use rand::Rng as _;

use crate::domain::stream::StreamKey;

/// So much more time for each further stream.
const PER_STREAM: Duration = Duration::from_millis(50);

/// Of the time to the next tick, at most one part in so many.
const PARTS: u32 = 2;

/// What is added to a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delay {
    /// A stream's own place within this time: the same at each tick and on each host.
    pub spread: Duration,
    /// A random time below this, anew at each tick.
    pub jitter: Duration,
}

impl Delay {
    /// For so many streams that share so many connections to the database: none while each may have one of its own.
    pub fn of(streams: usize, connections: u32, jitter: Duration) -> Delay {
        let further = streams.saturating_sub(connections as usize);
        let spread = PER_STREAM.saturating_mul(u32::try_from(further).unwrap_or(u32::MAX));
        Delay { spread, jitter }
    }

    /// The most that it can be.
    pub fn longest(self) -> Duration {
        self.spread + self.jitter
    }

    /// The stream's place, where the next tick is so far away.
    pub fn place(self, key: &StreamKey, period: Duration) -> Duration {
        let digest = Md5::digest(key.to_string());
        let number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        self.spread.min(period / PARTS).mul_f64(f64::from(number) / (f64::from(u32::MAX) + 1.0))
    }

    /// The wait of one tick.
    pub(super) fn draw(self, key: &StreamKey, period: Duration) -> Duration {
        let jitter = match self.jitter.is_zero() {
            true => Duration::ZERO,
            false => rand::rng().random_range(Duration::ZERO..self.jitter),
        };
        self.place(key, period) + jitter
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stream::StreamId;

    #[test]
    fn few_streams_begin_at_their_tick_and_many_are_spread_evenly_each_at_its_own_place() {
        let minute = Duration::from_secs(60);
        let key = |number: usize| StreamKey {
            source: format!("account-{number}"),
            stream: StreamId::SOBOT_CALL_RESULT,
        };
        assert_eq!(Delay::of(8, 8, Duration::ZERO).place(&key(1), minute), Duration::ZERO);
        let delay = Delay::of(1_008, 8, Duration::ZERO);
        assert_eq!(delay.spread, Duration::from_secs(50));
        let mut tenths = [0; 10];
        for number in 0..1_000 {
            let place = delay.place(&key(number), 10 * minute);
            assert_eq!(place, delay.draw(&key(number), 10 * minute));
            tenths[(place.as_millis() / 5_000) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (60..140).contains(count)), "{tenths:?}");
        // Before the next tick comes, all have begun.
        let latest = (0..1_000).map(|number| delay.place(&key(number), minute)).max().unwrap();
        assert!(latest < minute / 2, "{latest:?}");
    }
}
