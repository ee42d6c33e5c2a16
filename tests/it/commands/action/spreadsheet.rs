//! Rosters that a spreadsheet saved.

use super::{kept_plan, members, setup};
use crate::support::process::Setup;

const GROUP: &str = "10018501";

/// The export of one group as CSV, cells of lines, the names of the columns first.
async fn exported(setup: &Setup) -> Vec<Vec<String>> {
    let text = setup.run(&["roster", "export", "--format", "csv"]).await.expect(0).stdout;
    assert!(text.starts_with('\u{feff}') && text.contains(&format!("\"{GROUP}\"")), "{text}");
    let lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(|line| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect::<Vec<_>>());
    lines.filter(|cells| cells[0] == "exten" || cells[0] == GROUP).collect()
}

/// As a spreadsheet of a Chinese Windows saves it in a country of semicolons.
fn saved(setup: &Setup, lines: &[Vec<String>]) -> std::path::PathBuf {
    let lines: Vec<String> = lines
        .iter()
        .map(|cells| cells.join(";").replace(";true;", ";TRUE;").replace(";false;", ";FALSE;"))
        .collect();
    let text = lines.join("\r\n") + "\r\n";
    let (bytes, _, is_lossy) = encoding_rs::GBK.encode(&text);
    assert!(!is_lossy && std::str::from_utf8(&bytes).is_err());
    let file = setup.workspace.path().join("saved.csv");
    std::fs::write(&file, bytes).unwrap();
    file
}

#[tokio::test]
async fn a_file_that_excel_saved_is_read_as_it_was_meant() {
    let setup = setup().await;
    let mut lines = exported(&setup).await;
    let before = members(&setup, GROUP);
    assert_eq!(lines.len(), before.len() + 1);
    let last = lines.pop().unwrap();
    let file = saved(&setup, &lines);
    let ended = setup.run(&["roster", "plan", file.to_str().unwrap()]).await.expect(0);
    assert!(ended.stderr.contains("saved.csv is read as GBK"), "{}", ended.stderr);
    let diff = format!("~ {GROUP} {}\n    - {} priority {}\n", last[1], last[5], last[6]);
    assert!(ended.stdout.starts_with(&diff), "{diff}{}", ended.stdout);
    setup.run(&["roster", "apply", file.to_str().unwrap(), "--yes", "--from-export"]).await.expect(0);
    assert_eq!(members(&setup, GROUP).len(), before.len() - 1);
}

#[tokio::test]
async fn one_line_that_cannot_be_meant_refuses_the_whole_file_and_nobody_leaves() {
    let setup = setup().await;
    let lines = exported(&setup).await;
    let before = members(&setup, GROUP);
    for (column, text, told) in [
        (0, "1.00185E+07", "line 3: exten is \"1.00185E+07\": a spreadsheet rounded the number"),
        (0, "10018510", "line 3: the vendor has no group 10018510"),
        (5, "8E+03", "line 3: agent_number is \"8E+03\""),
        (5, "8000", "line 3: agent 8000 has another name at the vendor than in agent_name"),
        (6, "-1", "line 3: the priority \"-1\" is not a whole number from 0 on"),
        (3, "WAHR", "line 3: is_memory is \"WAHR\", neither true nor false"),
    ] {
        let mut edited = lines.clone();
        edited[2][column] = text.to_owned();
        let file = saved(&setup, &edited);
        for line in [&["plan"][..], &["apply", "--yes", "--from-export"]] {
            let words = [&["roster"], line, &[file.to_str().unwrap()]].concat();
            let ended = setup.run(&words).await.expect(2);
            assert!(ended.stderr.contains(told), "{text}: {}", ended.stderr);
            assert!(!ended.stderr.contains(&lines[2][7]), "a name is told: {}", ended.stderr);
        }
    }
    assert_eq!(members(&setup, GROUP), before);
    assert_eq!(setup.simulator.journal().writes(), 0);
    // The right file goes through.
    let plan = kept_plan(&setup, &saved(&setup, &lines), &[]).await;
    setup.run(&["roster", "apply", &plan, "--yes"]).await.expect(0);
}
