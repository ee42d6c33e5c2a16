//! An ordinary life: starting, connecting, stopping, starting again.

use std::process::Command;

use ccsync::store::embedded::{EmbeddedPostgres, Stopped};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::helper::Helper;
use super::place::{self, Place};

#[tokio::test]
async fn a_stopped_server_starts_again_with_its_data_its_port_and_its_password() {
    let place = Place::new();
    let mut config = place.config();
    config.durable = true;
    let first = place::start(&config).await;
    place::put(&first, 7).await;
    let url = first.url();
    assert_eq!(first.stop().await.unwrap(), Stopped::Down);
    assert_eq!(place.server_pid(), None);
    let second = place::start(&config).await;
    assert_eq!(place::get(&second).await, 7);
    assert!(fits_the_machine(&second).await);
    assert_eq!(second.url().expose_secret(), url.expose_secret());
    second.stop().await.unwrap();
}

/// Buffers are given their share of the memory, and pages in the log are packed as well as this server can.
async fn fits_the_machine(postgres: &EmbeddedPostgres) -> bool {
    let mut connection = place::connect(postgres).await;
    sqlx::query_scalar(
        "select current_setting('wal_compression') = case when enumvals @> '{lz4}' then 'lz4' else 'pglz' end
            and pg_size_bytes(current_setting('shared_buffers')) between 128 * 1024 ^ 2 and 4 * 1024 ^ 3
        from pg_settings where name = 'wal_compression'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn tcp_needs_the_password_and_is_closed_to_the_superuser() {
    let place = Place::new();
    let postgres = place.start().await;
    let with: PgConnectOptions = postgres.url().expose_secret().parse().unwrap();
    let connection = with.clone().connect().await.unwrap();
    connection.close().await.unwrap();
    let wrong = with.clone().password("wrong").connect().await.unwrap_err();
    assert!(wrong.to_string().contains("password authentication failed"), "{wrong}");
    let superuser = with.username("postgres").connect().await.unwrap_err();
    assert!(superuser.to_string().contains("pg_hba.conf rejects"), "{superuser}");
    let mode = |path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(postgres.password_file()), 0o600);
    let options = postgres.connect_options();
    assert_eq!(mode(options.get_socket().unwrap().clone()), 0o700);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn the_command_for_people_works_and_holds_no_password() {
    let place = Place::new();
    let postgres = place.start().await;
    place::put(&postgres, 11).await;
    let command = postgres.psql_command();
    let password = std::fs::read_to_string(postgres.password_file()).unwrap();
    assert!(!command.contains(password.trim()), "{command}");
    let output = Command::new("sh")
        .args(["-c", &format!("{command} -Atc 'select value from kept'")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "11", "{command}: {output:?}");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn the_cluster_is_utf8_in_byte_order_with_checksums() {
    let place = Place::new();
    let postgres = place.start().await;
    let mut connection = place::connect(&postgres).await;
    let found: (String, String, String, String) = sqlx::query_as(
        "select current_setting('server_encoding'), datcollate::text, datctype::text,
                current_setting('data_checksums')
         from pg_database where datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!((found.0.as_str(), found.1.as_str(), found.3.as_str()), ("UTF8", "C", "on"));
    assert!(found.2.starts_with('C'), "{}", found.2);
    connection.close().await.unwrap();
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_and_with_odd_letters_works() {
    let place = Place::new();
    let mut config = place.config();
    config.data_dir = place.path().join("data, \"quoted\" and 'long' ".repeat(5));
    let postgres = place::start(&config).await;
    place::put(&postgres, 3).await;
    assert_eq!(place::get(&postgres).await, 3);
    let socket = postgres.connect_options().get_socket().unwrap().clone();
    postgres.stop().await.unwrap();
    std::fs::remove_dir_all(socket).unwrap();
}

#[tokio::test]
async fn ctrl_c_does_not_reach_the_server() {
    let place = Place::new();
    let postgres = place.start().await;
    let server = place.server_pid().unwrap();
    let group = |pid| {
        let pid = rustix::process::Pid::from_raw(pid);
        rustix::process::getpgid(pid).unwrap()
    };
    let own = i32::try_from(std::process::id()).unwrap();
    assert_ne!(group(server), group(own));
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn root_lets_another_account_run_the_server_without_its_groups() {
    let place = Place::new();
    let postgres = place.start().await;
    let server = place.server_pid().unwrap();
    let ids = |name: &str| -> Vec<u32> {
        let status = std::fs::read_to_string(format!("/proc/{server}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().skip(1).map(|id| id.parse().unwrap()).collect()
    };
    if place::is_root() && cfg!(target_os = "linux") {
        assert!(!ids("Uid:").contains(&0) && !ids("Gid:").contains(&0));
        assert_eq!(ids("Groups:"), Vec::<u32>::new());
    } else {
        loudly("not checked, because the tests do not run as root on Linux: dropping root");
    }
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn an_ordinary_user_runs_the_server_himself() {
    let place = Place::new();
    if place::is_root() {
        let data_dir = place.data_dir();
        std::fs::create_dir(&data_dir).unwrap();
        std::os::unix::fs::chown(&data_dir, Some(NOBODY), Some(NOBODY)).unwrap();
        let mut helper = Helper::spawn_as(NOBODY, &place);
        assert_eq!(helper.says(), "ready");
        let server = place.server_pid().unwrap();
        assert!(place::is_alive(server));
        // Root stays with the owner of the cluster, whoever that is.
        let postgres = place.start().await;
        assert_eq!(helper.stop(), "LeftToAnother");
        postgres.stop().await.unwrap();
        let postgres = place.start().await;
        place::put(&postgres, 1).await;
        postgres.stop().await.unwrap();
    } else {
        let postgres = place.start().await;
        place::put(&postgres, 1).await;
        postgres.stop().await.unwrap();
    }
}

#[tokio::test]
async fn the_server_goes_down_soon_after_its_last_user_was_killed() {
    let place = Place::new();
    let mut first = Helper::spawn(&place.data_dir(), false);
    assert_eq!(first.says(), "ready");
    let server = place.server_pid().unwrap();
    let mut second = Helper::spawn(&place.data_dir(), false);
    assert_eq!(second.says(), "ready");
    first.kill();
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert_eq!(place.server_pid(), Some(server), "one user is left");
    assert!(place::is_alive(server));
    second.kill();
    place::wait_until("the server is gone", || !place::is_alive(server));
    assert_eq!(place.server_pid(), None, "it stopped in order");
}

const NOBODY: u32 = 65534;

/// Past the test harness, which hides what a passing test prints.
fn loudly(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{what}");
}
