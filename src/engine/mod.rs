//! Plans windows, walks pages, retries, commits. It owns the ports that the adapters implement and knows no vendor,
//! no HTTP and no SQL.

pub mod alert;
pub mod feed;
pub mod forgetting;
pub mod pass;
pub mod plan;
pub mod port;
pub mod read;
pub mod retention;
pub mod verify;
