use std::collections::BTreeMap;

use ccsync_simulator::{Endpoint, FaultRates, SimulatorArgs, SimulatorConfig, Switches};
use clap::Parser;
use serde_json::{Value, json};

use super::{CALLS, Play, play, small};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    simulator: SimulatorArgs,
}

fn read(line: &[&str]) -> Result<SimulatorConfig, String> {
    let words = std::iter::once("simulator").chain(line.iter().copied());
    SimulatorConfig::try_from(Line::try_parse_from(words).map_err(|error| error.to_string())?.simulator)
}

async fn post(play: &Play, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", play.sim.base_url());
    let answer = play.http.post(url).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_truth_and_the_journal_can_be_read_from_outside() {
    let play = play(small()).await;
    let truth = play.sim.truth();
    assert_eq!(play.get("/_sim/health").await["ok"], true);
    assert_eq!(play.get("/_sim/truth/calls").await, json!(truth.calls));
    assert_eq!(play.get("/_sim/truth/chats").await, json!(truth.chats));
    assert_eq!(play.get("/_sim/truth/groups").await, json!(truth.groups));
    assert_eq!(play.get("/_sim/truth/claims").await, json!(truth.claims));
    assert_eq!(play.get("/_sim/truth/ever").await, json!(truth.ever));
    assert!(play.get("/_sim/truth/x").await["error"].is_string());
    play.token().await;
    let journal = play.get("/_sim/journal").await;
    assert_eq!(journal["tokens_issued"], 1);
    assert_eq!(journal["endpoints"]["sobot.get_token"]["requests"], 1);
    assert_eq!(journal["log"][0]["endpoint"], "sobot.get_token");
    assert_eq!(play.get("/_sim/journal/counts").await, journal["endpoints"]);
}

#[tokio::test]
async fn a_share_of_all_rows_is_rescored_at_once_and_stays_in_its_windows() {
    for (filter, moves) in [("quality", false), ("contact", true)] {
        let mut config = SimulatorConfig { calls: 400, ..small() };
        config.switches.set("sobot_filter", filter).unwrap();
        let play = play(config).await;
        let before = play.sim.truth().calls;
        let (status, answer) = post(&play, "/_sim/rescore", json!({"channel": "call", "share": 0.2})).await;
        assert_eq!(status, 200, "{answer}");
        let after = play.sim.truth().calls;
        let by_id = |rows: &[Value]| -> BTreeMap<String, Value> {
            rows.iter()
                .map(|row| (format!("{}{}", row["call_log_jestid"], row["agentid"]), row.clone()))
                .collect()
        };
        let (before, after) = (by_id(&before), by_id(&after));
        let changed: Vec<_> = before.iter().filter(|(key, row)| after[*key] != **row).collect();
        assert_eq!(answer["changed"], changed.len());
        assert!((40..120).contains(&changed.len()), "{}", changed.len());
        for (key, row) in changed {
            assert_ne!(scores(&after[key]), scores(row));
            assert_eq!(after[key]["qualify_time"] != row["qualify_time"], moves);
            assert_eq!(after[key]["call_start_datetime"], row["call_start_datetime"]);
        }
        let times: Vec<i64> = play.sim.truth().calls.iter().map(quality_time).collect();
        assert!(times.is_sorted());
    }
    let play = play(small()).await;
    let (status, answer) = post(&play, "/_sim/rescore", json!({"channel": "call", "share": 5})).await;
    assert_eq!(status, 400, "{answer}");
}

fn scores(row: &Value) -> [&Value; 4] {
    ["total_score", "standard_score", "pulse", "minus"].map(|name| &row[name])
}

fn quality_time(row: &Value) -> i64 {
    row["qualify_time"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn everything_can_be_set_from_outside() {
    let play = play(small()).await;
    let (status, set) = post(&play, "/_sim/switches", json!({"sobot_call_page_cap": 3})).await;
    assert_eq!((status, set["sobot_call_page_cap"].clone()), (200, 3.into()));
    assert_eq!(play.page(CALLS, "1", "9").await["page_size"], 3);
    assert_eq!(play.get("/_sim/switches").await["sobot_call_page_cap"], 3);

    let steps = json!({"endpoint": "sobot.call_result", "steps": ["html_page", {"fault": "http_5xx", "amount": 503}]});
    let (status, waiting) = post(&play, "/_sim/script", steps).await;
    assert_eq!((status, waiting), (200, json!({"sobot.call_result": 2})));
    let url = format!("{}{CALLS}", play.sim.base_url());
    assert_eq!(play.http.get(&url).send().await.unwrap().status(), 200);
    assert_eq!(play.http.get(&url).send().await.unwrap().status(), 503);

    let change = json!({"change": "random", "kind": "group_added"});
    let (status, changed) = post(&play, "/_sim/mutate", change).await;
    assert_eq!((status, changed["id"].clone()), (200, "10018523".into()));

    assert_eq!(post(&play, "/_sim/changes", json!({"rescored": 0.5})).await.0, 200);
    let rates = json!({"sobot.get_token:http_5xx": 1.0});
    assert_eq!(post(&play, "/_sim/faults", rates.clone()).await, (200, rates));
    let url = format!("{}/api/get_token", play.sim.base_url());
    assert!(play.http.get(&url).send().await.unwrap().status().is_server_error());
    assert_eq!(play.sim.journal().counts(Endpoint::SobotToken).requests, 2);
}

#[tokio::test]
async fn mistakes_from_outside_are_explained() {
    let play = play(small()).await;
    for (path, body, part) in [
        ("/_sim/switches", json!({"nonsense": 1}), "sobot_filter"),
        ("/_sim/switches", json!({"sobot_filter": "x"}), "contact"),
        ("/_sim/faults", json!({"nonsense": 0.1}), "http_5xx"),
        ("/_sim/faults", json!({"hang": 2}), "between 0 and 1"),
        ("/_sim/script", json!({"endpoint": "x", "steps": []}), "sobot.call_result"),
        ("/_sim/script", json!({"endpoint": "sobot.get_token", "steps": ["drop_row"]}), "cannot happen"),
        ("/_sim/mutate", json!({"change": "delete", "channel": "call", "id": "x"}), "`x`"),
    ] {
        let (status, answer) = post(&play, path, body).await;
        assert_eq!(status, 400);
        assert!(answer["error"].as_str().unwrap().contains(part), "{answer}");
    }
}

#[test]
fn the_command_line_has_the_defaults_of_the_settings() {
    let (read, default) = (read(&[]).unwrap(), SimulatorConfig::default());
    assert_eq!(serde_json::to_value(read).unwrap(), serde_json::to_value(default).unwrap());
}

#[test]
fn the_command_line_sets_faults_switches_and_accounts() {
    let config = read(&[
        "--fault",
        "all=0.1",
        "--fault",
        "moor.queue:hang=0.5",
        "--switch",
        "sobot_filter=contact",
        "--switch",
        "moor_page_cap=10",
        "--app-id",
        "a",
        "--app-key",
        "b",
        "--app-id",
        "c",
        "--app-key",
        "d",
        "--latency",
        "20ms",
        "--changes-per-second",
        "2",
    ])
    .unwrap();
    let mut rates = FaultRates::all(0.1);
    rates.set("moor.queue:hang", 0.5).unwrap();
    assert_eq!(config.faults, rates);
    assert_eq!(serde_json::to_value(&config.switches).unwrap()["sobot_filter"], "contact");
    assert_eq!(config.switches.moor_page_cap.apply(50), 10);
    assert_eq!(config.sobot_accounts.len(), 2);
    assert_eq!(config.latency_ms, 20);
    assert!((config.changes.new_result - 1.0).abs() < 1e-9);
    let json = serde_json::to_string(&config).unwrap();
    let back: SimulatorConfig = serde_json::from_str(&json).unwrap();
    assert_eq!(back.faults, config.faults);
}

#[test]
fn a_wrong_command_line_lists_what_is_right() {
    for (line, part) in [
        (["--fault", "nonsense=0.1"], "clamped_page_size"),
        (["--fault", "hang"], "NAME=VALUE"),
        (["--fault", "hang=x"], "number"),
        (["--fault", "hang=7"], "between 0 and 1"),
        (["--switch", "nonsense=1"], "sobot_takeover"),
        (["--switch", "sobot_filter=1"], "contact"),
        (["--switch", "moor_page_cap=0"], "number from 1"),
        (["--app-id=a", "--app-id=b"], "--app-key 1 times"),
        (["--from", "2027-01-01"], "must lie after"),
    ] {
        let error = read(&line).unwrap_err();
        assert!(error.contains(part), "{line:?}: {error}");
    }
}

#[test]
fn every_switch_has_another_reading_and_its_name_is_listed() {
    let readings = || Switches::OTHERS.into_iter().chain(Switches::DEPARTURES);
    let all = || readings().chain(Switches::CONTRADICTIONS).chain(Switches::CLOCKS);
    let mut named: Vec<_> = all().map(|(name, _)| name.to_owned()).collect();
    for (name, value) in all() {
        let mut switches = Switches::default();
        switches.set(name, value).unwrap();
        assert_ne!(switches, Switches::default(), "{name}={value}");
    }
    named.sort();
    named.dedup();
    assert_eq!(named, Switches::names());
}
