//! Is everything in place: settings, this host, the database, and one request for each stream. It goes on after a
//! failure; what depends on something that failed is skipped and says so.

mod agents;
mod database;
mod host;
mod report;
mod secret;
mod skew;
mod source;
mod vendor;

use std::path::Path;

pub use self::report::{CheckGroup, CheckReport, CheckVerdict, Checked};
use crate::app::assembly::stream;
use crate::app::{App, Database, Overrides};
use crate::config::Settings;

impl App {
    /// Looks at everything. Writes nothing but a token for each Sobot account (see below) and the requests' places in
    /// the budget, and not even these where the database lacks our schema. What fails is in the report.
    ///
    /// Credentials are proven by asking for a new token, which ends the one in use. The new one is stored as at each
    /// renewal; a worker whose token is refused finds it there and goes on. Without the schema it is stored nowhere, and
    /// another worker on that account would have to renew once.
    pub async fn check(
        settings: &Settings,
        config_file: Option<&Path>,
        overrides: &Overrides,
    ) -> CheckReport {
        let http = stream::http_client(settings);
        let http = http.as_ref();
        let mut checks = vec![sources(settings), secret::check(settings, config_file)];
        checks.extend(host::check(settings, overrides, http).await);
        let opened = match Database::is_made(&settings.database, overrides) {
            true => {
                // It looks, and downloads nothing.
                let looking = Overrides { create_database: false, ..overrides.clone() };
                Some(Database::open(&settings.database, &looking).await)
            }
            false => None,
        };
        let found = match &opened {
            Some(opened) => database::check(settings, overrides, opened.as_ref()).await,
            None => database::foresee(settings, overrides).await,
        };
        checks.extend(found.checks);
        let database = opened.as_ref().and_then(|opened| opened.as_ref().ok());
        let store = database.filter(|_| found.is_ready).map(|database| &database.store);
        let accounts = source::check(settings, store).await;
        checks.extend(accounts.checks);
        let vendors = vendor::check(settings, overrides, http, store, &accounts.refused).await;
        if let Some(Ok(database)) = opened
            && let Err(fault) = database.close().await
        {
            checks.push(Checked::ill(CheckGroup::Database, "shutdown", &fault));
        }
        checks.extend(vendors);
        CheckReport { checks }
    }
}

/// That the settings can be read is known by now; a mistake in them ends every command.
fn sources(settings: &Settings) -> Checked {
    let names: Vec<&str> = settings.sources.iter().map(|source| source.name.as_str()).collect();
    let (streams, feeds) = (settings.streams().len(), settings.feeds().count());
    let detail = format!("sources {}; streams {streams}, feeds {feeds}", names.join(", "));
    if streams + feeds == 0 {
        let remedy = "set `enabled = true` for what is to be read";
        return Checked::warning(
            CheckGroup::Configuration,
            "sources",
            format!("{detail}: nothing is read"),
            remedy,
        );
    }
    Checked::well(CheckGroup::Configuration, "sources", detail)
}
