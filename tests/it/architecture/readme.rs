//! The two READMEs say the same.

use std::collections::BTreeSet;

/// What of a README does not depend on its language.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Skeleton {
    /// Levels of the headings, in order.
    pub headings: Vec<usize>,
    /// Fenced blocks without comments and drawings, in order.
    pub blocks: Vec<String>,
    /// Rows of each table.
    pub tables: Vec<usize>,
    /// What is set as code within the text.
    pub codes: BTreeSet<String>,
    /// Files of ours that are linked.
    pub links: BTreeSet<String>,
}

/// A line without its comment: that is in the reader's language.
fn command(line: &str) -> &str {
    let end = line.find(" # ").or_else(|| line.starts_with("# ").then_some(0)).unwrap_or(line.len());
    line[..end].trim_end()
}

pub fn skeleton(text: &str) -> Skeleton {
    let mut found = Skeleton::default();
    let mut fence: Option<&str> = None;
    let mut was_table = false;
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            if fence.take().is_none() {
                fence = Some(kind);
                found.blocks.push(String::new());
            }
            continue;
        }
        match (fence, found.blocks.last_mut()) {
            (Some("mermaid"), _) => {}
            (Some(_), Some(block)) => *block += &format!("{}\n", command(line)),
            _ => prose(line, &mut found, &mut was_table),
        }
    }
    found
}

fn prose(line: &str, found: &mut Skeleton, was_table: &mut bool) {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    if 0 < level {
        found.headings.push(level);
    }
    let is_table = line.starts_with('|');
    if is_table && !*was_table {
        found.tables.push(0);
    }
    if let (true, Some(rows)) = (is_table, found.tables.last_mut()) {
        *rows += 1;
    }
    *was_table = is_table;
    found.codes.extend(line.split('`').skip(1).step_by(2).map(ToOwned::to_owned));
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let told = targets.map(|(target, _)| target).filter(|target| !target.starts_with("README"));
    found.links.extend(told.map(|target| target.replace("-zh-CN.", "-en.").replace(".zh-CN.md", ".md")));
}

pub fn read(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_chinese_readme_has_the_headings_commands_tables_and_links_of_the_english_one() {
    let [english, chinese] = ["README.md", "README.zh-CN.md"].map(|name| skeleton(&read(name)));
    assert!(5 < english.headings.len() && 4 < english.blocks.len() && 20 < english.codes.len());
    assert_eq!(chinese.headings, english.headings, "headings");
    for (chinese, english) in chinese.blocks.iter().zip(&english.blocks) {
        assert_eq!(chinese, english);
    }
    assert_eq!(chinese.blocks.len(), english.blocks.len(), "blocks");
    assert_eq!(chinese.tables, english.tables, "rows of tables");
    let differ: Vec<&String> = chinese.codes.symmetric_difference(&english.codes).collect();
    assert!(differ.is_empty(), "set as code in one of the two only: {differ:?}");
    let differ: Vec<&String> = chinese.links.symmetric_difference(&english.links).collect();
    assert!(differ.is_empty(), "linked in one of the two only: {differ:?}");
}

#[test]
fn each_readme_leads_to_the_other_and_to_files_that_exist() {
    for (name, other) in [("README.md", "README.zh-CN.md"), ("README.zh-CN.md", "README.md")] {
        let text = read(name);
        assert!(text.lines().take(4).any(|line| line.contains(&format!("]({other})"))), "{name}");
        for target in skeleton(&text).links {
            let ours = !target.starts_with("http");
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&target);
            assert!(!ours || path.exists(), "{name} links {target}");
        }
    }
}

/// A check that nothing can fail is no check.
#[test]
fn a_command_that_only_one_readme_has_is_noticed() {
    let one = skeleton("# A\n```\nccsync sync # all\n```\n`run`\n");
    assert_eq!(one, skeleton("# 甲\n```\nccsync sync # 全部\n```\n`run`\n"));
    assert_ne!(one, skeleton("# 甲\n```\nccsync plan # 全部\n```\n`run`\n"));
    assert_ne!(one, skeleton("# 甲\n```\nccsync sync # 全部\n```\n`stop`\n"));
}
