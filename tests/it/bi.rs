//! What analysts are given: schema `bi`.

mod day;
mod figure;
mod shape;
mod time;
