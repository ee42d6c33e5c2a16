//! Kills of the whole process at any instant, and what the next one finds.

mod embedded;
mod kill;
