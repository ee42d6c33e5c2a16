//! SIGTERM, Ctrl-C and SIGHUP.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use ccsync::ops::signal::signalled;
use ccsync::telemetry::event;

/// A token that is cancelled by the first SIGTERM or Ctrl-C; the second ends the process at once.
pub(in crate::cli) fn on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        signalled().await;
        stopping.cancel();
        signalled().await;
        // The database rolls back what was not committed, as after a kill.
        std::process::exit(130);
    });
    stop
}

/// SIGHUP would end the process without a word. It is answered in the log until this is dropped.
pub(in crate::cli) fn on_hangup() -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        while hangup.recv().await.is_some() {
            event::HangupIgnored.emit();
        }
    }))
}
