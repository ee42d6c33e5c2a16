//! ccsync.
fn main() {}
