use std::time::{Duration, Instant};

use ccsync_simulator::{Endpoint, Fault, FaultRates, SimulatorConfig, Step};
use rstest::rstest;
use serde_json::{Value, json};

use super::{CALLS, CHATS, Play, WINDOWS, play, small};

const DAYS: [(&str, &str); 4] =
    [("start_datetime", WINDOWS[0].0), ("end_datetime", WINDOWS[0].1), ("page_no", "2"), ("page_size", "10")];

async fn scripted(step: impl Into<Step>) -> (Play, String) {
    let play = play(small()).await;
    let token = play.token().await;
    play.sim.script(Endpoint::SobotCallResult, [step.into()]);
    (play, token)
}

async fn json_of(play: &Play, token: &str) -> Value {
    play.quality(CALLS, token, &DAYS).await.json().await.unwrap()
}

fn len(body: &Value) -> usize {
    body["items"].as_array().unwrap().len()
}

#[rstest]
#[case::drawn(Fault::Http5xx.into(), None, "text/html")]
#[case::chosen(Fault::Http5xx.with(503), Some(503), "text/html")]
#[case::too_many(Fault::Http429.with(7), Some(429), "text/html")]
#[case::page(Fault::HtmlPage.into(), Some(200), "text/html; charset=utf-8")]
#[case::redirect(Fault::Redirect.into(), Some(302), "text/html")]
#[tokio::test]
async fn faults_of_the_transport_look_like_a_proxys(
    #[case] step: Step,
    #[case] status: Option<u16>,
    #[case] content_type: &str,
) {
    let (play, token) = scripted(step).await;
    let answer = play.quality(CALLS, &token, &DAYS).await;
    let got = answer.status().as_u16();
    assert!(status.map_or((500..=504).contains(&got), |status| status == got), "{got}");
    assert_eq!(answer.headers()["content-type"], content_type);
    assert_eq!(answer.headers().get("retry-after").is_some(), step.fault == Fault::Http429);
    if let Some(location) = answer.headers().get("location") {
        assert_eq!(location, "http://other-host.invalid/login");
    }
    assert!(answer.text().await.unwrap().starts_with("<html>"));
    assert_eq!(json_of(&play, &token).await["ret_code"], "000000", "a script ends");
    let counts = play.sim.journal().counts(Endpoint::SobotCallResult);
    assert_eq!(counts.faults[&step.fault], 1);
    assert_eq!(counts.answers[step.fault.name()], 1);
}

#[tokio::test]
async fn a_hang_is_long_and_ends_in_a_504_and_slow_is_late_but_right() {
    for (step, status) in [(Fault::Hang.with(80), 504), (Fault::Slow.with(80), 200)] {
        let (play, token) = scripted(step).await;
        let begun = Instant::now();
        let answer = play.quality(CALLS, &token, &DAYS).await;
        assert!(begun.elapsed() >= Duration::from_millis(80));
        assert_eq!(answer.status(), status);
    }
}

#[rstest]
#[case::declared(0)]
#[case::chunked(1)]
#[tokio::test]
async fn a_cut_body_cannot_be_read_to_its_end(#[case] framing: i64) {
    let (play, token) = scripted(Fault::CutBody.with(framing)).await;
    let mut answer = play.quality(CALLS, &token, &DAYS).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.content_length().is_some(), framing == 0);
    let mut bytes = 0;
    let error = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(bytes > 100, "half of it arrives");
    assert!(error.is_some(), "and then the connection breaks");
}

#[tokio::test]
async fn an_unknown_error_has_each_vendors_code() {
    let (play, token) = scripted(Fault::Code999999).await;
    assert_eq!(json_of(&play, &token).await["ret_code"], "999999");
    play.sim.script(Endpoint::SobotCallResult, [Fault::Code999999.with(400_258)]);
    assert_eq!(json_of(&play, &token).await["ret_code"], "400258");
    play.sim.script(Endpoint::MoorQueue, [Step::from(Fault::Code999999), Fault::Code999999.with(210)]);
    assert_eq!(play.moor("queueQueue", json!({})).await["code"], 500);
    assert_eq!(play.moor("queueQueue", json!({})).await["code"], 210);
}

#[tokio::test]
async fn an_expired_token_is_really_gone() {
    let (play, token) = scripted(Fault::ExpiredToken).await;
    for _ in 0..2 {
        assert_eq!(json_of(&play, &token).await["ret_code"], "900002");
    }
    let fresh = play.token().await;
    assert_eq!(json_of(&play, &fresh).await["ret_code"], "000000");
}

#[tokio::test]
async fn a_clamped_page_is_answered_as_if_a_smaller_one_had_been_asked_for() {
    let (play, token) = scripted(Fault::ClampedPageSize.with(4)).await;
    let clamped = json_of(&play, &token).await;
    let honest = json_of(&play, &token).await;
    assert_eq!((len(&clamped), clamped["page_size"].clone()), (4, 4.into()));
    assert_eq!(clamped["total_count"], honest["total_count"]);
    assert_eq!(clamped["page_count"], honest["total_count"].as_u64().unwrap().div_ceil(4));
}

#[rstest]
#[case::more(2)]
#[case::fewer(-2)]
#[tokio::test]
async fn a_total_can_lie(#[case] by: i64) {
    let (play, token) = scripted(Fault::LyingTotal.with(by)).await;
    let lying = json_of(&play, &token).await["total_count"].as_i64().unwrap();
    let honest = json_of(&play, &token).await["total_count"].as_i64().unwrap();
    assert_eq!(lying - honest, by);
    play.sim.script(Endpoint::MoorQueue, [Fault::LyingTotal]);
    assert_ne!(play.moor("queueQueue", json!({})).await["data"]["count"], 23);
}

