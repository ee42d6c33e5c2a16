//! What is due: windows from the ledger and the policies, rereads, and the present that all of it goes by.

pub mod planner;
pub mod present;
pub mod reread;
