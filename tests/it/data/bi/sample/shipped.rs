//! Where the queries stand that are shipped.

use serde_json::Value;

use super::superset;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The kind of file that holds a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Document,
    Readme,
    Demo,
    Grafana,
    Superset,
}

/// A query as an analyst sends it, without the limit of its rows.
#[derive(Debug)]
pub struct Query {
    pub origin: Origin,
    pub name: String,
    pub sql: String,
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between each `before` and the `after` that follows it.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0)).collect()
}

/// Every shipped query, in the order of the files.
pub fn shipped() -> Vec<Query> {
    let query = |origin, name: String, sql: &str| {
        let sql = sql.trim();
        let sql = match sql.rsplit_once("limit ") {
            Some((all, rows)) if rows.bytes().all(|byte| byte.is_ascii_digit()) => all,
            _ => sql,
        };
        Query { origin, name, sql: sql.to_owned() }
    };
    let mut all = Vec::new();
    for (path, origin, before, after, count) in [
        ("docs/bi.md", Origin::Document, "```sql\n", "```", 10),
        ("README.md", Origin::Readme, "\n=> ", ";", 1),
        ("README.zh-CN.md", Origin::Readme, "\n=> ", ";", 1),
        ("src/cli/setup/demo/query.rs", Origin::Demo, "r#\"", "\"#", 3),
    ] {
        let text = read(path);
        let found = between(&text, before, after);
        assert_eq!(found.len(), count, "{path}");
        all.extend(found.into_iter().map(|sql| query(origin, path.to_owned(), sql)));
    }
    let dashboard: Value = serde_json::from_str(&read("integrations/grafana/quality.json")).unwrap();
    assert_eq!(dashboard["timezone"], "browser", "of whoever looks");
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let asked = panels.map(|panel| (&panel["title"], &panel["targets"][0]["rawSql"]));
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let asked: Vec<_> =
        asked.chain(variables.map(|variable| (&variable["name"], &variable["query"]))).collect();
    assert_eq!(asked.len(), 13);
    for (title, sql) in asked {
        let sql = expanded(sql.as_str().unwrap());
        assert!(
            !sql.contains('$') && (sql.contains("from bi.") || sql == "select bi.business_zone()"),
            "{sql}"
        );
        all.push(query(Origin::Grafana, format!("Grafana: {title}"), &sql));
    }
    for (chart, sql) in superset::charts() {
        all.push(query(Origin::Superset, format!("Superset: {chart}"), &sql));
    }
    all
}

/// What Grafana makes of its macros and of the variable `source`.
fn expanded(sql: &str) -> String {
    sql.replace("$__timeFrom()", "'2026-02-20T00:00:00Z'")
        .replace("$__timeTo()", "'2026-03-10T00:00:00Z'")
        .replace("$source", "'sobot', 'sobot2'")
}

/// Name and text of every file of the dashboards.
pub fn files_of_dashboards() -> Vec<(String, String)> {
    let mut files = vec!["integrations/grafana/quality.json".to_owned()];
    for folder in ["charts", "dashboards", "databases", "datasets/ccsync"] {
        files.extend(superset::files(folder));
    }
    files.into_iter().map(|path| (path.clone(), read(&path))).collect()
}
