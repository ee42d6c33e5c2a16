use super::*;

fn groups() -> Vec<Group> {
    let group = |exten: &str, name: &str, members: &[&str]| Group {
        exten: exten.into(),
        display_name: name.into(),
        assign_rule: "least".into(),
        is_memory: exten == "1",
        memory_time: Some(120),
        members: members.iter().map(|text| text.parse().unwrap()).collect(),
        member_names: members.iter().map(|_| "小\"花\"\\🌸, 15711356914".to_owned()).collect(),
    };
    vec![group("1", "售前 \"a\", b", &["8000", "8001:3"]), group("2", "空", &[])]
}

#[test]
fn what_is_written_is_read_back_in_both_forms_and_no_number_of_an_agent_is_shown() {
    for format in [Format::Toml, Format::Csv] {
        let text = write("moor", &groups(), format, &Privacy::default()).unwrap();
        assert!(!text.contains("15711356914") && text.contains("157****6914"), "{text}");
        let read = read(&text, format).unwrap();
        assert_eq!(read.groups.len(), 2);
        let plan = ccsync::domain::vendor::roster_plan::plan("moor", &read.groups, &groups());
        let kept = |group: &ccsync::domain::vendor::roster_plan::GroupPlan| {
            !group.writes() && group.unchangeable.is_empty()
        };
        assert!(plan.groups.iter().all(kept), "{plan:?}\n{text}");
    }
}

#[test]
fn what_a_file_gets_wrong_is_told_with_its_place() {
    let csv = |text: &str| read(text, Format::Csv).unwrap_err();
    assert!(csv("exten,agent\n").contains("unknown column \"agent\""));
    assert!(csv("exten,agent_number,priority\n1,8000,high\n").starts_with("line 2: the priority"));
    assert!(csv("exten,display_name,agent_number\n1,a,\n1,b,\n").contains("line 3: it says otherwise"));
    // A line that lost its number would take its member out.
    assert!(
        csv("exten,agent_number,agent_name\n1,,张三\n")
            .contains("line 2: an agent_name without an agent_number")
    );
    for lost in ["1,8000\n1,\n", "1,\n1,8000\n"] {
        let told = csv(&format!("exten,agent_number\n{lost}"));
        assert!(told.contains("line 3: a line without an agent_number"), "{told}");
    }
    assert!(read("exten,agent_number\n1,\n2,8000\n", Format::Csv).is_ok());
    let toml = |text: &str| read(text, Format::Toml).unwrap_err();
    assert!(toml("[[group]]\nexten = \"1\"\n").contains("missing field `members`"));
    assert!(toml("[[group]]\nexten = \"1\"\nmembers = []\nname = 1\n").contains("unknown field `name`"));
    assert!(
        toml("[[group]]\nexten = \"1\"\nmembers = [{ agent = \"8000\", priority = -1 }]\n")
            .contains("group 1")
    );
    assert!(toml("[[group]]\ndisplay_name = \"a\"\nis_memory = true\nmembers = []\n").contains("memory"));
}

#[test]
fn an_export_that_a_spreadsheet_saved_again_says_the_same() {
    let exported = write("moor", &groups(), Format::Csv, &Privacy::default()).unwrap();
    assert!(exported.starts_with("\u{feff}\"exten\",") && exported.contains("\"8000\""), "{exported}");
    let wanted = read(&exported, Format::Csv).unwrap().groups;
    // Without the mark, with semicolons for separators, line ends of Windows, other capitals and numbers without quotes.
    let rows: Vec<String> = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(exported.trim_start_matches('\u{feff}').as_bytes())
        .records()
        .map(|row| {
            let row = row.unwrap();
            let cell = |text: &str| match text {
                "true" | "false" => text.to_uppercase(),
                _ if text.contains('"') => format!("\"{}\"", text.replace('"', "\"\"")),
                _ => text.to_owned(),
            };
            row.iter().map(cell).collect::<Vec<_>>().join(";")
        })
        .collect();
    let saved = read(&format!("{}\r\n;;;;;;;;\r\n", rows.join("\r\n")), Format::Csv).unwrap();
    assert_eq!(saved.groups, wanted);
    assert_eq!(saved.lines.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn one_line_that_cannot_be_read_refuses_the_file_and_says_why() {
    let told = |line: &str| {
        let text = format!("exten,display_name,agent_number,is_memory\r\n1,a,8000,TRUE\r\n{line}\r\n");
        read(&text, Format::Csv).unwrap_err()
    };
    for (line, part) in [
        ("1.00185E+07,a,8001,TRUE", "line 3: exten is \"1.00185E+07\": a spreadsheet rounded the number"),
        ("1,a,1.2E+11,TRUE", "line 3: agent_number is \"1.2E+11\""),
        ("1,a,8001,WAHR", "line 3: is_memory is \"WAHR\", neither true nor false"),
        ("1,a,8001", "line 3: it has 3 fields, the first line 4"),
        (",,8001,TRUE", "line 3: it has neither exten nor display_name"),
        ("1,b,8001,TRUE", "line 3: it says otherwise of its group"),
    ] {
        assert!(told(line).starts_with(part), "{line}: {}", told(line));
    }
    // A number that is written so on purpose has its apostrophe; empty cells say nothing.
    let text = "exten,display_name,agent_number\r\n1,a,8000\r\n1,,'1E5\r\n1,,'0081\r\n";
    let [group] = read(text, Format::Csv).unwrap().groups.try_into().unwrap();
    let numbers: Vec<&str> = group.members.iter().map(|member| member.agent_number.as_str()).collect();
    assert_eq!((group.display_name.as_deref(), numbers), (Some("a"), vec!["8000", "1E5", "0081"]));
}

/// A cell that somebody emptied takes nobody out of a group.
#[test]
fn a_line_that_lost_its_number_refuses_the_file() {
    let exported = write("moor", &groups(), Format::Csv, &Privacy::default()).unwrap();
    let line = exported.lines().nth(2).unwrap();
    let emptied = exported.replace(line, &line.replacen("\"1\"", "\"\"", 1));
    let told = read(&emptied, Format::Csv).unwrap_err();
    assert!(told.contains("it has a fingerprint") && told.contains("with its number and without"), "{told}");
    for (text, format) in [("", Format::Toml), ("exten,agent_number\n", Format::Csv)] {
        assert!(read(text, format).unwrap_err().contains("names no group"));
    }
    let broken = "display_name,agent_number\n\"夜班\n二组\",8000\n";
    assert!(read(broken, Format::Csv).unwrap_err().contains("control character"));
    let long = format!("display_name,agent_number\n{},8000\n", "夜".repeat(101));
    assert!(read(&long, Format::Csv).unwrap_err().contains("100 characters at most"));
}
