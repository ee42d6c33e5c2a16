//! What Superset makes of its charts and datasets.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shipped::read;

const QUALITY: &str = "integrations/superset/quality";

/// The files of a folder of the export, by their paths in the repository.
pub fn files(folder: &str) -> Vec<String> {
    let path = format!("{QUALITY}/{folder}");
    let entries = std::fs::read_dir(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> =
        names.map(|name| format!("{path}/{name}")).filter(|name| name.ends_with("yaml")).collect();
    files.sort();
    files
}

/// Each value of a key, in order; null is none. Values stand on one line, plain or in single quotes.
fn values(text: &str, key: &str) -> Vec<Option<String>> {
    let lines = text.lines().map(|line| line.trim_start_matches([' ', '-']));
    let found = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    found.map(|value| (value != "null").then(|| plain(value))).collect()
}

fn plain(value: &str) -> String {
    match value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')) {
        Some(quoted) => quoted.replace("''", "'"),
        None => value.to_owned(),
    }
}

fn value(text: &str, key: &str) -> Option<String> {
    values(text, key).into_iter().next().unwrap_or_else(|| panic!("no {key} in {text}"))
}

/// A dataset: what it reads, and its columns and metrics with the SQL of each.
#[derive(Debug)]
struct Dataset {
    from: String,
    columns: BTreeMap<String, String>,
    metrics: BTreeMap<String, String>,
}

impl Dataset {
    fn read(path: &str) -> (String, Dataset) {
        let text = read(path);
        let (metrics, columns) = text.split_once("\ncolumns:\n").unwrap();
        let named = |text: &str, name: &str| -> BTreeMap<String, String> {
            let names = values(text, name).into_iter().flatten();
            let expressions = values(text, "expression").into_iter();
            names.zip(expressions).map(|(name, sql)| (name.clone(), sql.unwrap_or(name))).collect()
        };
        let table = value(&text, "table_name").unwrap();
        let from = match value(&text, "sql") {
            Some(sql) => format!("({sql}) virtual_table"),
            None => format!("bi.{table}"),
        };
        let dataset =
            Dataset { from, columns: named(columns, "column_name"), metrics: named(metrics, "metric_name") };
        (value(&text, "uuid").unwrap(), dataset)
    }

    fn sql(&self, of: &BTreeMap<String, String>, name: &str) -> String {
        let sql = of.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.from));
        format!("{sql} as \"{name}\"")
    }

    /// Every column and every metric.
    fn everything(&self) -> [String; 2] {
        [&self.columns, &self.metrics].map(|of| {
            let all: Vec<String> = of.keys().map(|name| self.sql(of, name)).collect();
            format!("select {} from {}", all.join(", "), self.from)
        })
    }

    /// The SQL of a query of `query_context`.
    fn query(&self, query: &Value) -> String {
        let names = |key: &str| query[key].as_array().cloned().unwrap_or_default();
        let columns = names("columns");
        let mut selected: Vec<String> =
            columns.iter().map(|column| self.sql(&self.columns, label(column))).collect();
        selected.extend(names("metrics").iter().map(|name| self.sql(&self.metrics, name.as_str().unwrap())));
        let filters = names("filters");
        let conditions: Vec<String> = filters.iter().map(condition).collect();
        let mut sql = format!("select {} from {}", selected.join(", "), self.from);
        if !conditions.is_empty() {
            sql += &format!(" where {}", conditions.join(" and "));
        }
        if !query["metrics"].is_null() {
            let places: Vec<String> = (1..=columns.len()).map(|place| place.to_string()).collect();
            sql += &format!(" group by {}", places.join(", "));
        }
        let orders = names("orderby");
        let order = |by: &Value| {
            format!("\"{}\" {}", by[0].as_str().unwrap(), if by[1] == true { "asc" } else { "desc" })
        };
        let orders: Vec<String> = orders.iter().map(order).collect();
        sql + " order by " + &orders.join(", ")
    }
}

