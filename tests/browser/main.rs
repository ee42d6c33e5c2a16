//! The status page in a real Chromium, over the production assembly on a database that holds a busy site. Run by
//! name only, `cargo test --test browser`; it needs `chromium` in the PATH, or its path in `CHROMIUM`. With
//! `CCSYNC_SCREENSHOTS=docs/screenshots` it leaves pictures there.

#![expect(clippy::unwrap_used, reason = "clippy's own exception covers test functions, not their helpers")]

mod chromium;
#[path = "../it/support/db.rs"]
#[expect(dead_code, reason = "what other tests need of it is not needed here")]
mod db;
mod page;
mod site;
