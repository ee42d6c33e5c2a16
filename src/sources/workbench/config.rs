//! One call system.

use url::Url;

use crate::domain::person::privacy::{CustomFieldPolicy, Privacy};
use crate::domain::vendor::feed::NoticeTime;
use crate::sources::credential::Credential;

/// What an operator says of one call system. `Debug` hides the tokens.
#[derive(Debug, Clone)]
pub struct WorkbenchConfig {
    /// The operator's name for it.
    pub source: String,
    /// Its address; the socket's is the same with `ws` for `http`.
    pub base_url: Url,
    /// The agents.
    pub agents: Vec<WorkbenchAgent>,
    /// Whether the token stands in the address as `access_token=…` and not bare, as documented.
    pub named_token: bool,
    /// What the time of a notice counts.
    pub notice_time: NoticeTime,
    /// What becomes of personal data.
    pub privacy: Privacy,
    /// What becomes of custom fields.
    pub custom_fields: CustomFieldPolicy,
    /// A larger message is quarantined unread, in bytes.
    pub message_bytes_max: usize,
}

/// An agent whose workbench is followed.
#[derive(Debug, Clone)]
pub struct WorkbenchAgent {
    /// The agent's number.
    pub extno: String,
    /// The agent's token.
    pub access_token: Credential,
}