#[tokio::test]
async fn pages_and_rows_are_repeated_and_dropped() {
    let play = play(small()).await;
    let all = play.walk(CALLS, WINDOWS[0].0, WINDOWS[0].1, "10").await;
    let token = play.token().await;
    let faults = [Fault::RepeatPage, Fault::DropPage, Fault::EmptyPage, Fault::DropRow];
    play.sim.script(Endpoint::SobotCallResult, faults);
    let repeated = json_of(&play, &token).await;
    assert_eq!(repeated["items"].as_array().unwrap(), &all[..10]);
    assert_eq!(repeated["page_no"], 2);
    assert_eq!(json_of(&play, &token).await["items"].as_array().unwrap(), &all[20..30]);
    let empty = json_of(&play, &token).await;
    assert_eq!((len(&empty), empty["total_count"].clone()), (0, all.len().into()));
    let short = json_of(&play, &token).await;
    assert_eq!((len(&short), short["total_count"].clone()), (9, all.len().into()));
    assert!(short["items"].as_array().unwrap().iter().all(|row| all[10..20].contains(row)));
}

#[tokio::test]
async fn one_record_of_a_page_can_be_unreadable() {
    let (play, token) = scripted(Fault::Pass).await;
    let honest = json_of(&play, &token).await;
    type Check = fn(&Value) -> bool;
    let checks: [Check; 4] = [
        |row| row["total_score"] == "abc",
        |row| row.is_object() && row.get("call_log_jestid").is_none(),
        Value::is_string,
        |row| row["call_start_datetime"] == "yesterday",
    ];
    for (how, check) in (0..).zip(checks) {
        play.sim.script(Endpoint::SobotCallResult, [Fault::MalformedRecord.with(how)]);
        let broken = json_of(&play, &token).await;
        let pairs = broken["items"].as_array().unwrap().iter().zip(honest["items"].as_array().unwrap());
        let changed: Vec<_> = pairs.filter(|(now, before)| now != before).map(|(now, _)| now).collect();
        assert_eq!(changed.len(), 1);
        assert!(check(changed[0]), "{}", changed[0]);
    }
}

#[tokio::test]
async fn the_world_drifts_between_the_pages_of_a_walk() {
    let play = play(small()).await;
    let before = play.sim.truth();
    play.sim.set_fault_rates(FaultRates::none().with(Fault::Drift, 1.0));
    play.page(CHATS, "1", "10").await;
    assert_eq!(play.sim.truth(), before, "a first page has nothing to drift from");
    play.page(CHATS, "2", "10").await;
    assert_ne!(play.sim.truth().chats, before.chats);
    play.moor("queueQueue", json!({"page": 2})).await;
    assert_ne!(play.sim.truth().groups, before.groups);
}

#[tokio::test]
async fn rates_are_shares_of_the_requests_and_scripts_go_first() {
    let play = play(SimulatorConfig { hang_ms: 1, ..small() }).await;
    play.sim.set_fault_rates(FaultRates::none().with(Fault::Http5xx, 0.3).with_at(
        Endpoint::SobotChatResult,
        Fault::Http5xx,
        0.0,
    ));
    let token = play.get_token().await["item"]["token"].as_str().map(str::to_owned);
    let token = token.unwrap_or_default();
    play.sim.script(Endpoint::SobotCallResult, [Fault::Pass, Fault::HtmlPage]);
    for _ in 0..200 {
        play.quality(CALLS, &token, &DAYS).await;
        play.quality(CHATS, &token, &DAYS).await;
    }
    let journal = play.sim.journal();
    let failed = journal.counts(Endpoint::SobotCallResult).faults[&Fault::Http5xx];
    assert!((35..=90).contains(&failed), "{failed}");
    assert!(journal.counts(Endpoint::SobotChatResult).faults.is_empty());
    let log: Vec<_> = journal.requests_of(Endpoint::SobotCallResult).map(|entry| entry.fault).collect();
    assert_eq!(log[..2], [None, Some(Fault::HtmlPage)]);
}

#[tokio::test]
async fn all_is_spread_over_the_faults_a_client_can_get_over() {
    let play = play(SimulatorConfig { hang_ms: 1, ..small() }).await;
    let token = play.token().await;
    play.sim.set_fault_rates(FaultRates::all(1.0));
    for _ in 0..150 {
        play.quality(CALLS, &token, &DAYS).await;
    }
    let seen = play.sim.journal().counts(Endpoint::SobotCallResult).faults;
    assert_eq!(seen.len(), Fault::SPREAD.len());
    assert_eq!(seen.values().sum::<u64>(), 150);
    assert!(Fault::SPREAD.iter().all(|fault| seen.contains_key(fault)));
}

#[tokio::test]
async fn an_impossible_script_does_not_look_like_an_answer() {
    let play = play(small()).await;
    play.sim.script(Endpoint::SobotToken, [Fault::DropRow]);
    let url = format!("{}/api/get_token", play.sim.base_url());
    assert_eq!(play.http.get(url).send().await.unwrap().status(), 501);
    play.sim.script(Endpoint::SobotToken, [Fault::Http5xx]);
    play.sim.clear_scripts();
    assert_eq!(play.get_token().await["ret_code"], "000000");
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_hang() {
    let (play, token) = scripted(Fault::Hang).await;
    let url = format!("{}{CALLS}", play.sim.base_url());
    let request = tokio::spawn(play.http.get(url).header("token", token).query(&DAYS).send());
    while play.sim.journal().counts(Endpoint::SobotCallResult).answers.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = Instant::now();
    play.sim.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(30));
    drop(request.await);
}
