//! Everything at once: lines to vendors and database that refuse, delay, fall silent and cut, a wrong clock, few
//! descriptors, little memory, a full disk at the database. `CCSYNC_CHAOS_ROUNDS` says how many syncs suffer,
//! `CCSYNC_CHAOS_SEED` what; both lines have a part of it.
//!
//! Vendors change between rounds only, so that what a round calls proven or stable is compared with what the vendor
//! had during it, row by row.

mod link;

use std::time::Duration;

use ccsync_simulator::Change;
use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

use self::link::{Link, Server};
use super::database::{WRITTEN, refuse, refuse_no_more};
use super::proxy::url_at;
use super::recipe::{
    KEPT, assert_counts_are_the_rows, assert_heals, assert_ledger_is_sound, number, rng, slow_setup_at,
    tombstones,
};
use crate::support::process::{Ended, Program, Setup};
use crate::whole::system::truth;

const ROUNDS: u64 = 6;

/// What one sync suffers.
#[derive(Debug)]
struct Hardship {
    /// Connections in a hundred that suffer, to vendors and to the database.
    odds: [u32; 2],
    /// The lines are fair again after this; what a connection suffers it keeps.
    storm: Duration,
    /// How far the host's clock is ahead, in seconds.
    clock: i64,
    descriptors: Option<u32>,
    memory_mib: Option<u32>,
    /// Three in ten writes to this table find the disk full.
    full: Option<&'static str>,
}

impl Hardship {
    fn draw(rng: &mut StdRng) -> Hardship {
        let clocks = [0, 0, 0, 3_600, -3_600, 90, -90, 26 * 3_600, -26 * 3_600, 40 * 86_400];
        Hardship {
            odds: [rng.random_range(0..95), rng.random_range(0..20)],
            storm: Duration::from_millis(rng.random_range(200..4_000)),
            clock: *clocks.choose(rng).unwrap(),
            descriptors: rng.random_bool(0.2).then(|| rng.random_range(10..40)),
            memory_mib: rng.random_bool(0.15).then(|| rng.random_range(150..600)),
            full: rng.random_bool(0.2).then(|| *WRITTEN.choose(rng).unwrap()),
        }
    }

    /// `command` under these limits.
    fn limit(&self, command: &Command) -> Command {
        let mut limits = String::new();
        if let Some(descriptors) = self.descriptors {
            limits += &format!("ulimit -n {descriptors}; ");
        }
        if let Some(mib) = self.memory_mib {
            limits += &format!("ulimit -v {}; ", mib * 1024);
        }
        let command = command.as_std();
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("{limits}exec \"$0\" \"$@\"")]);
        limited.arg(command.get_program()).args(command.get_args());
        limited.env_clear();
        for (name, value) in command.get_envs() {
            limited.env(name, value.unwrap());
        }
        limited.env("FAILPOINTS", format!("clock=return({});database.answer=return(5)", self.clock));
        limited.current_dir(command.get_current_dir().unwrap()).kill_on_drop(true);
        limited.stdin(std::process::Stdio::null());
        limited.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        limited
    }
}

