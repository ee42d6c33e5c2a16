//! `cargo run --release -p ccsync-bench`: measures the `ccsync` that is built beside it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use ccsync::ops::observe::log::{self, LogFormat};
use ccsync::ops::signal::signalled;
use ccsync_bench::{BenchArgs, Failure, bench};
use clap::Parser as _;

fn main() -> ExitCode {
    let args = BenchArgs::parse();
    match measure(&args) {
        Ok(text) => {
            // A reader that went away is no error.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n'));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            ExitCode::from(failure.exit)
        }
    }
}

fn measure(args: &BenchArgs) -> Result<String, Failure> {
    let failed = |what: &str, error: &dyn std::error::Error| Failure::failed(format!("{what}: {error}"));
    log::init(LogFormat::Auto, "warn", None).map_err(|error| failed("no log could be set up", &error))?;
    let program = built_program()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed("no runtime could be started", &error))?;
    runtime.block_on(bench(&program, args, signalled()))
}

/// `ccsync` in the directory of this program. Under `cargo run` it is built first, so that what is measured is what
/// the source says.
fn built_program() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("the path of this program is unknown: {error}")))?;
    let program = own.with_file_name("ccsync");
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(Command::new(cargo), &own)?;
    }
    if program.exists() {
        return Ok(program);
    }
    Err(Failure::usage(format!("{} does not exist: cargo build --release", program.display())))
}

/// In the profile and the target directory of this program, which end its path.
fn build(mut cargo: Command, own: &Path) -> Result<(), Failure> {
    let profile = own.parent();
    let target = profile.and_then(Path::parent);
    let name = profile.and_then(Path::file_name).map_or("release", |name| name.to_str().unwrap_or("release"));
    cargo.args(["build", "--quiet", "--package", "ccsync", "--bin", "ccsync"]);
    cargo.args(["--profile", if name == "debug" { "dev" } else { name }]);
    cargo.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")]);
    if let Some(target) = target {
        cargo.arg("--target-dir").arg(target);
    }
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::failed(format!("`cargo build --bin ccsync` ended with {status}"))),
        Err(error) => Err(Failure::failed(format!("`cargo build --bin ccsync` did not start: {error}"))),
    }
}
