//! The effective configuration, noted setting by setting as it is read: what `ccsync config` prints.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value as Json};

/// What stands for a secret.
pub(in crate::config) const HIDDEN: &str = "********";

/// One step from the root to a setting: into a table, or into an element of a list of tables.
#[derive(Debug, Clone)]
pub(in crate::config) struct Step {
    pub(in crate::config) key: String,
    pub(in crate::config) index: Option<usize>,
}

/// The settings that were read, without secrets, and the files that hold those.
#[derive(Debug, Default)]
pub(in crate::config) struct Effective {
    root: RefCell<Map<String, Json>>,
    secret_files: RefCell<BTreeSet<PathBuf>>,
}

impl Effective {
    /// Notes a value; what was noted before for the same setting is replaced.
    pub(in crate::config) fn set(&self, steps: &[Step], key: &str, value: Json) {
        let mut root = self.root.borrow_mut();
        let mut table = &mut *root;
        for Step { key, index } in steps {
            let empty = || if index.is_some() { Json::Array(Vec::new()) } else { Json::Object(Map::new()) };
            let place = match (table.entry(key).or_insert_with(empty), index) {
                (Json::Array(items), Some(index)) => {
                    items.resize(items.len().max(index + 1), Json::Object(Map::new()));
                    &mut items[*index]
                }
                (place, _) => place,
            };
            let Json::Object(inner) = place else { return };
            table = inner;
        }
        table.insert(key.to_owned(), value);
    }

    /// Notes a file that a secret was read from.
    pub(in crate::config) fn add_secret_file(&self, path: PathBuf) {
        self.secret_files.borrow_mut().insert(path);
    }

    /// The tree, and the files.
    pub(in crate::config) fn take(&self) -> (Json, BTreeSet<PathBuf>) {
        (Json::Object(self.root.take()), self.secret_files.take())
    }
}
