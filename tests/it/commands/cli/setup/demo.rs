//! `ccsync demo`.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process::embedded::place;
use crate::support::process::Workspace;

/// What stands in the temporary directory besides the test's own configuration.
fn left_behind(workspace: &Workspace) -> Vec<String> {
    let entries = std::fs::read_dir(workspace.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "ccsync.toml").collect()
}

/// The process ids of servers whose cluster is below this directory.
fn servers_below(directory: &Path) -> Vec<i32> {
    let output = std::process::Command::new("ps").args(["-ww", "-A", "-o", "pid=,args="]).output().unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains("postgres -D") && line.contains(directory.to_str().unwrap()))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect()
}

fn assert_nothing_is_left(workspace: &Workspace) {
    assert_eq!(left_behind(workspace), Vec::<String>::new());
    assert_eq!(servers_below(workspace.path()), Vec::<i32>::new());
}

#[tokio::test]
async fn one_pass_of_the_demo_answers_three_questions_and_leaves_nothing_behind() {
    let workspace = Workspace::new("");
    let ended = workspace.run(&["demo", "--once"]).await.expect(0);
    assert!(ended.stderr.contains(" to read and 0 requests to write"), "{}", ended.stderr);
    let (reports, questions) = ended.stdout.split_once("Three questions").unwrap();
    // The vendors change meanwhile and give wrong answers, so that a pass may leave a window to the next one.
    let passes: Vec<&str> = reports.lines().filter(|line| line.contains("; windows ")).collect();
    assert_eq!(passes.len() % 4, 0, "{reports}");
    assert!(passes.iter().rev().take(4).all(|line| line.contains(": succeeded; ")), "{reports}");
    let rows: u64 = reports.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(20_000 <= rows, "{rows}");
    println!("{}", reports.lines().last().unwrap());
    let answers: Vec<&str> = questions.split("\n-- ").skip(1).collect();
    assert_eq!(answers.len(), 3);
    for answer in answers {
        let table = answer.split("\n\n").nth(1).unwrap_or_default();
        assert!(4 <= table.lines().count(), "a header and rows: {answer}");
    }
    assert_nothing_is_left(&workspace);
}

#[tokio::test]
async fn a_database_that_is_given_is_filled_and_kept_and_one_that_is_in_use_is_left_alone() {
    let db = crate::support::db::TestDb::empty().await;
    let workspace = Workspace::new("");
    workspace.run(&["demo", "--once", "--database", db.url()]).await.expect(0);
    let results = async || {
        let sql = "select count(*) from bi.quality_result";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(db.pool().await).await.unwrap()
    };
    let filled = results().await;
    assert!(20_000 < filled, "{filled}");
    let refused = workspace.run(&["demo", "--once", "--database", db.url()]).await.expect(1);
    assert!(refused.stderr.contains("give it an empty database"), "{}", refused.stderr);
    assert_eq!(results().await, filled);
    assert_nothing_is_left(&workspace);
}

#[tokio::test]
async fn a_demo_whose_database_refuses_it_says_so_and_ends() {
    let db = crate::support::db::TestDb::empty().await;
    let name: String =
        sqlx::query_scalar("select current_database()").fetch_one(db.pool().await).await.unwrap();
    let sql = format!("alter database {name} connection limit 0");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(db.pool().await).await.unwrap();
    let workspace = Workspace::new("");
    let ended = workspace.run(&["demo", "--database", db.url()]).await.expect(1);
    assert!(ended.stderr.contains("too many connections"), "{}", ended.stderr);
    assert_nothing_is_left(&workspace);
}

#[tokio::test]
async fn the_demo_fills_changes_and_ends_cleanly_at_ctrl_c() {
    let workspace = Workspace::new("");
    let began = Instant::now();
    let mut demo = workspace.start(&["demo"]);
    let rows = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    while rows(&demo.line_with("rows at the vendors").await) < 20_000 {}
    println!("20,000 rows after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(120), "{:?}", began.elapsed());
    while demo.line_with("rows changed").await.contains(" 0 rows changed") {}
    let servers = servers_below(workspace.path());
    assert_eq!(servers.len(), 1, "{servers:?}");
    let ended = demo.stop(Signal::INT).await.expect(0);
    assert!(ended.took < Duration::from_secs(120), "{:?}", ended.took);
    for word in ["connect: ", "status: ", "the demo has ended"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
    place::wait_until("its server is gone", || !place::is_alive(servers[0]));
    assert_nothing_is_left(&workspace);
}

#[tokio::test]
async fn a_demo_that_cannot_serve_its_page_says_so_and_leaves_nothing_behind() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let workspace = Workspace::new("");
    let ended =
        workspace.run(&["demo", "--listen", &taken.local_addr().unwrap().to_string()]).await.expect(1);
    assert!(ended.stderr.contains("error: "), "{}", ended.stderr);
    println!("{}", ended.stderr);
    assert_nothing_is_left(&workspace);
}
