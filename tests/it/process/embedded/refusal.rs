//! What stands in the way is said with what can be done about it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use ccsync::store::embedded::{EmbeddedConfig, EmbeddedError, EmbeddedPostgres};

use super::helper::Helper;
use super::place::{self, Place};

async fn refused(config: &EmbeddedConfig) -> EmbeddedError {
    match EmbeddedPostgres::start(config).await {
        Ok(_) => panic!("started against expectation"),
        Err(error) => error,
    }
}

fn contains_all(error: &EmbeddedError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

#[tokio::test]
async fn a_configured_port_that_is_taken_is_named() {
    let place = Place::new();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut config = place.config();
    config.port = taken.local_addr().unwrap().port();
    let error = refused(&config).await;
    contains_all(&error, &[&config.port.to_string(), "another port", "in use"]);
}

#[tokio::test]
async fn a_remembered_port_that_is_taken_is_replaced() {
    let place = Place::new();
    let first = place.start().await;
    let port = first.port();
    first.stop().await.unwrap();
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let second = place.start().await;
    assert_ne!(second.port(), port);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_machine_without_a_server_is_told_how_to_get_one() {
    let place = Place::new();
    let mut config = place.config();
    config.bin_dir = Some(place.path().join("nothing"));
    let error = refused(&config).await;
    contains_all(
        &error,
        &["nothing", "apt-get install postgresql", "brew install postgresql", "database.url"],
    );
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_not_installed_is_refused() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    std::fs::write(place.cluster().join("PG_VERSION"), "99\n").unwrap();
    let error = refused(&place.config()).await;
    contains_all(&error, &["PostgreSQL 99", "the database cluster", "apt-get install"]);
}

#[tokio::test]
async fn a_download_that_fails_is_told_with_its_reason() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    // There is no such version, and no way to the network either.
    std::fs::write(place.cluster().join("PG_VERSION"), "99\n").unwrap();
    let output = Helper::fetching(&place.data_dir()).says();
    for part in ["downloading one from https://", "failed: ", "apt-get install"] {
        assert!(output.contains(part), "{part:?} is missing in: {output}");
    }
}

#[tokio::test]
async fn a_directory_that_is_no_cluster_is_left_alone() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    std::fs::remove_file(place.cluster().join("PG_VERSION")).unwrap();
    let error = refused(&place.config()).await;
    contains_all(&error, &["is not a PostgreSQL cluster", "move it away"]);
    assert!(place.cluster().join("base").exists());
}

#[tokio::test]
async fn a_cluster_that_others_may_read_is_closed_again() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.cluster(), open).unwrap();
    let postgres = place.start().await;
    let mode = std::fs::metadata(place.cluster()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_named() {
    let place = Place::new();
    let mut config = place.config();
    std::fs::write(place.path().join("file"), "").unwrap();
    config.data_dir = place.path().join("file/data");
    let error = refused(&config).await;
    contains_all(&error, &["could not make the directory", "file/data", "database.data_dir"]);
}

#[tokio::test]
async fn a_data_directory_without_permission_is_named() {
    let place = Place::new();
    if place::is_root() {
        let mut helper = Helper::spawn_as(65534, &place);
        let output = helper.says();
        assert!(output.contains("Permission denied") && output.contains("data_dir"), "{output}");
    } else {
        let mut config = place.config();
        config.data_dir = "/ccsync-test-not-allowed".into();
        contains_all(&refused(&config).await, &["/ccsync-test-not-allowed", "denied"]);
    }
}

#[tokio::test]
async fn a_cluster_of_another_user_is_refused_with_a_way_out() {
    let place = Place::new();
    if place::is_root() {
        std::fs::create_dir_all(place.cluster()).unwrap();
        let error = refused(&place.config()).await;
        contains_all(&error, &["belongs to user id 0", "chown -R"]);
    } else {
        // Something that surely belongs to root.
        let server = place.data_dir().join("postgres/server");
        std::fs::create_dir_all(&server).unwrap();
        std::os::unix::fs::symlink("/usr", server.join("cluster")).unwrap();
        let error = refused(&place.config()).await;
        contains_all(&error, &["belongs to user id 0", "start ccsync as that user"]);
    }
}

#[tokio::test]
async fn behind_a_closed_directory_lasting_data_are_refused_and_others_kept_elsewhere() {
    let place = Place::new();
    let closed = place.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut config = place.config();
    config.data_dir = closed.join("data");
    config.durable = true;
    if place::is_root() {
        let error = refused(&config).await;
        contains_all(&error, &["may not enter", "/var/lib/ccsync", closed.to_str().unwrap()]);
        config.durable = false;
    }
    let postgres = place::start(&config).await;
    place::put(&postgres, 1).await;
    let cluster = postgres.cluster_dir().to_owned();
    assert_eq!(cluster.starts_with(&closed), !place::is_root());
    postgres.stop().await.unwrap();
    // server, postgres, and the directory that was chosen.
    std::fs::remove_dir_all(cluster.ancestors().nth(3).unwrap()).unwrap();
}

#[tokio::test]
async fn a_database_name_that_needs_quoting_is_refused() {
    let place = Place::new();
    let mut config = place.config();
    for name in ["", "x; drop table y", "Upper", "1st", &"x".repeat(64)] {
        config.database = name.to_owned();
        contains_all(&refused(&config).await, &["cannot be used", "lower-case"]);
    }
}
