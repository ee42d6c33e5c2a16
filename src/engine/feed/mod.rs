//! Following live feeds: a session for each agent, one writer for each feed, and the pure parts that decide.
//!
//! [`follower`] puts them together. A session stamps what its connection gives and hands it on; the writer
//! stores it in batches, through the spool while the database is away; the renewer holds the leases that say
//! which agents this process follows. What events mean for stays and gaps is `timeline`'s to say.

mod backlog;
pub mod follower;
mod pulse;
mod renewer;
mod session;
pub mod timeline;
mod writer;
