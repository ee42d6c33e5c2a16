//! Writing to a vendor by a person's command. What only reads never comes here: a test holds that to be so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::app::assembly::stream::{http_config, moor_config};
use crate::app::write::limit::{LimitWait, ReportingBudget};
use crate::config::{Account, ActionBody, SourceSettings};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::vendor::action::{ActionDraft, ActionRecord, ActionState, Settlement, WorkbenchAction};
use crate::domain::vendor::roster::Member;
use crate::engine::port::action::{Actor, Reply};
use crate::engine::port::budget::{Budget, BudgetKey};
use crate::engine::port::clock::Clock;
use crate::sources::http::{HttpClient, HttpConfig};
use crate::sources::moor::MoorWriter;
use crate::sources::workbench::{FieldForm, WorkbenchWriter, WriterConfig};
use crate::store::PgStore;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// How long the vendor is left alone after it said that there were too many requests, where it does not
/// say for how long.
const RATE_PAUSE: Duration = Duration::from_secs(60);

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The order itself is wrong; nothing was sent.
    #[error("{0}")]
    Order(String),
    /// The database, or a vendor that was to be read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Performed {
    /// Its number in `sync.action`.
    pub id: i64,
    /// What was sent.
    #[serde(flatten)]
    pub draft: ActionDraft,
    /// How it ended.
    #[serde(flatten)]
    pub settlement: Settlement,
    /// What kind of fault it was, where it was not done.
    #[serde(skip)]
    pub kind: Option<FaultKind>,
    /// What the vendor told, which is not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl App {
    /// The writes in the log, newest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn actions(&self, limit: i64) -> Result<Vec<ActionRecord>, Fault> {
        self.database.store.actions(limit).await
    }

    /// Where writes are made. `operator` is who ordered them.
    ///
    /// # Errors
    /// Where no HTTP client can be set up.
    pub fn action_service(&self, operator: &str) -> Result<ActionService<'_>, Fault> {
        let store = self.database.store.clone();
        Ok(ActionService {
            app: self,
            http: HttpClient::new(&HttpConfig { once: true, ..http_config(&self.settings) })?,
            log: store.clone(),
            budget: self.overrides.budget.clone().unwrap_or_else(|| Arc::new(store)),
            operator: operator.to_owned(),
        })
    }
}

/// Makes writes and keeps the log of them.
pub struct ActionService<'a> {
    pub(in crate::app) app: &'a App,
    http: HttpClient,
    pub(in crate::app) log: PgStore,
    pub(in crate::app) budget: Arc<dyn Budget>,
    operator: String,
}

