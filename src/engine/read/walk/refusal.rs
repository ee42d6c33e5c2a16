//! Pages that the vendor refuses.
//!
//! A refusal behind the first page may be a failure that passes, the depth of the vendor's search, or the end of the
//! list. The long pauses between tries help against the first alone.

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::vendor::page::{Page, PageRequest};
use crate::engine::read::walk::Walker;

/// Refusals in a row, with the first page in between, that are no failure which passes.
const REFUSALS_MIN: u32 = 3;

/// A refusal that came each time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    kind: FaultKind,
    code: Option<String>,
}

impl Refusal {
    fn of(fault: &Fault) -> Refusal {
        Refusal { kind: fault.kind, code: fault.code.clone() }
    }
}

impl Walker<'_, '_> {
    /// A page behind the first one. What the vendor refuses is asked for again after short pauses, as long as the
    /// first page comes in between; what comes out otherwise is tried as patiently as any request.
    pub(super) async fn fetch_behind(&mut self, request: &PageRequest) -> Result<Page, Fault> {
        let first = match self.fetcher.fetch_until_refused(request).await {
            Err(fault) if fault.refuses && !self.is_refusal_known(&fault) => fault,
            answer => return answer,
        };
        for refusals in 1..REFUSALS_MIN {
            self.fetcher.clock.sleep(self.fetcher.retry.base * refusals).await;
            if !self.does_first_page_come().await {
                return self.fetcher.fetch(request).await;
            }
            match self.fetcher.fetch_until_refused(request).await {
                Err(again) if again.refuses && Refusal::of(&again) == Refusal::of(&first) => {}
                Err(again) if again.refuses => return self.fetcher.fetch(request).await,
                answer => return answer,
            }
        }
        self.refusal = Some(Refusal::of(&first));
        Err(first)
    }

    async fn does_first_page_come(&mut self) -> bool {
        let first = PageRequest { window: self.window, page_no: 1, page_size: self.size };
        self.fetcher.fetch(&first).await.is_ok_and(|page| !page.records.is_empty())
    }

    fn is_refusal_known(&self, fault: &Fault) -> bool {
        self.refusal.as_ref() == Some(&Refusal::of(fault))
    }

    /// Whether the vendor refuses the page for where it lies: it still gives the first page, and refuses this one again.
    /// Search engines refuse rows behind a bound (Elasticsearch's `max_result_window`, 10,000 unless configured).
    pub(super) async fn is_refused_at_depth(&mut self, fault: &Fault) -> bool {
        let (page_no, page_size) = self.asked;
        if !is_answer(fault.kind) || page_no == 1 || self.walk.records.is_empty() {
            return false;
        }
        if self.is_refusal_known(fault) {
            return true;
        }
        let comes = self.ask(1, self.size).await.is_ok_and(|page| !page.records.is_empty());
        comes && self.ask(page_no, page_size).await.is_err_and(|again| again.kind == fault.kind)
    }
}

/// Whether the vendor answered this: a refusal or something that cannot be read, and not silence.
pub(super) fn is_answer(kind: FaultKind) -> bool {
    use FaultKind::{Malformed, RequestRefused, UnknownCode, VendorFailed};
    matches!(kind, VendorFailed | UnknownCode | RequestRefused | Malformed)
}
