//! The files, without their comments.

use std::path::Path;

/// A file as the rules see it.
pub struct Text {
    /// Below the package, with slashes.
    pub path: String,
    /// Without comments; a comment's line is empty.
    pub lines: Vec<String>,
    /// The first line of the unit tests at its end, counted from 0.
    pub tests_from: usize,
}

impl Text {
    pub fn new(path: &str, text: &str) -> Text {
        let is_comment = |line: &str| ["//", "--"].iter().any(|mark| line.trim_start().starts_with(mark));
        let code = |line: &str| if is_comment(line) { String::new() } else { line.to_owned() };
        let lines: Vec<String> = text.lines().map(code).collect();
        let inside = path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/");
        let begins = |pair: &[String]| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_end().ends_with('{');
        let begin = lines.windows(2).position(begins).unwrap_or(lines.len());
        Text { path: path.to_owned(), tests_from: if inside { 0 } else { begin }, lines }
    }

    /// The module under `src`, such as `engine`.
    pub fn module(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        Some(rest.split('/').next()?.trim_end_matches(".rs"))
    }

    /// Number, from 1, and text of each line of the product.
    pub fn product(&self) -> impl Iterator<Item = (usize, &str)> {
        self.all().take(self.tests_from)
    }

    /// Number, from 1, and text of each line.
    pub fn all(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()))
    }
}

/// All Rust and SQL files below these directories of the package.
pub fn texts(directories: &[&str]) -> Vec<Text> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for directory in directories {
        collect(package, &package.join(directory), &mut texts);
    }
    texts
}

fn collect(package: &Path, directory: &Path, texts: &mut Vec<Text>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(package, &path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "sql") {
            let name = path.strip_prefix(package).unwrap().to_str().unwrap().replace('\\', "/");
            texts.push(Text::new(&name, &std::fs::read_to_string(&path).unwrap()));
        }
    }
}
