//! Pages that the vendor refuses.

use crate::domain::fault::{Fault, FaultKind};
use crate::engine::walk::Walker;

impl Walker<'_, '_> {
    /// Whether the vendor refuses the page for its depth: it still gives the first page, and refuses this one again.
    /// Search engines refuse rows behind a bound (Elasticsearch's `max_result_window`, 10,000 unless configured).
    pub(super) async fn is_refused_at_depth(&mut self, fault: &Fault) -> bool {
        let (page_no, page_size) = self.asked;
        if !is_answer(fault.kind) || page_no == 1 || self.walk.records.is_empty() {
            return false;
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
