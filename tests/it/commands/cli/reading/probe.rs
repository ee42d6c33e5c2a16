//! `ccsync probe`: what the documents leave open is found out of a live account, by few requests that only read.

use std::collections::BTreeMap;

use ccsync_simulator::{Endpoint, SimulatorConfig};
use rstest::rstest;
use serde_json::Value as Json;

use crate::support::process::{Setup, recent_world};

/// Results on every day of the last week and calls enough for several pages.
fn world(switches: &[(&str, &str)]) -> SimulatorConfig {
    let mut config = SimulatorConfig { calls: 700, chats: 700, groups: 250, ..recent_world() };
    for (name, value) in switches {
        config.switches.set(name, value).unwrap();
    }
    config
}

const GENTLE: &str = "CCSYNC__SOURCES__SOBOT__CALL_RESULT__REQUESTS_PER_MINUTE";

/// The answers by stream and question, and the number of requests.
async fn probed(switches: &[(&str, &str)], source: &str) -> (BTreeMap<String, Json>, u64) {
    let setup = Setup::new(world(switches), "").await;
    probed_at(&setup, source).await
}

async fn probed_at(setup: &Setup, source: &str) -> (BTreeMap<String, Json>, u64) {
    let before = setup.simulator.journal().requests();
    let told: Json = setup.run(&["probe", "--source", source, "--json"]).await.expect(0).json();
    let requests = told["requests"].as_u64().unwrap();
    let sent = setup.simulator.journal().requests() - before;
    assert_eq!(requests, sent, "as the vendor counts them");
    assert!(requests <= 30, "{requests}");
    let facts = told["facts"].as_array().unwrap().iter();
    let by_name = facts.map(|fact| {
        (format!("{} {}", fact["stream"].as_str().unwrap(), fact["question"].as_str().unwrap()), fact.clone())
    });
    (by_name.collect(), requests)
}

