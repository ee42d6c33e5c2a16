//! A first configuration: by flags, and as a person answers at a terminal.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::process::Workspace;
use crate::support::terminal::Terminal;

fn mode(workspace: &Workspace, file: &str) -> u32 {
    std::fs::metadata(workspace.path().join(file)).unwrap().permissions().mode() & 0o777
}

/// `init` for one account, whose key is in a file.
fn sobot<'a>(key_file: &'a str, output: &'a str) -> [&'a str; 13] {
    [
        "init",
        "--source",
        "sobot=sobot",
        "--base-url",
        "https://www.sobot.com",
        "--app-id",
        "1",
        "--app-key-file",
        key_file,
        "--start",
        "2026-01-01",
        "--output",
        output,
    ]
}

#[tokio::test]
async fn a_relative_secret_begins_at_the_folder_of_the_file_that_is_written() {
    let workspace = Workspace::new("");
    std::fs::create_dir(workspace.path().join("etc")).unwrap();
    workspace.write("etc/app_key", "s3cret\n");
    let init = |key| sobot(key, "etc/own.toml");
    let refused = workspace.run(&init("other_key")).await.expect(2).stderr;
    assert!(refused.contains("etc/other_key"), "{refused}");
    workspace.run(&init("app_key")).await.expect(0);
    let shown = workspace.run(&["--config", "etc/own.toml", "config", "--json"]).await.expect(0).json();
    assert_eq!(
        shown["sources"]["sobot"]["app_key_file"],
        workspace.path().join("etc/app_key").to_str().unwrap()
    );
}

