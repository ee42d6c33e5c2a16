//! What the vendors' documents leave open: whichever reading is true, the tables are the vendors'.

use ccsync::app::Verified;
use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::run::RunOutcome;
use ccsync::engine::pass::reader::PassReport;
use ccsync::engine::verify::VerifyOrder;
use ccsync_simulator::{SimulatorConfig, Switches};

use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestApp, TestClock, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::system::steps::value as stored;
use crate::whole::system::truth;

/// Switch, its value, and what cannot be read under it: stream, kind, and what its message must name.
type Impossible = (&'static str, &'static str, &'static [(&'static str, FaultKind, &'static str)]);

/// Readings under which a stream cannot be read at all.
const IMPOSSIBLE: &[Impossible] = &[(
    "sobot_entitled",
    "off",
    &[
        ("sobot.call_result", FaultKind::CredentialsRefused, "700046"),
        ("sobot.chat_result", FaultKind::CredentialsRefused, "700046"),
    ],
)];

#[test]
fn under_every_other_reading_of_every_switch_a_sync_brings_all_and_a_second_one_writes_nothing() {
    with_each(Switches::OTHERS, |(name, value)| try_reading(name, value));
}

async fn try_reading(name: &str, value: &str) {
    // Four days only: there are many readings.
    let data_start = "2026-03-05".parse().unwrap();
    let mut config = SimulatorConfig { calls: 60, chats: 60, data_start, ..small_world() };
    let start: &[(&str, &str)] = &[
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", "2026-03-05"),
        ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__START", "2026-03-05"),
    ];
    config.switches.set(name, value).unwrap();
    // How the vendor counts a minute shows only at the pace that the product really keeps.
    let counts = name.starts_with("moor_minute") || name.starts_with("moor_limit");
    let clock = if counts { TestClock::real() } else { TestClock::hurried() };
    if counts {
        (config.moor_limit, config.moor_claim_limit) = (20, 100);
    }
    let world = TestWorld::on(clock, config, &[QUICK, start].concat()).await;
    let impossible = IMPOSSIBLE.iter().find(|(n, v, _)| (*n, *v) == (name, value));
    let reading = format!("{name}={value}");
    for round in 1..=2 {
        let before = truth::fact_table_writes(&world.test).await;
        for report in world.test.sync().await {
            let stream = report.key.stream.to_string();
            let failing = impossible.and_then(|(.., streams)| streams.iter().find(|(s, ..)| *s == stream));
            match failing {
                Some((_, kind, code)) => assert_clear_failure(&world.test, &report, *kind, code).await,
                None => assert_eq!(report.outcome, RunOutcome::Succeeded, "{reading}: {report:?}"),
            }
        }
        if impossible.is_none() {
            truth::assert_tables_are_the_vendors(&world.test).await;
        }
        if round == 2 && impossible.is_none() {
            for one in test_verify(&world.test).await {
                let verification = one.verification;
                assert!(verification.agrees(), "{reading}: {verification:?}");
                assert!(verification.failures.is_empty(), "{reading}: {verification:?}");
            }
        }
        if round == 2 {
            assert_eq!(truth::fact_table_writes(&world.test).await, before, "{reading}");
        }
    }
    // Each reading is one of the documents'; only this field is the simulator's own.
    let undocumented = "select coalesce(string_agg(t::text, '; '), '') from sync.schema_drift t
        where (kind, field) <> ('new_field', 'quality_remark')";
    assert_eq!(stored::<String>(&world.test, undocumented).await, "", "{reading}");
    assert_eq!(world.test.simulator.journal().writes(), 0);
    assert_eq!(world.test.simulator.journal().limit_violations(), 0, "{reading}");
}

async fn test_verify(test: &TestApp) -> Vec<Verified> {
    test.app.verify(&[], &VerifyOrder::default(), false, &CancellationToken::new()).await.unwrap()
}

async fn assert_clear_failure(test: &TestApp, report: &PassReport, kind: FaultKind, code: &str) {
    assert_eq!(report.outcome, RunOutcome::Failed, "{report:?}");
    assert_eq!(report.counts.inserted, 0, "{report:?}");
    let failure = &report.failures[0];
    assert_eq!(failure.kind, kind, "{failure:?}");
    let (source, stream) = (report.key.source.as_str(), report.key.stream.to_string());
    for word in [source, stream.as_str(), code] {
        assert!(failure.message.contains(word), "{word} is missing: {}", failure.message);
    }
    let status = test.app.status().await.unwrap();
    let told = status.streams.iter().find(|status| status.stream == report.key.stream).unwrap();
    assert_eq!(told.failure.as_ref().unwrap().remedy, kind.remedy().english());
    assert_eq!((told.rows, told.windows.complete), (0, 0));
    assert!(!status.healthy);
}
