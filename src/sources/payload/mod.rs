//! What an answer holds: its envelope, charset, elements and values, read leniently.

pub(crate) mod answer;
pub(crate) mod element;
pub(crate) mod instant;
pub(crate) mod json_text;
pub(crate) mod reading;
pub(crate) mod scalar;
pub(crate) mod schema_check;
