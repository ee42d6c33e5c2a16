//! Whether the other side still lives. A half-open connection gives neither data nor an error: only silence.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// How patient to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PulseConfig {
    /// Quiet for this long, the other side is asked for a sign of life.
    pub ping: Duration,
    /// Quiet for this long, it is taken for dead.
    pub silence: Duration,
    /// Signs of life are noted in the ledger this often at most.
    pub note: Duration,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Nothing for this long.
    Wait(Duration),
    /// Ask for a sign of life.
    Ping,
    /// Note that it was alive at this instant.
    Note(DateTime<Utc>),
    /// It is dead since this instant.
    Dead(DateTime<Utc>),
}

/// The signs of life of one connection.
#[derive(Debug, Clone)]
pub struct Pulse {
    config: PulseConfig,
    heard_at: DateTime<Utc>,
    pinged_at: DateTime<Utc>,
    noted_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
}

fn after(at: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    chrono::Duration::from_std(length).ok().and_then(|length| at.checked_add_signed(length)).unwrap_or(at)
}

impl Pulse {
    /// Of a connection that was opened just now.
    pub fn new(config: PulseConfig, now: DateTime<Utc>) -> Pulse {
        Pulse { config, heard_at: now, pinged_at: now, noted_at: now, due_at: after(now, config.note) }
    }

    /// A sign of life came.
    pub fn heard(&mut self, now: DateTime<Utc>) {
        self.heard_at = self.heard_at.max(now);
    }

    /// It came as an event that the ledger learns of anyway.
    pub fn noted(&mut self, now: DateTime<Utc>) {
        self.heard(now);
        self.noted_at = self.heard_at;
        self.due_at = after(now, self.config.note);
    }

    /// When it was last heard.
    pub fn heard_at(&self) -> DateTime<Utc> {
        self.heard_at
    }

    /// What is to be done. Each answer but `Wait` is given once.
    pub fn beat(&mut self, now: DateTime<Utc>) -> Beat {
        let (dead_at, ping_at) = (
            after(self.heard_at, self.config.silence),
            after(self.heard_at.max(self.pinged_at), self.config.ping),
        );
        if dead_at <= now {
            return Beat::Dead(self.heard_at);
        }
        if ping_at <= now {
            self.pinged_at = now;
            return Beat::Ping;
        }
        if self.due_at <= now {
            self.due_at = after(now, self.config.note);
            if self.noted_at < self.heard_at {
                self.noted_at = self.heard_at;
                return Beat::Note(self.heard_at);
            }
        }
        let next = dead_at.min(ping_at).min(self.due_at);
        Beat::Wait((next - now).to_std().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(count: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + count, 0).unwrap()
    }

    fn pulse() -> Pulse {
        let seconds = Duration::from_secs;
        Pulse::new(PulseConfig { ping: seconds(10), silence: seconds(30), note: seconds(5) }, second(0))
    }

    #[test]
    fn a_quiet_connection_is_pinged_and_then_given_up_as_of_its_last_sign() {
        let mut pulse = pulse();
        pulse.heard(second(2));
        assert_eq!(pulse.beat(second(5)), Beat::Note(second(2)));
        assert_eq!(pulse.beat(second(5)), Beat::Wait(Duration::from_secs(5)));
        assert_eq!(pulse.beat(second(12)), Beat::Ping);
        assert_eq!(pulse.beat(second(22)), Beat::Ping);
        assert_eq!(pulse.beat(second(31)), Beat::Wait(Duration::from_secs(1)));
        assert_eq!(pulse.beat(second(32)), Beat::Dead(second(2)));
    }

    #[test]
    fn who_answers_lives_and_what_is_known_is_not_noted_twice() {
        let mut pulse = pulse();
        for count in 1..100 {
            pulse.noted(second(count));
            assert!(matches!(pulse.beat(second(count)), Beat::Wait(_)), "{count}");
        }
    }
}