#[tokio::test]
async fn flags_make_a_configuration_that_loads_and_no_second_call_overwrites_it() {
    let workspace = Workspace::new("");
    let key = workspace.write("app_key", "s3cret\n");
    let arguments = sobot(key.to_str().unwrap(), "first.toml");
    let written = workspace.run(&arguments).await.expect(0);
    assert_eq!(written.stdout, "first.toml\n");
    assert!(written.talk().contains("ccsync --config first.toml check"), "{}", written.stderr);
    assert_eq!(mode(&workspace, "first.toml"), 0o644, "it holds no secret");
    let text = std::fs::read_to_string(workspace.path().join("first.toml")).unwrap();
    insta::with_settings!({ filters => [(r#""/\S+/app_key""#, r#""APP_KEY""#)] }, {
        insta::assert_snapshot!(text, @r#"
        # Written by `ccsync init`. Only what differs from the defaults has to stand here; `ccsync config` shows
        # every setting with its value. Any secret can be kept in a file of its own: `app_key_file` in place of
        # `app_key`. Variables win over this file: CCSYNC__DATABASE__URL.

        # The zone of business days, of schedules and of dates without an offset.
        timezone = "Asia/Shanghai"
        # In which people are spoken to: en or zh-CN.
        language = "en"

        [database]
        # No url: ccsync runs a PostgreSQL of its own under data_dir.
        data_dir = "data"

        [ops]
        # The status page and metrics. There is no login: keep it on loopback, or behind something that has one.
        listen = "127.0.0.1:8080"

        # Sobot 智齿, quality inspection
        [sources.sobot]
        kind = "sobot"
        base_url = "https://www.sobot.com"
        app_id = "1"
        app_key_file = "APP_KEY"
        [sources.sobot.call_result]
        # The first day wanted.
        start = "2026-01-01"
        [sources.sobot.chat_result]
        # The first day wanted.
        start = "2026-01-01"
        "#);
    });
    let json = workspace.run(&["--config", "first.toml", "config", "--json"]).await.expect(0).json();
    assert_eq!(json["sources"]["sobot"]["chat_result"]["start"], "2026-01-01T00:00:00+08:00", "{json}");

    let again = workspace.run(&arguments).await.expect(2);
    assert!(again.stderr.contains("first.toml exists already; --force replaces it"), "{}", again.stderr);
    workspace.run(&[&arguments[..], &["--force"]].concat()).await.expect(0);
}

#[tokio::test]
async fn several_accounts_are_set_by_name_and_every_mistake_is_told_at_once() {
    let workspace = Workspace::new("");
    let secret = workspace.write("secret", "s3cret");
    let secret = secret.to_str().unwrap();
    let moor = format!("moor.api_secret_file={secret}");
    let agent = format!("1001={secret}");
    let both = [
        "init",
        "--output",
        "both.toml",
        "--source=sobot=sobot",
        "--source=moor=moor",
        "--set=moor.base_url=https://openapis.7moor.com",
        "--set=moor.account_id=N00000000000",
        "--set",
        &moor,
    ];
    let ended = workspace.run(&both).await.expect(2);
    insta::assert_snapshot!(ended.stderr, @"
    error: nothing was written; the answers have mistakes
    sources.sobot.base_url: is required and missing
    sources.sobot.app_id: is required and missing
    sources.sobot.app_key: is required and missing; give it here or name a file in `app_key_file`
    hint: see docs/runbook.md#exit_2
    ");
    assert!(!workspace.path().join("both.toml").exists());
    let setup = [
        "init",
        "--output",
        "setup.toml",
        "--source=setup=workbench",
        "--base-url=http://10.0.0.8",
        "--agent",
        &agent,
    ];
    workspace.run(&setup).await.expect(0);
    workspace.run(&["--config", "setup.toml", "config"]).await.expect(0);
    for (wrong, told) in [
        (&["--set=sobot.app_key=1"][..], "a secret here would show in the list of processes"),
        (&["--source=a=zendesk"], "the kinds are sobot, moor and workbench"),
        (&["--source=a=sobot", "--set=b.app_id=1"], "there is no --source b="),
        (&["--source=a=sobot", "--database-url=postgres://a:b@c/d"], "would show in the list of processes"),
        (&[], "nobody can be asked here"),
    ] {
        let ended = workspace.run(&[&["init", "--output", "other.toml"], wrong].concat()).await.expect(2);
        assert!(ended.stderr.contains(told), "{wrong:?}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn a_person_is_asked_what_is_wrong_is_asked_again_and_secrets_are_not_shown() {
    let workspace = Workspace::new("");
    let mut terminal = Terminal::start(workspace.command(&["init", "--output", "asked.toml"]));
    terminal.answer("Time zone of business days", "Asia/Shangri-La\r").await;
    terminal.wait_for("Shangri-La").await;
    terminal.answer("IANA", "\u{15}Asia/Shanghai\r").await;
    terminal.answer("Language of page and notices", "\r").await;
    terminal.answer("Database", "\r").await;
    terminal.answer("Address", "postgres://ccsync@db.example.com/ccsync\r").await;
    terminal.answer_unseen("Password", "pa55 wörd\r").await;
    terminal.answer("Vendor", "\r").await;
    terminal.answer("A name for this account", "\r").await;
    terminal.answer("data centre", "\r").await;
    terminal.answer("app_id", "4711\r").await;
    terminal.answer_unseen("app_key", "s3cret-key\r").await;
    terminal.answer("First day wanted", "\r").await;
    terminal.answer("Another vendor account?", "n").await;
    assert_eq!(terminal.program.line().await, "asked.toml");
    terminal.wait_for("only you can read it").await;
    let seen = terminal.seen();
    assert!(!seen.contains("s3cret") && !seen.contains("pa55"), "{seen}");
    assert_eq!(mode(&workspace, "asked.toml"), 0o600);
    let told = workspace.run(&["--config", "asked.toml", "config", "--json"]).await.expect(0).json();
    assert_eq!(told["sources"]["sobot"]["app_id"], "4711", "{told}");
    let text = std::fs::read_to_string(workspace.path().join("asked.toml")).unwrap();
    assert!(text.contains("app_key = \"s3cret-key\""), "{text}");
    assert!(text.contains("postgres://ccsync:pa55%20w%C3%B6rd@db.example.com/ccsync"), "{text}");
}
