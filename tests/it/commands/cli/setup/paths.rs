//! Which configuration a command reads, where its paths begin, and which commands make a database.

use serde_json::Value as Json;

use crate::support::db::TestDb;
use crate::support::process::{Workspace, configuration};

/// A workspace whose commands have to find their configuration by themselves.
fn without_variable() -> Workspace {
    Workspace::new("").with("CCSYNC_CONFIG", "")
}

const SOURCE: &str =
    "[sources.sobot]\nkind = \"sobot\"\nbase_url = \"https://www.sobot.com\"\napp_id = \"1\"\n";

/// A configuration that is known again by its language.
fn marked(language: &str) -> String {
    format!("language = \"{language}\"\n{SOURCE}app_key = \"k\"\n")
}

async fn language(workspace: &Workspace, arguments: &[&str]) -> String {
    let arguments = [arguments, &["config", "--json"]].concat();
    let shown: Json = workspace.run(&arguments).await.expect(0).json();
    shown["language"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn relative_paths_begin_at_the_folder_of_the_configuration_file_wherever_a_command_runs() {
    let workspace = Workspace::new("");
    let folder = workspace.path().join("etc");
    std::fs::create_dir(&folder).unwrap();
    workspace.write("etc/key", "s3cret\n");
    let text = format!("[database]\ndata_dir = \"state\"\n{SOURCE}app_key_file = \"key\"\n");
    let file = workspace.write("etc/own.toml", &text);
    for file in [file.to_str().unwrap(), "etc/own.toml"] {
        let shown = workspace.run(&["--config", file, "config", "--json"]).await.expect(0).json();
        assert_eq!(shown["sources"]["sobot"]["app_key_file"], folder.join("key").to_str().unwrap());
        assert_eq!(shown["database"]["data_dir"], folder.join("state").to_str().unwrap());
        let missing = workspace.run(&["--config", file, "status"]).await.expect(1).stderr;
        assert!(missing.contains(folder.join("state").to_str().unwrap()), "{missing}");
    }
}

#[tokio::test]
async fn without_a_named_file_the_nearest_of_three_is_read_and_an_empty_variable_names_none() {
    let workspace = without_variable();
    std::fs::remove_file(workspace.path().join("ccsync.toml")).unwrap();
    if !std::path::Path::new("/etc/ccsync/ccsync.toml").exists() {
        let none = workspace.run(&["status"]).await.expect(2).stderr;
        assert!(none.contains("no configuration file was found: looked for ./ccsync.toml, "), "{none}");
        assert!(none.contains("`ccsync init` writes one"), "{none}");
    }

    std::fs::create_dir_all(workspace.path().join("xdg/ccsync")).unwrap();
    workspace.write("xdg/ccsync/ccsync.toml", &marked("zh-CN"));
    let xdg = workspace.path().join("xdg").to_str().unwrap().to_owned();
    let workspace = workspace.with("XDG_CONFIG_HOME", &xdg);
    assert_eq!(language(&workspace, &[]).await, "zh-CN");

    workspace.write("ccsync.toml", &marked("en"));
    assert_eq!(language(&workspace, &[]).await, "en", "the working directory comes first");
    assert_eq!(
        language(&workspace, &["--config", "xdg/ccsync/ccsync.toml"]).await,
        "zh-CN",
        "what is named rules"
    );
}

#[tokio::test]
async fn commands_that_only_read_make_no_database_and_say_who_does() {
    let workspace = Workspace::new(&configuration("http://127.0.0.1:9", "data_dir = \"own\"", "2026-01-01"));
    let own = workspace.path().join("own");
    let reading: [&[&str]; 12] = [
        &["status"],
        &["plan"],
        &["verify"],
        &["explain", "x"],
        &["source", "list"],
        &["absence", "list"],
        &["drift"],
        &["quarantine", "list"],
        &["retention"],
        &["agents", "export"],
        &["schema"],
        &["migrate", "--plan"],
    ];
    for arguments in reading {
        let said = workspace.run(arguments).await.expect(1).stderr;
        assert!(
            said.contains("no database yet") && said.contains("`ccsync sync` makes it"),
            "{arguments:?}: {said}"
        );
        assert!(!own.exists(), "{arguments:?} made {}", own.display());
    }
    let checked = workspace.run(&["check"]).await.expect(1);
    assert!(checked.stdout.contains("not made yet"), "{}", checked.stdout);
    assert!(!own.exists(), "check made {}", own.display());
}

#[tokio::test]
async fn an_advised_command_names_the_file_that_this_one_was_given() {
    let workspace = Workspace::new("");
    let text = configuration("http://127.0.0.1:9", "data_dir = \"own\"", "2026-01-01");
    workspace.write("my own.toml", &text);
    let said = workspace.run(&["--config", "my own.toml", "status"]).await.expect(1).stderr;
    assert!(said.contains("`ccsync --config 'my own.toml' sync` makes it"), "{said}");
    let by_variable = workspace.with("CCSYNC_CONFIG", "my own.toml").run(&["status"]).await.expect(1).stderr;
    assert!(by_variable.contains("`ccsync sync` makes it"), "{by_variable}");
}

#[tokio::test]
async fn an_address_with_a_socket_and_no_host_is_an_address() {
    let db = TestDb::create().await;
    let options = db.options();
    let (user, database, port) =
        (options.get_username(), options.get_database().unwrap(), options.get_port());
    // A server that is named by TEST_DATABASE_URL has its socket where Debian puts it.
    let socket =
        options.get_socket().map_or("/var/run/postgresql".into(), |socket| socket.display().to_string());
    let url = format!("postgres://{user}@/{database}?host={socket}&port={port}");
    let workspace =
        Workspace::new(&configuration("http://127.0.0.1:9", &format!("url = {url:?}"), "2026-01-01"));
    workspace.run(&["status"]).await.expect(0);
    let shown = workspace.run(&["config", "--json"]).await.expect(0).json();
    assert!(shown["database"]["url"].as_str().unwrap().contains("?host="), "{shown}");
}
