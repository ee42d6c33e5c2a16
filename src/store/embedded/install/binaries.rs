//! Finding the server's programs on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::store::embedded::error::INSTALL;
use crate::store::embedded::install::account;
use crate::store::embedded::install::fetch;
use crate::store::embedded::paths::ClusterPaths;
use crate::store::embedded::{EmbeddedConfig, EmbeddedError};

/// The oldest major version that is used: older ones get no fixes any more.
const OLDEST: u32 = 14;

/// One installation of the server.
#[derive(Debug, Clone)]
pub(in crate::store::embedded) struct Binaries {
    /// Where `postgres`, `initdb` and `pg_ctl` are.
    pub(in crate::store::embedded) dir: PathBuf,
    /// As in `15` of 15.18.
    pub(in crate::store::embedded) major: u32,
}

/// Nothing fits, and nothing may be downloaded.
fn absent(paths: &ClusterPaths, wanted: Option<u32>, looked: String) -> EmbeddedError {
    match wanted {
        Some(major) => EmbeddedError::OtherMajor { path: paths.cluster.clone(), major, looked },
        None => EmbeddedError::NoServer { looked },
    }
}

impl Binaries {
    /// The first usable installation, of the wanted major version if one is wanted; or else where it was looked for.
    pub(in crate::store::embedded) async fn installed(
        config: &EmbeddedConfig,
        paths: &ClusterPaths,
        wanted: Option<u32>,
    ) -> Result<Binaries, String> {
        let mut places = match &config.bin_dir {
            Some(dir) => vec![dir.clone()],
            None => places(),
        };
        // What was downloaded once is not downloaded again.
        places.extend(newest_first(&paths.home, fetch::PREFIX, "bin"));
        let mut looked = Vec::new();
        for dir in places {
            match Self::at(&dir, paths, wanted).await {
                Ok(found) => return Ok(found),
                Err(reason) => looked.push(format!("{}: {reason}", dir.display())),
            }
        }
        Err(if looked.is_empty() {
            "pg_config --bindir, PATH and the usual places".to_owned()
        } else {
            looked.join("; ")
        })
    }

    /// The same, or else one that is downloaded.
    pub(in crate::store::embedded) async fn find(
        config: &EmbeddedConfig,
        paths: &ClusterPaths,
        wanted: Option<u32>,
    ) -> Result<Binaries, EmbeddedError> {
        let looked = match Self::installed(config, paths, wanted).await {
            Ok(found) => return Ok(found),
            Err(looked) => looked,
        };
        let wanted_text = wanted
            .map(|major| format!(" of version {major}, which made the existing cluster"))
            .unwrap_or_default();
        if !config.fetch {
            return Err(absent(paths, wanted, looked));
        }
        let failed = |output| EmbeddedError::Fetch { wanted: wanted_text, looked, url: fetch::URL, output };
        let dir = match fetch::fetch(&paths.home, wanted).await {
            Ok(dir) => dir.join("bin"),
            Err(output) => return Err(failed(output)),
        };
        Self::at(&dir, paths, wanted).await.map_err(failed)
    }

    /// What [`find`](Self::find) would find: its version, or `None` where it would download one first.
    ///
    /// # Errors
    /// Where nothing is installed and nothing may be downloaded.
    pub(in crate::store::embedded) async fn foresee(
        config: &EmbeddedConfig,
        paths: &ClusterPaths,
        wanted: Option<u32>,
    ) -> Result<Option<u32>, EmbeddedError> {
        match Self::installed(config, paths, wanted).await {
            Ok(found) => Ok(Some(found.major)),
            Err(_) if config.fetch => Ok(None),
            Err(looked) => Err(absent(paths, wanted, looked)),
        }
    }

    /// A program of this installation.
    pub(in crate::store::embedded) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// How pages are packed that go to the log whole: by lz4 where this installation can (PostgreSQL 15 and newer, as
    /// it was built). A first load of ten million rows takes a fifth less of the server's processor time with it.
    pub(in crate::store::embedded) async fn wal_compression(&self, paths: &ClusterPaths) -> &'static str {
        let mut ask = paths.account.command(self.program("postgres"));
        ask.arg("-D").arg(&paths.cluster).args(["-c", "wal_compression=lz4", "-C", "wal_compression"]);
        match account::run(ask, "lz4", Duration::from_secs(20), INSTALL).await {
            Ok(_) => "lz4",
            Err(_) => "on",
        }
    }

    /// Looks at one directory, as the account that has to run what is there.
    async fn at(dir: &Path, paths: &ClusterPaths, wanted: Option<u32>) -> Result<Binaries, String> {
        // A link in PATH leads to the directory that has the rest of the installation.
        let postgres =
            dir.join("postgres").canonicalize().map_err(|error| format!("no postgres there ({error})"))?;
        let dir = postgres.parent().unwrap_or(dir).to_owned();
        for name in ["initdb", "pg_ctl"] {
            if !dir.join(name).exists() {
                return Err(format!("no {name} beside {}", postgres.display()));
            }
        }
        let mut ask = paths.account.command(&postgres);
        ask.arg("--version");
        let version =
            account::run(ask, "it", Duration::from_secs(20), INSTALL).await.map_err(|error| match error {
                EmbeddedError::Program { output, .. } => {
                    format!("cannot be run by `{}` ({output})", paths.account.name())
                }
                other => other.to_string(),
            })?;
        let major = major(&version).ok_or_else(|| format!("says {:?}", version.trim()))?;
        match wanted {
            Some(wanted) if wanted != major => Err(format!("is version {major}")),
            None if major < OLDEST => Err(format!("is version {major}, older than {OLDEST}")),
            _ => Ok(Binaries { dir, major }),
        }
    }
}

/// The number behind `postgres (PostgreSQL) `.
fn major(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Where servers are usually installed, the operator's own choice (PATH) first, then the newest.
fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output()
        && output.status.success()
    {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path).filter(|dir| dir.join("postgres").exists()));
    for (parent, prefix, below) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
        ("/usr/local/pgsql", "bin", ""),
    ] {
        places.extend(newest_first(Path::new(parent), prefix, below));
    }
    let mut seen = Vec::new();
    places.retain(|place| {
        let resolved = place.join("postgres").canonicalize();
        match resolved {
            Ok(resolved) if !seen.contains(&resolved) => {
                seen.push(resolved);
                true
            }
            _ => false,
        }
    });
    places
}

/// `parent/prefix*/below`, the highest version number first.
fn newest_first(parent: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let rest = name.strip_prefix(prefix)?;
            let numbers =
                rest.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
            Some((numbers, entry.path().join(below)))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_prints() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta2"), Some(18));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["9.6", "14", "15", "postgresql"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let found = newest_first(dir.path(), "", "bin");
        assert!(found[0].ends_with("15/bin"), "{found:?}");
        assert!(found[2].ends_with("9.6/bin"), "{found:?}");
    }
}
