//! `ccsync migrate`.

use crate::cli::build;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::config::Settings;

pub(super) async fn migrate(settings: Settings) -> Result<Exit, Failure> {
    let app = build(settings).await?;
    let pending = app.database().store.pending_migrations().await?;
    app.prepare().await?;
    app.close().await?;
    for name in &pending {
        output::data(&format!("applied {name}"));
    }
    if pending.is_empty() {
        output::talk("the schema was up to date");
    }
    Ok(Exit::Done)
}
