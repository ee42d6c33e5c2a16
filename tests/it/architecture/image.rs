//! The image is built of what its build needs.

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::Path;

#[test]
fn the_image_is_built_of_what_its_context_lets_in_and_what_cargo_reads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |name: &str| read_to_string(root.join(name)).unwrap();
    let (image, ignored) = (file("Dockerfile"), file(".dockerignore"));
    let copied: BTreeSet<&str> = image
        .lines()
        .filter_map(|line| line.strip_prefix("COPY ").filter(|rest| !rest.starts_with("--")))
        .flat_map(|rest| rest.split(' ').rev().skip(1).collect::<Vec<_>>())
        .collect();
    let let_in: BTreeSet<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert_eq!(copied, let_in, "the Dockerfile's COPY and .dockerignore");
    let needed = ["Cargo.toml", "Cargo.lock", "build.rs", ".cargo", "config", "crates", "migrations", "src"];
    assert_eq!(copied, BTreeSet::from(needed));
    assert!(needed.iter().all(|name| root.join(name).exists()), "{needed:?}");
}
