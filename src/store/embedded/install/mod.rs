//! Where the programs and files of the server come from.

pub(in crate::store::embedded) mod account;
pub(in crate::store::embedded) mod binaries;
pub(in crate::store::embedded) mod bootstrap;
pub(in crate::store::embedded) mod fetch;
pub(in crate::store::embedded) mod files;
