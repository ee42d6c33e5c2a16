//! One 7moor account and the streams it gives.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::row::record::Record;
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::vendor::page::{Closing, Page, PageRequest};
use crate::engine::port::budget::{Budget, BudgetKey};
use crate::engine::port::clock::Clock;
use crate::engine::port::source::Source;
use crate::sources::context::RequestContext;
use crate::sources::http::HttpClient;
use crate::sources::moor::by_group::ByGroup;
use crate::sources::moor::config::MoorConfig;
use crate::sources::moor::request::post;
use crate::sources::moor::wire::{Refusal, judge};
use crate::sources::payload::element::{self, PageLimits};

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
    /// Requests a minute to each stream's endpoint.
    pub per_minute: Vec<(StreamId, u32)>,
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

    /// One of its streams.
    pub fn stream(&self, stream: StreamId) -> Arc<dyn Source> {
        Arc::new(MoorStream { account: self.shared.clone(), stream, only: None })
    }

    /// The one element of this stream that has this number; nothing where there is none.
    pub fn one_of(&self, stream: StreamId, exten: &str) -> Arc<dyn Source> {
        let only = Some(exten.to_owned());
        Arc::new(MoorStream { account: self.shared.clone(), stream, only })
    }

    /// The stream's request budget. The limits are printed per endpoint.
    pub fn budget_key(&self, stream: StreamId) -> BudgetKey {
        self.shared.budget_key(stream)
    }
}

impl Shared {
    /// Named `moor:<account_id>@<host[:port]>/<endpoint>`.
    fn budget_key(&self, stream: StreamId) -> BudgetKey {
        let mut limits = self.limits.per_minute.iter();
        BudgetKey {
            name: format!("{}/{}", self.config.account(), stream.endpoint()),
            per_minute: limits.find(|(known, _)| *known == stream).map_or(1, |(_, limit)| *limit),
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
    stream: StreamId,
    /// The number of the one group that is asked for.
    only: Option<String>,
}

#[async_trait]
impl Source for MoorStream {
    fn stream(&self) -> StreamId {
        self.stream
    }

    fn closing(&self) -> Closing {
        self.stream.closing
    }

    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault> {
        let by_group = &self.account.by_group;
        let Some(listed_by) = self.stream.listed_by else { return self.page(request, None).await };
        if by_group.is_needed() {
            return self.group_page(request, listed_by, true).await;
        }
        match self.page(request, None).await {
            Err(fault) if fault.kind == FaultKind::RequestRefused && request.page_no == 1 => {
                // Perhaps the account wants to be told which group; if that fails too, the refusal stands.
                let page = self.group_page(request, listed_by, false).await.map_err(|_| fault)?;
                by_group.need();
                Ok(page)
            }
            outcome => outcome,
        }
    }

    fn describe(&self, request: &PageRequest) -> String {
        let (page_no, size) = (request.page_no, request.page_size);
        format!(r#"{} {{"page":{page_no},"pageSize":{size}}}"#, self.context().request)
    }

    fn reread(&self, payload: &str) -> Record {
        element::reread(self.stream.spec(), payload, &self.account.config.privacy)
    }
}

/// Groups on a page of the list for a walk group by group.
const LIST_PAGE_SIZE: u32 = 100;

impl MoorStream {
    /// One page, of one group's where `exten` is given. A refused signature is taken afresh once, for it
    /// may have grown old on the way, or its secret be replaced.
    async fn page(&self, request: &PageRequest, exten: Option<&str>) -> Result<Page, Fault> {
        let outcome = match self.ask(request, exten).await {
            Err(Refusal::Signature(_)) => {
                self.account.config.api_secret.reread();
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
        limits.budget.acquire(&self.account.budget_key(self.stream), clock.as_ref()).await.map(|_| ())
    }

    /// The claim states of the `page_no`-th group. `reserved`: the engine's reservation is not used yet.
    async fn group_page(
        &self,
        request: &PageRequest,
        listed_by: StreamId,
        reserved: bool,
    ) -> Result<Page, Fault> {
        let Shared { by_group, clock, .. } = &*self.account;
        let extens = match by_group.known(request.page_no, clock.now()).await {
            Some(extens) => extens,
            None => {
                let extens = self.list_groups(listed_by).await?;
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
                "{}: {} lists group {exten}, and its claim state is empty: the group vanished meanwhile",
                self.context().subject,
                listed_by.endpoint()
            );
            return Err(Fault::new(FaultKind::WalkUnsettled, message));
        }
        page.records.truncate(1);
        Ok(Page { total, page_size: Some(1), ..page })
    }

    /// The numbers of all groups.
    async fn list_groups(&self, listed_by: StreamId) -> Result<Vec<String>, Fault> {
        let queue = MoorStream { account: self.account.clone(), stream: listed_by, only: None };
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

    fn context(&self) -> RequestContext {
        let config = &self.account.config;
        let stream = StreamKey { source: config.source.clone(), stream: self.stream };
        RequestContext { subject: stream.to_string(), request: format!("POST {}", self.path()) }
    }

    fn path(&self) -> String {
        self.stream.path.replace("{account}", &self.account.config.account_id)
    }

    async fn ask(&self, request: &PageRequest, exten: Option<&str>) -> Result<Page, Refusal> {
        let Shared { config, http, clock, .. } = &*self.account;
        let context = self.context();
        let limits = PageLimits { asked: request.page_size, bytes_max: http.page_bytes_max() };
        let mut body = serde_json::json!({"page": request.page_no, "pageSize": request.page_size});
        if let Some(exten) = exten.or(self.only.as_deref()) {
            body["exten"] = exten.into();
        }
        let (request, signature) = post(config, &self.path(), body.to_string(), clock.now());
        let answer = http.send(&context, request).await.map_err(Refusal::Other)?;
        let listing = judge(&context, &answer, &signature.secrets(), clock.now())?;
        let mut observation = listing.observation;
        let records = element::read_all(
            self.stream.spec(),
            (&answer, listing.elements),
            &config.privacy,
            limits,
            &mut observation,
        )
        .map_err(|why| Refusal::Other(context.fault(FaultKind::PageTooLarge, why)))?;
        Ok(Page { records, total: listing.count, page_size: None, observation })
    }
}
