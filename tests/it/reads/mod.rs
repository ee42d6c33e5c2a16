//! How vendors are read and followed.

pub(crate) mod evidence;
pub(crate) mod feed;
pub(crate) mod page_size;
pub(crate) mod present;
pub(crate) mod rereading;
pub(crate) mod sources;
