//! One 7moor account and the streams it gives.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use crate::domain::fault::Fault;
use crate::domain::page::{Closing, Page, PageRequest};
use crate::domain::stream::{StreamId, StreamKey};
use crate::engine::port::clock::Clock;
use crate::engine::port::source::Source;
use crate::sources::address::address;
use crate::sources::http::{HttpClient, Request};
use crate::sources::moor::agent_claim_status::AGENT_CLAIM_STATUS;
use crate::sources::moor::config::MoorConfig;
use crate::sources::moor::endpoint::Endpoint;
use crate::sources::moor::queue::QUEUE;
use crate::sources::moor::sign::sign;
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
    clock: Arc<dyn Clock>,
}

impl MoorAccount {
    /// An account that signs by this clock.
    pub fn new(config: MoorConfig, http: HttpClient, clock: Arc<dyn Clock>) -> MoorAccount {
        MoorAccount { shared: Arc::new(Shared { config, http, clock }) }
    }

    /// Skill groups and their members (`moor-skill-groups.txt`, queueQueue).
    pub fn queue(&self) -> Arc<dyn Source> {
        Arc::new(MoorStream { account: self.shared.clone(), endpoint: &QUEUE })
    }

    /// Claim state of each member (`moor-skill-groups.txt`, queueQueueAgentClaimStatus).
    pub fn agent_claim_status(&self) -> Arc<dyn Source> {
        Arc::new(MoorStream { account: self.shared.clone(), endpoint: &AGENT_CLAIM_STATUS })
    }

    /// `moor:<account_id>@<host[:port]>/<endpoint>`, the name of the stream's request budget. The limits
    /// are printed per endpoint: 20 a minute, and 100 for the claim state.
    pub fn budget_name(&self, stream: StreamId) -> String {
        let known = [&QUEUE, &AGENT_CLAIM_STATUS].into_iter().find(|endpoint| endpoint.stream == stream);
        let endpoint = known.map_or(stream.as_str(), |endpoint| endpoint.name);
        format!("{}/{endpoint}", self.shared.config.account())
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
}

#[async_trait]
impl Source for MoorStream {
    fn stream(&self) -> StreamId {
        self.endpoint.stream
    }

    fn closing(&self) -> Closing {
        Closing::Total
    }

    /// A refused signature is taken afresh once, for it may have grown old on the way.
    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault> {
        let outcome = match self.ask(request).await {
            Err(Refusal::Signature(_)) => self.ask(request).await,
            outcome => outcome,
        };
        outcome.map_err(|refusal| match refusal {
            Refusal::Signature(fault) | Refusal::Other(fault) => fault,
        })
    }
}

impl MoorStream {
    async fn ask(&self, request: &PageRequest) -> Result<Page, Refusal> {
        let Shared { config, http, clock } = &*self.account;
        let path = format!("/v20210827/webChat/{}/{}", self.endpoint.name, config.account_id);
        let site = CallSite {
            stream: StreamKey { source: config.source.clone(), stream: self.endpoint.stream },
            request: format!("POST {path}"),
        };
        let signature = sign(config, clock.now());
        let (sig, authorization) = (signature.sig.expose_secret(), signature.authorization.expose_secret());
        let body = serde_json::json!({"page": request.page_no, "pageSize": request.page_size});
        let request = Request {
            url: address(&config.base_url, &path, &[("sig", sig)]),
            secret_header: Some(("Authorization", signature.authorization.clone())),
            json: Some(body.to_string()),
            time_limit: None,
        };
        let answer = http.send(&site, request).await.map_err(Refusal::Other)?;
        let secrets = [sig, authorization, config.api_secret.expose_secret()];
        let listing = judge(&site, &answer, &secrets, clock.now())?;
        let read = |raw: &serde_json::value::RawValue| (self.endpoint.read)(raw.get(), config.phone);
        Ok(Page {
            records: listing.elements.into_iter().map(read).collect(),
            total: listing.count,
            page_size: None,
        })
    }
}