/// The name of a column, which is a text, or an object where it is the axis.
fn label(column: &Value) -> &str {
    column.as_str().or_else(|| column["label"].as_str()).unwrap()
}

fn condition(filter: &Value) -> String {
    let [column, op, value] = ["col", "op", "val"].map(|key| filter[key].as_str().unwrap());
    match (op, value) {
        ("TEMPORAL_RANGE", "Last month") => format!("{column} between '2026-02-20' and '2026-03-10'"),
        ("!=", value) => format!("{column} <> '{value}'"),
        _ => panic!("{filter}"),
    }
}

/// Name and SQL of every chart, and of everything that the datasets name.
pub fn charts() -> Vec<(String, String)> {
    let datasets: BTreeMap<String, Dataset> =
        files("datasets/ccsync").iter().map(|path| Dataset::read(path)).collect();
    let mut all = Vec::new();
    for path in files("charts") {
        let text = read(&path);
        let context =
            value(&text, "query_context").unwrap_or_else(|| panic!("{path} answers only once it was saved"));
        let context: Value = serde_json::from_str(&context).unwrap();
        let dataset = &datasets[&value(&text, "dataset_uuid").unwrap()];
        let [query] = context["queries"].as_array().unwrap().as_slice() else { panic!("{path}") };
        all.push((value(&text, "slice_name").unwrap(), dataset.query(query)));
    }
    assert_eq!((all.len(), datasets.len()), (9, 8));
    all
}

/// The columns and metrics of every dataset.
fn everything() -> Vec<String> {
    files("datasets/ccsync").iter().flat_map(|path| Dataset::read(path).1.everything()).collect()
}

#[tokio::test]
async fn every_column_and_metric_of_the_superset_datasets_is_there() {
    let db = crate::support::db::TestDb::create().await;
    for sql in everything() {
        let told = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).fetch_all(db.pool().await).await;
        assert!(told.is_ok(), "{sql}: {:?}", told.err());
    }
}

/// The items of a list of `params`, as the export writes it.
fn items(text: &str, key: &str) -> Vec<String> {
    let list = text.split_once(&format!("\n  {key}:\n")).map_or("", |(_, list)| list);
    list.lines().map_while(|line| line.strip_prefix("  - ")).map(plain).collect()
}

#[test]
fn a_superset_chart_asks_at_once_what_it_asks_after_it_was_saved() {
    let dashboard = read(&format!("{QUALITY}/dashboards/quality.yaml"));
    for path in files("charts") {
        let text = read(&path);
        let uuid = value(&text, "uuid").unwrap();
        assert!(dashboard.contains(&format!("uuid: {uuid}")), "{path} is not on the dashboard");
        let context: Value = serde_json::from_str(&value(&text, "query_context").unwrap()).unwrap();
        let query = &context["queries"][0];
        let mut columns: Vec<String> = values(&text, "x_axis").into_iter().flatten().collect();
        columns.extend([items(&text, "all_columns"), items(&text, "groupby")].concat());
        let asked = query["columns"].as_array().unwrap().iter().map(|column| label(column).to_owned());
        assert_eq!(asked.collect::<Vec<_>>(), columns, "{path}");
        let metrics = query["metrics"].as_array().cloned().unwrap_or_default();
        let metrics: Vec<&str> = metrics.iter().map(|metric| metric.as_str().unwrap()).collect();
        assert_eq!(metrics, items(&text, "metrics"), "{path}");
        let filters: Vec<String> = query["filters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|filter| filter["col"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(filters, values(&text, "subject").into_iter().flatten().collect::<Vec<_>>(), "{path}");
        assert_eq!(query["row_limit"].to_string(), value(&text, "row_limit").unwrap(), "{path}");
        assert_eq!(
            context["form_data"]["viz_type"].as_str().unwrap(),
            value(&text, "viz_type").unwrap(),
            "{path}"
        );
        assert!(context["queries"].is_array() && context["datasource"]["type"] == "table", "{path}");
    }
}
