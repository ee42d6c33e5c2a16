//! What commands and the status page ask for.

pub(in crate::app) mod alert;
pub(in crate::app) mod check;
pub(in crate::app) mod forget;
pub(in crate::app) mod plan;
pub(in crate::app) mod privacy;
pub(in crate::app) mod probe;
pub(in crate::app) mod quarantine;
pub(in crate::app) mod source;
pub(in crate::app) mod status;
pub(in crate::app) mod stored;
pub(in crate::app) mod verify;