#[rstest]
#[case("sobot", &[], &[
    ("sobot.call_result filter_time", "inspection"),
    ("sobot.call_result time_of_day", "counts"),
    ("sobot.call_result window_end", "included"),
    ("sobot.call_result window_span", "31d"),
    ("sobot.call_result page_size", "700+"),
    ("sobot.call_result total", "listed"),
    ("sobot.call_result total_cap", "none"),
    ("sobot.call_result depth", "none"),
    ("sobot.call_result behind_end", "empty"),
    ("sobot.call_result envelope", "items"),
    ("sobot.call_result error_status", "200"),
    ("sobot.call_result clock", "right"),
    ("sobot.chat_result filter_time", "inspection"),
    ("sobot.chat_result date_form", "datetime"),
    ("sobot.chat_result window_span", "31d"),
    ("sobot.chat_result behind_end", "empty"),
])]
#[case("sobot", &[("sobot_filter", "contact")], &[
    ("sobot.call_result filter_time", "contact"),
    ("sobot.chat_result filter_time", "contact"),
])]
#[case("sobot", &[("sobot_end", "exclusive")], &[("sobot.call_result window_end", "excluded")])]
#[case("sobot", &[("sobot_call_bounds", "day")], &[("sobot.call_result time_of_day", "ignored")])]
#[case("sobot", &[("sobot_span", "none")], &[
    ("sobot.call_result window_span", "32d"),
    ("sobot.chat_result window_span", "32d"),
])]
#[case("sobot", &[("sobot_token_status", "http_401")], &[("sobot.call_result error_status", "200, 401")])]
#[case("sobot", &[("sobot_chat_dates", "date_only")], &[("sobot.chat_result date_form", "date")])]
#[case("sobot", &[("sobot_call_total", "+3")], &[("sobot.call_result total", "differs")])]
#[case("sobot", &[("sobot_call_total", "first_page")], &[("sobot.call_result total", "differs")])]
#[case("sobot", &[("sobot_call_total", "so_far")], &[("sobot.call_result total", "differs")])]
#[case("sobot", &[("sobot_call_total", "absent")], &[("sobot.call_result total", "absent")])]
#[case("sobot", &[("sobot_call_total_cap", "100")], &[("sobot.call_result total_cap", "100")])]
#[case("sobot", &[("sobot_call_depth", "200")], &[("sobot.call_result depth", "200")])]
#[case("sobot", &[("sobot_call_depth", "200"), ("sobot_behind_depth", "refused")], &[("sobot.call_result depth", "200")])]
#[case("sobot", &[("sobot_behind_end", "refused")], &[("sobot.call_result behind_end", "refused")])]
#[case("sobot", &[("sobot_behind_end", "not_found")], &[("sobot.call_result behind_end", "not_found")])]
#[case("sobot", &[("sobot_call_time", "quality_datetime"), ("sobot_extra_field", "none")], &[
    ("sobot.call_result fields", "as_documented"),
])]
#[case("sobot", &[("sobot_chat_time", "update_time")], &[("sobot.chat_result fields", "differ")])]
#[case("sobot", &[("date_header", "absent")], &[("sobot.call_result clock", "absent")])]
#[case("sobot", &[("date_header", "beijing_as_gmt")], &[("sobot.call_result clock", "ahead")])]
#[case("sobot", &[("date_header", "eight_hours_behind")], &[("sobot.call_result clock", "behind")])]
#[case("sobot", &[("date_header", "one_strange")], &[("sobot.call_result clock", "irregular")])]
#[case("moor", &[], &[
    ("moor.queue page_size", "250+"),
    ("moor.queue total", "listed"),
    ("moor.queue depth", "none"),
    ("moor.queue behind_end", "empty"),
    ("moor.queue envelope", "nested"),
    ("moor.queue error_status", "200"),
    ("moor.queue clock", "right"),
    ("moor.agent_claim_status claim_filter", "optional"),
])]
#[case("sobot", &[("sobot_call_page_cap", "50"), ("sobot_chat_page_cap", "50")], &[
    ("sobot.call_result page_size", "50"),
    ("sobot.call_result total", "listed"),
    ("sobot.call_result depth", "none"),
    ("sobot.chat_result page_size", "50"),
])]
#[case("sobot", &[("sobot_call_unlisted", "7")], &[("sobot.call_result total", "differs")])]
#[case("sobot", &[("sobot_empty_items", "null"), ("charset", "gbk")], &[("sobot.call_result behind_end", "empty")])]
#[case("sobot", &[("sobot_schema", "new_field")], &[("sobot.call_result fields", "differ")])]
#[case("moor", &[("moor_behind_end", "not_found")], &[("moor.queue behind_end", "not_found")])]
#[case("moor", &[("moor_page_cap", "100")], &[("moor.queue page_size", "100")])]
#[case("moor", &[("moor_status", "same")], &[("moor.queue error_status", "403")])]
#[case("moor", &[("moor_envelope", "flat")], &[("moor.queue envelope", "flat")])]
#[case("moor", &[("moor_envelope", "root")], &[("moor.queue envelope", "root")])]
#[case("moor", &[("moor_total", "-3")], &[("moor.queue total", "differs")])]
#[case("moor", &[("moor_claim_filter", "required")], &[("moor.agent_claim_status claim_filter", "required")])]
#[tokio::test]
async fn each_reading_of_a_document_is_recognised_within_thirty_requests(
    #[case] source: &str,
    #[case] switches: &[(&str, &str)],
    #[case] expected: &[(&str, &str)],
) {
    let (facts, requests) = probed(switches, source).await;
    println!("{source} {switches:?}: {requests} requests");
    for (name, answer) in expected {
        assert_eq!(facts[*name]["answer"], **answer, "{switches:?}: {:#}", facts[*name]);
    }
}

/// Answers that are not to be had: what is told instead would be wrong.
#[rstest]
#[case("sobot", &[("sobot_call_depth", "90"), ("sobot_behind_depth", "cut")], &["total differs", "window_end excluded"])]
#[case("sobot", &[("sobot_call_depth", "400")], &["total differs", "window_end excluded"])]
#[case("sobot", &[("sobot_call_unlisted", "10")], &["page_size 395", "depth 395"])]
#[case("sobot", &[("sobot_call_depth", "200"), ("sobot_call_total_cap", "200")], &["depth none", "behind_end refused"])]
#[case("sobot", &[("sobot_call_page_cap", "7"), ("sobot_call_total_cap", "100")], &["behind_end repeats", "depth none"])]
#[case("moor", &[("moor_behind_end", "refused")], &["total differs"])]
#[case("moor", &[("moor_depth", "25"), ("moor_behind_depth", "cut")], &["total differs", "page_size 25"])]
#[case("moor", &[("moor_page_cap", "10"), ("moor_total_cap", "100")], &["behind_end empty", "depth none"])]
#[tokio::test]
async fn what_a_list_that_hides_a_part_of_itself_cannot_tell_is_not_told(
    #[case] source: &str,
    #[case] switches: &[(&str, &str)],
    #[case] wrong: &[&str],
) {
    let (facts, requests) = probed(switches, source).await;
    println!("{source} {switches:?}: {requests} requests");
    for fact in facts.values().filter(|fact| fact["stream"] != "sobot.chat_result") {
        let told =
            format!("{} {}", fact["question"].as_str().unwrap(), fact["answer"].as_str().unwrap_or("null"));
        assert!(!wrong.contains(&told.as_str()), "{switches:?}: {fact:#}");
    }
}

