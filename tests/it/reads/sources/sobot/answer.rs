//! What becomes of every answer the documents leave room for.

use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::domain::vendor::drift::DriftKind;
use rstest::rstest;

use super::{CALL, TOKEN, calls, success};
use crate::reads::sources::support::{Reply, printed};

#[rstest]
#[case::absent(r#""total_count":0"#)]
#[case::null(r#""items":null,"total_count":"0""#)]
#[case::empty(r#""items":[],"total_count":0"#)]
#[case::blank(r#""items":"","total_count":0"#)]
#[tokio::test]
async fn absent_null_and_empty_items_are_an_empty_page(#[case] more: &str) {
    let page = calls(Reply::json(success(more))).await.unwrap();
    assert_eq!((page.records.len(), page.total), (0, Some(0)));
}

#[rstest]
#[case("900003", FaultKind::CredentialsRefused)]
#[case("900004", FaultKind::CredentialsRefused)]
#[case("700046", FaultKind::CredentialsRefused)]
#[case("999999", FaultKind::VendorFailed)]
#[case("700001", FaultKind::RequestRefused)]
#[case("700009", FaultKind::RequestRefused)]
#[case("400003", FaultKind::RequestRefused)]
#[case("400258", FaultKind::UnknownCode)]
#[case("123456", FaultKind::UnknownCode)]
#[tokio::test]
async fn the_code_decides_whatever_the_status(#[case] code: &str, #[case] kind: FaultKind) {
    for status in [200, 400, 500, 503] {
        let body = format!(r#"{{"ret_code":"{code}","ret_msg":"坏了 15711356914 {TOKEN}","items":[]}}"#);
        let fault = calls(Reply::status(status, body)).await.unwrap_err();
        assert_eq!((fault.kind, fault.code.as_deref()), (kind, Some(code)), "HTTP {status}: {fault}");
        for part in
            ["sobot-sh/sobot.call_result", "/quality/call_result", code, "坏了", &format!("HTTP {status}")]
        {
            assert!(fault.message.contains(part), "{fault}");
        }
        for secret in ["15711356914", TOKEN, "k3y-of-app1"] {
            assert!(!printed(&fault).contains(secret), "{}", printed(&fault));
        }
    }
}

#[tokio::test]
async fn success_is_what_the_body_says_even_under_a_status_of_failure() {
    assert_eq!(calls(Reply::status(500, CALL)).await.unwrap().records.len(), 1);
    assert_eq!(calls(Reply::json(r#"{"ret_code":0,"items":[]}"#)).await.unwrap().records.len(), 0);
}

#[rstest]
#[case(200, "<html>Login</html>", FaultKind::Malformed, "an HTML page of 18 bytes, HTTP 200")]
#[case(200, "", FaultKind::Malformed, "an empty body, HTTP 200")]
#[case(200, "{\"items\":[]}", FaultKind::Malformed, "other JSON of 12 bytes")]
#[case(200, "{\"ret_code\":null}", FaultKind::Malformed, "other JSON")]
#[case(
    200,
    "{\"ret_code\":\"000000\",\"items\":[{",
    FaultKind::Malformed,
    "broken JSON of 31 bytes: EOF while"
)]
#[case(200, "ok", FaultKind::Malformed, "other text of 2 bytes")]
#[case(404, "<html></html>", FaultKind::Malformed, "HTTP 404")]
#[case(403, "<html></html>", FaultKind::CredentialsRefused, "HTTP 403")]
#[case(429, "", FaultKind::RateLimited, "HTTP 429")]
#[case(502, "<html></html>", FaultKind::VendorFailed, "HTTP 502")]
#[tokio::test]
async fn without_an_envelope_the_status_decides(
    #[case] status: u16,
    #[case] body: &str,
    #[case] kind: FaultKind,
    #[case] said: &str,
) {
    let fault = calls(Reply::status(status, body)).await.unwrap_err();
    assert_eq!(fault.kind, kind, "{fault}");
    assert!(fault.message.contains(said), "{fault}");
}

#[tokio::test]
async fn retry_after_is_passed_on() {
    let fault = calls(Reply::status(429, "").header("retry-after", "7")).await.unwrap_err();
    assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
    let busy =
        Reply::status(503, r#"{"ret_code":"999999"}"#).header("retry-after", "Thu, 01 Jan 2026 16:00:30 GMT");
    assert_eq!(calls(busy).await.unwrap_err().retry_after, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn a_success_that_cannot_be_understood_is_malformed() {
    let fault = calls(Reply::json(success(r#""items":{"cid":"1"}"#))).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.message.contains("field `items`: expected a list, got an object"), "{fault}");
}

#[rstest]
#[case(r#""items":{}"#)]
#[case(r#""items":[],"total_count":"many""#)]
#[case(r#""items":[],"total_count":-1"#)]
#[tokio::test]
async fn an_empty_object_is_an_empty_list_and_a_total_that_is_no_count_is_none_and_both_are_told(
    #[case] more: &str,
) {
    let page = calls(Reply::json(success(more))).await.unwrap();
    assert_eq!((page.records.len(), page.total), (0, None));
    let drifts = page.observation.into_drifts();
    assert_eq!((drifts.len(), drifts[0].kind), (1, DriftKind::ChangedType), "{drifts:?}");
}
