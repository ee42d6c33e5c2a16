//! Rows, tables and their values.

pub mod decimal;
pub mod record;
pub mod share;
pub mod table;
pub mod text;