impl ActionService<'_> {
    /// The same, with somebody who hears that a request waits for a vendor's limit.
    #[must_use]
    pub fn reporting_waits(mut self, on_wait: impl Fn(&LimitWait) + Send + Sync + 'static) -> Self {
        let clock = self.app.overrides.clock.clone();
        self.budget = Arc::new(ReportingBudget::new(self.budget, clock, Box::new(on_wait)));
        self
    }

    /// Writes to the 7moor account of this source, or of the only one.
    ///
    /// # Errors
    /// Where there is no such source, or more than one.
    pub fn moor(&self, source: Option<&str>) -> Result<(String, MoorWriter), ActionError> {
        let is_moor = |source: &SourceSettings| matches!(source.account, Account::Moor { .. });
        let source = self.source(source, "moor", is_moor)?;
        let (Some(config), Account::Moor { actions_per_minute, .. }) = (moor_config(source), &source.account)
        else {
            return Err(ActionError::Order(format!("{} is no source of kind moor", source.name)));
        };
        let clock = self.app.overrides.clock.clone();
        let writer = MoorWriter::new(config, self.http.clone(), *actions_per_minute, clock);
        Ok((source.name.clone(), writer))
    }

    /// An order to the workbench, under the token of the agent with this number, or of the only one.
    ///
    /// # Errors
    /// Where there is no such source or agent, or more than one, and where the vendor would not take the
    /// order as it is meant.
    pub fn workbench(
        &self,
        source: Option<&str>,
        agent: Option<&str>,
        action: &WorkbenchAction,
    ) -> Result<Box<dyn Actor>, ActionError> {
        let is_workbench = |source: &SourceSettings| matches!(source.account, Account::Workbench { .. });
        let source = self.source(source, "workbench", is_workbench)?;
        let Account::Workbench { agents, actions_per_minute, action_body, sms_characters_max } =
            &source.account
        else {
            return Err(ActionError::Order(format!("{} is no source of kind workbench", source.name)));
        };
        let named = |extno: &str| agents.iter().find(|known| known.extno == extno);
        let agent = match (agent, agents.as_slice()) {
            (Some(extno), _) => named(extno).ok_or_else(|| {
                let known: Vec<&str> = agents.iter().map(|known| known.extno.as_str()).collect();
                format!("{} has no agent {extno}; it has {}", source.name, known.join(", "))
            }),
            (None, [agent]) => Ok(agent),
            (None, []) => Err(format!("{} has no agents; add [[sources.{0}.agents]]", source.name)),
            (None, _) => Err(format!("{} has several agents: choose one with --agent", source.name)),
        };
        let agent = agent.map_err(ActionError::Order)?;
        action.check(*sms_characters_max).map_err(ActionError::Order)?;
        let config = WriterConfig {
            source: source.name.clone(),
            base_url: source.base_url.clone(),
            extno: agent.extno.clone(),
            access_token: agent.access_token.current(),
            form: match action_body {
                ActionBody::Form => FieldForm::Form,
                ActionBody::Json => FieldForm::Json,
            },
            per_minute: *actions_per_minute,
            privacy: source.privacy.clone(),
        };
        let clock = self.app.overrides.clock.clone();
        Ok(WorkbenchWriter::new(config, self.http.clone(), clock).order(action))
    }

    fn source(
        &self,
        name: Option<&str>,
        kind: &str,
        is_kind: impl Fn(&SourceSettings) -> bool,
    ) -> Result<&SourceSettings, ActionError> {
        let of_kind: Vec<&SourceSettings> =
            self.app.settings.sources.iter().filter(|source| is_kind(source)).collect();
        let names: Vec<&str> = of_kind.iter().map(|source| source.name.as_str()).collect();
        let chosen = match (name, of_kind.as_slice()) {
            (Some(name), _) => of_kind.iter().copied().find(|source| source.name == name).ok_or_else(|| {
                format!("no source of kind {kind} is called {name}; there is {}", names.join(", "))
            }),
            (None, [source]) => Ok(*source),
            (None, []) => Err(format!("no source of kind {kind} is configured")),
            (None, _) => {
                Err(format!("there are several sources of kind {kind} ({}): name one", names.join(", ")))
            }
        };
        chosen.map_err(ActionError::Order)
    }

    /// Refuses members whom nothing knows: the vendor would skip them without a word. Known is who is or was
    /// in a skill group by the tables, or is one of `seen`.
    ///
    /// # Errors
    /// Who is unknown, and database faults.
    pub async fn refuse_unknown_members(
        &self,
        source: &str,
        members: &[Member],
        seen: &BTreeSet<String>,
    ) -> Result<(), ActionError> {
        let known = self.log.known_agents(source).await?;
        let is_known = |number: &String| {
            seen.contains(number) || known.iter().any(|agent| agent.agent_number == *number)
        };
        let unknown: BTreeSet<&str> = members
            .iter()
            .map(|member| &member.agent_number)
            .filter(|number| !is_known(number))
            .map(String::as_str)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<&str> = unknown.into_iter().collect();
        let basis = match known.len() + seen.len() {
            0 => "the tables know no agent of this source: run `ccsync sync moor.queue` first".to_owned(),
            _ => "no skill group that ccsync has seen has or had them (moor.queue_member, \
                  moor.agent_claim_status): correct the number"
                .to_owned(),
        };
        Err(ActionError::Order(format!(
            "unknown agents: {}; {basis}, or add --unchecked-members if they exist (7moor skips agents that do \
             not exist without a word)",
            unknown.join(", ")
        )))
    }

    /// Makes a write: its intent is recorded, its moment awaited, its request sent once, its answer recorded.
    /// An answer that is lost stays unknown; nothing is sent again, whatever came of it.
    ///
    /// # Errors
    /// Database faults. What the vendor did is in the result, not an error.
    pub async fn perform(&self, actor: Box<dyn Actor>) -> Result<Performed, Fault> {
        let id = self.intend(actor.as_ref()).await?;
        self.moment(actor.budget()).await?;
        self.send(id, actor).await
    }

    /// The same in a moment that was awaited before: between a look at the vendor and the write nothing is waited for.
    ///
    /// # Errors
    /// As [`ActionService::perform`].
    pub async fn perform_at_once(&self, actor: Box<dyn Actor>) -> Result<Performed, Fault> {
        let id = self.intend(actor.as_ref()).await?;
        self.send(id, actor).await
    }

    /// Awaits the moment of one write within the limit.
    ///
    /// # Errors
    /// Database faults.
    pub async fn moment(&self, budget: &BudgetKey) -> Result<(), Fault> {
        self.budget.acquire(budget, self.app.overrides.clock.as_ref()).await.map(drop)
    }

    async fn intend(&self, actor: &dyn Actor) -> Result<i64, Fault> {
        let id = self.log.intend(actor.draft(), &self.operator, self.app.overrides.clock.now()).await?;
        failpoint(Failpoint::ActionIntended).await?;
        Ok(id)
    }

    async fn send(&self, id: i64, actor: Box<dyn Actor>) -> Result<Performed, Fault> {
        let clock: &dyn Clock = self.app.overrides.clock.as_ref();
        let (draft, budget) = (actor.draft().clone(), actor.budget().clone());
        self.log.sending(id, clock.now()).await?;
        failpoint(Failpoint::ActionMarked).await?;
        let reply = actor.act().await;
        failpoint(Failpoint::ActionReplied).await?;
        let (pause, kind) = (pause_after(&reply), kind_of(&reply));
        let (settlement, details) = settlement(reply);
        if let Err(fault) = self.log.settle(id, &settlement, clock.now()).await {
            let message = settlement.message.as_deref().unwrap_or("nothing");
            let what = format!("action {id} was {}: {message}; that could not be recorded", settlement.state);
            return Err(Fault::new(fault.kind, what).with_cause(fault));
        }
        failpoint(Failpoint::ActionSettled).await?;
        if let Some(pause) = pause {
            self.budget.pause(&budget, pause).await?;
        }
        Ok(Performed { id, draft, settlement, kind, details })
    }
}

fn pause_after(reply: &Reply) -> Option<Duration> {
    match reply {
        Reply::Refused(fault) if fault.kind == FaultKind::RateLimited => {
            Some(fault.retry_after.unwrap_or(RATE_PAUSE))
        }
        _ => None,
    }
}

fn kind_of(reply: &Reply) -> Option<FaultKind> {
    match reply {
        Reply::Done { .. } => None,
        Reply::Refused(fault) | Reply::Unsent(fault) | Reply::Unknown(fault) => Some(fault.kind),
    }
}

fn settlement(reply: Reply) -> (Settlement, Option<String>) {
    let (state, fault) = match reply {
        Reply::Done { code, message, result, details } => {
            return (Settlement { state: ActionState::Answered, code, message, result }, details);
        }
        Reply::Refused(fault) => (ActionState::Refused, fault),
        Reply::Unsent(fault) => (ActionState::Failed, fault),
        Reply::Unknown(fault) => (ActionState::Unknown, fault),
    };
    let message = Some(fault.chain());
    (Settlement { state, code: fault.code, message, result: None }, None)
}
