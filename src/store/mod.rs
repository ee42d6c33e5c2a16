//! The shore towards PostgreSQL: the only room that speaks SQL.

pub mod embedded;
