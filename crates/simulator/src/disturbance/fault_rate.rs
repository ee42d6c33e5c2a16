//! When faults happen: at random, by rate, or in the order of a script.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::disturbance::fault::{Fault, Step};
use crate::service::endpoint::Endpoint;
use crate::vendor::rng::Rng;

/// How often each kind of fault happens, as a share of the requests, everywhere
/// or at one endpoint.
///
/// In text and JSON: `http_5xx=0.1`, `sobot.call_result:hang=0.05`, and
/// `all=0.1`, which is a tenth of the requests altogether, spread evenly over
/// [`Fault::SPREAD`]. At most one fault happens to a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, f64>", into = "BTreeMap<String, f64>")]
pub struct FaultRates {
    everywhere: BTreeMap<Fault, f64>,
    at: BTreeMap<Endpoint, BTreeMap<Fault, f64>>,
}

impl FaultRates {
    /// No faults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// This share of the requests, spread over [`Fault::SPREAD`].
    #[must_use]
    pub fn all(share: f64) -> Self {
        let each = share / Fault::SPREAD.len() as f64;
        Self { everywhere: Fault::SPREAD.into_iter().map(|fault| (fault, each)).collect(), ..Self::none() }
    }

    /// One kind more, everywhere.
    #[must_use]
    pub fn with(mut self, fault: Fault, share: f64) -> Self {
        self.everywhere.insert(fault, share);
        self
    }

    /// One kind more at one endpoint, in place of its rate everywhere.
    #[must_use]
    pub fn with_at(mut self, endpoint: Endpoint, fault: Fault, share: f64) -> Self {
        self.at.entry(endpoint).or_default().insert(fault, share);
        self
    }

    /// Sets one rate by name.
    ///
    /// # Errors
    /// An unknown name (the message lists the known ones), or a rate outside 0 to 1.
    pub fn set(&mut self, name: &str, share: f64) -> Result<(), String> {
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("the rate of `{name}` is {share}; it must lie between 0 and 1"));
        }
        let (place, kind) = match name.split_once(':') {
            Some((endpoint, kind)) => (Some(endpoint.parse::<Endpoint>()?), kind),
            None => (None, name),
        };
        let rates = match place {
            Some(endpoint) => self.at.entry(endpoint).or_default(),
            None => &mut self.everywhere,
        };
        if kind == "all" {
            rates.extend(Self::all(share).everywhere);
        } else {
            let fault: Fault = kind.parse().map_err(|error| format!("{error}, all"))?;
            rates.insert(fault, share);
        }
        Ok(())
    }

    fn rate(&self, endpoint: Endpoint, fault: Fault) -> f64 {
        let here = self.at.get(&endpoint).and_then(|rates| rates.get(&fault));
        here.or_else(|| self.everywhere.get(&fault)).copied().unwrap_or(0.0)
    }
}

impl TryFrom<BTreeMap<String, f64>> for FaultRates {
    type Error = String;

    fn try_from(map: BTreeMap<String, f64>) -> Result<Self, String> {
        let mut rates = Self::none();
        // `all` first, whatever the order of the names, so that a kind named by
        // itself keeps its own rate.
        for (name, share) in map.iter().filter(|(name, _)| name.ends_with("all")) {
            rates.set(name, *share)?;
        }
        for (name, share) in map.iter().filter(|(name, _)| !name.ends_with("all")) {
            rates.set(name, *share)?;
        }
        Ok(rates)
    }
}

impl From<FaultRates> for BTreeMap<String, f64> {
    fn from(rates: FaultRates) -> Self {
        let everywhere = rates.everywhere.into_iter().map(|(fault, share)| (fault.name().to_owned(), share));
        let at = rates.at.into_iter().flat_map(|(endpoint, kinds)| {
            kinds.into_iter().map(move |(fault, share)| (format!("{endpoint}:{fault}"), share))
        });
        everywhere.chain(at).collect()
    }
}

/// The faults waiting to happen.
#[derive(Debug)]
pub(crate) struct FaultDeck {
    pub(crate) rates: FaultRates,
    scripts: HashMap<Endpoint, VecDeque<Step>>,
    rng: Rng,
}

impl FaultDeck {
    pub(crate) fn new(rates: FaultRates, seed: u64) -> Self {
        Self { rates, scripts: HashMap::new(), rng: Rng::new(seed, 77) }
    }

    pub(crate) fn script(&mut self, endpoint: Endpoint, steps: impl IntoIterator<Item = Step>) {
        self.scripts.entry(endpoint).or_default().extend(steps);
    }

    pub(crate) fn clear_scripts(&mut self) {
        self.scripts.clear();
    }

    /// How many steps wait at each endpoint.
    pub(crate) fn waiting(&self) -> BTreeMap<Endpoint, usize> {
        self.scripts.iter().filter(|(_, steps)| !steps.is_empty()).map(|(e, s)| (*e, s.len())).collect()
    }

    /// What happens to the next request for this page, and a number to do it by.
    pub(crate) fn draw(&mut self, endpoint: Endpoint, page: u64) -> (Option<Step>, Rng) {
        let rng = Rng::new(self.rng.next(), 0);
        if let Some(step) = self.scripts.get_mut(&endpoint).and_then(VecDeque::pop_front) {
            return ((step.fault != Fault::Pass).then_some(step), rng);
        }
        let mut left = self.rng.unit();
        for fault in Fault::KINDS.into_iter().filter(|fault| fault.applies_to(endpoint)) {
            // The world changing before a walk has begun would not be a drift.
            if fault == Fault::Drift && page < 2 {
                continue;
            }
            let rate = self.rates.rate(endpoint, fault);
            if left < rate {
                return (Some(fault.into()), rng);
            }
            left -= rate;
        }
        (None, rng)
    }
}
