//! A running server: started, watched, stopped, and one at a time.

pub(in crate::store::embedded) mod launch;
pub(in crate::store::embedded) mod lock;
pub(in crate::store::embedded) mod pidfile;
pub(in crate::store::embedded) mod stop;
pub(in crate::store::embedded) mod supervisor;
