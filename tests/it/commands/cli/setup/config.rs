//! `ccsync config`, and configurations with mistakes.

use std::time::Duration;

use crate::support::process::{Setup, Workspace, configuration, recent_world};

/// Nothing listens there, and nothing needs to.
const NOWHERE: &str = "http://127.0.0.1:1";

fn workspace() -> Workspace {
    Workspace::new(&configuration(
        NOWHERE,
        r#"url = "postgres://ccsync:pa55@127.0.0.1:1/ccsync""#,
        "2026-01-01",
    ))
}

const FIVE_MISTAKES: &str = r#"
timezone = "Beijing"
[database]
pool_size = 0
[sources.sobot]
kind = "sobot"
base_url = "https://www.sobot.com"
app_id = "1"
app_key_file = "/nowhere/app_key"
[sources.sobot.call_result]
schedule = "every ten minutes"
page_sise = 50
"#;

#[tokio::test]
async fn the_effective_configuration_is_told_without_secrets_and_can_be_read_as_json() {
    let workspace = workspace();
    let told = workspace.run(&["config"]).await.expect(0);
    assert_eq!(told.stderr, "");
    assert!(told.stdout.contains("app_id = \"demo-app\""), "{}", told.stdout);
    toml_table(&told.stdout);
    let json = workspace.run(&["config", "--json"]).await.expect(0);
    assert_eq!(json.json()["sources"]["sobot"]["call_result"]["page_size"], 20, "{}", json.stdout);
    for secret in ["demo-key", "demo-secret", "pa55"] {
        assert!(!told.stdout.contains(secret) && !json.stdout.contains(secret), "{secret} is told");
    }
}

/// What is printed is a configuration file again.
fn toml_table(text: &str) {
    let parsed = ::config::Config::builder()
        .add_source(::config::File::from_str(text, ::config::FileFormat::Toml))
        .build();
    assert!(parsed.is_ok(), "{text}: {:?}", parsed.err());
}

#[tokio::test]
async fn a_variable_wins_over_the_file() {
    let workspace = workspace().with("CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE", "33");
    let json = workspace.run(&["config", "--json"]).await.expect(0).json();
    assert_eq!(json["sources"]["sobot"]["call_result"]["page_size"], 33);
}

