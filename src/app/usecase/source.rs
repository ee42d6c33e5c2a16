//! The accounts of the configuration against the sources that are stored, and what an operator makes of sources.

use chrono::{DateTime, Utc};
use serde::Serialize;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Account, Settings, SourceSettings};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::source::{
    AccountRefusal, ConfiguredSource, KnownSource, UnconfiguredSource, VendorAccount,
};
use crate::spool;
use crate::store::{SourceChange, SourceOrder, SweptTable};
use crate::telemetry::event;

/// A source as the operator is shown it.
#[derive(Debug, Serialize)]
pub struct SourceSummary {
    /// What is stored of it.
    #[serde(flatten)]
    pub known: KnownSource,
    /// Whether the configuration names it.
    pub is_configured: bool,
    /// When it was read last, by whomever; `None`: never, or a rename or purge is under way.
    pub read_at: Option<DateTime<Utc>>,
}

/// The account that a source of the configuration names.
pub(in crate::app) fn account_of(source: &SourceSettings) -> VendorAccount {
    let (kind, id) = match &source.account {
        Account::Sobot { app_id, .. } => ("sobot", app_id.as_str()),
        Account::Moor { account_id, .. } => ("moor", account_id.as_str()),
        Account::Workbench { .. } => ("workbench", ""),
    };
    VendorAccount::new(kind, id, source.base_url.host_str().unwrap_or_default(), source.base_url.port())
}

/// Every source of the configuration, those that are not read too.
pub(in crate::app) fn configured(settings: &Settings) -> Vec<ConfiguredSource> {
    let source = |source: &SourceSettings| ConfiguredSource {
        name: source.name.clone(),
        account: account_of(source),
        is_used: false,
    };
    settings.sources.iter().map(source).collect()
}

/// What the configuration does not name.
pub(in crate::app) fn not_configured(
    settings: &Settings,
    stored: Vec<UnconfiguredSource>,
) -> Vec<UnconfiguredSource> {
    stored.into_iter().filter(|stored| settings.source(&stored.source).is_none()).collect()
}

/// All refusals as one fault.
fn refusal(refusals: &[AccountRefusal]) -> Option<Fault> {
    let refusals: Vec<String> =
        refusals.iter().map(|refusal| format!("{}: {}", refusal.source, refusal.message)).collect();
    let message = refusals.join("\n");
    (!refusals.is_empty()).then(|| Fault::new(FaultKind::SourceRefused, message).advising())
}

impl App {
    /// Whether each configured source is the account whose rows are stored under its name. The schema must be ready.
    ///
    /// # Errors
    /// `SourceRefused` with every source that is not, and the command that was probably meant; database faults.
    pub async fn confirm_accounts(&self) -> Result<(), Fault> {
        let refusals = self.database.store.claim_sources(&configured(&self.settings), false).await?;
        refusal(&refusals).map_or(Ok(()), Err)
    }

    /// The same, and remembers the accounts: this process reads under these names from here on.
    pub(in crate::app) async fn claim_accounts(&self) -> Result<(), Fault> {
        let refusals = self.database.store.claim_sources(&configured(&self.settings), true).await?;
        refusal(&refusals).map_or(Ok(()), Err)
    }

    /// Writes down which sources have rows in schema `bi` and are not configured here.
    pub(in crate::app) async fn log_unconfigured(&self) -> Result<(), Fault> {
        for source in not_configured(&self.settings, self.database.store.stored_sources().await?) {
            event::SourceUnconfigured { source: &source.source, read_at: source.read_at }.emit();
        }
        Ok(())
    }

    /// Every source that the database knows, by name.
    ///
    /// # Errors
    /// Database faults.
    pub async fn sources(&self) -> Result<Vec<SourceSummary>, Fault> {
        let read = self.database.store.stored_sources().await?;
        let summary = |known: KnownSource| SourceSummary {
            is_configured: self.settings.source(&known.name).is_some(),
            read_at: read.iter().find(|read| read.source == known.name).map(|read| read.read_at),
            known,
        };
        Ok(self.database.store.sources().await?.into_iter().map(summary).collect())
    }

