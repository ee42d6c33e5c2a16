//! Answers that depart from JSON, from the documents or from all proportion, seen through a 7moor and a Sobot source:
//! what of them counts, what is set aside, and what is told.

use std::sync::Arc;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::person::privacy::Privacy;
use ccsync::domain::stream::StreamId;
use ccsync::domain::vendor::drift::DriftKind;
use ccsync::domain::vendor::page::{Page, PageRequest};
use ccsync::sources::http::HttpConfig;
use ccsync::sources::moor::{MoorAccount, MoorConfig};
use rstest::rstest;

use crate::reads::sources::support::{CountingBudget, ManualClock, Reply, Vendor, client_with, moor_limits};

const GROUP: &str = r#"{"exten":"1","displayName":"a","assignMembers":[]}"#;

/// The first page of groups, of which 100 were asked for, and how many requests it took.
async fn groups(replies: &[Reply]) -> (Result<Page, Fault>, usize) {
    let vendor = Vendor::start().await;
    for reply in replies {
        vendor.reply("queueQueue", reply.clone());
    }
    let account = MoorConfig {
        source: "moor-1".into(),
        base_url: vendor.base.clone(),
        account_id: "N00000000556".into(),
        api_secret: "secret".into(),
        privacy: Privacy::default(),
    };
    let clock = ManualClock::at("2016-10-13T11:36:12+08:00");
    let limits = moor_limits(Arc::new(CountingBudget::default()));
    let account = MoorAccount::new(account, client_with(HttpConfig::default()), limits, clock);
    let request = PageRequest { window: None, page_no: 1, page_size: 100 };
    let page = account.stream(StreamId::MOOR_QUEUE).fetch(&request).await;
    (page, vendor.seen().len())
}

async fn page(body: &str) -> Page {
    groups(&[Reply::json(body)]).await.0.unwrap()
}

#[rstest]
#[case::empty_object(r#"{"code":200,"count":0,"data":{}}"#, 0)]
#[case::empty_object_without_a_count(r#"{"code":200,"data":{}}"#, 0)]
#[case::nested_empty_object(r#"{"success":true,"data":{"count":0,"list":{}}}"#, 0)]
#[case::empty_members(
    r#"{"code":200,"count":1,"data":[{"exten":"1","displayName":"a","assignMembers":{}}]}"#,
    1
)]
#[case::numbered_list(
    r#"{"success":true,"data":{"count":2,"list":{"0":{"exten":"1"},"2":{"exten":"2"}}}}"#,
    2
)]
#[tokio::test]
async fn a_list_that_php_wrote_as_an_object_is_that_list(#[case] body: &str, #[case] rows: usize) {
    let page = page(body).await;
    assert_eq!(page.records.len(), rows);
    assert!(page.records.iter().all(|record| record.rejects.is_empty()), "{page:?}");
}

