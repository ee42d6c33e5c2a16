//! What is refused, and how it is said.

use std::path::Path;

use ccsync::config::load;

use super::{SOBOT, load_with, now};

#[test]
fn every_mistake_is_told_at_once_and_no_secret_with_it() {
    let text = r#"
timezone = "Asia/Shangai"
language = "zh"
[databse]
url = "postgres://db"
[database]
url = "mysql://root:hunter2@db/x"
pool_size = 0
fetch = "yes"
[ops]
listen = 8080
[engine]
lease = 15
retry_base = "1m"
retries = 2.5
[http]
read_timeout = "2h"
[privacy]
phone = "msk"
[log]
filter = "info,=="
[notify.a]
kind = "wecom"
url = "http://hooks.example.com/hunter2"
secret = "hunter2"
[notify.b]
kind = "teams"
severity = "info"
[sources.a]
kind = "sobott"
[sources."b c"]
kind = "moor"
base_url = "http://openapis.7moor.com"
api_secret = "hunter2"
api_secret_file = "/run/secrets/x"
queue = { window = "1d", requests_per_minute = 21 }
[sources.c]
kind = "sobot"
base_url = "https://user:hunter2@www.sobot.com"
app_id = 123
app_kye = "hunter2"
[sources.c.call_result]
schedule = "*/10 * * * *"
start = "2031-01-01"
window = "32d"
[sources.d]
kind = "workbench"
base_url = "http://workbench.example.com"
agents = [{ extno = 1001, access_token = "x" }, { extno = "1001", access_token = ["hunter2"] }, 7]
"#;
    let text = load_with(text, &[("CCSYNC__ENGINE__LEASES", "hunter2"), ("CCSYNC__OPS__ENABLED", "maybe")]);
    let text = text.unwrap_err().to_string();
    assert!(!text.contains("hunter2"), "{text}");
    insta::assert_snapshot!(text, @r#"
    timezone: "Asia/Shangai" is not a time zone of the IANA list, such as "Asia/Shanghai"; did you mean `Asia/Shanghai`? (ccsync.toml)
    language: expects "en" or "zh-CN", not "zh" (ccsync.toml)
    database.url: expects an address that begins with postgres:// (ccsync.toml)
    database.fetch: expects true or false, not text (ccsync.toml)
    database.pool_size: 0 is out of range: from 1 to 100 (ccsync.toml)
    ops.enabled: expects true or false (environment)
    ops.listen: expects an address and a port such as 127.0.0.1:8080, not "8080" (ccsync.toml)
    http.read_timeout: 2h is out of range: from 10ms to 10m (ccsync.toml)
    engine.lease: expects a duration with its unit, such as 250ms, 90s, 10m or 1d; 15 has none (ccsync.toml)
    engine.retries: expects a whole number, not a number with a fraction (ccsync.toml)
    engine.retry_max: 10s is less than `retry_base`, which is 1m (default)
    engine.leases: unknown key; did you mean `lease`? (environment)
    privacy.phone: expects "mask" or "keep" or "hmac" or "drop", not "msk"; did you mean `mask`? (ccsync.toml)
    log.filter: "info,==" is not a filter such as "info,ccsync=debug": invalid filter directive (ccsync.toml)
    notify.a.url: is plain http to a public host, readable by anyone on the way: use https (ccsync.toml)
    notify.a.secret: is of no use here: this kind of target signs nothing (ccsync.toml)
    notify.b.kind: expects "webhook" or "wecom" or "dingtalk" or "feishu" or "slack", not "teams" (ccsync.toml)
    notify.b.url: is required and missing; give it here or name a file in `url_file`
    notify.b.severity: expects "warning" or "critical", not "info" (ccsync.toml)
    sources.a.kind: expects "sobot" or "moor" or "workbench", not "sobott"; did you mean `sobot`? (ccsync.toml)
    sources."b c": is not a name: letters, digits, `_` and `-`, 63 at most, the first one no `_` or `-` (ccsync.toml)
    sources."b c".base_url: plain http to openapis.7moor.com would carry secrets readable by anyone on the way: use https, or set `allow_http = true` beside it (ccsync.toml)
    sources."b c".account_id: is required and missing
    sources."b c".api_secret_file: `api_secret` and `api_secret_file` are both set: give one of them (ccsync.toml)
    sources."b c".queue.requests_per_minute: 21 is out of range: from 1 to 20 (ccsync.toml)
    sources."b c".queue.window: unknown key (ccsync.toml)
    sources.c.base_url: has a user name or password in it; credentials have keys of their own (ccsync.toml)
    sources.c.app_key: is required and missing; give it here or name a file in `app_key_file`
    sources.c.call_result.start: start 2031-01-01 lies in the future (ccsync.toml)
    sources.c.call_result.schedule: "*/10 * * * *" has 5 fields; expects six: second, minute, hour, day of month, month, day of week, such as "0 */10 * * * *" (ccsync.toml)
    sources.c.call_result.window: 32d is out of range: from 1m to 31d (ccsync.toml)
    sources.c.app_kye: unknown key; did you mean `app_key`? (ccsync.toml)
    sources.d.base_url: plain http to workbench.example.com would carry secrets readable by anyone on the way: use https, or set `allow_http = true` beside it (ccsync.toml)
    sources.d.agents[2]: expects a table, not a number (ccsync.toml)
    sources.d.agents[1].access_token: expects text, not a list (ccsync.toml)
    sources.d.agents[1].extno: 1001 is there twice: one block per agent (ccsync.toml)
    databse: unknown key; did you mean `database`? (ccsync.toml)
    "#);
}

#[test]
fn a_syntax_error_says_line_and_column_and_quotes_nothing() {
    let errors = load_with("[sources.s]\nkind = \"sobot\"\napp_key = \"hunter2\n", &[]).unwrap_err();
    insta::assert_snapshot!(errors, @r#"the configuration file is not TOML: line 3, column 19: invalid basic string, expected `"` (ccsync.toml)"#);
    let errors = load_with("[sources.s]\napp_key = hunter2\n", &[]).unwrap_err();
    insta::assert_snapshot!(errors, @"the configuration file is not TOML: line 2, column 11: string values must be quoted, expected literal string (ccsync.toml)");
    let errors = load_with("[sources.s]\napp_key = 123456789012345678901234567890\n", &[]).unwrap_err();
    insta::assert_snapshot!(errors, @"the configuration file is not TOML: line 2: number too large to fit in target type; write long rows of digits in quotes (ccsync.toml)");
    let missing = load(Some(Path::new("/no/such/ccsync.toml")), [], now()).unwrap_err().to_string();
    assert!(missing.contains("/no/such/ccsync.toml") && missing.contains("cannot be read"), "{missing}");
}

#[test]
fn plain_http_needs_loopback_or_permission() {
    let with = |url: &str, more: &str| {
        load_with(&format!("{}app_key = \"k\"\n{more}", SOBOT.replace("https://www.sobot.com", url)), &[])
    };
    assert!(with("http://127.0.0.1:8090", "").is_ok());
    assert!(with("http://www.sobot.com", "allow_http = true").is_ok());
    for host in ["http://www.sobot.com", "http://10.0.0.8"] {
        let errors = with(host, "").unwrap_err().to_string();
        assert!(
            errors.contains("sources.s.base_url: plain http") && errors.contains("allow_http"),
            "{errors}"
        );
    }
}

#[test]
fn no_key_is_followed_as_a_path() {
    let errors =
        load_with("\"database.port\" = 5\n\"x[99999999999999]\" = 1\n", &[("CCSYNC__Y[9999999999]", "1")]);
    insta::assert_snapshot!(errors.unwrap_err(), @r#"
    "database.port": unknown key (ccsync.toml)
    "x[99999999999999]": unknown key (ccsync.toml)
    "y[9999999999]": unknown key (environment)
    "#);
}

#[test]
fn rows_are_kept_for_longer_than_they_are_read_again() {
    let stream = |keys: &str| format!("{SOBOT}app_key = \"k\"\n[sources.s.call_result]\n{keys}\n");
    let kept = load_with(&stream("lookback = \"31d\"\nretention = \"2y\""), &[]).unwrap();
    let stream_of = |settings: &ccsync::config::Settings| settings.sources[0].streams[0].retention;
    assert_eq!(stream_of(&kept), Some(std::time::Duration::from_secs(730 * 86_400)));
    assert_eq!(stream_of(&load_with(&stream(""), &[]).unwrap()), None);
    let refused = load_with(&stream("lookback = \"31d\"\nretention = \"31d\""), &[]).unwrap_err().to_string();
    assert!(refused.contains("retention: 31d is not more than `lookback`, which is 31d"), "{refused}");
}
