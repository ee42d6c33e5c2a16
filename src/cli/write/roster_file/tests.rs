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
    assert!(csv("exten,display_name\n1,a\n1,b\n").contains("line 3: it says otherwise"));
    let toml = |text: &str| read(text, Format::Toml).unwrap_err();
    assert!(toml("[[group]]\nexten = \"1\"\n").contains("missing field `members`"));
    assert!(toml("[[group]]\nexten = \"1\"\nmembers = []\nname = 1\n").contains("unknown field `name`"));
    assert!(
        toml("[[group]]\nexten = \"1\"\nmembers = [{ agent = \"8000\", priority = -1 }]\n")
            .contains("group 1")
    );
    assert!(toml("[[group]]\ndisplay_name = \"a\"\nis_memory = true\nmembers = []\n").contains("memory"));
}
