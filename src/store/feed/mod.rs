//! A feed's part of the database: leases for each agent, the cursor, and the tables of schema `workbench`.

mod commit;
pub(super) mod lease;
mod popup;
mod port;
mod row;
mod session;
pub(super) mod status;
