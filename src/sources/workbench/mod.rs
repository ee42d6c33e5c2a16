//! The call system's agent workbench (`vendor-docs/workbench.txt`). The eight endpoints that act are a
//! [`WorkbenchWriter`]'s alone.

mod action;
mod answer;

pub use action::{FieldForm, WorkbenchWriter, WriterConfig};
