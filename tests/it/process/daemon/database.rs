//! A daemon with a PostgreSQL of its own.

use std::time::Duration;

use ccsync_simulator::Endpoint;
use rustix::process::Signal;

use super::{Daemon, TIMEOUT, arrived, new_call, scheduled};
use crate::process::embedded::place::{self, Place};
use crate::support::harness::{eventually, simulator};
use crate::support::process::{Setup, Workspace, configuration, first_day, recent_world};

#[tokio::test]
async fn a_daemon_whose_database_was_killed_goes_on_and_leaves_no_postgres_behind() {
    let vendors = simulator(recent_world()).await;
    let place = Place::new();
    let database = format!("data_dir = {:?}", place.data_dir());
    let text = configuration(&vendors.base_url(), &database, &first_day().to_string());
    let workspace =
        Workspace::new(&text).with("CCSYNC__DEFAULTS__SOBOT__CALL_RESULT__SCHEDULE", "*/2 * * * * *");
    let daemon = workspace.start(&["run"]);
    let asked = || vendors.journal().requests_of(Endpoint::SobotCallResult).count();
    let more_than = async |least: usize| {
        eventually(TIMEOUT, async || match asked() {
            asked if least < asked => Ok(()),
            asked => Err(format!("{asked} requests")),
        })
        .await;
    };
    more_than(10).await;
    let killed = place.server_pid().unwrap();
    place::kill_all(killed);
    place::wait_until("another server runs", || {
        place.server_pid().is_some_and(|pid| pid != killed && place::is_alive(pid))
    });
    // Two whole passes more: what was under way at the kill was not the last.
    more_than(asked() + 24).await;
    let revived = place.server_pid().unwrap();
    let ended = daemon.stop(Signal::TERM).await.expect(0);
    println!("with its own database: {:?}", ended.took);
    assert!(ended.took < Duration::from_secs(30), "{:?}", ended.took);
    assert!(!place::is_alive(revived), "its server outlived it");
}

#[tokio::test]
async fn a_password_that_is_replaced_in_its_file_is_used_for_new_connections() {
    let setup = scheduled(Setup::new(recent_world(), "").await, "*/2 * * * * *");
    let pool = &setup.db.pool().await.clone();
    let role = format!("rotated_{}", setup.db.url().rsplit('_').next().unwrap());
    let password = async |password: &str| {
        let sql = format!("alter role {role} password '{password}'");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap();
    };
    let owner: String = sqlx::query_scalar("select current_user::text").fetch_one(pool).await.unwrap();
    let make = format!("create role {role} login in role {owner}");
    sqlx::query(sqlx::AssertSqlSafe(make)).execute(pool).await.unwrap();
    password("of last month").await;
    let file = setup.workspace.write("password", "of last month\n");
    let mut url = url::Url::parse(setup.db.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(None).unwrap();
    let setup = setup
        .with("CCSYNC__DATABASE__URL", url.as_str())
        .with("CCSYNC__DATABASE__PASSWORD_FILE", file.to_str().unwrap());
    let daemon = Daemon::start(&setup);
    daemon.ready().await;
    password("%41 of this month").await;
    setup.workspace.write("password", "%41 of this month\n");
    daemon.program.says("secret was replaced").await;
    let terminate =
        format!("select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'");
    sqlx::query(sqlx::AssertSqlSafe(terminate)).execute(pool).await.unwrap();
    let id = new_call(&setup).await;
    arrived(&setup, &id).await;
    daemon.ready().await;
    daemon.program.stop(Signal::TERM).await.expect(0);
    let drop = format!("drop role {role}");
    sqlx::query(sqlx::AssertSqlSafe(drop)).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_daemon_that_waits_for_a_lock_at_its_start_ends_when_it_is_told_to() {
    let setup = Setup::new(recent_world(), "").await;
    let pool = setup.db.pool().await;
    let mut locked = pool.begin().await.unwrap();
    sqlx::query("lock table sync.stream in access exclusive mode").execute(&mut *locked).await.unwrap();
    let daemon = Daemon::start(&setup);
    eventually(TIMEOUT, async || match daemon.get("/readyz").await {
        (503, body) if body.contains("database") => Ok(()),
        (code, body) => Err(format!("{code}: {body}")),
    })
    .await;
    let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'ccsync'";
    eventually(TIMEOUT, async || match super::count(pool, waits).await {
        0 => Err("nobody waits yet".to_owned()),
        _ => Ok(()),
    })
    .await;
    let ended = daemon.program.stop(Signal::TERM).await;
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
    ended.expect(0);
}

#[tokio::test]
async fn a_database_that_goes_away_again_while_a_daemon_starts_is_waited_for() {
    let db = crate::support::db::TestDb::create().await;
    let (proxy, url) = crate::whole::crash::proxy::Proxy::start(&db).await;
    let vendors = simulator(recent_world()).await;
    let database = format!("url = {url:?}");
    let text = configuration(&vendors.base_url(), &database, &first_day().to_string());
    let workspace = Workspace::new(&text);
    for connections in [1, 2] {
        proxy.shut_after(connections);
        let daemon = workspace.start(&["run"]);
        daemon.says("; the daemon waits for it").await;
        proxy.shut(false);
        daemon.says("streams in step").await;
        daemon.stop(Signal::TERM).await.expect(0);
    }
}
