//! The migrations are compiled in; a new one has to be noticed. A release says of which commit it was made.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-env-changed=CCSYNC_COMMIT");
    let version = env!("CARGO_PKG_VERSION");
    let told = match commit() {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    };
    println!("cargo:rustc-env=CCSYNC_VERSION={told}");
}

/// As the packager says; else, of a release build, as Git does. While somebody works on it, a commit is nothing to build anew
/// for.
fn commit() -> Option<String> {
    if let Ok(commit) = std::env::var("CCSYNC_COMMIT") {
        return Some(commit).filter(|commit| !commit.is_empty());
    }
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return None;
    }
    // A file that is not there would make each build a new one.
    let log = Path::new(".git/logs/HEAD");
    if !log.exists() {
        return None;
    }
    println!("cargo:rerun-if-changed={}", log.display());
    let git = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(git.stdout).ok()?.trim().to_owned();
    (git.status.success() && !commit.is_empty()).then_some(commit)
}
