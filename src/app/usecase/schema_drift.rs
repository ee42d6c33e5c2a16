//! What vendors send that their documents do not say.

use crate::app::App;
use crate::domain::fault::Fault;
use crate::domain::vendor::drift::DriftEntry;

impl App {
    /// All departures that were ever recorded, the newest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn schema_drifts(&self) -> Result<Vec<DriftEntry>, Fault> {
        self.database.store.drifts().await
    }
}
