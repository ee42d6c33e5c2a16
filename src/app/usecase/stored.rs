//! What is stored, as a person asks for it: where a row came from, what vanished, what departed from the documents.

use crate::app::App;
use crate::domain::fault::Fault;
use crate::domain::proof::absence::{AbsenceCase, AcceptedAbsence};
use crate::domain::proof::explain::{ReadStory, RowStory};
use crate::domain::vendor::drift::DriftEntry;
use crate::domain::vendor::page::PageRequest;
use crate::engine::plan::planner::so_far;

impl App {
    /// Where the rows under this key came from; the key's parts separated by `/`, later parts may be left
    /// out.
    ///
    /// # Errors
    /// Database faults.
    pub async fn explain(&self, key: &str) -> Result<Vec<RowStory>, Fault> {
        let store = &self.database.store;
        let mut stories = store.explain(&[key]).await?;
        let parts: Vec<&str> = key.split('/').collect();
        if stories.is_empty() && parts.len() > 1 {
            stories = store.explain(&parts).await?;
        }
        for story in &mut stories {
            let Some(stream) = self.streams.iter().find(|stream| stream.reader.key == story.stream) else {
                continue;
            };
            for read in story.versions.iter_mut().filter_map(|version| version.read.as_mut()) {
                let page_size = stream.reader.config.walk.page_size;
                // A window that was still growing was asked for as far as it had come.
                let window = read.window.and_then(|window| so_far(window, read.read_at));
                let request = PageRequest { window, page_no: 1, page_size };
                read.request = Some(pages(stream.reader.source.describe(&request), read));
            }
        }
        Ok(stories)
    }

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

    /// All departures that were ever recorded, the newest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn schema_drifts(&self) -> Result<Vec<DriftEntry>, Fault> {
        self.database.store.drifts().await
    }
}

/// Which of a read's pages brought a row is not kept.
fn pages(first: String, read: &ReadStory) -> String {
    if 1 < read.pages { format!("{first}, to page {}", read.pages) } else { first }
}
