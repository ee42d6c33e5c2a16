//! What is shown on a terminal, and how figures are written.

pub(crate) mod formatter;
pub mod status_text;
pub mod terminal;
pub mod text_table;
