//! The signals that end a process.

use tokio::signal::unix::{SignalKind, signal};

/// Returns at the next SIGTERM or Ctrl-C.
pub async fn signalled() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
