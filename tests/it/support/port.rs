//! Ports for servers that have to be told theirs ahead.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports that no system gives to whoever asks for any: nobody takes one of them between two uses.
const FIRST: u16 = 12_000;
const COUNT: u16 = 18_000;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A port on which nobody listens, and that no other test of this process is given.
pub fn free_port() -> u16 {
    // Test programs that run side by side begin at different places.
    let start = std::process::id().wrapping_mul(7_919) as u16;
    loop {
        let next = start.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + next % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The same, as an address.
pub fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}
