//! What an answer looks like: pages, totals, clamps, spellings.

pub(crate) mod clamp;
pub(crate) mod exchange;
pub(crate) mod limit;
pub(crate) mod page_index;
pub(crate) mod paging;
pub(crate) mod plain;
