//! Why a measurement failed, and what is printed meanwhile.

use std::fmt;
use std::io::Write as _;

use ccsync::config::ConfigErrors;

/// Why a measurement failed, with what to do about it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    /// The exit code: 1 failed, 2 wrong usage.
    pub exit: u8,
}

impl Failure {
    /// A measurement that could not be made.
    pub fn failed(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), exit: 1 }
    }

    /// An order that cannot be carried out as it was given.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), exit: 2 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Failure {
        Failure::usage(format!("the configuration has mistakes\n{errors}"))
    }
}

/// Prints a message to stderr. One that is not read any more is no error.
pub(crate) fn print(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
