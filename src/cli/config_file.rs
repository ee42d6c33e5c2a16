//! Which configuration file a command reads.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Its name in each of the places where it is looked for.
pub(super) const NAME: &str = "ccsync.toml";

/// The first that exists of `./ccsync.toml`, `ccsync/ccsync.toml` below `$XDG_CONFIG_HOME` (or `~/.config`), and
/// `/etc/ccsync/ccsync.toml`. One that exists and cannot be read is found: the command says so.
pub(super) fn find(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // A folder that may not be entered holds nothing for this user.
    places(variable).into_iter().find(|place| place.exists())
}

/// Where it is looked for.
pub(super) fn places(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // By the specification of those directories, a relative one counts for nothing.
    let of_user = given("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let of_user = of_user.or_else(|| Some(given("HOME")?.join(".config")));
    let places = [
        Some(Path::new(".").join(NAME)),
        of_user.map(|directory| directory.join("ccsync").join(NAME)),
        Some(Path::new("/etc/ccsync").join(NAME)),
    ];
    places.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_user_is_found_where_his_configurations_are() {
        let directory = tempfile::tempdir().unwrap();
        let found = |name: &str, value: &Path| {
            find(|asked| (asked == name).then(|| value.as_os_str().to_owned()))
                .filter(|found| found.starts_with(directory.path()))
        };
        let file = directory.path().join(".config/ccsync/ccsync.toml");
        assert_eq!(found("HOME", directory.path()), None);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        assert_eq!(found("HOME", directory.path()), Some(file.clone()));
        assert_eq!(found("XDG_CONFIG_HOME", &directory.path().join(".config")), Some(file));
        assert_eq!(found("XDG_CONFIG_HOME", Path::new("")), None);
    }
}
