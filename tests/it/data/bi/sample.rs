//! Every query that is shipped, in documents, demo and dashboards: it is answered, and adds no two persons or groups up.

mod shipped;
mod superset;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::analyst;
use crate::support::harness::{TestWorld, small_world};
use crate::whole::system::steps::sync_well;
use shipped::{Origin, Query, shipped};

type Row = Map<String, Value>;

/// Agents and groups that share a name, and bands of every height.
const NAMESAKES: &str = include_str!("sample/namesake.sql");

/// A world that was read, with namesakes in it, and an analyst who may ask.
struct Sample {
    world: TestWorld,
    login: String,
    analyst: PgConnection,
}

impl Sample {
    async fn new() -> Sample {
        let world = TestWorld::quick(small_world()).await;
        sync_well(&world.test).await;
        let pool = world.test.pool().await;
        let mut connection = pool.acquire().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(NAMESAKES)).execute(&mut *connection).await.unwrap();
        drop(connection);
        let login = analyst::login();
        let store = &world.test.app.database().store;
        store.grant_bi_reader(&login, Some(&analyst::PASSWORD.into())).await.unwrap();
        let analyst = analyst::connect(&world.test.db, &login).await;
        Sample { world, login, analyst }
    }

    async fn ask(&mut self, query: &Query) -> Vec<Row> {
        let sql = format!("select to_json(q) from ({}) q", query.sql);
        let rows: Result<Vec<Value>, _> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut self.analyst).await;
        let rows = rows.unwrap_or_else(|error| panic!("{}: {error}\n{}", query.name, query.sql));
        rows.into_iter().map(|row| row.as_object().unwrap().clone()).collect()
    }

    async fn end(self) {
        self.analyst.close().await.unwrap();
        analyst::forget(self.world.test.pool().await, &self.login).await;
    }
}

/// Whether a row is about one of the namesakes, by name or by id.
fn is_of_namesakes(row: &Row) -> bool {
    let about = ["namesake", "namesakes", "n1", "n2", "workbench n1", "workbench2 n1"];
    row.values().any(|value| value.as_str().is_some_and(|text| about.contains(&text)))
}

/// The figure of a row that adds up, and what namesakes have of it on one day in one channel.
fn figure(row: &Row) -> Option<(f64, [f64; 3])> {
    let number = |name: &str| {
        let value = row.get(name)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    };
    let results =
        number("results").or_else(|| number("results_sum")).map(|figure| (figure, [11.0, 13.0, 17.0]));
    results.or_else(|| number("idle").map(|figure| (figure, [11.0, 17.0, 17.0])))
}

#[tokio::test]
async fn every_shipped_query_is_answered_to_an_analyst_and_adds_no_namesakes_up() {
    let mut sample = Sample::new().await;
    let queries = shipped();
    let mut apart = 0;
    for query in &queries {
        let rows = sample.ask(query).await;
        assert!(!rows.is_empty(), "{}: no rows\n{}", query.name, query.sql);
        let mut seen = BTreeSet::new();
        for row in rows.iter().filter(|row| is_of_namesakes(row)) {
            let told = || format!("{}: {row:?}\n{}", query.name, query.sql);
            let has = |names: &[&str]| names.iter().any(|name| row.contains_key(*name));
            let is_identified =
                has(&["source", "moor_source"]) && has(&["agent_id", "exten", "agent_number"]);
            assert!(is_identified || has(&["agent"]), "no source, or no id: {}", told());
            let Some((figure, single)) = figure(row) else { continue };
            // One or two days, one or two channels.
            let whose =
                single.iter().position(|of| [1.0, 2.0, 4.0].map(|times| of * times).contains(&figure));
            assert!(whose.is_some(), "namesakes are added up: {}", told());
            seen.extend(whose);
        }
        apart += usize::from(1 < seen.len());
    }
    // Of agents: document, two READMEs, demo, Grafana (and times), Superset. Of groups: document, demo, Grafana, Superset.
    assert_eq!(apart, 11, "queries that show more than one namesake");
    sample.end().await;
}

