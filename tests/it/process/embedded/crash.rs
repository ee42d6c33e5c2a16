//! Kills at bad moments, and what they leave behind.

use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::Signal;

use super::helper::Helper;
use super::place::{self, Place};

#[tokio::test]
async fn committed_rows_survive_a_kill_of_the_whole_server() {
    let place = Place::new();
    let mut config = place.config();
    config.durable = true;
    let first = place::start(&config).await;
    place::put(&first, 42).await;
    place::kill_all(place.server_pid().unwrap());
    let started = Instant::now();
    let second = place::start(&config).await;
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    // It came back where it was, so whoever held on to the first connects again.
    assert_eq!(place::get(&second).await, 42);
    assert_eq!(place::get(&first).await, 42);
    drop(first);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_right_after_a_kill_of_the_postmaster_alone_succeeds() {
    let place = Place::new();
    let first = place.start().await;
    place::put(&first, 5).await;
    place::kill(place.server_pid().unwrap(), Signal::KILL);
    let second = place.start().await;
    assert_eq!(place::get(&second).await, 5);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_left_behind_by_a_killed_daemon_is_adopted() {
    let place = Place::new();
    let mut daemon = Helper::spawn(&place.data_dir(), true);
    assert_eq!(daemon.says(), "ready");
    let server = place.server_pid().unwrap();
    daemon.kill();
    let mut config = place.config();
    config.stop_with_parent = false;
    let postgres = place::start(&config).await;
    assert_eq!(place.server_pid(), Some(server));
    place::put(&postgres, 1).await;
    postgres.stop().await.unwrap();
    place::wait_until("the server is gone", || !place::is_alive(server));
}

#[tokio::test]
async fn a_server_on_its_way_down_is_waited_for() {
    let place = Place::new();
    let first = place.start().await;
    place::put(&first, 6).await;
    // Gives the supervisor the sign to stop the server, and does not wait for it.
    drop(first);
    let second = place.start().await;
    assert_eq!(place::get(&second).await, 6);
    second.stop().await.unwrap();
}

/// What the pid file of a stopped server said, with another process id.
async fn pid_file_naming(place: &Place, pid: u32) {
    let postgres = place.start().await;
    place::put(&postgres, 9).await;
    let path = place.cluster().join("postmaster.pid");
    let text = std::fs::read_to_string(path).unwrap();
    let port = postgres.port();
    let socket_dir = postgres.connect_options().get_socket().unwrap().clone();
    postgres.stop().await.unwrap();
    let rest: Vec<&str> = text.lines().skip(1).collect();
    let text = format!("{pid}\n{}\n", rest.join("\n"));
    place.write_pid_file(&text);
    std::fs::write(socket_dir.join(format!(".s.PGSQL.{port}.lock")), &text).unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_a_dead_process_is_removed() {
    let place = Place::new();
    let mut child = Command::new("true").spawn().unwrap();
    let pid = child.id();
    child.wait().unwrap();
    pid_file_naming(&place, pid).await;
    let postgres = place.start().await;
    assert_eq!(place::get(&postgres).await, 9);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_a_zombie_is_removed() {
    let place = Place::new();
    let mut child = Command::new("true").spawn().unwrap();
    pid_file_naming(&place, child.id()).await;
    let postgres = place.start().await;
    assert_eq!(place::get(&postgres).await, 9);
    postgres.stop().await.unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_another_program_is_removed_and_the_program_lives_on() {
    let place = Place::new();
    let mut child = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
    pid_file_naming(&place, child.id()).await;
    let postgres = place.start().await;
    assert_eq!(place::get(&postgres).await, 9);
    postgres.stop().await.unwrap();
    assert_eq!(child.try_wait().unwrap(), None, "the other program was harmed");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn an_empty_pid_file_is_removed() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    place.write_pid_file("");
    place.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn a_kill_while_the_cluster_is_made_leaves_nothing_half_made() {
    let place = Place::new();
    let server_dir = place.data_dir().join("postgres/server");
    let unfinished = || {
        let entries = std::fs::read_dir(&server_dir).ok();
        let mut names = entries.into_iter().flatten().flatten();
        names.any(|entry| entry.file_name().to_string_lossy().starts_with("cluster.new-"))
    };
    let daemon = Helper::spawn(&place.data_dir(), false);
    place::wait_until("initdb is at work", unfinished);
    daemon.kill();
    assert!(!place.cluster().exists(), "a cluster has its name before it is whole");
    let postgres = place.start().await;
    place::put(&postgres, 1).await;
    assert!(!unfinished(), "the first attempt is still there");
    postgres.stop().await.unwrap();
}
