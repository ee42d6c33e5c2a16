//! The deliberate bugs of `tests/mutation` can still be put in.

use std::path::Path;
use std::process::Command;

#[test]
fn every_deliberate_bug_still_fits_the_code() {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patches = std::fs::read_dir(tree.join("tests/mutation")).unwrap().map(|entry| entry.unwrap().path());
    let patches: Vec<_> = patches.filter(|path| path.extension().is_some_and(|end| end == "patch")).collect();
    assert_eq!(patches.len(), 4);
    for patch in patches {
        let mut git = Command::new("git");
        // In a package inside of another repository, git would take the patch for that one's and skip it.
        git.current_dir(tree).env("GIT_CEILING_DIRECTORIES", tree.parent().unwrap());
        let checked = git.args(["apply", "--check", "--verbose"]).arg(&patch).output();
        let checked = checked.unwrap_or_else(|error| panic!("this test needs git: {error}"));
        let stderr = String::from_utf8_lossy(&checked.stderr);
        let fits = checked.status.success() && stderr.contains("Checking patch src/");
        assert!(fits, "{} does not fit any more, write it anew: {stderr}", patch.display());
    }
}
