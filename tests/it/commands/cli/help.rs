//! Help, and what is said of a mistyped command line.

use crate::support::process::Workspace;

#[tokio::test]
async fn the_help_of_every_command_is_as_it_was_agreed() {
    // The path of the configuration is shown, and wrapped by its length.
    let workspace = Workspace::new("").with("CCSYNC_CONFIG", "ccsync.toml");
    let mut text = String::new();
    for command in [
        "",
        "init",
        "run",
        "sync",
        "backfill",
        "plan",
        "check",
        "status",
        "source",
        "source list",
        "source rename",
        "source move",
        "source retire",
        "source purge",
        "absence",
        "absence list",
        "absence accept",
        "quarantine",
        "quarantine list",
        "quarantine show",
        "quarantine retry",
        "quarantine drop",
        "verify",
        "explain",
        "moor",
        "moor queue",
        "moor queue add",
        "moor queue assign",
        "roster",
        "roster export",
        "roster plan",
        "roster apply",
        "workbench",
        "workbench logon",
        "workbench logout",
        "workbench next-call",
        "workbench hold",
        "workbench meeting",
        "workbench add-black",
        "workbench get-message",
        "workbench send-sms",
        "action",
        "action list",
        "agents",
        "agents export",
        "agents import",
        "schema",
        "grant",
        "grant bi-reader",
        "migrate",
        "config",
        "simulator",
        "completions",
        "man",
        "demo",
    ] {
        let arguments: Vec<&str> =
            command.split(' ').chain(["--help"]).filter(|word| !word.is_empty()).collect();
        let help = workspace.run(&arguments).await.expect(0);
        assert_eq!(help.stderr, "");
        text.push_str(&format!("$ ccsync {}\n{}\n", arguments.join(" "), help.stdout));
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_mistyped_command_line_is_told_on_stderr_and_ends_with_2() {
    let workspace = Workspace::new("");
    let mut text = String::new();
    for line in [
        "snyc",
        "sync sobot.call_results",
        "plan --jsno",
        "backfill --stream sobot.call_result --from yesterday --to 2026-03-01",
        "backfill --stream sobot.call_result --from 2026-02-30 --to 2026-03-01",
        "backfill --from 2026-02-01 --to 2026-03-01",
        "demo --listen nowhere",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let ended = workspace.run(&arguments).await.expect(2);
        assert_eq!(ended.stdout, "", "{line}");
        let first: Vec<&str> = ended.stderr.lines().take_while(|line| !line.is_empty()).collect();
        text.push_str(&format!("$ ccsync {line}\n{}\n", first.join("\n")));
    }
    insta::assert_snapshot!(text, @r#"
    $ ccsync snyc
    error: unrecognized subcommand 'snyc'
    $ ccsync sync sobot.call_results
    error: invalid value 'sobot.call_results' for '[STREAM]...': unknown stream `sobot.call_results`; the streams are sobot.call_result, sobot.chat_result, moor.queue, moor.agent_claim_status, workbench.agent_monitor
    $ ccsync plan --jsno
    error: unexpected argument '--jsno' found
    $ ccsync backfill --stream sobot.call_result --from yesterday --to 2026-03-01
    error: invalid value 'yesterday' for '--from <DATE>': write 2026-01-31, 2026-01-31T08:00:00 or 2026-01-31T00:00:00Z
    $ ccsync backfill --stream sobot.call_result --from 2026-02-30 --to 2026-03-01
    error: invalid value '2026-02-30' for '--from <DATE>': write 2026-01-31, 2026-01-31T08:00:00 or 2026-01-31T00:00:00Z
    $ ccsync backfill --from 2026-02-01 --to 2026-03-01
    error: the following required arguments were not provided:
      --stream <STREAM>
    $ ccsync demo --listen nowhere
    error: invalid value 'nowhere' for '--listen <ADDRESS>': invalid socket address syntax
    "#);
}

#[tokio::test]
async fn no_command_at_all_is_answered_with_the_help_and_2() {
    let ended = Workspace::new("").run(&[]).await.expect(2);
    assert!(ended.stderr.contains("Usage: ccsync [OPTIONS] <COMMAND>"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}
