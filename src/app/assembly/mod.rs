//! What is built once: the database, the streams and their policies, the present.

pub(in crate::app) mod database;
pub(in crate::app) mod declaration;
pub(in crate::app) mod embedded;
pub(in crate::app) mod liveness;
pub(in crate::app) mod policy;
pub(in crate::app) mod present;
pub(in crate::app) mod refusal;
pub(in crate::app) mod stream;
