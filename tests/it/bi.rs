//! What analysts are given: schema `bi`.

mod dashboard;
mod day;
mod definition;
mod figure;
mod meaning;
mod question;
mod recompute;
mod shape;
mod time;
