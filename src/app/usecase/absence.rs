//! What a person decides about rows that vanished in masses.

use crate::app::App;
use crate::domain::fault::Fault;
use crate::domain::proof::absence::{AbsenceCase, AcceptedAbsence};

impl App {
    /// The open alarms, oldest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn absence_alarms(&self) -> Result<Vec<AbsenceCase>, Fault> {
        self.database.store.alarms().await
    }

    /// Marks deleted what these alarms are about: all of them, or none.
    ///
    /// # Errors
    /// `RequestRefused` where a number is not that of an open alarm, and database faults.
    pub async fn accept_absence(&self, ids: &[i64]) -> Result<Vec<AcceptedAbsence>, Fault> {
        self.confirm_accounts().await?;
        self.database.store.accept(ids, self.overrides.clock.now()).await
    }
}
