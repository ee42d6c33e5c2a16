//! Where no server is installed: who is asked, and what is told.

use crate::support::process::Workspace;
use crate::support::terminal::Terminal;

const NOBODY: u32 = 65_534;

/// A directory that holds the programs of no server, so that none is found.
fn without_server() -> Workspace {
    let workspace = Workspace::new(
        "[database]\nbin_dir = \"none\"\ndata_dir = \"data\"\n[sources.sobot]\nkind = \"sobot\"\nbase_url = \"http://127.0.0.1:1\"\n\
         app_id = \"a\"\napp_key = \"k\"\n",
    );
    std::fs::create_dir(workspace.path().join("none")).unwrap();
    // Should it be asked for after all, it cannot come.
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"]
        .into_iter()
        .fold(workspace, |workspace, name| workspace.with(name, "http://127.0.0.1:1"))
}

#[tokio::test]
async fn a_person_is_asked_before_a_server_is_downloaded_and_a_no_is_a_no() {
    let workspace = without_server();
    let mut terminal = Terminal::start(workspace.command(&["migrate"]));
    terminal.wait_for("Download one").await;
    terminal.type_in("n");
    let (ended, seen) = terminal.end().await;
    assert_eq!(ended.code, Some(1), "{seen}");
    assert!(seen.contains("nothing was downloaded: install a server"), "{seen}");
}

#[tokio::test]
async fn a_command_that_reads_downloads_nothing() {
    let workspace = without_server();
    let cluster = workspace.path().join("data/postgres/server/cluster");
    std::fs::create_dir_all(&cluster).unwrap();
    std::fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    // Root's would be refused for another reason.
    if rustix::process::getuid().is_root() {
        for place in [cluster.parent().unwrap(), &cluster, &cluster.join("PG_VERSION")] {
            std::os::unix::fs::chown(place, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    for command in ["status", "plan", "verify", "check"] {
        let ended = workspace.run(&[command]).await.expect(1);
        let said = ended.stdout + &ended.stderr;
        for told in [
            "was made by PostgreSQL 9 (its PG_VERSION)",
            "postgresql-9",
            "operations.md#another-major-version",
        ] {
            assert!(said.contains(told), "{command}: {told}: {said}");
        }
        assert!(!said.contains("downloading"), "{command}: {said}");
    }
}
