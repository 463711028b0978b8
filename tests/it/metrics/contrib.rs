//! The dashboard, the alert rules and the table of `docs/metrics.md` speak of the metrics that there are.

use askd::metrics::names;
use serde_json::Value;

use super::*;

const DASHBOARD: &str = include_str!("../../../contrib/grafana.json");
const ALERTS: &str = include_str!("../../../contrib/alerts.yml");
const DOCS: &str = include_str!("../../../docs/metrics.md");

/// Labels that Prometheus adds, and its own metric.
const ADDED: [&str; 2] = ["instance", "job"];
const UP: &str = "up";

/// The names before each of the opening signs, or else between the signs, of an expression.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split(move |letter| !is_part(letter))
        .filter(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic()))
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

/// The metrics of an expression, each with the labels that it is asked by there.
fn selected(expression: &str) -> Vec<(&str, Vec<&str>)> {
    let metrics = words(expression).filter(|(_, word)| {
        *word == UP || word.starts_with("askd_") || word.starts_with("process_")
    });
    let with_labels = metrics.map(|(at, name)| {
        let rest = &expression[at + name.len()..];
        let selector = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split('}').next());
        let labels = selector
            .unwrap_or("")
            .split(", ")
            .filter(|one| !one.is_empty());
        (
            name,
            labels
                .map(|one| one.split(['=', '!']).next().unwrap())
                .collect(),
        )
    });
    with_labels.collect()
}

/// The labels that an expression groups by.
fn grouped(expression: &str) -> Vec<&str> {
    let groups = expression.split("by (").skip(1);
    let inside = groups.filter_map(|group| group.split(')').next());
    inside.flat_map(|labels| labels.split(", ")).collect()
}

/// Holds an expression, and the labels that are told beside it, against what a server exports; gives its metrics.
fn held<'e>(
    expression: &'e str,
    told: &[&str],
    known: &BTreeMap<&str, BTreeSet<&str>>,
) -> Vec<&'e str> {
    let selected = selected(expression);
    assert!(!selected.is_empty(), "no metric in {expression}");
    let mut all: BTreeSet<&str> = ADDED.into();
    for (name, labels) in &selected {
        let has = match *name {
            UP => BTreeSet::new(),
            name => known
                .get(name)
                .unwrap_or_else(|| panic!("no {name}: {expression}"))
                .clone(),
        };
        for label in labels {
            assert!(
                has.contains(label) || ADDED.contains(label),
                "{name} has no {label}"
            );
        }
        all.extend(has);
    }
    for label in grouped(expression).iter().chain(told) {
        assert!(all.contains(label), "nothing has {label}: {expression}");
    }
    selected.into_iter().map(|(name, _)| name).collect()
}

/// The labels that a legend or a sentence shows, `{{label}}` or `{{ $labels.label }}`.
fn shown(text: &str) -> Vec<&str> {
    let inside = text
        .split("{{")
        .skip(1)
        .filter_map(|part| part.split("}}").next());
    let labels = inside.filter(|part| !part.contains("$value"));
    labels
        .map(|part| part.trim().trim_start_matches("$labels."))
        .collect()
}

/// Every panel's queries: the expression and the legend.
fn queries(dashboard: &Value) -> Vec<[String; 2]> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let query = |target: &'_ Value| {
        assert_eq!(target["datasource"]["uid"], "${datasource}");
        ["expr", "legendFormat"].map(|key| target[key].as_str().unwrap().to_owned())
    };
    targets.map(query).collect()
}

