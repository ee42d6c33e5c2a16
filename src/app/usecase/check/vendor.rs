//! The vendors: credentials, clock, one request for each stream, one socket for each agent of a feed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::agents;
use super::report::{CheckGroup, CheckVerdict, Checked};
use super::skew::skew;
use crate::app::Overrides;
use crate::app::assembly::stream;
use crate::app::assembly::stream::{Endpoint, Shared};
use crate::app::background::feed;
use crate::app::background::transient::{NoBudget, TransientVault};
use crate::app::usecase::probe;
use crate::config::{Settings, SourceSettings};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::ErasureList;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::text::counted;
use crate::domain::stream::StreamKind;
use crate::domain::vendor::fact::{Question, VendorFact};
use crate::domain::vendor::feed::NoticeTime;
use crate::domain::vendor::page::PageRequest;
use crate::engine::plan::present::TimeWitness;
use crate::sources::http::HttpClient;
use crate::store::PgStore;

const GROUP: CheckGroup = CheckGroup::Vendors;

/// A check is for a person who waits.
const TIMEOUT: Duration = Duration::from_secs(9);
/// A token request ends by itself sooner. Cut short, it would leave the right to renew the token taken.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(40);

/// All sources side by side but those that are `refused`. `store` holds tokens and limits; without one both are this
/// check's own.
pub(super) async fn check(
    settings: &Settings,
    overrides: &Overrides,
    http: Result<&HttpClient, &Fault>,
    store: Option<&PgStore>,
    refused: &[String],
) -> Vec<Checked> {
    let http = match http {
        Ok(http) => http.clone(),
        Err(fault) => return vec![Checked::ill(GROUP, "HTTP client", fault)],
    };
    let witness = TimeWitness::new(overrides.clock.clone());
    let http = http.measuring(&witness);
    // Nothing of what comes is stored.
    let (shown, erasures) = (witness.clone(), ErasureList::default());
    let shared = match store.cloned().map(Arc::new) {
        Some(store) => Shared { vault: store.clone(), budget: store, witness: shown, erasures },
        None => Shared {
            vault: Arc::new(TransientVault::default()),
            budget: Arc::new(NoBudget),
            witness: shown,
            erasures,
        },
    };
    let facts = match store {
        Some(store) => store.vendor_facts().await.ok(),
        None => None,
    };
    let visit = Visit { http: &http, shared: &shared, witness: &witness, store, facts };
    let (refused, asked): (Vec<_>, Vec<_>) =
        settings.sources.iter().partition(|source| refused.contains(&source.name));
    let mut checks: Vec<Checked> = refused
        .into_iter()
        .map(|source| {
            Checked::skipped(GROUP, source.name.clone(), "its account does not fit its name: it is not asked")
        })
        .collect();
    let asked = asked.into_iter().map(|source| visit.source(source));
    checks.extend(futures::future::join_all(asked).await.into_iter().flatten());
    checks
}

struct Visit<'a> {
    http: &'a HttpClient,
    shared: &'a Shared,
    witness: &'a TimeWitness,
    store: Option<&'a PgStore>,
    /// What was found of the accounts, where that is known.
    facts: Option<Vec<VendorFact>>,
}

