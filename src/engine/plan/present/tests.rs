//! Witnesses that lie, one at a time.

use std::sync::Mutex;

use super::vendor::apart;
use super::*;

/// A host whose clock and whose passing of time are set by hand.
struct Host(Mutex<(DateTime<Utc>, StdDuration)>);

#[async_trait]
impl Clock for Host {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().0
    }

    fn monotonic(&self) -> StdDuration {
        self.0.lock().unwrap().1
    }

    fn needs_witness(&self) -> bool {
        true
    }

    async fn sleep_until(&self, _: DateTime<Utc>) {}
}

/// The true time, as seconds after some instant.
fn truth(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

/// A host that is off by `off` seconds.
struct Scene {
    host: Arc<Host>,
    witness: TimeWitness,
    off: i64,
    passed: i64,
}

impl Scene {
    fn of_host(off: i64) -> Scene {
        let host = Arc::new(Host(Mutex::new((truth(off), StdDuration::from_secs(1_000)))));
        Scene { witness: TimeWitness::new(host.clone()), host, off, passed: 0 }
    }

    fn show(&self) {
        let monotonic = StdDuration::from_secs(1_000 + self.passed.unsigned_abs());
        *self.host.0.lock().unwrap() = (truth(self.passed + self.off), monotonic);
    }

    fn pass(&mut self, seconds: i64) {
        self.passed += seconds;
        self.show();
    }

    fn set_host(&mut self, off: i64) {
        self.off = off;
        self.show();
    }

    /// The database, whose clock is off by so much, is asked.
    fn database(&self, off: i64) {
        self.witness.database_said(self.witness.reading(), truth(self.passed + off));
    }

    /// An answer of a vendor whose clock is off by so much.
    fn answer(&self, source: &str, off: i64) {
        self.witness.answered(source, self.witness.reading(), truth(self.passed + off));
    }

    /// By how many seconds the present of `source` is ahead of the truth.
    fn off(&self, source: &str) -> i64 {
        (self.witness.clock_of(source).now() - truth(self.passed)).num_seconds()
    }
}

const DAY: i64 = 86_400;

#[test]
fn the_present_is_the_earlier_of_the_database_and_the_middle_of_three_answers() {
    for (database, vendor, expected) in
        [(0, 0, 0), (2 * DAY, 0, 0), (0, 2 * DAY, 0), (-3_600, 0, -3_600), (0, -3_600, -3_600)]
    {
        for host in [0, 2 * DAY, -3_600] {
            let scene = Scene::of_host(host);
            scene.database(database);
            assert_eq!(scene.off("s"), database, "the database is a witness from the beginning");
            (0..3).for_each(|_| scene.answer("s", vendor));
            let off = scene.off("s");
            assert!((off - expected).abs() <= 1, "host {host}, database {database}, vendor {vendor}: {off}");
        }
    }
}

#[test]
fn with_an_embedded_database_the_vendor_alone_decides() {
    for host in [2 * DAY, 3_650 * DAY, -3_600] {
        let scene = Scene::of_host(host);
        assert!(!scene.witness.is_confirmed("s"));
        scene.answer("s", 0);
        assert!(scene.off("s") <= 1, "one answer cannot make the present later: {}", scene.off("s"));
        assert!(!scene.witness.is_confirmed("s"), "nobody else says so");
        (0..2).for_each(|_| scene.answer("s", 0));
        assert!(scene.witness.is_confirmed("s"));
        assert!(scene.off("s").abs() <= 1, "host {host}: {}", scene.off("s"));
    }
}

#[test]
fn a_host_that_a_vendor_confirms_needs_one_answer_and_keeps_its_own_time() {
    let scene = Scene::of_host(0);
    scene.answer("s", 0);
    assert!(scene.witness.is_confirmed("s"));
    assert_eq!(scene.off("s"), 0);
}

#[test]
fn one_strange_answer_of_three_changes_nothing() {
    for strange in [-10 * DAY, 10 * DAY] {
        for place in 0..3 {
            let scene = Scene::of_host(0);
            (0..3).for_each(|turn| scene.answer("s", if turn == place { strange } else { 0 }));
            assert_eq!(scene.off("s"), 0, "{strange} as number {place}");
            assert_eq!(scene.witness.skews()[0].ahead, Duration::zero());
        }
    }
}

#[test]
fn a_header_that_stands_still_is_left_out_of_account() {
    for with_database in [true, false] {
        let mut scene = Scene::of_host(0);
        if with_database {
            scene.database(0);
        }
        for _ in 0..4 {
            scene.answer("s", -3_600 - scene.passed);
            scene.pass(30);
        }
        assert_eq!(scene.off("s"), 0);
        let skew = &scene.witness.skews()[0];
        assert!(skew.stands_still, "{skew:?}");
        // It moves again.
        (0..6).for_each(|_| {
            scene.answer("s", 0);
            scene.pass(30);
        });
        assert!(!scene.witness.skews()[0].stands_still);
    }
}

#[test]
fn a_header_that_said_the_same_to_an_earlier_process_stands_still() {
    let scene = Scene::of_host(0);
    scene.database(0);
    let before = VendorDate { date: truth(-7_200), answered_at: truth(-600), stands_still: false };
    scene.witness.remember("s", before);
    scene.answer("s", -7_200);
    assert_eq!(scene.off("s"), 0);
    assert!(scene.witness.skews()[0].stands_still);
}

#[test]
fn a_host_that_is_set_moves_nothing_that_others_said_once_they_are_asked_again() {
    let mut scene = Scene::of_host(0);
    (0..3).for_each(|_| scene.answer("s", 0));
    scene.set_host(2 * DAY);
    assert!(!scene.witness.is_confirmed("s"), "what was measured by the old clock says nothing any more");
    (0..3).for_each(|_| scene.answer("s", 0));
    assert!(scene.off("s").abs() <= 1);
    scene.set_host(0);
    (0..3).for_each(|_| scene.answer("s", 0));
    assert!(scene.off("s").abs() <= 1);
}

#[test]
fn a_source_that_said_nothing_yet_goes_by_the_others() {
    let scene = Scene::of_host(2 * DAY);
    (0..3).for_each(|_| scene.answer("s", 0));
    assert!(scene.off("t").abs() <= 1);
    assert!((scene.witness.earliest() - truth(0)).num_seconds().abs() <= 1);
    assert!((scene.witness.clock().now() - truth(0)).num_seconds().abs() <= 1);
}

#[test]
fn a_signature_follows_the_database_or_else_the_vendor() {
    let scene = Scene::of_host(600);
    scene.answer("s", 0);
    let off = || (scene.witness.signing_clock("s").now() - truth(0)).num_seconds();
    assert!(off().abs() <= 1, "{}", off());
    scene.database(0);
    (0..3).for_each(|_| scene.answer("s", -28_800));
    assert_eq!(off(), 0, "a vendor may date its answers wrongly and judge rightly");
    assert_eq!(scene.off("s"), -28_800);
}

#[test]
fn an_injected_clock_is_the_present_whatever_others_say() {
    let witness = TimeWitness::new(Arc::new(Still));
    witness.database_said(witness.reading(), truth(DAY));
    (0..3).for_each(|_| witness.answered("s", witness.reading(), truth(-DAY)));
    assert_eq!(witness.clock_of("s").now(), truth(0));
    assert_eq!(witness.earliest(), truth(0));
    assert!(witness.skews()[0].ahead < Duration::zero(), "what differs is measured all the same");
}

struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        truth(0)
    }

    async fn sleep_until(&self, _: DateTime<Utc>) {}
}

