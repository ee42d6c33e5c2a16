//! What shells and manuals are told of the commands.

use crate::support::process::Workspace;

#[tokio::test]
async fn every_shell_gets_a_script_that_knows_the_commands() {
    let workspace = Workspace::new("");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = workspace.run(&["completions", shell]).await.expect(0);
        for word in ["backfill", "quarantine", "doctor", "no-progress"] {
            assert!(script.stdout.contains(word), "{shell} does not know {word}");
        }
        assert_eq!(script.stderr, "");
    }
}

/// Bash itself reads it, where it is installed.
#[tokio::test]
async fn bash_completes_a_command_by_its_script() {
    let workspace = Workspace::new("");
    let script = workspace.run(&["completions", "bash"]).await.expect(0).stdout;
    let file = workspace.write("ccsync.bash", &script);
    let line = "source \"$0\"; COMP_WORDS=(ccsync quar); COMP_CWORD=1; _ccsync ccsync quar ccsync; echo \"${COMPREPLY[@]}\"";
    let answered = tokio::process::Command::new("bash").args(["-c", line]).arg(file).output().await.unwrap();
    assert_eq!(String::from_utf8(answered.stdout).unwrap().trim(), "quarantine");
}

#[tokio::test]
async fn the_manual_has_a_page_for_each_command() {
    let workspace = Workspace::new("");
    let page = workspace.run(&["man"]).await.expect(0);
    assert!(page.stdout.contains(".TH ccsync 1"), "{}", page.stdout);
    workspace.run(&["man", "--dir", "man1"]).await.expect(0);
    for name in ["ccsync.1", "ccsync-sync.1", "ccsync-quarantine-retry.1"] {
        let text = std::fs::read_to_string(workspace.path().join("man1").join(name)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{name}: {text}");
    }
}
