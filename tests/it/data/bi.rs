//! What analysts are given: schema `bi`.

mod day;
mod definition;
mod figure;
mod meaning;
mod question;
mod recompute;
mod sample;
mod shape;
mod stored;
mod time;
