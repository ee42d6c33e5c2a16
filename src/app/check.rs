//! Is everything in place: the database, and one request for each stream.

use std::sync::Arc;

use chrono::Duration;
use serde::Serialize;

use crate::app::stream::Shared;
use crate::app::transient::{NoBudget, TransientVault};
use crate::app::{App, Database, Seams, feed, stream};
use crate::config::Settings;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::forgotten::ForgottenBoard;
use crate::domain::page::PageRequest;
use crate::domain::stream::StreamKind;
use crate::domain::window::TimeWindow;
use crate::engine::port::budget::Budget;

/// All that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// In the order in which it was looked at.
    pub checks: Vec<Checked>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// What: `database`, `schema`, or a stream.
    pub subject: String,
    /// Whether it is well.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What the operator can do, where it is not well and `detail` does not say it.
    pub cure: Option<&'static str>,
}

impl Checked {
    fn well(subject: impl Into<String>, detail: impl Into<String>) -> Checked {
        Checked { subject: subject.into(), ok: true, detail: detail.into(), cure: None }
    }

    fn ill(subject: impl Into<String>, fault: &Fault) -> Checked {
        let subject = subject.into();
        let detail = fault.chain();
        // The line begins with the subject.
        let detail = detail.strip_prefix(&format!("{subject}: ")).map(str::to_owned).unwrap_or(detail);
        let cure = (!fault.advises).then(|| fault.kind.cure().english());
        Checked { subject, ok: false, detail, cure }
    }
}

impl App {
    /// Looks at the database, sends one request for each stream, and opens one socket for each feed. Writes nothing but a token and the
    /// request's place in the budget, and not even these where the database has no schema yet. What fails
    /// is in the report.
    pub async fn check(settings: &Settings, seams: &Seams) -> CheckReport {
        let mut checks = Vec::new();
        let database = match Database::open(&settings.database, seams).await {
            Ok(database) => {
                checks.push(Checked::well("database", "connected"));
                Some(database)
            }
            Err(fault) => {
                checks.push(Checked::ill("database", &fault));
                None
            }
        };
        let mut ready = false;
        if let Some(database) = &database {
            match database.store.pending_migrations().await {
                Ok(pending) if pending.is_empty() => {
                    ready = true;
                    checks.push(Checked::well("schema", "up to date"));
                }
                Ok(pending) => {
                    let detail = format!("{} migrations pending; `run` and `sync` apply them", pending.len());
                    checks.push(Checked::well("schema", detail));
                }
                Err(fault) => checks.push(Checked::ill("schema", &fault)),
            }
        }
        let store = database.as_ref().filter(|_| ready).map(|database| &database.store);
        checks.extend(check_streams(settings, seams, store).await);
        checks.extend(feed::check(settings).await.into_iter().map(|(subject, found)| match found {
            Ok(detail) => Checked::well(subject, detail),
            Err(fault) => Checked::ill(subject, &fault),
        }));
        if let Some(database) = database
            && let Err(fault) = database.close().await
        {
            checks.push(Checked::ill("database", &fault));
        }
        CheckReport { checks }
    }
}

async fn check_streams(
    settings: &Settings,
    seams: &Seams,
    store: Option<&crate::store::PgStore>,
) -> Vec<Checked> {
    // Nothing of what comes is stored.
    let (clock, board) = (seams.clock.clone(), ForgottenBoard::default());
    let shared = match store {
        Some(store) => {
            let store = Arc::new(store.clone());
            Shared { vault: store.clone(), budget: store, clock, board }
        }
        None => {
            Shared { vault: Arc::new(TransientVault::default()), budget: Arc::new(NoBudget), clock, board }
        }
    };
    let endpoints = match stream::endpoints(settings, &shared) {
        Ok(endpoints) => endpoints,
        Err(fault) => return vec![Checked::ill("http", &fault)],
    };
    let budget = &shared.budget;
    let checks = endpoints.into_iter().map(|endpoint| async move {
        let subject = endpoint.settings.key.to_string();
        match request(&endpoint, seams, budget.as_ref()).await {
            Ok(detail) => Checked::well(subject, detail),
            Err(fault) => Checked::ill(subject, &fault),
        }
    });
    futures::future::join_all(checks).await
}

async fn request(endpoint: &stream::Endpoint, seams: &Seams, budget: &dyn Budget) -> Result<String, Fault> {
    budget.acquire(&endpoint.budget, seams.clock.as_ref()).await?;
    let now = seams.clock.now();
    let window = match endpoint.settings.key.stream.kind() {
        StreamKind::Windowed => TimeWindow::new(now - Duration::days(1), now),
        StreamKind::Snapshot | StreamKind::Feed => None,
    };
    let request = PageRequest { window, page_no: 1, page_size: 1 };
    let answer = tokio::time::timeout(CHECK_TIMEOUT, endpoint.source.fetch(&request)).await;
    let page = answer.unwrap_or_else(|_| {
        Err(Fault::new(FaultKind::Unreachable, format!("no answer within {} s", CHECK_TIMEOUT.as_secs())))
    })?;
    let rejects: usize = page.records.iter().map(|record| record.rejects.len()).sum();
    Ok(match (page.total, rejects) {
        (_, 1..) => "answers, but its record could not be read; `sync` would quarantine it".to_owned(),
        (Some(total), _) => format!("answers; {total} records"),
        (None, _) => "answers".to_owned(),
    })
}

/// A check is for a person who waits.
const CHECK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(9);
