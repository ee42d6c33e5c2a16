//! Seeded random numbers, one sequence for each purpose, so that one more draw in one place moves no other.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

pub struct Rng(SmallRng);

impl Rng {
    pub fn new(seed: u64, purpose: u64) -> Rng {
        Rng(SmallRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(purpose)))
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.0.random::<f64>() < probability
    }

    /// A number in `low..high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if low < high { self.0.random_range(low..high) } else { low }
    }

    pub fn index(&mut self, length: usize) -> usize {
        self.0.random_range(0..length.max(1))
    }

    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.index(list.len())]
    }

    /// A wait between two lengths; short ones are as likely as long ones ten times as long.
    pub fn wait(&mut self, low: Duration, high: Duration) -> Duration {
        let (low, high) = (low.as_secs_f64().max(0.000_001), high.as_secs_f64());
        Duration::from_secs_f64(low * (high / low).powf(self.0.random::<f64>()))
    }

    /// The same for the world's time, whole seconds.
    pub fn lag(&mut self, low: chrono::Duration, high: chrono::Duration) -> chrono::Duration {
        let wait = self.wait(low.to_std().unwrap(), high.to_std().unwrap().max(low.to_std().unwrap()));
        chrono::Duration::seconds(i64::try_from(wait.as_secs()).unwrap())
    }
}
