//! The configuration files that the server is started with.
//!
//! They are written anew before each launch. What an operator wants otherwise is set with
//! `ALTER SYSTEM`, which the server keeps in the cluster and which wins.

use super::EmbeddedError;
use super::site::Site;

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
shared_buffers = '128MB'
work_mem = '16MB'
maintenance_work_mem = '64MB'
random_page_cost = 1.1
wal_compression = on
max_wal_size = '1GB'
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
wal_compression = off
max_connections = 300
";

/// Writes both files.
pub(super) fn write(site: &Site, durable: bool) -> Result<(), EmbeddedError> {
    let settings = if durable { SETTINGS.to_owned() } else { format!("{SETTINGS}{NOT_DURABLE}") };
    for (name, text) in [("postgres.conf", settings.as_str()), ("hba.conf", HBA)] {
        let path = site.file(name);
        super::files::write_whole(&path, text, 0o644)?;
    }
    Ok(())
}

/// What depends on this start: given on the command line, so that it wins over `ALTER SYSTEM`.
pub(super) fn arguments(site: &Site, port: u16) -> Vec<String> {
    // A list of directories, each of which may be quoted as an identifier.
    let socket_dir = site.socket_dir.display().to_string().replace('"', "\"\"");
    let mut arguments = vec!["-D".to_owned(), site.cluster.display().to_string()];
    for setting in [
        format!("config_file={}", site.file("postgres.conf").display()),
        format!("hba_file={}", site.file("hba.conf").display()),
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
