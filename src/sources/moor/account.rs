//! One 7moor account and the streams it gives.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::RawValue;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::page::{Closing, Page, PageRequest};
use crate::domain::record::Record;
use crate::domain::stream::{StreamId, StreamKey};
use crate::engine::port::budget::{Budget, BudgetKey};
use crate::engine::port::clock::Clock;
use crate::engine::port::source::Source;
use crate::sources::http::HttpClient;
use crate::sources::moor::agent_claim_status::AGENT_CLAIM_STATUS;
use crate::sources::moor::by_group::ByGroup;
use crate::sources::moor::config::MoorConfig;
use crate::sources::moor::endpoint::{Endpoint, reread};
use crate::sources::moor::queue::QUEUE;
use crate::sources::moor::request::{path, post};
use crate::sources::moor::wire::{Refusal, judge};
use crate::sources::site::CallSite;

/// One 7moor account.
#[derive(Clone)]
pub struct MoorAccount {
    shared: Arc<Shared>,
}

struct Shared {
    config: MoorConfig,
    http: HttpClient,
    limits: MoorLimits,
    clock: Arc<dyn Clock>,
    by_group: ByGroup,
}

/// The account's limits. The engine reserves for each page before it asks for it; what a page costs beyond
/// one request is reserved here.
#[derive(Clone)]
pub struct MoorLimits {
    /// Where requests are counted.
    pub budget: Arc<dyn Budget>,
    /// queueQueue, requests a minute.
    pub queue_per_minute: u32,
    /// queueQueueAgentClaimStatus, requests a minute.
    pub agent_claim_status_per_minute: u32,
}

impl MoorAccount {
    /// An account that signs by this clock.
    pub fn new(
        config: MoorConfig,
        http: HttpClient,
        limits: MoorLimits,
        clock: Arc<dyn Clock>,
    ) -> MoorAccount {
        let by_group = ByGroup::default();
        MoorAccount { shared: Arc::new(Shared { config, http, limits, clock, by_group }) }
    }

    /// Skill groups and their members (`docs/vendors.md#7moor-lists`, queueQueue).
    pub fn queue(&self) -> Arc<dyn Source> {
        Arc::new(MoorStream { account: self.shared.clone(), endpoint: &QUEUE, only: None })
    }

    /// The one skill group of this number; nothing where there is none.
    pub fn queue_of(&self, exten: &str) -> Arc<dyn Source> {
        let only = Some(exten.to_owned());
        Arc::new(MoorStream { account: self.shared.clone(), endpoint: &QUEUE, only })
    }

    /// Claim state of each member (`docs/vendors.md#7moor-lists`, queueQueueAgentClaimStatus).
    pub fn agent_claim_status(&self) -> Arc<dyn Source> {
        Arc::new(MoorStream { account: self.shared.clone(), endpoint: &AGENT_CLAIM_STATUS, only: None })
    }

    /// The stream's request budget. The limits are printed per endpoint: 20 a minute, and 100 for the
    /// claim state.
    pub fn budget_key(&self, stream: StreamId) -> BudgetKey {
        self.shared.budget_key(if stream == QUEUE.stream { &QUEUE } else { &AGENT_CLAIM_STATUS })
    }
}

impl Shared {
    /// Named `moor:<account_id>@<host[:port]>/<endpoint>`.
    fn budget_key(&self, endpoint: &Endpoint) -> BudgetKey {
        BudgetKey {
            name: format!("{}/{}", self.config.account(), endpoint.name),
            per_minute: match endpoint.stream == QUEUE.stream {
                true => self.limits.queue_per_minute,
                false => self.limits.agent_claim_status_per_minute,
            },
        }
    }
}

impl fmt::Debug for MoorAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoorAccount").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

struct MoorStream {
    account: Arc<Shared>,
    endpoint: &'static Endpoint,
    /// The number of the one group that is asked for.
    only: Option<String>,
}

#[async_trait]
impl Source for MoorStream {
    fn stream(&self) -> StreamId {
        self.endpoint.stream
    }

    fn closing(&self) -> Closing {
        Closing::Total
    }

    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault> {
        let by_group = &self.account.by_group;
        if self.endpoint.stream == QUEUE.stream {
            return self.page(request, None).await;
        }
        if by_group.is_needed() {
            return self.group_page(request, true).await;
        }
        match self.page(request, None).await {
            Err(fault) if fault.kind == FaultKind::RequestRefused && request.page_no == 1 => {
                // Perhaps the account wants to be told which group; if that fails too, the refusal stands.
                let page = self.group_page(request, false).await.map_err(|_| fault)?;
                by_group.need();
                Ok(page)
            }
            outcome => outcome,
        }
    }