#[tokio::test]
async fn the_dashboard_asks_for_what_a_server_exports() {
    let figures = experienced().await;
    let known = figures.labels();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut asked = BTreeSet::new();
    let queries = queries(&dashboard);
    for [expression, legend] in &queries {
        asked.extend(held(expression, &shown(legend), &known));
    }
    let bare = |name: &str| {
        let ends = ["_total", "_bucket", "_sum", "_count"];
        let end = ends.iter().find_map(|end| name.strip_suffix(end));
        end.unwrap_or(name).to_owned()
    };
    let asked: BTreeSet<_> = asked.into_iter().map(bare).collect();
    let left_out: Vec<_> = names::ALL
        .iter()
        .map(|name| name.name)
        .filter(|name| !asked.contains(*name))
        .collect();
    assert_eq!(
        left_out,
        ["askd_line_places"],
        "all others have their panel"
    );
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert_eq!(variables[0]["type"], "datasource");
    for variable in &variables[1..] {
        let query = variable["definition"].as_str().unwrap();
        assert!(
            selected(query)
                .iter()
                .all(|(name, _)| known.contains_key(name)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_alerts_ask_for_what_a_server_exports() {
    let figures = experienced().await;
    let known = figures.labels();
    let alerts: Vec<_> = ALERTS.split("- alert: ").skip(1).collect();
    for alert in &alerts {
        let (_, rest) = alert.split_once("expr:").unwrap();
        let expression = rest.split("\n        labels:").next().unwrap();
        let expression = expression.split("\n        for:").next().unwrap();
        held(expression, &shown(alert), &known);
    }
    assert_eq!(alerts.len(), 10);
}

#[test]
fn promtool_understands_every_question_of_the_dashboard() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    for (at, [expression, _]) in queries(&dashboard).iter().enumerate() {
        // What Grafana puts in; JSON is YAML.
        let expression = expression.replace("$__rate_interval", "5m");
        let expression = Value::from(expression);
        rules += &format!("  - record: panel:{at}\n    expr: {expression}\n");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), rules).unwrap();
    let path = file.path().to_str().unwrap();
    let (is_clean, said) = promtool(&["check", "rules", path], "");
    assert!(is_clean, "{said}");
}

#[test]
fn promtool_takes_the_alerts_and_each_rings_when_it_should_and_only_then() {
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts.test.yml"],
    ] {
        let (is_clean, said) = promtool(&arguments, "");
        assert!(is_clean && said.contains("SUCCESS"), "{said}");
    }
    let tests = include_str!("../../../contrib/alerts.test.yml");
    for alert in ALERTS.split("- alert: ").skip(1) {
        let name = alert.lines().next().unwrap();
        let tried = tests.matches(&format!("alertname: {name}")).count();
        assert!(
            tried >= 2,
            "{name} is tried where it rings and where it does not"
        );
    }
}

#[tokio::test]
async fn each_metric_that_a_server_exports_has_its_line_in_the_documents_and_each_line_its_metric()
{
    let figures = experienced().await;
    let types = figures
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let exported: BTreeMap<&str, &str> = types.map(|one| one.split_once(' ').unwrap()).collect();
    let lines = DOCS.lines().filter_map(|line| line.strip_prefix("| `"));
    let told: BTreeMap<&str, Vec<&str>> = lines
        .map(|line| {
            let (name, rest) = line.split_once('`').unwrap();
            (name, rest.split(" | ").map(str::trim).collect())
        })
        .collect();
    let names = |all: Vec<&str>| all.join("\n");
    assert_eq!(
        names(told.keys().copied().collect()),
        names(exported.keys().copied().collect())
    );
    let labels = figures.labels();
    for (name, kind) in exported {
        let cells = &told[name];
        assert_eq!(cells[1], kind, "{name}");
        let series = match kind {
            "histogram" => format!("{name}_bucket"),
            _ => name.to_owned(),
        };
        let mut has: Vec<_> = labels[series.as_str()]
            .iter()
            .filter(|label| **label != "le")
            .collect();
        has.sort();
        let mut says: Vec<_> = cells[2]
            .split(", ")
            .map(|label| label.trim_matches('`'))
            .filter(|label| !label.is_empty())
            .collect();
        says.sort();
        assert_eq!(has.into_iter().copied().collect::<Vec<_>>(), says, "{name}");
        let bare = name.strip_suffix("_total").unwrap_or(name);
        let known = names::ALL.iter().find(|known| known.name == bare);
        let help = known
            .unwrap_or_else(|| panic!("{name} is in no table"))
            .help;
        assert_eq!(cells[3].trim_end_matches(" |"), help, "{name}");
    }
}
