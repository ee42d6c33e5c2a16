//! Rosters as files, as people meet them.

use ccsync::domain::vendor::roster_plan::WantedGroup;
use ccsync_simulator::{Change, Endpoint, Fault};

use super::{actions, hasty, kept_plan, members, members_of, setup, states, told};
use crate::support::harness::{TestWorld, small_world};
use crate::support::process::{Program, Setup};

/// Everybody's members now.
fn everybody(setup: &Setup) -> Vec<(String, Vec<String>)> {
    let groups = setup.simulator.truth().groups.into_iter();
    groups.map(|group| (group["exten"].as_str().unwrap().to_owned(), members_of(&group))).collect()
}

const WANTED: &str = r#"
source = "moor"
[[group]]
exten = "10018501"
assign_rule = "least"
members = [{ agent = "8000", priority = 2 }, { agent = "8004" }]
[[group]]
display_name = "夜班二组"
assign_rule = "priority"
is_memory = true
memory_time = 1440
members = [{ agent = "8001" }]
[[group]]
exten = "99"
members = [{ agent = "8000" }]
"#;

#[tokio::test]
async fn what_is_exported_is_what_the_vendor_has_and_applying_it_does_nothing() {
    let setup = setup().await;
    for (file, format) in [("roster.toml", "toml"), ("roster.csv", "csv")] {
        let text = setup.run(&["roster", "export", "--format", format]).await.expect(0).stdout;
        let path = setup.workspace.write(file, &text);
        let written = setup
            .run(&["roster", "export", "--format", format, "--output", "copy", "--force"])
            .await
            .expect(0);
        assert_eq!(written.stdout, "");
        assert_eq!(std::fs::read_to_string(setup.workspace.path().join("copy")).unwrap(), text);
        let path = path.to_str().unwrap();
        let plan = setup.run(&["roster", "plan", path]).await.expect(0);
        insta::allow_duplicates! { told!(plan.stdout, @"moor: 0 to make, 0 to change, 6 as wanted, 0 impossible; 0 other groups are left alone"); }
        setup.run(&["roster", "apply", path, "--yes", "--from-export"]).await.expect(0);
    }
    assert_eq!(setup.simulator.journal().writes(), 0);
    let toml = std::fs::read_to_string(setup.workspace.path().join("roster.toml")).unwrap();
    let first: Vec<&str> = toml.lines().take(16).collect();
    told!(first.join("\n"), @r#"
    # Skill groups as the vendor has them. Members can be changed here: `ccsync roster plan FILE --save PLAN` shows
    # what that changes, `ccsync roster apply PLAN --yes` does it. For the rest the API has no way. Groups left out
    # are left alone. A fingerprint says how the group was when this was written.
    source = "moor"

    [[group]]
    fingerprint = "FINGERPRINT"
    exten = "10018500"
    display_name = "退换货"
    assign_rule = "queue"
    is_memory = true
    memory_time = 120
    members = [
        { agent = "8013", priority = 2 }, # 陈秀英
    ]
    "#);
}

#[tokio::test]
async fn a_plan_is_read_like_a_diff_and_changes_nothing() {
    let setup = setup().await;
    let path = setup.workspace.write("wanted.toml", WANTED);
    let path = path.to_str().unwrap();
    let plan = setup.run(&["roster", "plan", path]).await.expect(0);
    told!(plan.stdout, @r#"
    ~ 10018501 售后服务
        - 8001 priority 0
        - 8012 priority 3
        - 8013 priority 1
        - 8014 priority 3
        + 8000 priority 2
        + 8004 priority 0
        ! assign_rule is "priority" at the vendor and "least" in the file; the API cannot change it
    + 夜班二组 (new; priority, memory 1440 min)
        + 8001 priority 0
    ! 99
        ! the vendor has no group 99; a group cannot be made under a chosen number
    moor: 1 to make, 1 to change, 0 as wanted, 1 impossible; 5 other groups are left alone
    "#);
    let json = setup.run(&["roster", "plan", path, "--json"]).await.expect(0).json();
    assert_eq!(json["groups"].as_array().unwrap().len(), 3, "{json}");
    let dry = setup.run(&["roster", "apply", path]).await.expect(0);
    assert_eq!(dry.stdout, plan.stdout);
    assert!(dry.stderr.contains("nothing was sent. `ccsync roster plan"), "{}", dry.stderr);
    assert_eq!(setup.simulator.journal().writes(), 0);
}

#[tokio::test]
async fn an_apply_makes_it_so_touches_nobody_else_and_a_second_one_does_nothing() {
    let setup = setup().await;
    let before = everybody(&setup);
    let path = setup.workspace.write("wanted.toml", WANTED);
    let path = kept_plan(&setup, &path, &[]).await;
    let path = path.as_str();
    let applied = setup.run(&["roster", "apply", path, "--yes"]).await.expect(3);
    let lines: Vec<&str> =
        applied.stdout.lines().skip_while(|line| !line.starts_with("moor: ")).skip(1).collect();
    told!(lines.join("\n"), @r#"
    10018501 售后服务: changed, and seen so (action 1)
    10018506 夜班二组: changed, and seen so (action 2)
    99: left alone: the vendor has no group 99; a group cannot be made under a chosen number
    "#);
    assert_eq!(members(&setup, "10018501"), ["8000:2", "8004:0"]);
    let after = everybody(&setup);
    let others = |all: &[(String, Vec<String>)]| -> Vec<(String, Vec<String>)> {
        all.iter().filter(|(exten, _)| *exten != "10018501").take(before.len() - 1).cloned().collect()
    };
    assert_eq!(others(&after), others(&before));
    let (_, new) = after.iter().find(|(exten, _)| before.iter().all(|(known, _)| known != exten)).unwrap();
    assert_eq!(new, &["8001:0"]);
    assert_eq!(setup.simulator.journal().writes(), 2);
    let second = setup.run(&["roster", "apply", path, "--yes", "--json"]).await.expect(3).json();
    let endings: Vec<&str> =
        second["groups"].as_array().unwrap().iter().map(|group| group["ending"].as_str().unwrap()).collect();
    assert_eq!(endings, ["as_wanted", "as_wanted", "stopped"]);
    assert_eq!(setup.simulator.journal().writes(), 2, "it is as wanted, so nothing is sent");
}

#[tokio::test]
async fn a_file_with_mistakes_or_with_unknown_agents_or_that_empties_a_group_is_refused_whole() {
    let setup = setup().await;
    let mut text = String::new();
    for (name, content) in [
        ("broken.toml", "[[group]"),
        (
            "twice.toml",
            "[[group]]\nexten = \"10018501\"\nmembers = [{ agent = \"8000\" }, { agent = \"8000\" }]\n",
        ),
        ("unknown.toml", "[[group]]\nexten = \"10018501\"\nmembers = [{ agent = \"9999\" }]\n"),
        ("empty.toml", "[[group]]\nexten = \"10018501\"\nmembers = []\n"),
        ("other.toml", "source = \"sobot\"\n[[group]]\nexten = \"10018501\"\nmembers = []\n"),
        ("wrong.csv", "exten,agent_number,priority\n10018501,8000,-1\n"),
    ] {
        let path = setup.workspace.write(name, content);
        let (path, plan) = (path.to_str().unwrap(), setup.workspace.path().join("kept.plan"));
        let plan = plan.to_str().unwrap();
        let mut ended = setup.run(&["roster", "plan", path, "--save", plan]).await;
        if name == "empty.toml" {
            ended = setup.run(&["roster", "apply", plan, "--yes"]).await;
        }
        let ended = ended.expect(2);
        text.push_str(&format!("{name}\n{}\n", ended.talk()));
    }
    told!(text, @r#"
    broken.toml
    error: DIRECTORY/broken.toml has mistakes
    TOML parse error at line 1, column 9
      |
    1 | [[group]
      |         ^
    unclosed array table, expected `]`
    hint: see docs/runbook.md#exit_2

    twice.toml
    error: DIRECTORY/twice.toml has mistakes
    group 10018501: agent 8000 is there twice
    hint: see docs/runbook.md#exit_2

    unknown.toml
    error: unknown agents: 9999; no skill group that ccsync has seen has or had them (moor.queue_member, moor.agent_claim_status): correct the number, or add --unchecked-members if they exist (7moor skips agents that do not exist without a word)
    hint: see docs/runbook.md#exit_2

    empty.toml
    error: these groups would be left without members: 10018501; add --allow-empty if that is meant
    hint: see docs/runbook.md#exit_2

    other.toml
    error: no source of kind moor is called sobot; there is moor
    hint: see docs/runbook.md#exit_2

    wrong.csv
    error: DIRECTORY/wrong.csv has mistakes
    line 2: the priority "-1" is not a whole number from 0 on
    hint: see docs/runbook.md#exit_2
    "#);
    assert_eq!(setup.simulator.journal().writes(), 0);
    let plan = setup.workspace.path().join("kept.plan");
    setup.run(&["roster", "apply", plan.to_str().unwrap(), "--yes", "--allow-empty"]).await.expect(0);
    assert_eq!(members(&setup, "10018501"), Vec::<String>::new());
}

#[tokio::test]
async fn an_agent_whom_the_vendor_skips_is_told() {
    let setup = setup().await;
    let content = "[[group]]\nexten = \"10018501\"\nmembers = [{ agent = \"9999\" }, { agent = \"8000\" }]\n";
    let path = setup.workspace.write("unknown.toml", content);
    let plan = kept_plan(&setup, &path, &["--unchecked-members"]).await;
    let ended = setup.run(&["roster", "apply", &plan, "--yes"]).await.expect(1);
    told!(ended.stdout, @"
    ~ 10018501 售后服务
        - 8001 priority 0
        - 8012 priority 3
        - 8013 priority 1
        - 8014 priority 3
        + 8000 priority 0
        + 9999 priority 0
    ! in no skill group at the vendor now: 9999; 7moor skips agents that do not exist
    moor: 0 to make, 1 to change, 0 as wanted, 0 impossible; 5 other groups are left alone
    10018501 售后服务: sent, and seen otherwise (action 1): the vendor did not take 9999: do these agents exist?
    ");
    assert_eq!(setup.simulator.journal().writes(), 1);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_settled_by_looking_and_not_by_sending_it_again() {
    for late in [0, 700] {
        let setup = hasty(setup().await);
        let path = setup.workspace.write("wanted.toml", WANTED);
        let plan = kept_plan(&setup, &path, &[]).await;
        for endpoint in [Endpoint::MoorAssignMembers, Endpoint::MoorAddQueue] {
            setup.simulator.script(endpoint, [Fault::LostAnswer.with(late)]);
        }
        setup.run(&["roster", "apply", &plan, "--yes"]).await.expect(3);
        assert_eq!(setup.simulator.journal().writes(), 2);
        let seen: Vec<_> = actions(&setup).await.into_iter().map(|(.., state, seen)| (state, seen)).collect();
        let done = ("unknown".to_owned(), Some("done".to_owned()));
        assert_eq!(seen, [done.clone(), done], "late by {late} ms");
        assert_eq!(members(&setup, "10018501"), ["8000:2", "8004:0"]);
    }
}

#[tokio::test]
async fn a_group_that_is_as_wanted_is_not_called_so_while_an_earlier_write_may_still_change_it() {
    let setup = setup().await.with("CCSYNC__HTTP__TOTAL_TIMEOUT", "4s");
    let now = setup.run(&["roster", "export"]).await.expect(0).stdout;
    let (now, wanted) =
        (setup.workspace.write("now.toml", &now), setup.workspace.write("wanted.toml", WANTED));
    let wanted = kept_plan(&setup, &wanted, &[]).await;
    setup.simulator.script(Endpoint::MoorAssignMembers, [Fault::LostAnswer.with(1_500)]);
    let mut command = setup.workspace.command(&["roster", "apply", &wanted, "--yes"]);
    command.env("FAILPOINTS", "action.replied=return(kill)");
    assert_eq!(Program::spawn(command).wait().await.code, None);
    let line = ["roster", "apply", now.to_str().unwrap(), "--yes", "--from-export"];
    let ended = setup.run(&line).await.expect(3);
    assert!(ended.stderr.contains("10018501: the answer to an earlier write was lost"), "{}", ended.stderr);
    assert!(ended.stdout.contains("left alone: it changed at the vendor since"), "{}", ended.stdout);
    assert_eq!(setup.simulator.journal().writes(), 1);
    // Seen as it is, it can be put back.
    let plan = kept_plan(&setup, &now, &[]).await;
    setup.run(&["roster", "apply", &plan, "--yes"]).await.expect(0);
    assert_eq!(setup.simulator.journal().writes(), 2);
}

#[tokio::test]
async fn a_write_that_was_lost_on_its_way_is_told_and_made_by_the_next_apply() {
    let setup = hasty(setup().await);
    let path = setup.workspace.write("wanted.toml", WANTED);
    let path = kept_plan(&setup, &path, &[]).await;
    let path = path.as_str();
    setup.simulator.script(Endpoint::MoorAssignMembers, [Fault::Http5xx.with(502)]);
    let ended = setup.run(&["roster", "apply", path, "--yes"]).await.expect(3);
    assert!(ended.stdout.contains("unknown whether it was done (action 1)"), "{}", ended.stdout);
    let first = actions(&setup).await.remove(0);
    assert_eq!((first.2.as_str(), first.3.as_deref()), ("unknown", Some("not_done")));
    setup.run(&["roster", "apply", path, "--yes"]).await.expect(3);
    assert_eq!(members(&setup, "10018501"), ["8000:2", "8004:0"]);
    assert_eq!(states(&setup).await.last().unwrap(), "moor.queue_assign 10018501: answered");
}

#[tokio::test]
async fn after_a_refusal_that_concerns_every_write_the_rest_is_not_tried() {
    let setup = setup().await;
    let path = setup.workspace.write("wanted.toml", WANTED);
    let plan = kept_plan(&setup, &path, &[]).await;
    setup.simulator.script(Endpoint::MoorAssignMembers, [Fault::Http429.with(1)]);
    let ended = setup.run(&["roster", "apply", &plan, "--yes"]).await.expect(1);
    assert!(ended.stdout.contains("not tried: action 1 was refused"), "{}", ended.stdout);
    assert_eq!(setup.simulator.journal().writes(), 1);
}

/// A product in this process, and what a plan for `exten` is.
async fn planned_world() -> TestWorld {
    TestWorld::quick(small_world()).await
}

fn wanted(exten: &str, list: &[&str]) -> Vec<WantedGroup> {
    let members = list.iter().map(|text| text.parse().unwrap()).collect();
    vec![WantedGroup { exten: Some(exten.into()), members, ..WantedGroup::default() }]
}

#[tokio::test]
async fn a_group_that_changed_since_it_was_planned_is_left_alone_unless_it_is_as_wanted() {
    let world = planned_world().await;
    let (app, simulator) = (&world.test.app, &world.test.simulator);
    let setup = app.action_service("tester").unwrap();
    let roster = setup.roster(None).unwrap();
    let plan = roster.plan(&wanted("10018501", &["8000:1"]), &[], false).await.unwrap();
    let is_member =
        |number: &String| plan.groups[0].before.iter().any(|member| member.agent_number == *number);
    let stranger = (8001..).map(|number| number.to_string()).find(|number| !is_member(number)).unwrap();
    let (agent_number, to) = (stranger.clone(), Some("10018501".into()));
    simulator.mutate(Change::MoveAgent { agent_number, from: None, to }).unwrap();
    let outcomes = roster.apply(&plan, |_| ()).await.unwrap();
    let told =
        format!("it changed at the vendor since it was looked at ({stranger} joined); make a new plan");
    assert_eq!(outcomes[0].detail, Some(told));
    simulator.mutate(Change::RemoveGroup { exten: "10018501".into() }).unwrap();
    let outcomes = roster.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(outcomes[0].detail.as_deref(), Some("the vendor has it no longer"));
    assert_eq!(simulator.journal().writes(), 0);
    // Somebody else made it as wanted between plan and write.
    let plan = roster.plan(&wanted("10018502", &["8000"]), &[], false).await.unwrap();
    for member in &plan.groups[0].before {
        let from = Some("10018502".to_owned());
        simulator
            .mutate(Change::MoveAgent { agent_number: member.agent_number.clone(), from, to: None })
            .unwrap();
    }
    simulator
        .mutate(Change::MoveAgent { agent_number: "8000".into(), from: None, to: Some("10018502".into()) })
        .unwrap();
    let outcomes = roster.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(outcomes[0].ending, ccsync::app::Ending::AsWanted);
    assert_eq!(simulator.journal().writes(), 0);
}

#[tokio::test]
async fn a_new_group_that_somebody_else_made_meanwhile_is_not_made_twice() {
    let world = planned_world().await;
    let setup = world.test.app.action_service("tester").unwrap();
    let roster = setup.roster(None).unwrap();
    let new = WantedGroup {
        display_name: Some("新组".into()),
        members: vec!["8000".parse().unwrap()],
        ..WantedGroup::default()
    };
    let plan = roster.plan(&[new], &[], false).await.unwrap();
    let add = Change::AddGroup { display_name: "新组".into(), agent_numbers: vec!["8001".into()] };
    world.test.simulator.mutate(add).unwrap();
    let outcomes = roster.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(outcomes[0].ending, ccsync::app::Ending::Stopped);
    assert_eq!(world.test.simulator.journal().writes(), 0);
}
