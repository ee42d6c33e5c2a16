//! A source whose pages name nobody who is forgotten. Below every consumer, so that what is read for a pass, for a
//! verification or out of the quarantine is the same.

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::person::forgotten::ErasureList;
use crate::domain::row::record::Record;
use crate::domain::stream::StreamId;
use crate::domain::vendor::page::{Closing, Page, PageRequest};
use crate::engine::port::source::Source;

use std::sync::Arc;

/// Applies the list of forgotten persons to what a source gives.
pub struct ErasureFilter {
    /// The vendor.
    pub inner: Arc<dyn Source>,
    /// The operator's name for the account.
    pub source: String,
    /// The list.
    pub erasures: ErasureList,
}

#[async_trait]
impl Source for ErasureFilter {
    fn stream(&self) -> StreamId {
        self.inner.stream()
    }

    fn closing(&self) -> Closing {
        self.inner.closing()
    }

    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault> {
        let page = self.inner.fetch(request).await?;
        Ok(self.erasures.list().page(&self.source, page))
    }

    fn describe(&self, request: &PageRequest) -> String {
        self.inner.describe(request)
    }

    fn reread(&self, payload: &str) -> Record {
        self.erasures.list().record(&self.source, self.inner.reread(payload))
    }
}
