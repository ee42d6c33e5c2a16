//! Kills of the whole process at any instant, and what the next one finds; two processes that take windows
//! from one another; a database that fails in the middle.

mod chaos;
mod database;
mod embedded;
mod handover;
mod kill;
mod place;
pub mod proxy;
pub mod recipe;
mod resume;
