//! Stored personal data under other keys or policies.

use std::sync::Arc;

use crate::app::App;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Rewrite;
use crate::store::RewrittenTable;

impl App {
    /// Whether the database is as this program and its configuration need it.
    ///
    /// # Errors
    /// Where migrations are missing, tokens were made with other keys, and other database faults.
    pub async fn ready(&self) -> Result<(), Fault> {
        self.database.store.schema_ready().await?;
        self.note_privacy_keys().await
    }

    pub(in crate::app) async fn note_privacy_keys(&self) -> Result<(), Fault> {
        let keys = self.settings.privacy.personal.keys.as_deref();
        self.database.store.note_privacy_keys(keys, self.overrides.clock.now()).await
    }

    /// Lifts stored tokens to the newest key, so that they meet those of what is read from now on. `dry`:
    /// only counts.
    ///
    /// # Errors
    /// `RequestRefused` where no key is configured, and database faults.
    pub async fn privacy_rotate(&self, dry: bool) -> Result<Vec<RewrittenTable>, Fault> {
        let Some(keys) = &self.settings.privacy.personal.keys else {
            let what = "there are no keys to rotate to; name a file in `privacy.hmac_key_file`";
            return Err(Fault::new(FaultKind::RequestRefused, what).advising());
        };
        self.database.store.rewrite(&Rewrite::Lift(Arc::clone(keys)), dry).await
    }

    /// Makes of what is stored what today's policies would have made of it, as far as it is still there to be
    /// treated: what was masked or dropped does not come back. `dry`: only counts.
    ///
    /// # Errors
    /// Database faults.
    pub async fn privacy_apply(&self, dry: bool) -> Result<Vec<RewrittenTable>, Fault> {
        let sources = self.settings.sources.iter();
        let policies = sources.map(|source| (source.name.clone(), source.privacy.clone())).collect();
        self.database.store.rewrite(&Rewrite::Apply(policies), dry).await
    }
}
