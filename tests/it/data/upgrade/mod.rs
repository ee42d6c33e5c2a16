//! A database of the first version becomes one of today, with all it holds.
//!
//! `upgrade/v0.dump` was filled by that version (`upgrade/make`): four streams with history, removals and quarantine,
//! a live feed, and a role that was granted what its README said.

mod picture;
mod vendor;

use std::sync::Arc;

use ccsync::app::{App, Overrides};
use ccsync::engine::port::clock::Clock;
use ccsync::engine::verify::VerifyOrder;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use self::picture::{assert_same, digest, picture, picture_by_old_names, shape};
use self::vendor::{DumpClock, vendors};
use crate::support::analyst;
use crate::support::db::TestDb;
use crate::support::process::{Workspace, configuration};

const DUMP: &str = include_str!("v0.dump");

/// The last migration of the version that made the dump.
const LAST: i64 = 20_261_121_110_100;

/// An instant between two passes that changed much.
const MEANWHILE: &str = "2026-11-21T17:34:52Z";

/// Views that say something else than that version did: what complete, final and partial mean was defined since.
const REDEFINED: [&str; 2] = ["bi.day_state", "bi.freshness"];

/// For commands that ask no vendor.
const NOBODY: &str = "http://127.0.0.1:9";

/// What the configuration of then said besides.
const BESIDES: &str = r#"
[sources.workbench]
kind = "workbench"
base_url = "http://127.0.0.1:9"
[[sources.workbench.agents]]
extno = "1001"
access_token = "demo-token"
"#;

/// The old database, and the login that the operator of then let read.
struct Old {
    db: TestDb,
    analyst: String,
}

impl Old {
    async fn load() -> Old {
        let db = TestDb::empty().await;
        let analyst = analyst::login();
        // The dump empties the search path, so its connection serves for nothing else.
        let mut connection = db.options().connect().await.unwrap();
        let role = format!("create role {analyst} login password 'of then'");
        let dump = DUMP.replace(" TO analyst;", &format!(" TO {analyst};"));
        for sql in [role, dump] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        Old { db, analyst }
    }

    async fn pool(&self) -> &PgPool {
        self.db.pool().await
    }

    /// The configuration of then, with the vendors somewhere else.
    fn workspace(&self, vendors: &str) -> Workspace {
        let database = format!("url = \"{}\"", self.db.url());
        let text = configuration(vendors, &database, "2026-11-14");
        let text = text.replace("page_size", "settle = \"0s\"\npage_size");
        Workspace::new(&format!("{text}{BESIDES}"))
    }

    /// A role is the cluster's and would outlive the database.
    async fn end(self) {
        drop_role(self.pool().await, &self.analyst).await;
    }
}

async fn run(db: &PgPool, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
}

async fn drop_role(db: &PgPool, role: &str) {
    run(db, format!("grant {role} to current_user; drop owned by {role}; drop role {role}")).await;
}

