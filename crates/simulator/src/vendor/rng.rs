//! The simulator's own random numbers.
//!
//! SplitMix64, written out here rather than taken from a library: the data set
//! of a seed must stay the same when a dependency is upgraded, or every
//! recorded expectation would move with it.

/// A seeded generator. Two with the same seed give the same numbers for ever.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// A generator for one purpose (`stream`) of one seed, so that asking for
    /// one more number in one place does not move all the others.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        // The streams' multiples of the generator's own step lie on one sequence; once mixed they do not.
        let mut rng = Self(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        Self(rng.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        // The bias of the remainder is far below anything a test could see.
        if n == 0 { 0 } else { self.next() % n }
    }

    /// A number in `low..high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        low.saturating_add(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// An index into a list of `len` entries.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// One of `list`; the type's default when the list is empty.
    pub(crate) fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        list.get(self.index(list.len())).copied().unwrap_or_default()
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// An index drawn in proportion to `weights`; the last one if they are all zero.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        weights.len().saturating_sub(1)
    }

    /// Thirty-two hexadecimal digits, the shape of Sobot's ids and tokens.
    pub(crate) fn hex32(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// Moves on as [`Rng::hex32`] does.
    pub(crate) fn skip_hex32(&mut self) {
        let _ = (self.next(), self.next());
    }

    /// A version 4 UUID, the shape of a call's id.
    pub(crate) fn uuid(&mut self) -> String {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_purposes_of_one_seed_have_no_number_in_common() {
        let numbers = |stream| {
            let mut rng = Rng::new(1, stream);
            (0..1_000).map(move |_| rng.next())
        };
        let all: BTreeSet<u64> = (0..10).flat_map(numbers).collect();
        assert_eq!(all.len(), 10 * 1_000);
    }
}
