//! Making the cluster, or finding out which server it needs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::install::account;
use super::install::binaries::Binaries;
use super::paths::ClusterPaths;
use super::{EmbeddedConfig, EmbeddedError};

/// The superuser. It is used to set up the database, and through the socket only.
pub(super) const SUPERUSER: &str = "postgres";

/// What a cluster is called while it is being made; our process id follows.
const UNFINISHED: &str = "cluster.new-";

/// The major version that made the cluster; none if there is no cluster.
pub(super) fn made_by(cluster: &Path) -> Result<Option<u32>, EmbeddedError> {
    if !cluster.exists() {
        return Ok(None);
    }
    let failed = |output: String| EmbeddedError::NotACluster { path: cluster.to_owned(), output };
    let text =
        std::fs::read_to_string(cluster.join("PG_VERSION")).map_err(|error| failed(error.to_string()))?;
    match text.trim().parse() {
        Ok(major) => Ok(Some(major)),
        Err(_) => Err(failed(format!("it says {:?}", text.trim()))),
    }
}

/// Makes the cluster if there is none and gives back the binaries that fit it.
///
/// It is made under another name and then renamed, so a kill at any instant leaves either a
/// whole cluster or something that the next start removes.
pub(super) async fn ensure(paths: &ClusterPaths, config: &EmbeddedConfig) -> Result<Binaries, EmbeddedError> {
    remove_unfinished(paths).await;
    let made_by = made_by(&paths.cluster)?;
    let binaries = Binaries::find(config, paths, made_by).await?;
    if made_by.is_some() {
        close_to_others(paths).await?;
        return Ok(binaries);
    }
    let unfinished = paths.server_dir().join(format!("{UNFINISHED}{}", std::process::id()));
    tracing::info!(cluster = %paths.cluster.display(), major = binaries.major, "making a database cluster");
    // Byte order never changes under an index, as a language's order may with the system's
    // library; the character type lets `lower` and `ilike` know letters beyond ASCII.
    let first = initdb(paths, config, &binaries, &unfinished, "C.UTF-8").await;
    if let Err(EmbeddedError::Program { output, .. }) = &first
        && output.contains("locale")
    {
        initdb(paths, config, &binaries, &unfinished, "C").await?;
    } else {
        first?;
    }
    std::fs::rename(&unfinished, &paths.cluster)
        .map_err(EmbeddedError::file("give its name to", &paths.cluster))?;
    if config.durable {
        let dir = paths.server_dir();
        std::fs::File::open(&dir)
            .and_then(|file| file.sync_all())
            .map_err(EmbeddedError::file("flush the directory", &dir))?;
    }
    Ok(binaries)
}

async fn initdb(
    paths: &ClusterPaths,
    config: &EmbeddedConfig,
    binaries: &Binaries,
    into: &Path,
    character_type: &str,
) -> Result<(), EmbeddedError> {
    let mut command = paths.account.command(binaries.program("initdb"));
    command.arg("-D").arg(into).args([
        "-U",
        SUPERUSER,
        "-E",
        "UTF8",
        "--locale=C",
        &format!("--lc-ctype={character_type}"),
        "--data-checksums",
        // Not what we run with (see `settings`), but what someone gets who starts it by hand.
        "--auth-local=peer",
        "--auth-host=reject",
    ]);
    if !config.durable {
        command.arg("--no-sync");
    }
    let tried = format!(
        "making a database cluster with {} as `{}`",
        binaries.program("initdb").display(),
        paths.account.name()
    );
    account::run(
        command,
        &tried,
        Duration::from_secs(300),
        "check that the disk is not full and that this account may use it",
    )
    .await?;
    Ok(())
}

/// The server refuses a cluster that others may read; a copy or a restore often opens it.
async fn close_to_others(paths: &ClusterPaths) -> Result<(), EmbeddedError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(&paths.cluster)
        .map_err(EmbeddedError::file("look at", &paths.cluster))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 && mode & 0o700 == 0o700 {
        return Ok(());
    }
    tracing::warn!(
        cluster = %paths.cluster.display(), mode = format!("{:o}", mode & 0o777),
        "the cluster was open to other accounts; closing it"
    );
    let mut command = paths.account.command("chmod");
    command.arg("700").arg(&paths.cluster);
    account::run(
        command,
        "closing the cluster to other accounts",
        Duration::from_secs(10),
        "give the cluster back to the account that runs the server",
    )
    .await?;
    Ok(())
}

/// Removes what a killed start left behind. Only called under `start.lock`.
async fn remove_unfinished(paths: &ClusterPaths) {
    let Ok(entries) = std::fs::read_dir(paths.server_dir()) else {
        return;
    };
    let unfinished: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED))
        .map(|entry| entry.path())
        .collect();
    if unfinished.is_empty() {
        return;
    }
    // As the account that made it, so that no link can lead us astray.
    let mut command = paths.account.command("rm");
    command.arg("-rf").args(&unfinished);
    let removed = account::run(
        command,
        "removing what a killed start left behind",
        Duration::from_secs(60),
        "remove it by hand",
    )
    .await;
    if let Err(error) = removed {
        tracing::warn!(%error, "could not tidy up");
    }
}
