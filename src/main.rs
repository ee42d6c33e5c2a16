//! The `ccsync` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ccsync::cli::main()
}
