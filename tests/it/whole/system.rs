//! The whole product against the simulated vendors: what is in the tables afterwards, row by row.

pub mod history;
mod rows;
pub mod steps;
mod trouble;
pub mod truth;

use ccsync::domain::proof::run::RunOutcome;

use crate::support::harness::{TestApp, world};

#[tokio::test]
async fn a_first_sync_brings_every_row_and_every_field_of_every_stream() {
    let test = TestApp::start(world()).await;
    for report in test.sync().await {
        assert_eq!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    }
    truth::assert_tables_are_the_vendors(&test).await;
}

#[tokio::test]
async fn a_second_sync_of_unchanged_vendors_writes_no_row_version() {
    let test = TestApp::start(world()).await;
    test.sync().await;
    let before = truth::fact_table_writes(&test).await;
    for report in test.sync().await {
        assert_eq!(report.outcome, RunOutcome::Succeeded, "{report:?}");
        assert_eq!(report.counts.inserted + report.counts.updated + report.counts.deleted, 0, "{report:?}");
    }
    assert_eq!(truth::fact_table_writes(&test).await, before);
}
