//! What tables are like, and whether statements took every row.

mod bound;
mod catalogue;
mod row_count;
mod schema;
mod touched;
