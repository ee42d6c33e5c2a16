//! Reading one page from a vendor.

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::row::record::Record;
use crate::domain::stream::StreamId;
use crate::domain::vendor::page::{Closing, Page, PageRequest};

/// One stream of one vendor account, ready to be read.
///
/// Inside: authentication and signing, the vendor's codes, field names, time zone and bounds. Outside:
/// retries, waiting, budgets, the end of a walk. An implementation keeps no state between pages and may be
/// called by several tasks at once.
#[async_trait]
pub trait Source: Send + Sync {
    /// Which stream this reads.
    fn stream(&self) -> StreamId;

    /// How the end of a walk over its pages is known.
    fn closing(&self) -> Closing;

    /// Asks for one page.
    ///
    /// Sends one request (a token request besides, where there is no valid token; and the same page once
    /// or twice more where the token was refused). The rows are those that the vendor returned, whatever
    /// instants they carry: for a window `[start, end)` the answer may hold rows just outside of it, never
    /// fewer than those within. Elements that cannot be read are rejects inside their record; an error
    /// means that the page as a whole brought nothing.
    ///
    /// # Errors
    /// A [`Fault`] whose kind decides what the engine does next.
    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault>;

    /// The request for a page as a person would write it down, without secrets. Asks nobody.
    fn describe(&self, request: &PageRequest) -> String {
        let window = request.window.map_or_else(|| "all of it".to_owned(), |window| window.to_string());
        format!("{window}, page {}, {} on a page", request.page_no, request.page_size)
    }

    /// Reads the payload of an earlier reject as today's reader would. Asks nobody.
    fn reread(&self, payload: &str) -> Record;
}
