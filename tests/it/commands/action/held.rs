//! What `roster apply` holds to: a saved plan, an export, or a person's answer.

use ccsync_simulator::Change;

use super::{kept_plan, members, setup, told};
use crate::support::process::Setup;
use crate::support::terminal::Terminal;

/// Two groups: the first is to be changed, the second is as wanted.
const CHANGED: &str = "10018501";
const KEPT: &str = "10018502";

/// An agent who is in neither group.
fn stranger(setup: &Setup) -> String {
    let inside = [members(setup, CHANGED), members(setup, KEPT)].concat();
    let is_inside = |number: &String| inside.iter().any(|member| member.starts_with(&format!("{number}:")));
    (8001..).map(|number| number.to_string()).find(|number| !is_inside(number)).unwrap()
}

/// A colleague adds an agent.
fn join(setup: &Setup, agent: &str, exten: &str) {
    let (agent_number, to) = (agent.to_owned(), Some(exten.to_owned()));
    setup.simulator.mutate(Change::MoveAgent { agent_number, from: None, to }).unwrap();
}

fn is_in(setup: &Setup, agent: &str, exten: &str) -> bool {
    members(setup, exten).iter().any(|member| member.starts_with(&format!("{agent}:")))
}

/// The export of the two groups and of a third one, whose last member is taken out of the first and of the third.
async fn edited(setup: &Setup, format: &str) -> std::path::PathBuf {
    let file = setup.workspace.path().join(format!("roster.{format}"));
    let name = file.to_str().unwrap();
    setup.run(&["roster", "export", "--format", format, "--output", name, "--force"]).await.expect(0);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    for exten in [CHANGED, "10018503"] {
        let last = members(setup, exten).pop().unwrap();
        let agent = last.split(':').next().unwrap();
        let begin = lines.iter().position(|line| line.contains(&format!("\"{exten}\""))).unwrap();
        let is_member = |line: &&str| line.contains(&format!("\"{agent}\""));
        let index = begin + lines[begin..].iter().position(is_member).unwrap();
        lines.remove(index);
    }
    setup.workspace.write(&format!("roster.{format}"), &(lines.join("\n") + "\n"))
}

#[tokio::test]
async fn a_group_that_moved_since_the_plan_is_refused_by_name_and_the_others_go_on() {
    let setup = setup().await;
    let (agent, file) = (stranger(&setup), edited(&setup, "toml").await);
    let plan = kept_plan(&setup, &file, &[]).await;
    let before = members(&setup, CHANGED);
    join(&setup, &agent, CHANGED);
    join(&setup, &agent, KEPT);
    let ended = setup.run(&["roster", "apply", &plan, "--yes"]).await.expect(3);
    for exten in [CHANGED, KEPT] {
        assert!(is_in(&setup, &agent, exten), "{exten} lost {agent}\n{}", ended.stdout);
        let left_alone = |line: &&str| {
            line.starts_with(exten)
                && line.contains("left alone")
                && line.contains(&format!("{agent} joined"))
        };
        assert!(ended.stdout.lines().any(|line| left_alone(&line)), "{}", ended.stdout);
    }
    assert_eq!(members(&setup, CHANGED).len(), before.len() + 1);
    assert!(
        ended
            .stdout
            .lines()
            .any(|line| line.starts_with("10018503 ") && line.contains("changed, and seen so"))
    );
    assert_eq!(setup.simulator.journal().writes(), 1);
    // Shown before it is done, too.
    let shown = setup.run(&["roster", "plan", &plan]).await.expect(0).stdout;
    assert!(shown.contains("2 moved since"), "{shown}");
}

#[tokio::test]
async fn a_group_that_moved_since_the_export_is_refused_by_name_and_the_others_go_on() {
    for format in ["toml", "csv"] {
        let setup = setup().await;
        let (agent, file) = (stranger(&setup), edited(&setup, format).await);
        join(&setup, &agent, CHANGED);
        join(&setup, &agent, KEPT);
        let file = file.to_str().unwrap();
        let shown = setup.run(&["roster", "plan", file]).await.expect(0).stdout;
        assert!(shown.contains("it changed at the vendor since the export"), "{shown}");
        let ended = setup.run(&["roster", "apply", file, "--yes", "--from-export"]).await.expect(3);
        assert!(is_in(&setup, &agent, CHANGED) && is_in(&setup, &agent, KEPT), "{}", ended.stdout);
        for exten in [CHANGED, KEPT] {
            let line = ended.stdout.lines().find(|line| line.starts_with(&format!("{exten} "))).unwrap();
            assert!(line.contains("left alone: it changed at the vendor since the export"), "{line}");
        }
        assert_eq!(setup.simulator.journal().writes(), 1);
    }
}