    /// How many rows of a source each table has.
    ///
    /// # Errors
    /// Database faults.
    pub async fn source_rows(&self, name: &str) -> Result<Vec<SweptTable>, Fault> {
        self.database.store.source_rows(name).await
    }

    /// What a rename or purge would touch.
    ///
    /// # Errors
    /// `SourceRefused` or `DatabaseConflict` where it may not be done now, and why; other database faults.
    pub async fn preview_source_change(&self, order: &SourceOrder) -> Result<Vec<SweptTable>, Fault> {
        self.refuse_spooled(order)?;
        self.database.store.preview_source_change(order).await
    }

    /// Renames or purges a source, in small transactions. `progress` is told of each table that had rows.
    ///
    /// # Errors
    /// As of the preview; where it is cut short, the same command goes on.
    pub async fn change_source(
        &self,
        order: &SourceOrder,
        progress: &mut (dyn FnMut(&SweptTable) + Send),
    ) -> Result<Vec<SweptTable>, Fault> {
        self.refuse_spooled(order)?;
        let changed = self.database.store.change_source(order, progress).await?;
        self.refresh_sums(&CancellationToken::new()).await;
        Ok(changed)
    }

    /// Takes a source's rows out of schema `bi`; `undo`: back into it.
    ///
    /// # Errors
    /// `SourceRefused` where the source is configured here, unknown, or is in that state already; database faults.
    pub async fn retire_source(&self, name: &str, undo: bool, operator: &str) -> Result<(), Fault> {
        if undo {
            return self.database.store.unretire_source(name, operator).await;
        }
        self.refuse_configured(name)?;
        self.database.store.retire_source(name, operator).await
    }

    /// Refuses to retire what is read here.
    ///
    /// # Errors
    /// `SourceRefused`.
    pub fn refuse_configured(&self, name: &str) -> Result<(), Fault> {
        match self.settings.source(name) {
            None => Ok(()),
            Some(_) => Err(refused(format!(
                "{name} is configured, and would be read on: take [sources.{name}] out of the configuration and restart \
                 the service, then retire it"
            ))),
        }
    }

    /// The hosts that a source was read from and is to be read from, by the configuration.
    ///
    /// # Errors
    /// `SourceRefused` where the configuration or the database does not know it; database faults.
    pub async fn source_move(&self, name: &str) -> Result<(Option<VendorAccount>, VendorAccount), Fault> {
        let Some(source) = self.settings.source(name) else {
            return Err(refused(format!(
                "[sources.{name}] is not in the configuration: its `base_url` says where the source moves to"
            )));
        };
        let known = self.database.store.sources().await?;
        let known = known.into_iter().find(|known| known.name == name);
        let known = known.ok_or_else(|| refused(format!("nothing is stored under the name {name}")))?;
        Ok((known.account, account_of(source)))
    }

    /// Where the configuration reads a source from: scheme, host, port and path. Empty of a source that it does not name.
    pub fn source_address(&self, name: &str) -> String {
        self.settings.source(name).map_or_else(String::new, |source| {
            let url = &source.base_url;
            let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
            format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
        })
    }

    /// Reads a source from the configuration's host from here on.
    ///
    /// # Errors
    /// As of [`App::source_move`], and where the configuration names another account.
    pub async fn move_source(&self, name: &str, operator: &str) -> Result<(), Fault> {
        let (_, to) = self.source_move(name).await?;
        self.database.store.move_source(name, &to, operator).await
    }

    /// What a feed left on disk would be stored under the old name.
    fn refuse_spooled(&self, order: &SourceOrder) -> Result<(), Fault> {
        let directory = self.settings.database.data_dir.join("feed").join(&order.name);
        if matches!(order.change, SourceChange::Purge) || spool::waiting(&directory)? == 0 {
            return Ok(());
        }
        Err(refused(format!(
            "events of {} wait in {}: let `ccsync run` store them under the old name first",
            order.name,
            directory.display()
        )))
    }
}

fn refused(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::SourceRefused, message).advising()
}
