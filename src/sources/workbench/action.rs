//! The eight endpoints that act on live calls, blacklists and messages (`docs/vendors.md#call-system`).
//!
//! The document says POST and which fields, and not how they are sent: as a form or as JSON, both are
//! spoken. The token goes in the header `access_token`.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value as Json};
use url::{Url, form_urlencoded};

use crate::domain::person::privacy::{Personal, Privacy};
use crate::domain::row::text::counted;
use crate::domain::vendor::action::{ActionDraft, Delivery, WorkbenchAction, target};
use crate::domain::vendor::sms;
use crate::engine::port::action::{Actor, Reply};
use crate::engine::port::budget::BudgetKey;
use crate::engine::port::clock::Clock;
use crate::sources::address::{address, authority, origin};
use crate::sources::context::RequestContext;
use crate::sources::http::{Body, HttpClient, Request};
use crate::sources::workbench::answer::judge;

/// Numbers of fewer characters are extensions and agents' numbers, which are nobody's telephone.
const TELEPHONE_CHARS_MIN: usize = 7;

/// How the fields are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldForm {
    /// Percent-encoded pairs.
    Form,
    /// A JSON object.
    Json,
}

/// One agent at one call system. `Debug` hides the token.
#[derive(Debug, Clone)]
pub struct WriterConfig {
    /// The operator's name for the account.
    pub source: String,
    /// Address of the call system.
    pub base_url: Url,
    /// The agent's number.
    pub extno: String,
    /// The agent's token.
    pub access_token: SecretString,
    /// How the fields are sent.
    pub form: FieldForm,
    /// Actions of each kind, per minute.
    pub per_minute: u32,
    /// What becomes of personal data in the record of an action; nothing is kept as it is.
    pub privacy: Privacy,
}

/// Makes orders under one agent's token.
pub struct WorkbenchWriter {
    config: WriterConfig,
    http: HttpClient,
    clock: Arc<dyn Clock>,
}

impl WorkbenchWriter {
    /// `http` must be one that sends nothing twice.
    pub fn new(config: WriterConfig, http: HttpClient, clock: Arc<dyn Clock>) -> WorkbenchWriter {
        WorkbenchWriter { config, http, clock }
    }

    /// The order, ready to be sent.
    pub fn order(self, action: &WorkbenchAction) -> Box<dyn Actor> {
        let WriterConfig { source, base_url, extno, per_minute, .. } = &self.config;
        let path = path(action);
        let fields = fields(action, extno);
        let draft = ActionDraft {
            source: source.clone(),
            command: action.command(),
            target: Some(target(extno)),
            path: path.to_owned(),
            delivery: Delivery {
                agent: Some(extno.clone()),
                host: origin(base_url),
                method: "POST",
                encoding: match self.config.form {
                    FieldForm::Form => Delivery::FORM,
                    FieldForm::Json => Delivery::JSON,
                },
            },
            request: shown(&fields, &self.config.privacy.at_least_masked()),
        };
        let budget =
            BudgetKey { name: format!("workbench:{}{path}", authority(base_url)), per_minute: *per_minute };
        let tells = matches!(action, WorkbenchAction::GetMessage);
        Box::new(WorkbenchOrder { writer: self, draft, budget, fields, tells })
    }
}

fn path(action: &WorkbenchAction) -> &'static str {
    match action {
        WorkbenchAction::Logon => "/admin/agent/logon",
        WorkbenchAction::Logout => "/admin/agent/logout",
        WorkbenchAction::NextCall => "/admin/agent/nextCall",
        WorkbenchAction::Hold => "/admin/agent/hold",
        WorkbenchAction::Meeting { .. } => "/admin/agent/meeting",
        WorkbenchAction::AddBlack { .. } => "/admin/agent/addBlack",
        WorkbenchAction::GetMessage => "/admin/agent/getMsg",
        WorkbenchAction::SendSms { .. } => "/admin/sms_api/send",
    }
}

type FieldList = Vec<(&'static str, String)>;

fn fields(action: &WorkbenchAction, extno: &str) -> FieldList {
    match action {
        WorkbenchAction::Logon | WorkbenchAction::Logout => vec![("extno", extno.to_owned())],
        WorkbenchAction::NextCall | WorkbenchAction::Hold | WorkbenchAction::GetMessage => Vec::new(),
        WorkbenchAction::Meeting { tel } => vec![("tel", tel.clone())],
        WorkbenchAction::AddBlack { info_uuid } => vec![("info_uuid", info_uuid.clone())],
        WorkbenchAction::SendSms { telephone, msg } => {
            vec![("telephone", telephone.clone()), ("msg", msg.clone())]
        }
    }
}

/// The fields as people may see them: numbers masked at least, the message's text only measured.
fn shown(fields: &FieldList, privacy: &Privacy) -> Json {
    let shown = |name: &str, value: &str| match name {
        "msg" => {
            let (letters, parts) =
                (counted(value.chars().count(), "character"), counted(sms::parts(value), "part"));
            format!("({letters}, {parts})")
        }
        "tel" if value.chars().count() < TELEPHONE_CHARS_MIN => value.to_owned(),
        "tel" | "telephone" => {
            privacy.apply(Personal::Phone, value).unwrap_or_else(|| "(not recorded)".to_owned())
        }
        _ => privacy.scrub_text(value).unwrap_or_else(|| value.to_owned()),
    };
    fields.iter().map(|(name, value)| ((*name).to_owned(), Json::from(shown(name, value)))).collect()
}

struct WorkbenchOrder {
    writer: WorkbenchWriter,
    draft: ActionDraft,
    budget: BudgetKey,
    fields: FieldList,
    /// Whether the answer holds a text for the person.
    tells: bool,
}

impl WorkbenchOrder {
    fn body(&self) -> Body {
        match self.writer.config.form {
            FieldForm::Form => Body::Form(
                form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish(),
            ),
            FieldForm::Json => {
                let fields: Map<String, Json> = self
                    .fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                    .collect();
                Body::Json(Json::Object(fields).to_string())
            }
        }
    }
}

#[async_trait]
impl Actor for WorkbenchOrder {
    fn draft(&self) -> &ActionDraft {
        &self.draft
    }

    fn budget(&self) -> &BudgetKey {
        &self.budget
    }

    async fn act(self: Box<Self>) -> Reply {
        let WorkbenchWriter { config, http, clock } = &self.writer;
        let context = RequestContext {
            subject: self.draft.source.clone(),
            request: format!("POST {}", self.draft.path),
        };
        let request = Request {
            url: address(&config.base_url, &self.draft.path, &[]),
            secret_header: Some(("access_token", config.access_token.clone())),
            body: Some(self.body()),
            time_limit: None,
        };
        match http.send_once(&context, request).await {
            Ok(answer) => {
                // What was sent to whom must not come back in the vendor's words either.
                let private = |name: &str| matches!(name, "telephone" | "tel" | "msg");
                let fields = self.fields.iter().filter(|(name, _)| private(name));
                let token = config.access_token.expose_secret();
                let secrets: Vec<&str> = fields.map(|(_, value)| value.as_str()).chain([token]).collect();
                judge(&context, &answer, &secrets, self.tells, clock.now())
            }
            Err(lost) if lost.unsent => Reply::Unsent(lost.fault),
            Err(lost) => Reply::Unknown(lost.fault),
        }
    }
}
