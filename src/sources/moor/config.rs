//! One account at 7moor.

use url::Url;

use crate::domain::person::privacy::Privacy;
use crate::sources::address::authority;
use crate::sources::credential::Credential;

/// What an operator says of one 7moor account. `Debug` hides the secret.
#[derive(Debug, Clone)]
pub struct MoorConfig {
    /// The operator's name for the account.
    pub source: String,
    /// As the customer's console shows it: apis.7moor.com, openapis.7moor.com … (`docs/vendors.md#7moor`).
    pub base_url: Url,
    /// `N` or `T` and eleven digits.
    pub account_id: String,
    /// Signs, and is never sent.
    pub api_secret: Credential,
    /// What becomes of personal data.
    pub privacy: Privacy,
}

impl MoorConfig {
    /// `moor:<account_id>@<host[:port]>`: whom budgets belong to, whatever the source is called.
    pub fn account(&self) -> String {
        format!("moor:{}@{}", self.account_id, authority(&self.base_url))
    }
}