#[tokio::test]
async fn a_file_alone_is_not_applied_where_nobody_can_be_asked_and_the_way_out_works_as_printed() {
    let setup = setup().await;
    let wanted = format!("[[group]]\nexten = \"{CHANGED}\"\nmembers = [{{ agent = \"8000\" }}]\n");
    let path = setup.workspace.write("my roster.toml", &wanted);
    let path = path.to_str().unwrap();
    let ended = setup.run(&["roster", "apply", path, "--yes"]).await.expect(2);
    told!(ended.talk(), @"
    error: nobody can be asked here whether the difference is meant. `ccsync roster plan 'DIRECTORY/my roster.toml' --save 'DIRECTORY/my roster.plan'` shows and keeps it, `ccsync roster apply 'DIRECTORY/my roster.plan' --yes` then does just that. Or add --from-export, if the file was exported and edited: a group that changed since is then left alone
    hint: see docs/runbook.md#exit_2
    ");
    assert_eq!(setup.simulator.journal().requests(), 0);
    let dry = setup.run(&["roster", "apply", path]).await.expect(0);
    for talk in [ended.talk(), dry.talk()] {
        let commands: Vec<&str> = talk.split('`').skip(1).step_by(2).collect();
        assert_eq!(commands.len(), 2, "{talk}");
        for command in commands {
            let words: Vec<String> = shell_words(command);
            let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            setup.run(&words).await.expect(0);
        }
        assert_eq!(members(&setup, CHANGED), ["8000:0"]);
    }
    // A file that was never exported cannot be held to its export.
    let other = wanted.replace("8000", "8001");
    let path = setup.workspace.write("other.toml", &other);
    let ended =
        setup.run(&["roster", "apply", path.to_str().unwrap(), "--yes", "--from-export"]).await.expect(2);
    assert!(ended.stderr.contains(&format!("the file has no fingerprint of {CHANGED}")), "{}", ended.stderr);
    let plan = kept_plan(&setup, &path, &[]).await;
    let ended = setup.run(&["roster", "apply", &plan, "--yes", "--from-export"]).await.expect(2);
    assert!(ended.stderr.contains("leave --from-export out"), "{}", ended.stderr);
    assert_eq!(members(&setup, CHANGED), ["8000:0"]);
}

/// The words of a command whose paths may be quoted.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in command.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

#[tokio::test]
async fn at_a_terminal_the_difference_is_shown_once_more_and_a_person_is_asked() {
    let setup = setup().await;
    let wanted = format!("[[group]]\nexten = \"{CHANGED}\"\nmembers = [{{ agent = \"8000\" }}]\n");
    let path = setup.workspace.write("wanted.toml", &wanted);
    let before = members(&setup, CHANGED);
    for (answer, code) in [("n", 1), ("y", 0)] {
        let command = setup.workspace.command(&["roster", "apply", path.to_str().unwrap(), "--yes"]);
        let mut terminal = Terminal::start(command);
        terminal.answer("Is that meant?", answer).await;
        let (ended, seen) = terminal.end().await;
        assert_eq!(ended.code, Some(code), "{seen}");
        assert!(ended.stdout.contains("    - "), "{}", ended.stdout);
        let wanted = if answer == "n" { before.clone() } else { vec!["8000:0".to_owned()] };
        assert_eq!(members(&setup, CHANGED), wanted);
        assert_eq!(seen.contains("nothing was sent"), answer == "n", "{seen}");
    }
}

#[tokio::test]
async fn no_file_is_overwritten_unless_that_is_said() {
    let setup = setup().await;
    let path = setup.workspace.write("roster.toml", "mine\n");
    let name = path.to_str().unwrap();
    let ended = setup.run(&["roster", "export", "--output", name]).await.expect(2);
    assert!(ended.stderr.contains("roster.toml exists: add --force to overwrite it"), "{}", ended.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine\n");
    setup.run(&["roster", "export", "--output", name, "--force"]).await.expect(0);
    // Nor by a plan; but a plan by a newer one.
    let ended = setup.run(&["roster", "plan", name, "--save", name]).await.expect(2);
    assert!(ended.stderr.contains("exists and is no saved plan"), "{}", ended.stderr);
    kept_plan(&setup, &path, &[]).await;
    kept_plan(&setup, &path, &[]).await;
}
