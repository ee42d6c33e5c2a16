//! One person across vendors: the rules, what overrules them, and quality by skill group on top.

mod cli;
mod group;
mod rule;
mod support;