#[rstest]
#[case::negative("-1", "negative number of 1 digits")]
#[case::text(r#""many""#, "text of 4 characters")]
#[case::fraction("1.5", "number of 2 digits")]
#[case::list("[1]", "list of 1")]
#[tokio::test]
async fn a_total_that_is_no_count_is_no_total_and_told(#[case] count: &str, #[case] example: &str) {
    let page = page(&format!(r#"{{"code":200,"count":{count},"data":[{GROUP}]}}"#)).await;
    assert_eq!((page.records.len(), page.total), (1, None));
    let drifts = page.observation.into_drifts();
    let told = drifts.iter().find(|drift| drift.field == "(answer).count" && drift.observed == "no count");
    let told = told.unwrap_or_else(|| panic!("{drifts:?}"));
    assert_eq!((told.kind, told.example.as_str()), (DriftKind::ChangedType, example));
}

#[tokio::test]
async fn a_broken_element_costs_itself_and_is_told_with_its_place() {
    let body =
        format!("{{\"code\":200,\"count\":2,\n\"data\":[{GROUP},\n{{\"exten\":\"2\",\"weight\":NaN}}]}}");
    let page = page(&body).await;
    assert_eq!((page.records.len(), page.total), (2, Some(2)));
    let [reject] = &page.records[1].rejects[..] else { panic!("{page:?}") };
    assert_eq!(reject.payload, r#"{"exten":"2","weight":NaN}"#);
    let byte = body.find("NaN").unwrap();
    assert_eq!(reject.reason, format!("broken JSON: expected value at line 3, column 23 (byte {byte})"));
}

#[tokio::test]
async fn an_answer_that_is_broken_outside_its_elements_costs_the_page_and_names_the_place() {
    let body = format!(r#"{{"code":200,"count":NaN,"data":[{GROUP}]}}"#);
    let (page, _) = groups(&[Reply::json(body.clone())]).await;
    let fault = page.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    let place = format!("broken JSON of {} bytes: expected value at line 1, column 21 (byte 20)", body.len());
    assert!(fault.message.contains(&place), "{fault}");
}

#[rstest]
#[case::text_of_its_own(401, "Unauthorized: signature mismatch")]
#[case::page(403, "<html>forbidden</html>")]
#[case::unknown_code(401, r#"{"code":1001,"message":"sign error"}"#)]
#[case::unknown_text_code(403, r#"{"code":"E_SIGN","message":"sign error"}"#)]
#[case::no_code(401, r#"{"success":false,"message":"sign error"}"#)]
#[tokio::test]
async fn http_401_or_403_without_a_documented_code_is_refused_credentials_tried_twice(
    #[case] status: u16,
    #[case] body: &str,
) {
    let (page, requests) = groups(&vec![Reply::status(status, body); 9]).await;
    let fault = page.unwrap_err();
    assert_eq!((fault.kind, requests), (FaultKind::CredentialsRefused, 2), "{fault}");
}

#[tokio::test]
async fn a_documented_code_counts_for_more_than_http_401() {
    let (page, _) = groups(&vec![Reply::status(401, r#"{"code":400,"message":"wrong parameter"}"#); 9]).await;
    assert_eq!(page.unwrap_err().kind, FaultKind::RequestRefused);
}

#[rstest]
#[case::elements(format!("[{}{{}}]", "{},".repeat(299_999)), "more than 100000 elements where 100 were asked for")]
#[case::fewer(format!("[{}{{}}]", "{},".repeat(29_999)), "30000 elements where 100 were asked for")]
#[tokio::test]
async fn an_answer_of_far_more_elements_than_were_asked_for_is_told_as_that(
    #[case] list: String,
    #[case] told: &str,
) {
    let (page, _) = groups(&[Reply::json(format!(r#"{{"code":200,"count":1,"data":{list}}}"#))]).await;
    let fault = page.unwrap_err();
    assert_eq!(fault.kind, FaultKind::PageTooLarge);
    assert!(fault.message.contains(told), "{fault}");
}

#[tokio::test]
async fn an_oversized_element_is_set_aside_with_its_head_and_its_neighbours_are_kept() {
    let huge = format!(r#"{{"exten":"2","note":"{}"}}"#, "长".repeat(2 << 20));
    let page = page(&format!(r#"{{"code":200,"count":2,"data":[{huge},{GROUP}]}}"#)).await;
    let [reject] = &page.records[0].rejects[..] else { panic!() };
    assert!(reject.payload.len() <= 4096 && reject.payload.starts_with(r#"{"exten":"2""#));
    let told = format!("an element of {} bytes, more than 4 MiB; its first 4096 are kept", huge.len());
    assert_eq!(reject.reason, told);
    assert_eq!(page.records[1].rows.len(), 1);
}

#[tokio::test]
async fn rejects_count_as_memory() {
    // Fewer than may come unasked, of which each brings a hundred objects that cannot be read.
    let element = format!(r#"{{"exten":"1","assignMembers":[{}1]}}"#, "1,".repeat(2_000));
    let list = vec![element; 2_000].join(",");
    let (page, _) = groups(&[Reply::json(format!(r#"{{"code":200,"count":1,"data":[{list}]}}"#))]).await;
    let fault = page.unwrap_err();
    assert_eq!(fault.kind, FaultKind::PageTooLarge);
    assert!(fault.message.contains("as much as there is room for"), "{fault}");
}