impl Visit<'_> {
    async fn source(&self, source: &SourceSettings) -> Vec<Checked> {
        let mut checks = Vec::new();
        checks.extend(self.credentials(source).await);
        let refused = checks.iter().any(|check| check.verdict == CheckVerdict::Failed);
        let endpoints = stream::account_endpoints(source, self.http, self.shared);
        let streams = endpoints.iter().map(|endpoint| self.stream(endpoint, refused));
        checks.extend(futures::future::join_all(streams).await);
        let off = source.streams.iter().filter(|stream| !stream.enabled);
        checks.extend(off.map(|stream| {
            Checked::skipped(GROUP, stream.key.to_string(), "`enabled` is false: it is not read")
        }));
        checks.extend(self.feed(source).await);
        if checks.iter().all(|check| check.verdict != CheckVerdict::Failed) {
            checks.extend(self.questions(source));
        }
        if let Some(ahead) = self.witness.least(&source.name) {
            checks.push(skew(GROUP, format!("{} clock", source.name), ahead, "the vendor's"));
        }
        checks
    }

    /// A token that is still good says nothing about the key. So a new one is asked for and, as at each renewal, left
    /// where every worker looks when its own is refused: none of them has to ask the vendor.
    async fn credentials(&self, source: &SourceSettings) -> Option<Checked> {
        if !source.streams.iter().any(|stream| stream.enabled) {
            return None;
        }
        let account = stream::sobot_account(source, self.http, self.shared)?;
        let subject = format!("{} credentials", source.name);
        let timeout = TOKEN_TIMEOUT;
        let proven = tokio::time::timeout(timeout, account.prove()).await;
        Some(match proven.unwrap_or_else(|_| Err(too_slow(timeout))) {
            Ok(()) => Checked::well(GROUP, subject, "the vendor gave a new token for them"),
            Err(fault) => Checked::ill(GROUP, subject, &fault),
        })
    }

    /// What its documents leave open and nobody asked the account yet.
    fn questions(&self, source: &SourceSettings) -> Option<Checked> {
        let open = probe::open_questions(source, self.facts.as_deref()?);
        if open.is_empty() {
            return None;
        }
        let subject = format!("{} questions", source.name);
        let open: BTreeSet<Question> = open.into_iter().flat_map(|open| open.questions).collect();
        let names: Vec<&str> = open.into_iter().map(Question::as_str).collect();
        let asks = format!("`ccsync probe --source {}` asks", source.name);
        Some(Checked::well(GROUP, subject, format!("not known of the account: {}; {asks}", names.join(", "))))
    }

    async fn stream(&self, endpoint: &Endpoint, refused: bool) -> Checked {
        let subject = endpoint.settings.key.to_string();
        if refused {
            return Checked::skipped(GROUP, subject, "needs the credentials, which failed");
        }
        let (budget, clock) = (&self.shared.budget, self.witness.clock_of(&endpoint.settings.key.source));
        match tokio::time::timeout(TIMEOUT, budget.acquire(&endpoint.budget, clock.as_ref())).await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => return Checked::ill(GROUP, subject, &fault),
            Err(_) => {
                let detail = format!(
                    "no request was free within {} s: others use up the {} that the account may send in a minute",
                    TIMEOUT.as_secs(),
                    endpoint.budget.per_minute
                );
                return Checked::skipped(GROUP, subject, detail);
            }
        }
        let answer = tokio::time::timeout(TIMEOUT, request(endpoint, clock.now())).await;
        match answer.unwrap_or_else(|_| Err(too_slow(TIMEOUT))) {
            Ok(Answered { rejects: 1.., .. }) => {
                let detail = "answers, but its record could not be read";
                let remedy =
                    "`ccsync sync` sets such records aside whole; `ccsync quarantine list` then says why";
                Checked::warning(GROUP, subject, detail, remedy)
            }
            Ok(Answered { total: Some(total), .. }) => {
                Checked::well(GROUP, subject, format!("answers; {}", counted(total, "record")))
            }
            Ok(Answered { total: None, .. }) => Checked::well(GROUP, subject, "answers"),
            Err(fault) => Checked::ill(GROUP, subject, &fault),
        }
    }

    async fn feed(&self, source: &SourceSettings) -> Option<Checked> {
        let feed_settings = source.feed.as_ref()?;
        let feed =
            feed::account(source, feed_settings, NoticeTime::Unknown, self.http, &self.shared.erasures)?;
        let subject = feed.key().to_string();
        if !feed_settings.enabled {
            return Some(Checked::skipped(GROUP, subject, "`enabled` is false: it is not followed"));
        }
        Some(agents::check(feed.as_ref(), self.store, TIMEOUT).await)
    }
}

pub(super) fn too_slow(timeout: Duration) -> Fault {
    Fault::new(FaultKind::Unreachable, format!("no answer within {} s", timeout.as_secs()))
}

/// What one request brought.
struct Answered {
    total: Option<u64>,
    rejects: usize,
}

async fn request(endpoint: &Endpoint, now: DateTime<Utc>) -> Result<Answered, Fault> {
    let window = match endpoint.settings.key.stream.kind() {
        StreamKind::Windowed => TimeWindow::new(now - chrono::Duration::days(1), now),
        StreamKind::Snapshot | StreamKind::Feed => None,
    };
    let page = endpoint.source.fetch(&PageRequest { window, page_no: 1, page_size: 1 }).await?;
    let rejects = page.records.iter().map(|record| record.rejects.len()).sum();
    Ok(Answered { total: page.total, rejects })
}
