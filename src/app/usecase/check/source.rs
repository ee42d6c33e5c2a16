//! The accounts of the configuration against those whose rows are stored.

use super::report::{CheckGroup, Checked};
use crate::app::usecase::source::{configured, not_configured};
use crate::config::Settings;
use crate::domain::row::text::counted;
use crate::domain::source::{KnownSource, UnconfiguredSource};
use crate::store::PgStore;

const GROUP: CheckGroup = CheckGroup::Database;

/// What was found, and which sources must not be asked anything.
#[derive(Default)]
pub(super) struct Accounts {
    pub(super) checks: Vec<Checked>,
    pub(super) refused: Vec<String>,
}

pub(super) async fn check(settings: &Settings, store: Option<&PgStore>) -> Accounts {
    let subject = "accounts";
    let Some(store) = store else {
        let checks = vec![Checked::skipped(GROUP, subject, "needs a database whose schema is up to date")];
        return Accounts { checks, ..Accounts::default() };
    };
    let found = async {
        let refusals = store.claim_sources(&configured(settings), false).await?;
        let unread = not_configured(settings, store.stored_sources().await?);
        Ok((refusals, unread, store.sources().await?))
    };
    let (refusals, unread, known) = match found.await {
        Ok(found) => found,
        Err(fault) => {
            return Accounts { checks: vec![Checked::ill(GROUP, subject, &fault)], ..Accounts::default() };
        }
    };
    let refused: Vec<String> = refusals.iter().map(|refusal| refusal.source.clone()).collect();
    let mut checks: Vec<Checked> = refusals
        .into_iter()
        .map(|refusal| Checked::refused(GROUP, format!("{} account", refusal.source), refusal.message))
        .collect();
    if checks.is_empty() {
        let count = counted(settings.sources.len() as u64, "source");
        checks.push(Checked::well(GROUP, subject, format!("{count}, each under the name of its rows")));
    }
    // Of an account that is configured under another name a refusal tells.
    let account_of = |name: &str| known.iter().find(|known| known.name == name)?.account.as_ref();
    let configured = configured(settings);
    let is_configured = |unread: &&UnconfiguredSource| {
        account_of(&unread.source)
            .is_some_and(|account| configured.iter().any(|own| own.account.is_same(account)))
    };
    checks.extend(unread.iter().filter(|unread| !is_configured(unread)).map(unconfigured));
    checks.extend(known.iter().filter_map(|known| unfinished(known, &refused)));
    Accounts { checks, refused }
}

fn unconfigured(source: &UnconfiguredSource) -> Checked {
    let name = &source.source;
    let at = source.read_at.format("%F %T UTC");
    let detail = format!("is not configured here; its rows stand in schema bi as of its last pass at {at}");
    let remedy = format!(
        "configure it again, or `ccsync source retire {name} --yes`; where another ccsync reads it, nothing needs to be \
         done"
    );
    Checked::warning(GROUP, name.clone(), detail, remedy)
}

/// A change of a source that no refusal told of.
fn unfinished(known: &KnownSource, refused: &[String]) -> Option<Checked> {
    let pending = known.pending.as_ref().filter(|_| refused.is_empty())?;
    let detail = format!("a change begun on {} is not finished", pending.since.format("%F %T UTC"));
    Some(Checked::warning(GROUP, known.name.clone(), detail, format!("`{}`", pending.command)))
}
