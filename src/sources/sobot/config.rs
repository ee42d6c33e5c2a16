//! One account at Sobot.

use url::Url;

use crate::domain::person::privacy::Privacy;
use crate::sources::address::authority;
use crate::sources::credential::Credential;

/// What an operator says of one Sobot account. `Debug` hides the key.
#[derive(Debug, Clone)]
pub struct SobotConfig {
    /// The operator's name for the account.
    pub source: String,
    /// Paired with the account: www.sobot.com, www.soboten.com, sg.sobot.io, us.sobot.com …
    /// (`docs/vendors.md#sobot`).
    pub base_url: Url,
    /// `appid`.
    pub app_id: String,
    /// `app_key`; it signs and is never sent.
    pub app_key: Credential,
    /// What becomes of personal data.
    pub privacy: Privacy,
}

impl SobotConfig {
    /// `sobot:<app_id>@<host[:port]>`: whom token and budgets belong to, whatever the source is called.
    pub fn account(&self) -> String {
        format!("sobot:{}@{}", self.app_id, authority(&self.base_url))
    }
}
