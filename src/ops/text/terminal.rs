//! What a terminal can show; and stderr, shared by log lines, talk and whatever is drawn below them.

use std::io::{self, IsTerminal, Write};
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

/// Whether a cursor can be moved there.
pub fn draws(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Whether colours are shown and wanted there (<https://no-color.org>: set and not empty, nobody wants them).
pub fn has_colours(stream: &impl IsTerminal) -> bool {
    draws(stream) && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Columns and rows of stdout's terminal, where it says so.
pub fn size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}
