//! One page asked for, one page answered.

use serde::Serialize;

use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::Record;
use crate::domain::vendor::observation::Observation;

/// What to ask a vendor for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The window; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// From 1.
    pub page_no: u32,
    /// Rows wanted on a page; the vendor may give fewer.
    pub page_size: u32,
}

/// What a vendor answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The elements, in the vendor's order.
    pub records: Vec<Record>,
    /// How many elements the vendor says the whole request has, where the endpoint says so.
    pub total: Option<u64>,
    /// The page size that the vendor says it used, where the endpoint says so.
    pub page_size: Option<u32>,
    /// How the elements kept to what is documented of them.
    pub observation: Observation,
}

impl Page {
    /// About how much memory its elements take.
    pub fn bytes(&self) -> u64 {
        self.records.iter().map(Record::bytes).sum()
    }
}

/// What the totals that a vendor states are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Totals {
    /// A read whose elements do not equal the total is unverified.
    #[default]
    Trust,
    /// They are known to be wrong: a read is judged as if none were stated.
    Ignore,
}

impl Totals {
    /// As it is configured.
    pub const fn as_str(self) -> &'static str {
        match self {
            Totals::Trust => "trust",
            Totals::Ignore => "ignore",
        }
    }
}

/// How the end of a walk over pages is known at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Each page states the total: the walk ends when that many elements came.
    Total,
    /// Nothing states a total: only an empty page ends the walk, for a short one may be a silent clamp.
    EmptyPage,
}
