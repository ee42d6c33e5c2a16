//! Personal data that is stored: erasure, retention, rewriting under another policy, keys.

pub(super) mod forgotten;
pub(super) mod privacy_key;
pub(super) mod retention;
pub(super) mod rewrite;