#[tokio::test]
async fn all_mistakes_of_a_file_are_told_at_once_by_every_command() {
    let workspace = Workspace::new(FIVE_MISTAKES);
    for command in ["config", "check", "sync", "run", "plan", "status", "migrate"] {
        let ended = workspace.run(&[command]).await.expect(2);
        assert_eq!(ended.stdout, "", "{command}");
        let dir = workspace.path().to_str().unwrap();
        insta::allow_duplicates! { insta::assert_snapshot!(ended.stderr.replace(dir, "DIR"), @r#"
        error: the configuration has mistakes
        timezone: "Beijing" is not a time zone of the IANA list, such as "Asia/Shanghai"; did you mean `Asia/Shanghai`? (DIR/ccsync.toml)
        database.pool_size: 0 is out of range: from 1 to 100 (DIR/ccsync.toml)
        sources.sobot.app_key_file: /nowhere/app_key cannot be read: No such file or directory (os error 2) (DIR/ccsync.toml)
        sources.sobot.call_result.schedule: "every ten minutes" has 3 fields; expects six: second, minute, hour, day of month, month, day of week, such as "0 */10 * * * *" (DIR/ccsync.toml)
        sources.sobot.call_result.page_sise: unknown key; did you mean `page_size`? (DIR/ccsync.toml)
        hint: see docs/runbook.md#exit_2
        "#); }
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_with_2_before_anything_is_asked() {
    let mut text = String::new();
    for (name, value) in [
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", "2126-01-01"),
        ("CCSYNC__SOURCES__SOBOT__APP_KEY_FILE", "/nowhere/key"),
        ("CCSYNC__SOURCES__SOBOT__BASE_URL", "http://sobot.example.com"),
        ("CCSYNC__SOURCES__SOBOT__APP_KEYS", "x"),
        ("CCSYNC__SOURCES__MOOR__QUEUE__REQUESTS_PER_MINUTE", "21"),
        ("CCSYNC__DATABASE__URL", "mysql://db/ccsync"),
        ("CCSYNC__LOG__FILTER", "inof"),
        ("CCSYNC_CONFIG", "/nowhere/ccsync.toml"),
    ] {
        let ended = workspace().with(name, value).run(&["sync"]).await.expect(2);
        assert_eq!(ended.stdout, "", "{name}");
        assert!(ended.took < Duration::from_secs(30), "{name}: {:?}", ended.took);
        text.push_str(&format!("$ {name}={value} ccsync sync\n{}\n", ended.stderr));
    }
    insta::assert_snapshot!(text, @"
    $ CCSYNC__SOURCES__SOBOT__CALL_RESULT__START=2126-01-01 ccsync sync
    error: the configuration has mistakes
    sources.sobot.call_result.start: start 2126-01-01 lies in the future (environment)
    hint: see docs/runbook.md#exit_2

    $ CCSYNC__SOURCES__SOBOT__APP_KEY_FILE=/nowhere/key ccsync sync
    error: the configuration has mistakes
    sources.sobot.app_key_file: `app_key` and `app_key_file` are both set: give one of them (environment)
    hint: see docs/runbook.md#exit_2

    $ CCSYNC__SOURCES__SOBOT__BASE_URL=http://sobot.example.com ccsync sync
    error: the configuration has mistakes
    sources.sobot.base_url: plain http to sobot.example.com would carry secrets readable by anyone on the way: use https, or set `allow_http = true` beside it (environment)
    hint: see docs/runbook.md#exit_2

    $ CCSYNC__SOURCES__SOBOT__APP_KEYS=x ccsync sync
    error: the configuration has mistakes
    sources.sobot.app_keys: unknown key; did you mean `app_key`? (environment)
    hint: see docs/runbook.md#exit_2

    $ CCSYNC__SOURCES__MOOR__QUEUE__REQUESTS_PER_MINUTE=21 ccsync sync
    error: the configuration has mistakes
    sources.moor.queue.requests_per_minute: 21 is out of range: from 1 to 20 (environment)
    hint: see docs/runbook.md#exit_2

    $ CCSYNC__DATABASE__URL=mysql://db/ccsync ccsync sync
    error: the configuration has mistakes
    database.url: expects an address that begins with postgres:// (environment)
    hint: see docs/runbook.md#exit_2

    $ CCSYNC__LOG__FILTER=inof ccsync sync
    error: `inof` is not a log filter: `inof` is not a level; write a level such as `info`, or `info,ccsync=debug`
    hint: see docs/runbook.md#exit_2

    $ CCSYNC_CONFIG=/nowhere/ccsync.toml ccsync sync
    error: the configuration has mistakes
    the configuration file cannot be read: No such file or directory (os error 2) (/nowhere/ccsync.toml)
    hint: see docs/runbook.md#exit_2
    ");
}

#[tokio::test]
async fn a_range_that_cannot_be_read_again_is_refused_with_2() {
    let setup = Setup::new(recent_world(), "").await;
    let mut text = String::new();
    for line in [
        "backfill --stream sobot.call_result --from 2026-03-01 --to 2026-02-01",
        "backfill --stream sobot.call_result --from 2026-03-01 --to 2026-03-01",
        "backfill --stream moor.queue --from 2026-02-01 --to 2026-03-01",
        "backfill --stream nosuch/sobot.call_result --from 2026-02-01 --to 2026-03-01",
        "backfill --stream sobot.call_result --from 2126-02-01 --to 2126-03-01",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let ended = setup.run(&arguments).await.expect(2);
        assert_eq!(ended.stdout, "", "{line}");
        text.push_str(&format!("$ ccsync {line}\n{}\n", ended.stderr));
    }
    insta::assert_snapshot!(text, @"
    $ ccsync backfill --stream sobot.call_result --from 2026-03-01 --to 2026-02-01
    error: --from must lie before --to, which is the first instant not wanted any more
    hint: see docs/runbook.md#exit_2

    $ ccsync backfill --stream sobot.call_result --from 2026-03-01 --to 2026-03-01
    error: --from must lie before --to, which is the first instant not wanted any more
    hint: see docs/runbook.md#exit_2

    $ ccsync backfill --stream moor.queue --from 2026-02-01 --to 2026-03-01
    error: `moor.queue` is read whole each time; it has no past to backfill
    hint: see docs/runbook.md#exit_2

    $ ccsync backfill --stream nosuch/sobot.call_result --from 2026-02-01 --to 2026-03-01
    error: no enabled source has the stream `nosuch/sobot.call_result`
    hint: see docs/runbook.md#exit_2

    $ ccsync backfill --stream sobot.call_result --from 2126-02-01 --to 2126-03-01
    error: --from lies in the future; the vendor has nothing to read there yet
    hint: see docs/runbook.md#exit_2
    ");
    assert_eq!(setup.simulator.journal().requests(), 0);
}
