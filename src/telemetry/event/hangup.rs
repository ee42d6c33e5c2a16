//! A signal that other services reload on.

/// SIGHUP came; the configuration stays as it was read.
#[derive(Debug)]
pub struct HangupIgnored;

impl HangupIgnored {
    /// Writes it down.
    pub fn emit(self) {
        tracing::warn!(
            target: "ccsync",
            "SIGHUP: the configuration is read at the start only; restart ccsync to apply a change. A restart is safe \
             at any time",
        );
    }
}