async fn count(db: &PgPool, sql: &str) -> i64 {
    let found = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(db).await;
    found.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn can_read(connection: &mut PgConnection, relation: &str) -> bool {
    let sql = format!("select * from {relation} limit 1");
    match sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await {
        Ok(_) => true,
        Err(error) => {
            let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
            assert_eq!(code.as_deref(), Some("42501"), "{relation}: {error}");
            false
        }
    }
}

#[tokio::test]
async fn every_row_of_the_first_version_is_there_after_the_upgrade_and_every_view_says_the_same() {
    let old = Old::load().await;
    let db = old.pool().await;
    let (mut tables, mut views) = (shape(db, 'r').await, shape(db, 'v').await);
    let ledger = tables.remove("sync.migration").unwrap();
    let rows = picture(db, &tables).await;
    views.retain(|view, _| !REDEFINED.contains(&view.as_str()));
    let answers = picture(db, &views).await;
    let applied = format!("(select * from sync.migration where version <= {LAST}) as applied");
    let ledger_before = digest(db, &applied, &ledger).await;
    let as_of = |table: &str| format!("{table}_as_of('{MEANWHILE}')");
    let facts = ["sobot.call_result", "sobot.chat_result", "moor.queue", "moor.queue_member"];
    let mut then = Vec::new();
    for table in facts {
        then.push(digest(db, &as_of(table), &tables[table]).await);
        // What is compared is worth comparing.
        let history = format!("{table}_history");
        assert!(rows[table].0 > 0 && rows[&history].0 > 0, "{table} or its history is empty");
        assert_ne!(then.last(), rows.get(table), "{table} did not change since");
    }

    old.workspace(NOBODY).run(&["migrate"]).await.expect(0);

    assert_same(&rows, &picture_by_old_names(db, &tables).await);
    assert_same(&answers, &picture(db, &views).await);
    assert_eq!(digest(db, &applied, &ledger).await, ledger_before);
    for (table, then) in facts.into_iter().zip(then) {
        assert_eq!(digest(db, &as_of(table), &tables[table]).await, then, "{table} as it was");
    }
    let summed = "select count(*) from (
            select source, stream, sum(windows) as windows, sum(reads) as reads from (
                select source, stream, windows, read as reads from sync.window_block
                union all select source, stream, -1, -(read_at is not null)::integer from sync.time_window) w
            group by source, stream
            union all
            select source, stream, sum(runs), sum(requests) from (
                select source, stream, runs, requests from sync.run_day
                union all select r.source, r.stream, -1, -r.requests from sync.run r
                join sync.stream s on s.source = r.source and s.stream = r.stream and s.kind <> 'feed') d
            group by source, stream) sums
        where windows <> 0 or reads <> 0";
    assert_eq!(count(db, summed).await, 0, "what the migration summed up");
    assert_ne!(count(db, "select count(*) from sync.window_block").await, 0);
    assert_ne!(count(db, "select count(*) from sync.run_day").await, 0);
    let missing = "select count(*) from
        (select source, agentid from sobot.call_result union select source, agentid from sobot.chat_result) r
        where agentid <> '' and not exists (
            select from sobot.agent a where a.source = r.source and a.agentid = r.agentid)";
    assert_eq!(count(db, missing).await, 0, "agents whom old results name");
    let results = count(db, "select count(*) from bi.quality_result").await;
    let counted = "select sum(results)::bigint from bi.channel_quality_monthly";
    assert_eq!(count(db, counted).await, results, "the views that are new count old results");
    old.end().await;
}

#[tokio::test]
async fn whom_the_operator_let_read_reads_what_is_new_too_and_still_nothing_of_the_ledger() {
    let old = Old::load().await;
    let db = old.pool().await;
    let workspace = old.workspace(NOBODY);
    // A dashboard's own role, for which nothing was said of relations to come.
    let (dashboard, its) =
        (format!("{}_dashboard", old.analyst), ["bi.agent_quality_daily", "bi.quality_result"]);
    let sql = format!(
        "create role {dashboard}; grant usage on schema bi to {dashboard}; grant select on {} to {dashboard}",
        its.join(", ")
    );
    run(db, sql).await;
    workspace.run(&["migrate"]).await.expect(0);
    let kept = "select array_agg(c.oid::regclass::text) from pg_catalog.pg_class c
        where c.relkind in ('r', 'v') and has_table_privilege($1, c.oid, 'select')
            and c.relnamespace::regnamespace::text in ('bi', 'moor', 'sobot', 'sync', 'workbench')";
    let mut kept: Vec<String> = sqlx::query_scalar(kept).bind(&dashboard).fetch_one(db).await.unwrap();
    kept.sort();
    assert_eq!(kept, its);
    let options = old.db.options().username(&old.analyst).password("of then");
    let mut analyst = options.connect().await.unwrap();
    let mut relations: Vec<String> = shape(db, 'r').await.into_keys().collect();
    relations.extend(shape(db, 'v').await.into_keys());
    // That version granted nothing of the feeds' schema.
    let granted = ["bi.", "moor.", "sobot."];
    for relation in &relations {
        let may = granted.iter().any(|schema| relation.starts_with(schema));
        assert_eq!(can_read(&mut analyst, relation).await, may, "{relation}");
    }
    workspace.run(&["grant", "bi-reader", "--login", &old.analyst]).await.expect(0);
    for relation in &relations {
        let may = !relation.starts_with("sync.");
        assert_eq!(can_read(&mut analyst, relation).await, may, "{relation}, as a member of bi_reader");
    }
    analyst.close().await.unwrap();
    drop_role(db, &dashboard).await;
    old.end().await;
}