#[test]
fn a_slow_answer_makes_a_difference_smaller_and_never_larger() {
    for (took, date, seconds) in [
        (0, 0, 0),
        (0, 600, 600),
        (0, -600, -599),
        // Dated when the request came, or when the answer left.
        (50, 0, 0),
        (50, 50, 0),
        (50, 600, 550),
        (50, -600, -599),
        (700, 600, 0),
    ] {
        let found = apart(truth(0), truth(took), truth(date));
        assert_eq!(found.num_seconds(), seconds, "took {took} s, dated {date} s");
    }
}

#[test]
fn a_single_strange_answer_is_no_skew_and_a_single_good_one_ends_it() {
    let scene = Scene::of_host(0);
    let seconds = || scene.witness.skews().first().map(|skew| skew.ahead.num_seconds());
    scene.answer("sobot", -DAY);
    scene.answer("sobot", -DAY);
    assert_eq!(seconds(), None, "too few to say");
    scene.answer("sobot", -DAY);
    assert!(seconds().is_some_and(|off| off < -86_000));
    scene.answer("sobot", 0);
    assert_eq!(seconds(), Some(0));
    (0..3).for_each(|_| scene.answer("sobot", -600));
    assert!(seconds().is_some_and(|off| (-600..-590).contains(&off)), "{:?}", seconds());
}