    fn describe(&self, request: &PageRequest) -> String {
        let (page_no, size) = (request.page_no, request.page_size);
        format!(r#"{} {{"page":{page_no},"pageSize":{size}}}"#, self.site().request)
    }

    fn reread(&self, payload: &str) -> Record {
        reread(self.endpoint, payload, &self.account.config.privacy)
    }
}

/// Groups on a page of the list for a walk group by group.
const LIST_PAGE_SIZE: u32 = 100;

impl MoorStream {
    /// One page, of one group's where `exten` is given. A refused signature is taken afresh once, for it
    /// may have grown old on the way.
    async fn page(&self, request: &PageRequest, exten: Option<&str>) -> Result<Page, Fault> {
        let outcome = match self.ask(request, exten).await {
            Err(Refusal::Signature(_)) => {
                self.reserve().await?;
                self.ask(request, exten).await
            }
            outcome => outcome,
        };
        outcome.map_err(|refusal| match refusal {
            Refusal::Signature(fault) | Refusal::Other(fault) => fault,
        })
    }

    /// Waits for a request of this endpoint that the engine does not know of.
    async fn reserve(&self) -> Result<(), Fault> {
        let Shared { limits, clock, .. } = &*self.account;
        limits.budget.acquire(&self.account.budget_key(self.endpoint), clock.as_ref()).await.map(|_| ())
    }

    /// The claim states of the `page_no`-th group. `reserved`: the engine's reservation is not used yet.
    async fn group_page(&self, request: &PageRequest, reserved: bool) -> Result<Page, Fault> {
        let Shared { by_group, clock, .. } = &*self.account;
        let extens = match by_group.known(request.page_no, clock.now()).await {
            Some(extens) => extens,
            None => {
                let extens = self.list_groups().await?;
                by_group.remember(&extens, clock.now()).await;
                extens
            }
        };
        let total = Some(extens.len() as u64);
        let Some(exten) = extens.get(request.page_no as usize - 1) else {
            return Ok(Page { total, page_size: Some(1), ..Page::default() });
        };
        if !reserved {
            self.reserve().await?;
        }
        let first = PageRequest { window: None, page_no: 1, page_size: request.page_size };
        let mut page = self.page(&first, Some(exten)).await?;
        if page.records.is_empty() {
            by_group.forget().await;
            let message = format!(
                "{}: queueQueue lists group {exten}, and its claim state is empty: the group vanished meanwhile",
                self.site().subject
            );
            return Err(Fault::new(FaultKind::WalkUnsettled, message));
        }
        page.records.truncate(1);
        Ok(Page { total, page_size: Some(1), ..page })
    }

    /// The numbers of all groups.
    async fn list_groups(&self) -> Result<Vec<String>, Fault> {
        let queue = MoorStream { account: self.account.clone(), endpoint: &QUEUE, only: None };
        let mut extens: Vec<String> = Vec::new();
        for page_no in 1.. {
            queue.reserve().await?;
            let request = PageRequest { window: None, page_no, page_size: LIST_PAGE_SIZE };
            let page = queue.page(&request, None).await?;
            let groups = page.records.iter().flat_map(|record| record.rows.iter());
            let before = extens.len();
            for exten in groups.filter_map(|row| row.key().next()) {
                if !extens.iter().any(|known| known == exten) {
                    extens.push(exten.to_owned());
                }
            }
            // A page that brings nothing new ends the list, and so does the total.
            if extens.len() == before || page.total.is_some_and(|total| total <= extens.len() as u64) {
                break;
            }
        }
        Ok(extens)
    }

    fn site(&self) -> CallSite {
        let config = &self.account.config;
        let stream = StreamKey { source: config.source.clone(), stream: self.endpoint.stream };
        CallSite {
            subject: stream.to_string(),
            request: format!("POST {}", path(config, self.endpoint.name)),
        }
    }

    async fn ask(&self, request: &PageRequest, exten: Option<&str>) -> Result<Page, Refusal> {
        let Shared { config, http, clock, .. } = &*self.account;
        let site = self.site();
        let mut body = serde_json::json!({"page": request.page_no, "pageSize": request.page_size});
        if let Some(exten) = exten.or(self.only.as_deref()) {
            body["exten"] = exten.into();
        }
        let (request, signature) = post(config, self.endpoint.name, body.to_string(), clock.now());
        let answer = http.send(&site, request).await.map_err(Refusal::Other)?;
        let listing = judge(&site, &answer, &signature.secrets(config), clock.now())?;
        let mut observation = listing.observation;
        let mut read = |raw: &RawValue| (self.endpoint.read)(raw.get(), &config.privacy, &mut observation);
        let records = listing.elements.into_iter().map(&mut read).collect();
        Ok(Page { records, total: listing.count, page_size: None, observation })
    }
}
