//! The documents: their links lead somewhere, their languages say the same, and code cites only what exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::readme::{Skeleton, read, skeleton};

/// Pages that exist in two languages, without their endings.
const TRANSLATED: [&str; 7] = [
    "docs/configuration",
    "docs/commands",
    "docs/tables",
    "docs/guarantees",
    "docs/onboarding",
    "docs/operations",
    "docs/bi",
];

/// Files and folders that name files: documents, code, configuration.
const NAMING: [&str; 9] =
    ["src", "crates", "tests", "migrations", "config", "deploy", "integrations", "benches", ".ci"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
    }
    for entry in std::fs::read_dir(place).into_iter().flatten() {
        files(&entry.unwrap().path(), found);
    }
}

/// Every document at the root, below `docs` and beside code.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            found.push(path);
        }
    }
    for place in ["docs", "migrations", "deploy", "integrations"] {
        files(&root().join(place), &mut found);
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found
}

/// The lines that are no part of a fenced block.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The anchor that a heading gets: lower case, without punctuation, with hyphens for blanks.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    prose(text).filter(|line| line.starts_with('#')).map(anchor).collect()
}

/// What a link or a mention in `from` names and does not exist; `None` where it does.
fn missing(base: &Path, target: &str) -> Option<String> {
    let (file, place) = target.split_once('#').unwrap_or((target, ""));
    let path = base.join(file);
    if !path.exists() {
        return Some(format!("no file {file}"));
    }
    let is_document = path.extension().is_some_and(|extension| extension == "md");
    let absent = !place.is_empty()
        && is_document
        && !anchors(&std::fs::read_to_string(&path).unwrap()).contains(place);
    absent.then(|| format!("no heading {place} in {file}"))
}

#[test]
fn every_link_of_a_document_leads_to_a_file_and_a_heading_that_exist() {
    let (mut links, mut broken) = (0, Vec::new());
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let own = path.file_name().unwrap().to_str().unwrap();
        for line in prose(&text) {
            for target in line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)) {
                if target.starts_with("http") || target.contains(' ') {
                    continue;
                }
                links += 1;
                let target =
                    if target.starts_with('#') { format!("{own}{target}") } else { target.to_owned() };
                let found = missing(path.parent().unwrap(), &target);
                broken.extend(found.map(|what| format!("{}: {what}", path.display())));
            }
        }
    }
    assert!(200 < links, "only {links} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn code_and_configuration_cite_documents_and_headings_that_exist() {
    let pattern = Regex::new(r"\bdocs/[a-z0-9/_-]+(?:\.zh-CN)?\.md(?:#[\w-]+)?").unwrap();
    let strange = Regex::new(r"`[\w./-]+\.md`").unwrap();
    let mut paths = Vec::new();
    NAMING.iter().for_each(|place| files(&root().join(place), &mut paths));
    let (mut cited, mut broken) = (BTreeSet::new(), Vec::new());
    for path in paths {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        cited.extend(pattern.find_iter(&text).map(|found| found.as_str().to_owned()));
        for found in strange.find_iter(&text) {
            let named = found.as_str().trim_matches('`');
            if missing(&root(), named).is_some() && missing(path.parent().unwrap(), named).is_some() {
                broken.push(format!("{}: {named}", path.display()));
            }
        }
    }
    assert!(cited.iter().any(|name| name == "docs/vendors.md#sobot-results"), "{cited:?}");
    broken.extend(cited.iter().filter_map(|target| missing(&root(), target)));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn pages_in_two_languages_have_the_same_headings_blocks_tables_codes_and_links() {
    let mut codes = 0;
    for page in TRANSLATED {
        let [english, chinese] = ["", ".zh-CN"].map(|ending| skeleton(&read(&format!("{page}{ending}.md"))));
        let differ: Vec<&String> = chinese.codes.symmetric_difference(&english.codes).collect();
        assert!(differ.is_empty(), "{page}: set as code in one of the two only: {differ:?}");
        let links = |of: &Skeleton| -> BTreeSet<String> {
            of.links.iter().filter(|link| !page.ends_with(link.trim_end_matches(".md"))).cloned().collect()
        };
        assert_eq!(links(&chinese), links(&english), "{page}: links");
        assert_eq!(chinese.headings, english.headings, "{page}: headings");
        assert_eq!(chinese.blocks, english.blocks, "{page}: blocks");
        assert_eq!(chinese.tables, english.tables, "{page}: rows of tables");
        codes += english.codes.len();
    }
    assert!(100 < codes, "only {codes} words were set as code");
}

/// Whether a module, folder or file of the code is called so: `store/commit`, `src/cli/exit.rs`, `crash/kill`.
fn is_code(name: &str) -> bool {
    let mut places = ["", "src", "tests/it", "tests"].map(|place| root().join(place)).to_vec();
    places.extend(std::fs::read_dir(root().join("tests/it")).unwrap().map(|entry| entry.unwrap().path()));
    places.iter().any(|place| {
        let path = place.join(name);
        path.exists() || PathBuf::from(format!("{}.rs", path.display())).exists()
    })
}

#[test]
fn modules_and_files_that_documents_name_exist() {
    let layers =
        "app|cli|config|crates|domain|engine|ops|report|scheduler|sources|spool|store|telemetry|src|tests";
    let named = Regex::new(&format!("`((?:{layers})/[a-z0-9_./]*[a-z0-9_])/?`")).unwrap();
    let mut paths: Vec<PathBuf> = ["ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)).into();
    for folder in ["docs", "migrations"] {
        files(&root().join(folder), &mut paths);
    }
    let (mut count, mut absent) = (0, Vec::new());
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = std::fs::read_to_string(path).unwrap();
        for found in named.captures_iter(&text) {
            count += 1;
            if !is_code(&found[1]) {
                absent.push(format!("{}: {}", path.display(), &found[1]));
            }
        }
    }
    assert!(150 < count, "only {count} were found");
    assert!(absent.is_empty(), "{absent:#?}");
}

#[test]
fn every_page_is_in_the_index_of_its_folder() {
    for folder in ["docs", "docs/decisions", "docs/internals"] {
        let index = read(&format!("{folder}/README.md"));
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let listed = name == "README.md" || index.contains(&format!("]({name}"));
            assert!(listed || !name.ends_with(".md"), "{folder}/README.md does not link {name}");
        }
    }
}

/// Newcomers read these two whole.
#[test]
fn the_two_documents_that_are_read_first_are_short() {
    for (name, most) in [("README.md", 1200), ("ARCHITECTURE.md", 1500)] {
        let words = read(name).split_whitespace().count();
        assert!(words <= most, "{name} has {words} words, {most} are enough: move what is longer to docs/");
    }
}

/// A check that nothing can fail is no check.
#[test]
fn a_link_to_nothing_is_noticed() {
    let docs = root().join("docs");
    assert_eq!(missing(&docs, "absent.md"), Some("no file absent.md".into()));
    assert!(missing(&docs, "glossary.md#absent").is_some());
    assert_eq!(missing(&docs, "glossary.md#glossary"), None);
    assert_eq!(
        anchor("## What makes a read proven or stable: `src/engine/walk`"),
        "what-makes-a-read-proven-or-stable-srcenginewalk"
    );
}
