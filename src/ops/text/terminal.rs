//! stderr, shared by log lines, talk and whatever is drawn below them.

use std::io::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};

/// Takes what is drawn away, lets a line be written, and draws again.
type Curtain = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

static CURTAIN: RwLock<Option<Curtain>> = RwLock::new(None);

/// Lines go through `curtain` until this is dropped.
pub struct Drawing;

impl Drawing {
    /// Begins it. There is one at a time.
    pub fn begin(curtain: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) -> Drawing {
        *CURTAIN.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(curtain));
        Drawing
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        *CURTAIN.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Writes to stderr without running into what is drawn there.
#[derive(Debug, Clone, Copy)]
pub struct Stderr;

/// For `tracing`, which wants a new writer for each line.
pub fn stderr() -> Stderr {
    Stderr
}

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let curtain = CURTAIN.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(curtain) = curtain else { return io::stderr().lock().write(line) };
        let mut written = Ok(0);
        curtain(&mut || written = io::stderr().lock().write_all(line).map(|()| line.len()));
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