#[tokio::test]
async fn every_shipped_query_has_the_bands_in_their_order() {
    let mut sample = Sample::new().await;
    let order =
        "select band, band_name from bi.score_distribution_daily group by 1, 2 order by band nulls last";
    let bands: Vec<(Option<i32>, String)> =
        sqlx::query_as(order).fetch_all(&mut sample.analyst).await.unwrap();
    let bands: Vec<String> = bands.into_iter().map(|(_, name)| name).collect();
    assert_eq!(bands.len(), 12, "{bands:?}");
    let mut asked = 0;
    for query in shipped() {
        if !query.sql.contains("score_distribution") {
            continue;
        }
        let text = |row: &Row, name: &str| row[name].as_str().unwrap().to_owned();
        let rows = sample.ask(&query).await;
        if query.origin == Origin::Superset {
            // Superset sorts the axis by its labels.
            let sorted: BTreeSet<String> = rows.iter().map(|row| text(row, "band_in_order")).collect();
            let sorted: Vec<String> = sorted.into_iter().collect();
            let plain = |name: &String| match name.as_str() {
                "0 to 10 % and below" => "below 10 %".to_owned(),
                "full score (100 % and more)" => "100 % and more".to_owned(),
                name => name.to_owned(),
            };
            assert_eq!(sorted.iter().map(plain).collect::<Vec<_>>(), bands, "{}", query.name);
        } else {
            let told: Vec<String> = rows.iter().map(|row| text(row, "band_name")).collect();
            assert_eq!(told, bands, "{}", query.name);
        }
        asked += 1;
    }
    assert_eq!(asked, 3, "document, Grafana, Superset");
    sample.end().await;
}

/// An instant as JSON has it: without a zone's name, on the clocks of whatever the session is set to.
fn is_instant(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

#[tokio::test]
async fn instants_stand_beside_the_name_of_their_zone() {
    let mut sample = Sample::new().await;
    for query in shipped() {
        for row in sample.ask(&query).await {
            for (column, value) in &row {
                // Grafana shows this one on the clocks of whoever looks, and titles name the zone of its days.
                let is_axis = query.origin == Origin::Grafana && column == "time";
                assert!(is_axis || !is_instant(value), "{}: {column} = {value}", query.name);
            }
            if row.contains_key("hour") && query.origin != Origin::Grafana {
                assert!(row.contains_key("zone"), "{}: {row:?}", query.name);
            }
            let complete_to = row.iter().find(|(column, _)| column.starts_with("complete_to"));
            let Some((column, value)) = complete_to else { continue };
            let zone = row.get("zone").or(Some(value)).and_then(Value::as_str).unwrap();
            assert!(zone.ends_with("Asia/Shanghai"), "{}: {column} = {value}", query.name);
            assert!(row.contains_key("windows_unverified"), "{}: {row:?}", query.name);
        }
    }
    sample.end().await;
}

#[test]
fn no_shipped_query_names_a_zone() {
    let mut texts: Vec<(String, String)> =
        shipped().into_iter().map(|query| (query.name, query.sql)).collect();
    texts.extend(shipped::files_of_dashboards());
    for (name, text) in texts {
        for zone in chrono_tz::TZ_VARIANTS.map(|zone| zone.name()) {
            let is_named = (zone.contains('/') && text.contains(zone)) || text.contains(&format!("'{zone}'"));
            assert!(!is_named, "{name}: {zone}");
        }
        assert!(!text.contains("at time zone"), "{name}");
    }
}

#[test]
fn what_is_not_final_is_told_apart_in_dashboards_demo_and_readme() {
    for query in shipped() {
        // Documents ask one relation at a time; some have no state, and the text says where it is.
        let is_of_results = query.sql.contains("quality") || query.sql.contains("_daily d");
        if query.origin != Origin::Document && is_of_results {
            assert!(query.sql.contains("state"), "{}\n{}", query.name, query.sql);
        }
    }
}