/// Stream, and the window where it has one.
type Claim = (String, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

struct Chaos {
    setup: Setup,
    vendors: Link,
    database: Link,
}

fn server_of(options: &PgConnectOptions) -> Server {
    match options.get_socket() {
        Some(directory) => Server::Socket(directory.join(format!(".s.PGSQL.{}", options.get_port()))),
        None => Server::Tcp(format!("{}:{}", options.get_host(), options.get_port())),
    }
}

impl Chaos {
    async fn start(rng: &mut StdRng) -> Chaos {
        let mut database = None;
        let weather = StdRng::seed_from_u64(rng.random());
        let setup = slow_setup_at(async |db| {
            let (link, address) = Link::start(server_of(&db.options()), weather).await;
            database = Some(link);
            url_at(db, address.parse().unwrap())
        })
        .await;
        let simulator = setup.simulator.base_url().strip_prefix("http://").unwrap().to_owned();
        let (vendors, address) =
            Link::start(Server::Tcp(simulator), StdRng::seed_from_u64(rng.random())).await;
        let vendor = format!("http://{address}");
        let setup = setup
            .with("CCSYNC__SOURCES__SOBOT__BASE_URL", &vendor)
            .with("CCSYNC__SOURCES__MOOR__BASE_URL", &vendor)
            .with("CCSYNC__HTTP__CONNECT_TIMEOUT", "1s")
            .with("CCSYNC__HTTP__READ_TIMEOUT", "1s")
            .with("CCSYNC__HTTP__TOTAL_TIMEOUT", "5s")
            .with("CCSYNC__ENGINE__RETRY_BASE", "20ms");
        Chaos { setup, vendors, database: database.unwrap() }
    }

    /// A sync that suffers, and what it claims held against the truth.
    async fn round(&self, hardship: &Hardship) -> Ended {
        let pool = self.setup.db.pool().await;
        for kind in KEPT {
            let _ = self.setup.simulator.mutate(Change::Random { kind });
        }
        if let Some(table) = hardship.full {
            refuse(pool, table, "53100").await;
        }
        let began: DateTime<Utc> =
            sqlx::query_scalar("select clock_timestamp()").fetch_one(pool).await.unwrap();
        self.vendors.set_odds(hardship.odds[0]);
        self.database.set_odds(hardship.odds[1]);
        let program = Program::spawn(hardship.limit(&self.setup.workspace.command(&["sync"])));
        tokio::time::sleep(hardship.storm).await;
        self.calm();
        let ended = program.wait().await;
        if let Some(table) = hardship.full {
            refuse_no_more(pool, table).await;
        }
        assert_ends_well(&ended, hardship);
        assert_ledger_is_sound(pool).await;
        assert_counts_are_the_rows(pool).await;
        self.assert_claims_are_true(began, hardship).await;
        ended
    }

    fn calm(&self) {
        self.vendors.set_odds(0);
        self.database.set_odds(0);
    }

    /// What was read in this round and called proven or stable is what the vendor has, and nothing reaches beyond the
    /// present.
    async fn assert_claims_are_true(&self, began: DateTime<Utc>, hardship: &Hardship) {
        let pool = self.setup.db.pool().await;
        let early: Vec<(String, DateTime<Utc>)> = sqlx::query_as(
            "select stream, complete_to from sync.time_window where complete_to > now() + interval '1 minute'",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        assert!(early.is_empty(), "complete beyond the present: {early:?} {hardship:?}");
        let claims: Vec<Claim> = sqlx::query_as(
            "select stream, window_start, window_end from sync.certificate
             where read_at >= $1 and verdict in ('proven', 'stable')",
        )
        .bind(began)
        .fetch_all(pool)
        .await
        .unwrap();
        for (stream, start, end) in claims {
            let span = start.zip(end).map(|(start, end)| start.timestamp_millis()..end.timestamp_millis());
            let tables: &[&str] = match stream.as_str() {
                "moor.queue" => &["moor.queue", "moor.queue_member"],
                "moor.agent_claim_status" => &["moor.agent_claim_status"],
                "sobot.call_result" => &["sobot.call_result"],
                _ => &["sobot.chat_result"],
            };
            for table in tables {
                let wrong = truth::missing_within(&self.setup.simulator, pool, table, span.clone()).await;
                assert!(wrong.is_empty(), "{stream} {start:?} is no {table}: {wrong:?} {hardship:?}");
            }
        }
    }
}

/// It ends by itself with one of the documented codes, and never by a panic.
fn assert_ends_well(ended: &Ended, hardship: &Hardship) {
    // Memory that is refused ends a process as a kill does.
    if hardship.memory_mib.is_some() && !matches!(ended.code, Some(0 | 1 | 3)) {
        return;
    }
    assert!(matches!(ended.code, Some(0 | 1 | 3)), "{hardship:?} {ended:?}");
    assert!(!ended.stderr.contains("panicked at"), "{hardship:?} {}", ended.stderr);
}

#[tokio::test]
async fn whatever_happens_at_once_nothing_is_lost_or_doubled_and_no_claim_is_false() {
    let mut rng = rng("CCSYNC_CHAOS_SEED");
    let chaos = Chaos::start(&mut rng).await;
    let pool = chaos.setup.db.pool().await;
    let mut codes = std::collections::BTreeMap::new();
    let rounds = number("CCSYNC_CHAOS_ROUNDS").unwrap_or(ROUNDS);
    for _ in 0..rounds {
        let hardship = Hardship::draw(&mut rng);
        println!("{hardship:?}");
        let ended = chaos.round(&hardship).await;
        println!("{:?} after {:.1?}", ended.code, ended.took);
        *codes.entry(ended.code).or_insert(0u32) += 1;
    }
    println!("{rounds} rounds, ended with {codes:?}");
    println!("vendors' line: {:?}; database's line: {:?}", chaos.vendors.toll(), chaos.database.toll());
    assert_heals(&chaos.setup).await;
    assert_eq!(tombstones(pool).await, 0, "rows marked deleted that the vendor never withdrew");
}

/// A server whose power failed, a firewall that forgot the connection: no end of it is heard.
#[tokio::test]
async fn a_database_that_falls_silent_at_any_place_is_told_and_waited_for_no_longer_than_it_may_take() {
    let chaos = Chaos::start(&mut rng("CCSYNC_CHAOS_SEED")).await;
    chaos.setup.run(&["sync"]).await.expect(0);
    for behind in [0, 300, 2_000, 6_000, 20_000, 60_000] {
        chaos.database.silence(Some(behind));
        let mut command = chaos.setup.workspace.command(&["sync"]);
        command.env("FAILPOINTS", "database.answer=return(2)");
        let ended = Program::spawn(command).wait().await;
        assert!(matches!(ended.code, Some(0 | 1)), "{behind}: {ended:?}");
        let told = ["no answer within", "became free in time"].iter().any(|told| ended.stderr.contains(told));
        assert!(told || ended.code == Some(0), "{behind}: {}", ended.stderr);
        chaos.database.silence(None);
    }
    assert_heals(&chaos.setup).await;
}
