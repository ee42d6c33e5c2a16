//! The program as people and scripts meet it: what it prints where, and how it ends.

mod help;
mod reading;
mod setup;
mod stored;
