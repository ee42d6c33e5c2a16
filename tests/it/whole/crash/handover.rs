//! Two processes, one of which is held up for longer than its lease: the other takes the window over, and
//! what the first one brings too late is refused. `CCSYNC_HANDOVERS` says how many take-overs are wanted.

use ccsync::telemetry::failpoint::Failpoint;
use ccsync_simulator::{Change, ChangeKind};
use rand::Rng as _;
use sqlx::PgPool;

use super::recipe::{
    assert_counts_are_the_rows, assert_heals, assert_ledger_is_sound, number, rng, slow_setup, tombstones,
};
use crate::support::process::{Program, Setup};

/// Longer than the lease of a second.
const PAUSE: &str = "return(pause 1400)";

/// Where a process is held up while it has a lease: before the commit, and in it before the lease is locked.
const PLACES: [Failpoint; 2] = [Failpoint::LeaseRenewed, Failpoint::CommitBegun];

/// Notes each lease that goes from one worker to another.
const WITNESS: &str = "
    create table public.handover (name text, fence bigint, taken_over_at timestamptz default clock_timestamp());
    create function public.witness() returns trigger language plpgsql as $$
    begin
        if old.worker <> new.worker then
            insert into public.handover values (new.name, old.fence);
        end if;
        return new;
    end $$;
    create trigger witness after update on sync.lease for each row execute function public.witness();
";

async fn handovers(pool: &PgPool) -> u64 {
    let count: i64 =
        sqlx::query_scalar("select count(*) from public.handover").fetch_one(pool).await.unwrap();
    u64::try_from(count).unwrap()
}

async fn two_processes(setup: &Setup, orders: [String; 2]) -> u64 {
    let programs = orders.map(|order| {
        let mut command = setup.workspace.command(&["sync"]);
        command.env("FAILPOINTS", order);
        Program::spawn(command)
    });
    let mut refused = 0;
    for program in programs {
        let ended = program.wait().await.expect(0);
        refused += ended.stderr.matches("was lost to another worker; nothing was written").count() as u64;
    }
    refused
}

#[tokio::test]
async fn a_process_held_up_longer_than_its_lease_writes_nothing_more_and_another_does_its_work() {
    let mut rng = rng("CCSYNC_FAULT_SEED");
    let setup = slow_setup().await;
    let pool = setup.db.pool().await;
    sqlx::raw_sql(WITNESS).execute(pool).await.unwrap();
    let wanted = number("CCSYNC_HANDOVERS").unwrap_or(4);
    let (mut rounds, mut refused) = (0, 0);
    while handovers(pool).await < wanted {
        for kind in [ChangeKind::NewResult, ChangeKind::Rescored, ChangeKind::AgentMoved] {
            let _ = setup.simulator.mutate(Change::Random { kind });
        }
        let orders = [(); 2].map(|()| {
            let place = PLACES[rng.random_range(0..PLACES.len())].name();
            format!("{place}={}*off->3*{PAUSE}->off", rng.random_range(0..4))
        });
        refused += two_processes(&setup, orders).await;
        assert_ledger_is_sound(pool).await;
        assert_counts_are_the_rows(pool).await;
        rounds += 1;
        assert!(rounds < 20 + 3 * wanted, "too few take-overs");
    }
    let taken_over = handovers(pool).await;
    println!("{taken_over} take-overs in {rounds} rounds, {refused} late workers refused");
    assert!(taken_over <= refused, "{taken_over} take-overs, and only {refused} late workers were refused");
    assert_heals(&setup).await;
    assert_eq!(tombstones(pool).await, 0, "rows marked deleted that the vendor never withdrew");
}
