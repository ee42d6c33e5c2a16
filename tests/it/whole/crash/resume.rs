//! What a kill costs: the page under way, and not the pages that came before it. `CCSYNC_RESUME_KILLS` says how
//! many kills.

use ccsync_simulator::{Endpoint, Simulator, SimulatorConfig};
use rand::Rng as _;

use super::recipe::{number, rng};
use crate::support::process::{Program, Setup, recent_world};
use crate::whole::system::truth;

const ONE_WINDOW: &str = "[engine]\nlease = \"1s\"\npersist_pages_slower_than = \"0s\"\n";

fn asked(simulator: &Simulator) -> u64 {
    simulator.journal().counts(Endpoint::SobotCallResult).requests
}

#[tokio::test]
async fn a_kill_costs_at_most_the_page_under_way() {
    let mut rng = rng("CCSYNC_FAULT_SEED");
    let kills = number("CCSYNC_RESUME_KILLS").unwrap_or(8);
    let world = SimulatorConfig { calls: 100 * usize::try_from(kills).unwrap(), ..recent_world() };
    let setup = Setup::new(world, ONE_WINDOW).await;
    let setup = setup
        .with("CCSYNC__DEFAULTS__SOBOT__CALL_RESULT__WINDOW", "31d")
        .with("CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE", "20");
    for _ in 0..kills {
        let mut command = setup.workspace.command(&["sync", "sobot.call_result"]);
        let after = rng.random_range(0..4);
        command.env("FAILPOINTS", format!("page.parsed={after}*off->return(kill)"));
        let ended = Program::spawn(command).wait().await;
        assert!(ended.code.is_none(), "{}", ended.stderr);
    }
    setup.run(&["sync", "sobot.call_result"]).await.expect(0);
    let pool = setup.db.pool().await;
    let needed: i64 =
        sqlx::query_scalar("select sum(pages)::bigint from sync.time_window").fetch_one(pool).await.unwrap();
    let spent = asked(&setup.simulator);
    // A last page that is full is held against the one behind it.
    let most = u64::try_from(needed).unwrap() + 1 + kills;
    println!("{kills} kills; {needed} pages, {spent} requests");
    assert!(spent <= most, "{spent} requests for {needed} pages and {kills} kills");
    setup.run(&["sync"]).await.expect(0);
    truth::assert_tables_are(&setup.simulator, pool).await;
    let kept: i64 = sqlx::query_scalar("select count(*) from sync.walk_page").fetch_one(pool).await.unwrap();
    assert_eq!(kept, 0, "a commit leaves no page behind");
}
