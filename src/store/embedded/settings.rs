//! The configuration files that the server is started with.
//!
//! They are written anew before each launch. What an operator wants otherwise is set with
//! `ALTER SYSTEM`, which the server keeps in the cluster and which wins.

use std::ops::RangeInclusive;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::EmbeddedError;
use super::install::binaries::Binaries;
use super::paths::ClusterPaths;

/// Who may connect, and how: without a password only through the socket, whose directory is
/// closed to other accounts; over TCP with the password, and never as the superuser.
const HBA: &str = "\
# Written by ccsync before each start.
local  all  all                     trust
host   all  postgres  127.0.0.1/32  reject
host   all  all       127.0.0.1/32  scram-sha-256
";

/// A small host that also runs the daemon. Error messages keep to one line and no statement or
/// parameter is logged, because those carry personal data.
const SETTINGS: &str = "\
# Written by ccsync before each start. To change a setting, use ALTER SYSTEM.
max_connections = 120
work_mem = '16MB'
maintenance_work_mem = '64MB'
random_page_cost = 1.1
max_wal_size = '4GB'
min_wal_size = '128MB'
checkpoint_timeout = '15min'
checkpoint_completion_target = 0.9
password_encryption = 'scram-sha-256'
timezone = 'UTC'
datestyle = 'iso, ymd'
default_text_search_config = 'pg_catalog.simple'
ssl = off
logging_collector = off
log_destination = 'stderr'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
lc_messages = 'C'
log_statement = 'none'
log_min_error_statement = panic
log_error_verbosity = terse
log_min_duration_statement = -1
log_parameter_max_length_on_error = 0
log_checkpoints = off
";

/// Data that may be lost in a power cut need not be flushed, and many tests connect at once.
/// Commits are still handed to the system before they are answered, so a kill loses none.
const NOT_DURABLE: &str = "\
# This cluster is for tests or demonstrations: nothing is flushed to disk.
fsync = off
full_page_writes = off
max_connections = 300
shared_buffers = '128MB'
";

/// The server's share of the machine's memory, as a divisor. New keys are random: once the index of them has no
/// room in the buffers, a first load takes twice as long a row (docs/performance.md). A half of what PostgreSQL's
/// manual advises, since the machine is seldom its alone.
const SHARE: u64 = 8;

/// Bounds of that share, in MB: PostgreSQL's own default, and what holds the keys of thirty million rows.
const BUFFERS_MB: RangeInclusive<u64> = 128..=4096;

/// Writes both files, for data that must last or not.
pub(super) async fn write(
    paths: &ClusterPaths,
    binaries: &Binaries,
    durable: bool,
) -> Result<(), EmbeddedError> {
    let settings = match durable {
        true => format!(
            "{SETTINGS}shared_buffers = '{}MB'\nwal_compression = {}\n",
            buffers_mb(memory()),
            binaries.wal_compression(paths).await
        ),
        false => format!("{SETTINGS}{NOT_DURABLE}"),
    };
    for (name, text) in [("postgres.conf", settings.as_str()), ("hba.conf", HBA)] {
        let path = paths.file(name);
        super::install::files::write_whole(&path, text, 0o644)?;
    }
    Ok(())
}

/// Bytes of memory that this process may use at most: the machine's, or a container's limit; 0 if nobody says.
fn memory() -> u64 {
    let ram = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(ram);
    match system.total_memory() {
        // There the limits of a container may not even be asked for.
        0 => 0,
        total => system.cgroup_limits().map_or(total, |limits| limits.total_memory),
    }
}

/// `shared_buffers` on a machine with so many bytes of memory.
fn buffers_mb(memory: u64) -> u64 {
    (memory / SHARE / (1 << 20)).clamp(*BUFFERS_MB.start(), *BUFFERS_MB.end())
}

/// What depends on this start: given on the command line, so that it wins over `ALTER SYSTEM`.
pub(super) fn arguments(paths: &ClusterPaths, port: u16) -> Vec<String> {
    // A list of directories, each of which may be quoted as an identifier.
    let socket_dir = paths.socket_dir.display().to_string().replace('"', "\"\"");
    let mut arguments = vec!["-D".to_owned(), paths.cluster.display().to_string()];
    for setting in [
        format!("config_file={}", paths.file("postgres.conf").display()),
        format!("hba_file={}", paths.file("hba.conf").display()),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        format!("unix_socket_directories=\"{socket_dir}\""),
        "unix_socket_permissions=0700".to_owned(),
    ] {
        arguments.push("-c".to_owned());
        arguments.push(setting);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffers_are_an_eighth_of_the_memory_within_bounds() {
        let gib = |count: u64| count << 30;
        let cases =
            [(0, 128), (gib(1), 128), (gib(2), 256), (gib(24), 3072), (gib(64), 4096), (u64::MAX, 4096)];
        for (memory, buffers) in cases {
            assert_eq!(buffers_mb(memory), buffers, "{memory} bytes");
        }
    }

    #[test]
    fn the_memory_of_this_machine_is_known() {
        assert!((64 << 20..1 << 50).contains(&memory()), "{}", memory());
    }
}
