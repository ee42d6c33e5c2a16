//! The `ccsync` program.

mod cli;

use std::process::ExitCode;

/// The C library's keeps the holes between the blocks of a window: memory grows with every window that is read.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::main()
}
