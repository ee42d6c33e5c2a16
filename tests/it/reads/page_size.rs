//! How large the pages are that a vendor is asked for: what is set is exact, and what is not is found out.

use ccsync_simulator::switches::Clamp;
use ccsync_simulator::{Endpoint, SimulatorConfig};

use crate::support::process::{Setup, recent_world};

/// Windows of some eight hundred calls, and no page size for them.
async fn setup(page_size: &str) -> Setup {
    let world = SimulatorConfig { calls: 4_000, chats: 0, groups: 0, ..recent_world() };
    let setup = Setup::new(world, "").await;
    let text = std::fs::read_to_string(setup.workspace.path().join("ccsync.toml")).unwrap();
    setup.workspace.write("ccsync.toml", &text.replace("page_size = 20\n", page_size));
    setup
}

/// The sizes that were asked for, one after another without repeats.
fn asked(setup: &Setup) -> Vec<u64> {
    let journal = setup.simulator.journal();
    let calls = journal.log.iter().filter(|entry| entry.endpoint == Endpoint::SobotCallResult);
    // One element is asked for the time.
    let mut sizes: Vec<u64> = calls.filter_map(|entry| entry.page_size).filter(|size| 1 < *size).collect();
    sizes.dedup();
    sizes
}

async fn read(setup: &Setup) -> Vec<u64> {
    setup.simulator.clear_journal();
    setup.run(&["sync", "sobot.call_result"]).await.expect(0);
    asked(setup)
}

async fn rows(setup: &Setup) -> i64 {
    let sql = "select count(*) from sobot.call_result where deleted_at is null";
    sqlx::query_scalar(sql).fetch_one(setup.db.pool().await).await.unwrap()
}

async fn known(setup: &Setup) -> Vec<String> {
    let sql =
        "select answer from sync.vendor_fact where question = 'page_size' and stream = 'sobot.call_result'";
    sqlx::query_scalar(sql).fetch_all(setup.db.pool().await).await.unwrap()
}

#[tokio::test]
async fn where_none_is_set_pages_grow_from_read_to_read_and_the_next_process_begins_with_what_was_found() {
    let setup = setup("").await;
    let mut found = 50;
    for _ in 0..4 {
        assert_eq!(read(&setup).await.first(), Some(&found));
        let known = known(&setup).await;
        let [now] = known.as_slice() else { panic!("{known:?}") };
        let now: u64 = now.trim_end_matches('+').parse().unwrap();
        assert!(found <= now, "{found} {now}");
        found = now;
    }
    // Windows of some eight hundred fill no page that is much larger.
    assert!([400, 800].contains(&found), "{found}");
    assert!(read(&setup).await.iter().all(|size| *size <= 1_000));
    assert_eq!(rows(&setup).await, 4_000);
    setup.run(&["verify", "--stream", "sobot.call_result"]).await.expect(0);
}

#[tokio::test]
async fn a_vendor_that_gives_less_is_asked_for_what_it_gives_and_no_row_is_lost() {
    let setup = setup("").await;
    let mut switches = setup.simulator.switches();
    switches.sobot_call_page_cap = Clamp(Some(80));
    setup.simulator.set_switches(switches);
    let sizes = read(&setup).await;
    assert!(sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    assert_eq!(rows(&setup).await, 4_000);
    assert_eq!(known(&setup).await, ["80"]);
    assert_eq!(read(&setup).await.first(), Some(&80));
}

#[tokio::test]
async fn a_size_that_is_set_is_the_only_one_that_is_asked_for() {
    let setup = setup("page_size = 70\n").await;
    assert_eq!(read(&setup).await, [70]);
    assert_eq!(rows(&setup).await, 4_000);
    assert_eq!(known(&setup).await, Vec::<String>::new());
}
