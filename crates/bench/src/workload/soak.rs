//! A daemon that ticks each second before vendors with faults, for as long as one likes: what grows with time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::idle::stop;
use super::load::surroundings;
use crate::args::SoakArgs;
use crate::failure::{Failure, print};
use crate::place::{DaySpan, Place};
use crate::process::child::{listen, measured, pid, spawn};
use crate::process::stat::{descriptors, resident_kib};
use crate::report::{Surroundings, render};
use crate::vendor::simulator::{Simulator, World};

/// Looks, evenly spaced. The first is after one part: what a start takes is over then.
const LOOKS: u32 = 6;

#[derive(Debug, Serialize)]
struct Report {
    surroundings: Surroundings,
    seconds: f64,
    /// By what was looked at, the value of each look.
    looks: BTreeMap<String, Vec<u64>>,
    lines_of_log: usize,
}

pub(crate) async fn soak(place: &Place, args: &SoakArgs) -> Result<String, Failure> {
    let days = DaySpan::of(2);
    let faults = format!("all={}", args.faults);
    let options = ["--fault", &faults, "--hang", "2s", "--changes-per-second", "1", "--monitor-rate", "1"];
    let options = options.map(str::to_owned);
    let latency = Duration::ZERO;
    let world =
        World { calls: 200, others: (200, 20), days, accounts: 1, latency, switches: &[], options: &options };
    let simulator = Simulator::start(place, &world).await?;
    let config = place.configure("soak.toml", &sources(&simulator.base_url, days))?;
    measured(place.ccsync(Some(&config), &["migrate"])).await?;
    let mut daemon = spawn(place.ccsync(Some(&config), &["run"]))?;
    let (_, said) = (listen(daemon.stdout.take()), listen(daemon.stderr.take()));
    let mut looks: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for look in 1..=LOOKS {
        tokio::time::sleep(args.length / LOOKS).await;
        if let Ok(Some(status)) = daemon.try_wait() {
            return Err(Failure::failed(format!("the daemon ended with {status}")));
        }
        let mut note = |name: &str, value: u64| looks.entry(name.to_owned()).or_default().push(value);
        note("memory, KiB", resident_kib(pid(&daemon)).unwrap_or_default());
        note("descriptors", descriptors(pid(&daemon)).unwrap_or_default());
        for line in place.psql.ask(ROWS).await?.lines() {
            if let Some((table, rows)) = line.split_once('|') {
                note(table, rows.parse().unwrap_or_default());
            }
        }
        print(&format!("look {look} of {LOOKS}"));
    }
    stop(daemon).await?;
    let lines_of_log = said.await.unwrap_or_default().lines().count();
    let (surroundings, seconds) = (surroundings(place).await?, args.length.as_secs_f64());
    let report = Report { surroundings, seconds, looks, lines_of_log };
    render(&report, args.place.json, || text(&report))
}

fn text(report: &Report) -> String {
    let minutes = |look: u32| report.seconds / 60.0 / f64::from(LOOKS) * f64::from(look);
    let mut text = "| after |".to_owned();
    text.extend((1..=LOOKS).map(|look| format!(" {:.0} min |", minutes(look))));
    text.push_str("\n|---|---|---|---|---|---|---|\n");
    for (name, values) in &report.looks {
        text.push_str(&format!("| {name} |"));
        text.extend(values.iter().map(|value| format!(" {value} |")));
        text.push('\n');
    }
    text.push_str(&format!("{} lines of log", report.lines_of_log));
    text
}

/// The rows of each table of the ledger.
const ROWS: &str = "select 'sync.' || tablename, (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from sync.%I', \
     tablename), false, true, '')))[1]::text from pg_tables where schemaname = 'sync' order by 1";

fn sources(base_url: &str, days: DaySpan) -> String {
    let (start, each) = (days.from, "schedule = \"* * * * * *\"\nrequests_per_minute = ");
    format!(
        "[ops]\nenabled = false\n[scheduler]\njitter = \"0s\"\n\
         [sources.calls]\nkind = \"sobot\"\nbase_url = {base_url:?}\napp_id = \"demo-app\"\napp_key = \"demo-key\"\n\
         [sources.calls.call_result]\nstart = \"{start}\"\n{each}60000\n\
         [sources.calls.chat_result]\nstart = \"{start}\"\n{each}60000\n\
         [sources.groups]\nkind = \"moor\"\nbase_url = {base_url:?}\naccount_id = \"N00000000000\"\napi_secret = \"demo-secret\"\n\
         [sources.groups.queue]\n{each}18\n[sources.groups.agent_claim_status]\n{each}90\n\
         [sources.seats]\nkind = \"workbench\"\nbase_url = {base_url:?}\n\
         [[sources.seats.agents]]\nextno = \"1001\"\naccess_token = \"demo-token\"\n"
    )
}
