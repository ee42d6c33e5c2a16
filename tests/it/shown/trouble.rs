//! Ten troubles, and what page, status, log, metrics, alerts and exit code say of each: the built program, a real
//! database and the simulated vendors. The table stands in docs/runbook.md.

mod inject;
mod told;

use std::fmt::Write as _;
use std::sync::Mutex;

use self::inject::{Scene, Trouble};
use self::told::Told;
use crate::shown::runbook::assert_troubles;
use crate::support::trial::with_each;

const HEAD: &str = "\
## Ten troubles · 十种故障

Each was brought about in a test (`tests/it/shown/trouble`): after a sync that went well, one more with the trouble in place. What
differs from run to run is left out (`…`). *Log*: the distinct lines of the highest level that `ccsync sync`
wrote; where it wrote none, what it said on stderr. `ccsync status` runs by itself and knows no clock but its own.
每一种都在测试中真实制造：一次正常同步之后，在故障存在的情况下再同步一次。

| trouble · 故障 | exit of `ccsync sync` | page | `ccsync status` | log | metric | alert |
|---|---|---|---|---|---|---|
";

fn row(trouble: Trouble, told: &Told) -> String {
    let lines = |lines: &[String]| match lines {
        [] => "–".to_owned(),
        lines => lines.join("<br>").replace('|', "\\|"),
    };
    let code = |lines: &[String]| lines.iter().map(|line| format!("`{line}`")).collect::<Vec<_>>();
    let (en, zh) = trouble.name();
    format!(
        "| {en} · {zh} | [{exit}](#exit_{exit}) | {} | {} | {} | {} | {} |",
        lines(&told.page),
        lines(&told.status),
        lines(&told.log),
        lines(&code(&told.metrics)),
        lines(&told.alerts.iter().map(|kind| format!("[{kind}](#{kind})")).collect::<Vec<_>>()),
        exit = told.exit,
    )
}

#[test]
fn the_ten_troubles_are_told_as_the_runbook_says() {
    let rows = Mutex::new(vec![String::new(); Trouble::ALL.len()]);
    with_each(Trouble::ALL.into_iter().enumerate(), |(index, trouble)| {
        let rows = &rows;
        async move {
            let scene = Scene::well(trouble).await;
            let told = scene.trouble().await;
            rows.lock().unwrap()[index] = row(trouble, &told);
        }
    });
    let mut table = HEAD.to_owned();
    for row in rows.into_inner().unwrap() {
        writeln!(table, "{row}").unwrap();
    }
    assert_troubles(&table);
}
