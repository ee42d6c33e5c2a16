//! Personal data planted in every field of every stream, and everything that is written searched for it.

mod plant;
mod scan;
mod vendor;
