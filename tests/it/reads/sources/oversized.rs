//! What the program takes of memory where a vendor answers far more than it was asked for, measured on the process.

use std::time::Duration;

use ccsync::domain::stream::StreamId;

use crate::reads::sources::support::{Reply, Vendor};
use crate::support::db::TestDb;
use crate::support::process::{Ended, Workspace};

/// The most memory that a pass may take.
const PEAK_KIB_MAX: u64 = 128 << 10;

/// What one pass over one day of calls ended with, whose every page is this list, and the most memory it had resident.
async fn pass(list: String) -> (Ended, u64, usize) {
    let vendor = Vendor::start().await;
    let page =
        format!(r#"{{"ret_code":"000000","ret_msg":"ok","items":{list},"page_size":50,"total_count":1}}"#);
    vendor.rule(move |seen| {
        let token = r#"{"ret_code":"000000","item":{"token":"4ac37cb2","expires_in":"86400"}}"#;
        Some(Reply::json(if seen.path.contains("quality") { page.clone() } else { token.to_owned() }))
    });
    let db = TestDb::create().await;
    let start = (chrono::Utc::now() - chrono::Duration::hours(30)).format("%Y-%m-%dT%H:00:00Z");
    let workspace = Workspace::new(&format!(
        "[database]\nurl = \"{}\"\n[sources.s]\nkind = \"sobot\"\nbase_url = \"{}\"\napp_id = \"a\"\napp_key = \"k\"\n\
         [sources.s.call_result]\nstart = \"{start}\"\n[sources.s.chat_result]\nenabled = false\n",
        db.url(),
        vendor.base,
    ));
    let program = workspace.start(&["sync", StreamId::SOBOT_CALL_RESULT.as_str()]);
    let status = format!("/proc/{}/status", program.pid());
    let watch = tokio::spawn(async move {
        let mut peak = 0;
        while let Ok(status) = tokio::fs::read_to_string(&status).await {
            let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<u64>().ok());
            peak = kib.unwrap_or_default().max(peak);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        peak
    });
    let ended = program.wait().await;
    let peak = watch.await.unwrap();
    assert!(peak < PEAK_KIB_MAX, "{} MiB\n{}", peak >> 10, ended.stderr);
    (ended, peak, vendor.count("quality"))
}

#[tokio::test]
async fn six_million_elements_take_no_more_memory_than_a_page_and_are_told_as_what_they_are() {
    let (ended, ..) = pass(format!("[{}{{}}]", "{},".repeat(5_999_999))).await;
    let ended = ended.expect(1);
    assert!(ended.talk().contains("more than 100000 elements where 50 were asked for"), "{}", ended.stderr);
    assert!(ended.talk().contains("#page_too_large"), "{}", ended.stderr);
}

#[tokio::test]
async fn an_element_of_sixty_mebibytes_is_quarantined_with_its_head() {
    let note = "x".repeat(60 << 20);
    let list = format!(r#"[{{"call_log_jestid":"1","agentid":"a","note":"{note}"}}]"#);
    let (ended, _, requests) = pass(list).await;
    let ended = ended.expect(3);
    assert!(ended.talk().contains("quarantine"), "{}", ended.stderr);
    assert!(requests < 12, "{requests} requests of 60 MiB each");
}
