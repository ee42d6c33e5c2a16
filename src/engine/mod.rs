//! The machine: plans windows, walks pages, retries, commits. It owns the ports that the shores implement
//! and knows no vendor, no HTTP and no SQL.

pub mod alert;
pub mod contact;
pub mod fault_policy;
pub mod feed;
pub mod fetch;
pub mod forgetting;
pub mod pass;
pub mod planner;
pub mod port;
pub mod present;
pub mod progress;
pub mod read;
pub mod reader;
pub mod reread;
pub mod resume;
pub mod retention;
pub mod room;
pub mod verify;
pub mod walk;