#[tokio::test]
async fn a_date_that_stands_still_is_told_from_one_that_is_behind_at_the_pace_of_the_limit() {
    let setup = Setup::new(world(&[("date_header", "stands_still")]), "").await.with(GENTLE, "240");
    let (facts, _) = probed_at(&setup, "sobot").await;
    assert_eq!(facts["sobot.call_result clock"]["answer"], "stands_still");
}

#[tokio::test]
async fn answers_are_kept_shown_as_known_and_used_where_the_configuration_says_nothing() {
    let world = world(&[("sobot_call_page_cap", "30"), ("sobot_chat_page_cap", "40")]);
    let setup = Setup::new(world, "").await;
    // The calls' page size is the operator's, the chats' nobody's.
    let text = std::fs::read_to_string(setup.workspace.path().join("ccsync.toml")).unwrap();
    setup.workspace.write("ccsync.toml", &text.replace("page_size = 50\n", ""));
    let open = setup.run(&["status", "--json"]).await.expect(0).json()["open_questions"].clone();
    assert!(open.to_string().contains("filter_time"), "{open}");
    let told = setup.run(&["probe", "--source", "sobot"]).await.expect(0).stdout;
    assert!(told.contains("[sources.sobot.chat_result]\npage_size = 40"), "{told}");

    let open = setup.run(&["status", "--json"]).await.expect(0).json()["open_questions"].clone();
    assert!(!open.to_string().contains("filter_time"), "{open}");
    let checked = setup.run(&["check"]).await.expect(0).stdout;
    assert!(checked.contains("`ccsync probe --source moor` asks"), "{checked}");
    let of_sobot = checked.lines().find(|line| line.contains("sobot questions")).unwrap_or_default();
    assert!(!of_sobot.contains("page_size"), "{of_sobot}");
    setup.run(&["sync", "sobot.call_result", "sobot.chat_result"]).await.expect(0);
    let sizes = |endpoint| {
        let journal = setup.simulator.journal();
        // Of an empty window the first element is looked at alone.
        let pages = journal.requests_of(endpoint).filter(|entry| entry.page_size != Some(1));
        let last = pages.last().unwrap().clone();
        serde_json::to_string(&last).unwrap()
    };
    let (calls, chats) = (sizes(Endpoint::SobotCallResult), sizes(Endpoint::SobotChatResult));
    assert!(calls.contains("\"page_size\":20,"), "{calls}");
    assert!(chats.contains("\"page_size\":40,"), "{chats}");
    let mut connection = setup.db.pool().await.acquire().await.unwrap();
    let stored: i64 = sqlx::query_scalar(
        "select count(*) from sync.vendor_fact where source = 'sobot' and answer is not null",
    )
    .fetch_one(&mut *connection)
    .await
    .unwrap();
    assert!(15 < stored, "{stored}");
}

#[tokio::test]
async fn an_account_without_results_a_wrong_source_and_refused_keys_are_told_as_what_they_are() {
    let setup = Setup::new(SimulatorConfig { calls: 0, chats: 0, ..world(&[]) }, "").await;
    let (facts, requests) = probed_at(&setup, "sobot").await;
    assert_eq!(facts["sobot.call_result filter_time"]["answer"], Json::Null);
    let why = facts["sobot.call_result filter_time"]["evidence"].as_str().unwrap();
    assert!(why.contains("no results of the last 31 days came"), "{why}");
    assert!(requests < 10, "{requests}");
    let wrong = setup.run(&["probe", "--source", "sobto"]).await.expect(2).stderr;
    assert!(wrong.contains("there is no source sobto; configured are moor, sobot"), "{wrong}");
    let setup = setup.with("CCSYNC__SOURCES__MOOR__API_SECRET", "wrong");
    let refused = setup.run(&["probe", "--source", "moor"]).await.expect(1).stderr;
    assert!(refused.contains("credentials_refused"), "{refused}");
}
