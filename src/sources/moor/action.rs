//! The two endpoints that write (`docs/vendors.md#7moor-writes`, addQueue and updateQueueAssignMembers).
//!
//! The vendor skips unknown agents without a word, replaces the whole list of members, and takes its
//! defaults for fields that it does not understand. What it would not take as it is meant is refused before
//! it comes here (`domain/vendor/roster`).

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::domain::vendor::action::{ActionCommand, ActionDraft, Delivery, target};
use crate::domain::vendor::roster::{Member, NewGroup};
use crate::engine::port::action::{Actor, Reply};
use crate::engine::port::budget::BudgetKey;
use crate::engine::port::clock::Clock;
use crate::sources::address::origin;
use crate::sources::context::{RequestContext, quote};
use crate::sources::http::HttpClient;
use crate::sources::moor::config::MoorConfig;
use crate::sources::moor::request::{path, post};
use crate::sources::moor::wire::{Refusal, Success, verdict};
use crate::sources::payload::reading::Fields;

/// Makes writes to one 7moor account. A [`MoorAccount`] cannot.
///
/// [`MoorAccount`]: crate::sources::moor::MoorAccount
#[derive(Clone)]
pub struct MoorWriter {
    shared: Arc<Shared>,
}

struct Shared {
    config: MoorConfig,
    http: HttpClient,
    per_minute: u32,
    clock: Arc<dyn Clock>,
}

impl MoorWriter {
    /// Writes at most `per_minute` times a minute to each of the two endpoints. `http` must be one that
    /// sends nothing twice.
    pub fn new(config: MoorConfig, http: HttpClient, per_minute: u32, clock: Arc<dyn Clock>) -> MoorWriter {
        MoorWriter { shared: Arc::new(Shared { config, http, per_minute, clock }) }
    }

    /// A new skill group.
    pub fn add_queue(&self, group: &NewGroup) -> Box<dyn Actor> {
        let mut body = json!({
            "assignRule": group.assign_rule.as_str(),
            "displayName": group.display_name,
            "isMemory": group.memory.is_some(),
            "assignMembers": members(&group.members),
        });
        if let Some(time) = group.memory {
            body["memoryTime"] = time.to_string().into();
        }
        self.write(ActionCommand::MoorQueueAdd, "addQueue", &group.display_name, body)
    }

    /// These members for a skill group, in place of those it has.
    pub fn assign_members(&self, exten: &str, list: &[Member]) -> Box<dyn Actor> {
        let body = json!({"exten": exten, "assignMembers": members(list)});
        self.write(ActionCommand::MoorQueueAssign, "updateQueueAssignMembers", exten, body)
    }

    fn write(
        &self,
        command: ActionCommand,
        endpoint: &'static str,
        about: &str,
        body: Json,
    ) -> Box<dyn Actor> {
        let config = &self.shared.config;
        let mut request = body.clone();
        config.privacy.at_least_masked().scrub(&mut request);
        let draft = ActionDraft {
            source: config.source.clone(),
            command,
            target: Some(target(about)),
            path: path(config, endpoint),
            delivery: Delivery {
                agent: None,
                host: origin(&config.base_url),
                method: "POST",
                encoding: Delivery::JSON,
            },
            request,
        };
        let budget = BudgetKey {
            name: format!("{}/{endpoint}", config.account()),
            per_minute: self.shared.per_minute,
        };
        Box::new(MoorWrite { shared: self.shared.clone(), draft, budget, body: body.to_string() })
    }
}

fn members(list: &[Member]) -> Json {
    let member = |member: &Member| json!({"agentNumber": member.agent_number, "priority": member.priority});
    list.iter().map(member).collect()
}

struct MoorWrite {
    shared: Arc<Shared>,
    draft: ActionDraft,
    budget: BudgetKey,
    body: String,
}

#[async_trait]
impl Actor for MoorWrite {
    fn draft(&self) -> &ActionDraft {
        &self.draft
    }

    fn budget(&self) -> &BudgetKey {
        &self.budget
    }

    async fn act(self: Box<Self>) -> Reply {
        let Shared { config, http, clock, .. } = &*self.shared;
        let context = RequestContext {
            subject: self.draft.source.clone(),
            request: format!("POST {}", self.draft.path),
        };
        let (request, signature) = post(config, &self.draft.path, self.body, clock.now());
        let answer = match http.send_once(&context, request).await {
            Ok(answer) => answer,
            Err(lost) if lost.unsent => return Reply::Unsent(lost.fault),
            Err(lost) => return Reply::Unknown(lost.fault),
        };
        let secrets = signature.secrets();
        match verdict(&context, &answer, &secrets, clock.now()) {
            Ok(success) => done(success, &secrets),
            Err(Refusal::Signature(fault)) => Reply::Refused(fault),
            Err(Refusal::Other(fault)) => judged(fault),
        }
    }
}

/// Only a code that a document explains says that nothing was done; a failure of the vendor's own may have
/// come after the deed.
fn judged(fault: Fault) -> Reply {
    match fault.kind {
        FaultKind::RequestRefused | FaultKind::RateLimited | FaultKind::CredentialsRefused => {
            Reply::Refused(fault)
        }
        _ => Reply::Unknown(fault),
    }
}

fn done(mut success: Success<'_>, secrets: &[&str]) -> Reply {
    let message = success.fields.take("message").into_text().map(|text| quote(&text, secrets));
    let data = success.fields.take_raw("data").map(|raw| raw.get());
    let mut data = data.and_then(|data| Fields::open(data, &Privacy::MESSAGE).ok());
    let exten = data.as_mut().and_then(|data| data.take("exten").into_text().map(Cow::into_owned));
    Reply::Done { code: success.code, message, result: exten, details: None }
}
