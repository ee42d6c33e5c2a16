//! What is known of a read, and what follows from it.

pub mod absence;
pub mod certificate;
pub mod explain;
pub mod lag;
pub mod quarantine;
pub mod run;
pub mod window;
