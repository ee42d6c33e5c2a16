//! How a file and the environment become settings, and what is said of mistakes.

pub(in crate::config) mod address;
pub(in crate::config) mod effective;
pub(in crate::config) mod environment;
pub(in crate::config) mod error;
pub(in crate::config) mod layer;
pub(in crate::config) mod leaf;
pub(in crate::config) mod name;
pub(in crate::config) mod read;
pub(in crate::config) mod reader;
pub(in crate::config) mod render;
pub(in crate::config) mod secret;
pub(in crate::config) mod suggest;
