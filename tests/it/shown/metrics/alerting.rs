//! The rules for Prometheus and the dashboard for Grafana: every expression asks for what there is, and every alert
//! has its rule. Whether they are PromQL is for promtool to say (.ci/run).

use ccsync::report::alert::AlertKind;
use ccsync::telemetry::metric::Metric;
use serde_json::Value;

use super::metric_of;

const RULES: &str = include_str!("../../../../deploy/prometheus/alerts.yml");
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/operations.json");

/// Labels that Prometheus adds to what it scrapes, and the bounds of buckets.
const OTHERS: [&str; 3] = ["job", "instance", "le"];

/// Metrics that are not ours.
const FOREIGN: [&str; 1] = ["up"];

/// The words of an expression that may be names, each with what comes behind it; texts in quotes are none.
fn words(expression: &str) -> Vec<(String, String)> {
    let mut plain = String::new();
    let mut quoted = false;
    for letter in expression.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        plain.push(if quoted && letter != '"' { '_' } else { letter });
    }
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut words = Vec::new();
    let mut rest = plain.as_str();
    while let Some(start) = rest.find(is_word) {
        let word = &rest[start..];
        let end = word.find(|letter| !is_word(letter)).unwrap_or(word.len());
        words.push((word[..end].to_owned(), word[end..].to_owned()));
        rest = &word[end..];
    }
    words
}

/// The names between brackets right behind a word, such as `by (…)` and `{…}`.
fn listed(behind: &str, open: char, close: char) -> Option<Vec<String>> {
    let list = behind.trim_start().strip_prefix(open)?.split(close).next()?;
    let name = |item: &str| item.split(['=', '!']).next().unwrap_or_default().trim().to_owned();
    Some(list.split(',').map(name).filter(|name| !name.is_empty()).collect())
}

/// What of an expression is not there.
fn faults(expression: &str) -> Vec<String> {
    let words = words(expression);
    let (mut faults, mut used): (Vec<String>, Vec<&Metric>) = (Vec::new(), Vec::new());
    for (word, behind) in &words {
        if !word.starts_with("ccsync_") {
            continue;
        }
        let Some(metric) = metric_of(word) else {
            faults.push(format!("there is no metric {word}"));
            continue;
        };
        let matched = listed(behind, '{', '}').unwrap_or_default();
        let known =
            |label: &String| OTHERS.contains(&label.as_str()) || metric.labels.contains(&label.as_str());
        faults.extend(
            matched.iter().filter(|label| !known(label)).map(|label| format!("{word} has no {label}")),
        );
        used.push(metric);
    }
    for (_, behind) in words.iter().filter(|(word, _)| matches!(word.as_str(), "by" | "on")) {
        let known = |label: &String| {
            OTHERS.contains(&label.as_str())
                || used.iter().any(|metric| metric.labels.contains(&label.as_str()))
        };
        let listed = listed(behind, '(', ')').unwrap_or_default();
        faults
            .extend(listed.iter().filter(|label| !known(label)).map(|label| format!("nothing has {label}")));
    }
    if used.is_empty() && !words.iter().any(|(word, _)| FOREIGN.contains(&word.as_str())) {
        faults.push("it asks for no metric".to_owned());
    }
    faults
}

#[test]
fn an_expression_that_asks_for_what_is_not_there_is_found() {
    for (expression, fault) in [
        ("sum(ccsync_nothing)", "there is no metric ccsync_nothing"),
        (r#"ccsync_pages_total{kind="x"} > 1"#, "ccsync_pages_total has no kind"),
        ("sum by (outcome) (ccsync_pages_total)", "nothing has outcome"),
        ("ccsync_page_duration_seconds > 1", "there is no metric ccsync_page_duration_seconds"),
        ("vector(1)", "it asks for no metric"),
    ] {
        assert!(
            faults(expression).iter().any(|found| found == fault),
            "{expression}: {:?}",
            faults(expression)
        );
    }
    let good = r#"sum by (source) (rate(ccsync_page_duration_seconds_bucket{stream=~"a,b{c}"}[5m]))"#;
    assert_eq!(faults(good), Vec::<String>::new());
}

/// One rule, as its lines say.
struct Rule<'a> {
    name: &'a str,
    text: &'a str,
}

impl<'a> Rule<'a> {
    fn all() -> Vec<Rule<'a>> {
        let rules = RULES.split("      - alert: ").skip(1);
        rules.map(|text| Rule { name: text.lines().next().unwrap_or_default(), text }).collect()
    }

    /// The value of a key, without its quotes.
    fn value(&self, key: &str) -> String {
        let line = self.text.lines().find_map(|line| line.trim_start().strip_prefix(&format!("{key}: ")));
        let line = line.unwrap_or_else(|| panic!("{} has no {key}", self.name));
        let bare = line.strip_prefix('\'').and_then(|line| line.strip_suffix('\''));
        bare.map_or_else(|| line.to_owned(), |line| line.replace("''", "'"))
    }
}

#[test]
fn every_alert_has_a_rule_of_its_severity_that_leads_to_the_runbook() {
    let rules = Rule::all();
    for rule in &rules {
        assert_eq!(faults(&rule.value("expr")), Vec::<String>::new(), "{}", rule.name);
        for key in ["for", "summary", "description"] {
            assert!(!rule.value(key).is_empty(), "{}: {key}", rule.name);
        }
    }
    for kind in AlertKind::ALL {
        let name = kind.as_str();
        let page = format!("docs/runbook.md#{name}");
        let of_kind: Vec<_> = rules.iter().filter(|rule| rule.value("runbook_url") == page).collect();
        assert_eq!(of_kind.len(), 1, "{name}");
        let rule = of_kind[0];
        assert_eq!(rule.value("labels"), format!("{{severity: {}}}", kind.severity().as_str()), "{name}");
        assert!(rule.value("expr").contains(&format!("ccsync_alert{{alert=\"{name}\"}}")), "{name}");
        let camel = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
        assert_eq!(rule.name, format!("Ccsync{camel}"));
    }
    // And one for the process that cannot tell any more.
    assert_eq!(rules.len(), AlertKind::ALL.len() + 1);
}

#[test]
fn every_panel_of_the_operations_dashboard_asks_for_what_there_is() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(15 <= panels.len());
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            assert_eq!(faults(expression), Vec::<String>::new(), "{}: {expression}", panel["title"]);
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let query = variable["query"].as_str().unwrap();
        let (metric, label) = query.trim_start_matches("label_values(").split_once(", ").unwrap();
        let label = label.trim_end_matches(')');
        let metric = metric_of(metric).unwrap_or_else(|| panic!("{query}"));
        assert!(OTHERS.contains(&label) || metric.labels.contains(&label), "{query}");
    }
}
