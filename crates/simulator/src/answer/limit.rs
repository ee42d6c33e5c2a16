//! Requests per minute, counted as the vendor may count them.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::disturbance::switches::{LimitScope, Minute};
use crate::service::endpoint::Endpoint;

/// The requests of the last minute of every account.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    taken: HashMap<(String, Option<Endpoint>), VecDeque<DateTime<Utc>>>,
}

impl Limits {
    /// Whether the request may be answered. One that may not is not counted
    /// against the next.
    pub(crate) fn take(
        &mut self,
        account: &str,
        endpoint: Endpoint,
        per_minute: u32,
        minute: Minute,
        scope: LimitScope,
        now: DateTime<Utc>,
    ) -> bool {
        let place = match scope {
            LimitScope::Endpoint => Some(endpoint),
            LimitScope::Account => None,
        };
        let taken = self.taken.entry((account.to_owned(), place)).or_default();
        let fresh = |at: &DateTime<Utc>| match minute {
            Minute::Off => false,
            Minute::Sliding => now - *at < TimeDelta::seconds(60),
            Minute::Fixed => at.timestamp().div_euclid(60) == now.timestamp().div_euclid(60),
        };
        while taken.front().is_some_and(|at| !fresh(at)) {
            taken.pop_front();
        }
        let allowed = taken.len() < per_minute as usize || minute == Minute::Off;
        if allowed && minute != Minute::Off {
            taken.push_back(now);
        }
        allowed
    }
}
