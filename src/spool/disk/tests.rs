use std::io::Write as _;

use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::domain::vendor::feed::{Announcement, FeedEventKind, FeedMessage};

fn event(number: u64) -> FeedEvent {
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let announcement = Announcement { msg: Some("公告\n".repeat(20)), extra: serde_json::Map::new() };
    FeedEvent {
        extno: "1001".into(),
        connection: Uuid::nil(),
        opened_at: at,
        fence: 1,
        turn: 1,
        number,
        at,
        kind: FeedEventKind::Message(FeedMessage::Announcement(announcement)),
    }
}

fn events(numbers: std::ops::Range<u64>) -> Vec<FeedEvent> {
    numbers.map(event).collect()
}

async fn drain(spool: &DiskSpool) -> Vec<u64> {
    let mut all = Vec::new();
    while !spool.is_empty() {
        all.extend(spool.head(7).await.unwrap().events.into_iter().map(|event| event.number));
        spool.advance().await.unwrap();
    }
    all
}

#[tokio::test]
async fn what_was_accepted_comes_back_in_order_over_many_files_and_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let spool = DiskSpool::new(directory.path().to_owned(), 64 << 20);
    for start in (0..30_000).step_by(1_000) {
        assert_eq!(spool.append(&events(start..start + 1_000)).await.unwrap(), 1_000);
    }
    assert_eq!(spool.head(10).await.unwrap().events, events(0..10));
    spool.advance().await.unwrap();
    drop(spool);
    let spool = DiskSpool::new(directory.path().to_owned(), 64 << 20);
    spool.open(Uuid::new_v4()).await.unwrap();
    spool.append(&events(30_000..30_010)).await.unwrap();
    // What was taken before may come again: the first file was not done.
    assert_eq!(drain(&spool).await, (0..30_010).collect::<Vec<_>>());
    let left = std::fs::read_dir(directory.path().join("0")).unwrap().count();
    assert_eq!(left, 2, "only the lock and its owner are left");
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_and_a_damaged_line_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let spool = DiskSpool::new(directory.path().to_owned(), 1 << 20);
    spool.append(&events(0..5)).await.unwrap();
    drop(spool);
    let file = directory.path().join("0/0000000001.log");
    let mut bytes = std::fs::read(&file).unwrap();
    let third = bytes.split(|byte| *byte == b'\n').take(2).map(|line| line.len() + 1).sum::<usize>() + 30;
    bytes[third] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let half = &bytes[..bytes.len() / 10];
    std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(half).unwrap();
    let spool = DiskSpool::new(directory.path().to_owned(), 1 << 20);
    spool.open(Uuid::new_v4()).await.unwrap();
    spool.append(&events(5..7)).await.unwrap();
    let head = spool.head(7).await.unwrap();
    assert_eq!((head.events.len(), head.damaged, head.file), (4, 1, file));
    assert_eq!(drain(&spool).await, [0, 1, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_full_spool_takes_what_fits_and_has_room_again_when_it_was_read() {
    let directory = tempfile::tempdir().unwrap();
    let spool = DiskSpool::new(directory.path().to_owned(), 10_000);
    let accepted = spool.append(&events(0..1_000)).await.unwrap();
    assert!(5 < accepted && accepted < 100, "{accepted}");
    assert_eq!(spool.append(&events(0..1)).await.unwrap(), 0);
    assert_eq!(drain(&spool).await.len(), accepted);
    assert_eq!(spool.append(&events(0..1)).await.unwrap(), 1);
}

#[tokio::test]
async fn two_processes_have_places_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let one = DiskSpool::new(directory.path().to_owned(), 1 << 20);
    let other = DiskSpool::new(directory.path().to_owned(), 1 << 20);
    one.append(&events(0..1)).await.unwrap();
    other.append(&events(1..2)).await.unwrap();
    assert_eq!((drain(&one).await, drain(&other).await), (vec![0], vec![1]));
}

#[tokio::test]
async fn nobody_else_reads_what_is_spooled_whatever_the_umask_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("spool");
    let spool = DiskSpool::new(directory.clone(), 64 << 20);
    spool.append(&events(0..3)).await.unwrap();
    drop(spool);
    // As an earlier version left it.
    let place = directory.join("0");
    let (log, open) = (place.join("0000000001.log"), |mode| std::fs::Permissions::from_mode(mode));
    std::fs::set_permissions(&log, open(0o644)).unwrap();
    std::fs::set_permissions(&place, open(0o755)).unwrap();
    let spool = DiskSpool::new(directory.clone(), 64 << 20);
    spool.append(&events(3..6)).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&directory), mode(&place)], [0o700; 2]);
    for entry in std::fs::read_dir(&place).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
    }
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_counted_and_holds_up_nothing_behind_it() {
    let directory = tempfile::tempdir().unwrap();
    let spool = DiskSpool::new(directory.path().to_owned(), 64 << 20);
    spool.append(&events(0..3)).await.unwrap();
    drop(spool);
    let spool = DiskSpool::new(directory.path().to_owned(), 64 << 20);
    spool.open(Uuid::new_v4()).await.unwrap();
    spool.append(&events(3..5)).await.unwrap();
    std::fs::remove_file(directory.path().join("0/0000000001.log")).unwrap();
    let head = spool.head(7).await.unwrap();
    assert_eq!((head.events.len(), head.damaged), (0, 1));
    assert_eq!(drain(&spool).await, [3, 4]);
}

#[tokio::test]
async fn who_takes_a_place_over_learns_whose_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let spool = || DiskSpool::new(directory.path().to_owned(), 1 << 20);
    let (one, other, third) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let first = spool();
    assert_eq!(first.open(one).await.unwrap(), None);
    let beside = spool();
    assert_eq!(beside.open(other).await.unwrap(), None, "the first one still has its place");
    drop(first);
    assert_eq!(spool().open(third).await.unwrap(), Some(one));
}