#[tokio::test]
async fn a_plan_of_the_upgrade_names_each_migration_and_a_second_upgrade_does_nothing() {
    let old = Old::load().await;
    let (db, workspace) = (old.pool().await, old.workspace(NOBODY));
    let before = (shape(db, 'r').await, shape(db, 'v').await);
    let rows = picture(db, &before.0).await;
    let directory = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().into_string().unwrap().strip_suffix(".sql").map(str::to_owned)
    };
    let mut pending: Vec<String> = directory.filter_map(file).collect();
    pending.retain(|name| LAST < name.split('_').next().unwrap().parse().unwrap());
    pending.sort();

    let plan = workspace.run(&["migrate", "--plan", "--json"]).await.expect(0).json();
    let names: Vec<&str> =
        plan["pending"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, pending);
    assert_eq!(before, (shape(db, 'r').await, shape(db, 'v').await));
    assert_same(&rows, &picture(db, &before.0).await);

    let told = workspace.run(&["migrate"]).await.expect(0).stdout;
    assert_eq!(
        told.lines().filter(|line| pending.iter().any(|name| line.ends_with(name))).count(),
        names.len()
    );
    let after = (shape(db, 'r').await, shape(db, 'v').await);
    assert_ne!(before, after);
    let rows = picture(db, &after.0).await;
    let second = workspace.run(&["migrate"]).await.expect(0);
    assert_eq!((second.stdout.as_str(), second.talk().as_str()), ("", "the schema was up to date\n"));
    assert_eq!(after, (shape(db, 'r').await, shape(db, 'v').await));
    assert_same(&rows, &picture(db, &after.0).await);
    old.end().await;
}

/// Hashes, walks and rules of today make the same rows of the same answers, or every row would get a version.
#[tokio::test]
async fn reading_unchanged_vendors_after_the_upgrade_writes_no_row_version_and_settles_what_was_quarantined()
{
    let old = Old::load().await;
    let db = old.pool().await;
    let clock = DumpClock::new();
    let vendors = vendors(clock).await;
    let workspace = old.workspace(&vendors.base_url());
    let settings =
        ccsync::config::load(Some(&workspace.path().join("ccsync.toml")), Vec::new(), clock.now()).unwrap();
    let app =
        App::build(settings, Overrides { clock: Arc::new(clock), ..Overrides::default() }).await.unwrap();
    app.prepare().await.unwrap();
    let mut tables = shape(db, 'r').await;
    tables.retain(|table, _| table.starts_with("sobot.") || table.starts_with("moor."));
    let rows = picture(db, &tables).await;
    let open = "select count(*) from sync.quarantine where state = 'open'";
    assert!(0 < count(db, open).await);

    let stop = CancellationToken::new();
    // Chats state no total: what two equal reads lack is settled.
    let mut superseded = 0;
    for _ in 0..2 {
        let passes = app.sync(&[], &stop).await.unwrap();
        assert_eq!(passes.len(), 4);
        for pass in &passes {
            let counts = &pass.counts;
            let written = (counts.inserted, counts.updated, counts.deleted, counts.quarantined);
            assert!(pass.failures.is_empty() && written == (0, 0, 0, 0) && 0 < counts.unchanged, "{pass:?}");
        }
        superseded = passes.iter().map(|pass| pass.counts.superseded).sum();
    }
    assert_same(&rows, &picture(db, &tables).await);
    assert_eq!(count(db, open).await, 0);
    let verified = app.verify(&[], &VerifyOrder::default(), false, &stop).await.unwrap();
    let differences: usize = verified.iter().map(|one| one.verification.differences.len()).sum();
    // Vendors that took changes back say what is older than what is stored; that is left alone, and told.
    assert_eq!(differences as u64, superseded, "{verified:#?}");
    old.end().await;
}
