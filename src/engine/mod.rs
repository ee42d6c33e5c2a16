//! The machine: plans windows, walks pages, retries, commits. It owns the ports that the shores implement
//! and knows no vendor, no HTTP and no SQL.

pub mod port;
