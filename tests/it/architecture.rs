//! The shape of the code, held by reading it: who may use whom, and what is written where.
//!
//! Each rule names the file and line that breaks it. What is excepted stands here with its reason.

mod document;
mod image;
mod readme;
mod rule;
mod tree;

use self::rule::{Breach, RULES};
use self::tree::{Text, texts};

/// The breaches of all rules in these files.
fn breaches(texts: &[Text]) -> Vec<Breach> {
    texts.iter().flat_map(|text| RULES.iter().flat_map(move |rule| rule(text))).collect()
}

#[test]
fn the_code_has_the_shape_that_was_agreed() {
    let texts = texts(&["src", "crates", "tests", "migrations"]);
    assert!(150 < texts.len(), "only {} files were found", texts.len());
    let found: Vec<String> = breaches(&texts).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{} breaches\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_exception_is_still_needed() {
    for (file, reason) in rule::exceptions() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        assert!(path.exists(), "{file} is gone, and with it the reason: {reason}");
    }
    let needless: Vec<_> = rule::needless_exceptions(&texts(&["src", "crates", "tests"]));
    assert!(needless.is_empty(), "needed no more: {needless:?}");
}

/// A rule that nothing can break is no rule: each of these lines breaks one.
#[test]
fn each_rule_catches_what_breaks_it() {
    for (file, line, expected) in [
        ("src/domain/proof/window.rs", "use crate::engine::port::clock::Clock;", "domain may not use engine"),
        ("src/telemetry/metric.rs", "    crate::store::PgStore::connect()", "telemetry may not use store"),
        ("src/engine/pass.rs", "use crate::sources::http::HttpClient;", "engine may not use sources"),
        ("src/store/pool.rs", "use crate::sources::http::HttpClient;", "store may not use sources"),
        ("src/ops/web/page.rs", "use crate::scheduler::cron::CronSchedule;", "ops may not use scheduler"),
        ("src/config/parse/leaf.rs", "use crate::app::App;", "config may not use app"),
        ("src/sources/http.rs", "use crate::{domain::fault::Fault, store::PgStore};", "use one path a line"),
        (
            "src/app/background/daemon.rs",
            "use ccsync_simulator::Simulator;",
            "ccsync_simulator is used in src/cli/ only",
        ),
        (
            "src/sources/moor/wire.rs",
            "use crate::sources::sobot::wire::judge;",
            "one vendor may not use another",
        ),
        (
            "src/engine/plan/planner.rs",
            "    let one = StreamId::MOOR_QUEUE;",
            "a stream is named outside its declaration",
        ),
        ("src/engine/pass.rs", "sqlx::query(\"select 1\")", "sqlx"),
        ("src/sources/sobot/token.rs", "use reqwest::Client;", "reqwest"),
        ("src/sources/workbench/account.rs", "use tokio_tungstenite::WebSocketStream;", "tokio_tungstenite"),
        ("src/config/parse/leaf.rs", "use croner::Cron;", "croner"),
        ("src/app/background/daemon.rs", "use tokio_cron_scheduler::Job;", "tokio_cron_scheduler"),
        ("src/engine/pass.rs", "let now = Utc::now();", "the clock"),
        ("src/engine/pass.rs", "tokio::time::sleep(wait).await;", "the clock"),
        ("src/app/background/daemon.rs", "    let setup = app.action_service(who)?;", "leads to a write"),
        ("src/cli/setup/demo/mod.rs", "use crate::app::ActionService;", "leads to a write"),
        ("src/app/usecase/check.rs", "use crate::engine::port::action::Actor;", "leads to a write"),
        ("src/app/assembly/stream.rs", "use crate::sources::moor::MoorWriter;", "leads to a write"),
        ("src/sources/moor/account.rs", "    let endpoint = \"addQueue\";", "leads to a write"),
        ("src/engine/mod.rs", "fn helper() {}", "a mod file only declares"),
        ("src/engine/utils.rs", "//! Things.", "no name for a module"),
        ("src/domain/helpers/window.rs", "//! Things.", "no name for a module"),
        ("src/domain/vendor/page.rs", "    todo!()", "`todo!`"),
        ("tests/it/commands/config.rs", "    dbg!(1);", "`dbg!`"),
        ("src/domain/vendor/page.rs", "#[allow(dead_code)]", "`#[expect]`"),
        ("migrations/20270101000000_changes.sql", "select 1;", "verb and object"),
        ("migrations/2027_create_table.sql", "select 1;", "verb and object"),
    ] {
        let found = breaches(&[Text::new(file, line)]);
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told.contains(expected)), "{file}: {line}\n{told:?}");
        assert!(told.iter().all(|told| told.starts_with(file)), "{told:?}");
    }
    for (file, line) in [
        ("src/engine/pass.rs", "// as tokio::time::sleep(wait) would, or sqlx::query"),
        ("src/cli/reading/run.rs", "use crate::app::App;"),
        ("src/app/mod.rs", "use crate::config::Settings;"),
        ("src/engine/pass.rs", "#[cfg(test)]\nmod tests {\n    let now = Utc::now();"),
        ("migrations/20270101000000_create_bi_views.sql", "select 1;"),
    ] {
        let found: Vec<_> = breaches(&[Text::new(file, line)]).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}
