//! The status, read from the database at most once a second however many ask.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::domain::fault::{Fault, FaultKind};
use crate::engine::pass::fault_policy::log_failure;
use crate::ops::web::server::OpsState;
use crate::report::status::StatusReport;

/// How long an answer is good. Its age is a matter of load and not of the product's time, so the clock
/// port has no part in it.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long the database may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no report.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Unreadable {
    pub(in crate::ops) kind: FaultKind,
    pub(in crate::ops) message: String,
}

/// The report, or what was said instead.
pub(in crate::ops) type Answer = Result<Arc<StatusReport>, Unreadable>;

/// Shared by all requests.
#[derive(Default)]
pub(in crate::ops) struct StatusCache {
    latest: Mutex<Option<(Instant, Answer)>>,
}

impl StatusCache {
    /// The latest answer if it is young, else a new one. Whoever comes while it is read waits for it.
    pub(in crate::ops) async fn get(&self, state: &OpsState) -> Answer {
        let mut latest = self.latest.lock().await;
        if let Some((at, answer)) = latest.as_ref()
            && at.elapsed() < GOOD_FOR
        {
            return answer.clone();
        }
        let answer = read(state).await;
        *latest = Some((Instant::now(), answer.clone()));
        answer
    }
}

async fn read(state: &OpsState) -> Answer {
    let read = timeout(TIMEOUT, state.status.status(state.clock.now()));
    let fault = match read.await {
        Ok(Ok(report)) => return Ok(Arc::new((state.enrich)(report))),
        Ok(Err(fault)) => fault,
        Err(_) => {
            let message = format!("no answer within {} s", TIMEOUT.as_secs());
            Fault::new(FaultKind::DatabaseUnreachable, message)
        }
    };
    log_failure("reading the status", &fault);
    Err(Unreadable { kind: fault.kind, message: fault.chain() })
}
