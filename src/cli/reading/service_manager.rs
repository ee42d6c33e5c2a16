//! What systemd is told of the daemon (`Type=notify`): nothing where `NOTIFY_SOCKET` is not set.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use ccsync::app::Liveness;
use ccsync::engine::port::clock::{Clock as _, SystemClock};

/// While the daemon comes up, the service manager is asked for this much more time, this often: a migration of a
/// large database may take longer than any limit it has.
const START_EXTENSION: Duration = Duration::from_secs(300);
const START_ASK: Duration = Duration::from_secs(15);

/// Before the database is open: an embedded one may have to be fetched first.
pub(in crate::cli) fn begin() {
    notify(&[NotifyState::Status("starting: opening the database"), extension()]);
}

/// While the operator's database is away.
pub(in crate::cli) fn wait() {
    notify(&[NotifyState::Status("starting: waiting for the database"), extension()]);
}

/// Tells readiness, signs of life and the end, until it is dropped.
pub(in crate::cli) fn follow(
    liveness: Liveness,
    stop: CancellationToken,
    place: String,
) -> Option<AbortOnDropHandle<()>> {
    std::env::var_os("NOTIFY_SOCKET")?;
    Some(AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::join!(stages(&liveness, &stop, &place), watchdog(&liveness));
    })))
}

async fn stages(liveness: &Liveness, stop: &CancellationToken, place: &str) {
    notify(&[NotifyState::Status("starting: bringing the schema up to date"), extension()]);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = liveness.up() => {
                notify(&[NotifyState::Ready, NotifyState::Status(&format!("following its schedules; {place}"))]);
                stop.cancelled().await;
                break;
            }
            () = SystemClock.sleep(START_ASK) => notify(&[extension()]),
        }
    }
    notify(&[
        NotifyState::Stopping,
        NotifyState::Status("stopping: what is under way is committed or given up"),
    ]);
}

fn extension() -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(u32::try_from(START_EXTENSION.as_micros()).unwrap_or(u32::MAX))
}

/// Signs of life, twice as often as they are asked for, as long as the runtime turns and no loop is missing.
async fn watchdog(liveness: &Liveness) {
    let Some(timeout) = sd_notify::watchdog_enabled() else { return };
    while liveness.is_whole() {
        notify(&[NotifyState::Watchdog]);
        SystemClock.sleep(timeout / 2).await;
    }
}

/// A service manager that does not listen is no reason to stop.
fn notify(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(states);
}
