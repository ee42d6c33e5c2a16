//! Personal data planted in every field of every stream, and everything that is written searched for it.

mod plant;
mod recall;
mod rewriting;
mod scan;
mod vendor;
