//! A call system as a [`Feed`].

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::stream::{StreamId, StreamKey};
use crate::engine::port::feed::{Feed, FeedSession};
use crate::sources::http::HttpClient;
use crate::sources::workbench::config::WorkbenchConfig;
use crate::sources::workbench::privacy::MessagePrivacy;
use crate::sources::workbench::socket::{Place, connect};

/// One call system.
pub struct WorkbenchAccount {
    key: StreamKey,
    config: WorkbenchConfig,
    privacy: Arc<MessagePrivacy>,
    http: HttpClient,
}

impl WorkbenchAccount {
    /// Reaches the call system through `http`.
    pub fn new(config: WorkbenchConfig, http: HttpClient) -> WorkbenchAccount {
        let key = StreamKey { source: config.source.clone(), stream: StreamId::WORKBENCH_AGENT_MONITOR };
        let privacy =
            MessagePrivacy { personal: config.privacy.clone(), custom_fields: config.custom_fields.clone() };
        WorkbenchAccount { key, config, privacy: Arc::new(privacy), http }
    }
}

#[async_trait]
impl Feed for WorkbenchAccount {
    fn key(&self) -> &StreamKey {
        &self.key
    }

    fn agents(&self) -> Vec<String> {
        self.config.agents.iter().map(|agent| agent.extno.clone()).collect()
    }

    async fn connect(&self, extno: &str) -> Result<Box<dyn FeedSession>, Fault> {
        let Some(agent) = self.config.agents.iter().find(|agent| agent.extno == extno) else {
            return Err(Fault::new(
                FaultKind::RequestRefused,
                format!("{}: agent {extno} is not configured", self.key),
            ));
        };
        let place = || Place {
            key: self.key.clone(),
            base_url: self.config.base_url.clone(),
            extno: agent.extno.clone(),
            access_token: agent.access_token.current(),
            named_token: self.config.named_token,
            notice_time: self.config.notice_time,
            privacy: self.privacy.clone(),
            bytes_max: self.config.message_bytes_max,
        };
        match connect(&self.http, place()).await {
            // A token that is refused is looked up again where it is kept.
            Err(fault) if fault.kind == FaultKind::CredentialsRefused && agent.access_token.reread() => {
                Ok(Box::new(connect(&self.http, place()).await?))
            }
            outcome => Ok(Box::new(outcome?)),
        }
    }
}
