//! Rules and dashboards: whether they ask for what is exported, and what Prometheus says of them.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read files and run their peers"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use svckit_backend::metrics;
use svckit_backend::{Backend, Files, Options};
use svckit_driver::Start;
use svckit_telemetry::metrics::{SERVER_FAULTS, names};
use svckit_tests::peers::{go, not_run, python, ran, root};

#[test]
fn what_rules_and_dashboards_ask_for_is_what_is_exported() {
    for (name, labels) in metrics::ALL {
        let metric = names::ALL.iter().find(|metric| metric.prometheus() == *name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not exported"));
        let has: Vec<String> = metric.labels().collect();
        for label in *labels {
            assert!(has.iter().any(|known| known == label), "{name} has no label {label}: {has:?}");
        }
    }
    assert_eq!(metrics::BOUNDS, names::BOUNDS);
    let faults = SERVER_FAULTS.map(|code| code.name().to_ascii_uppercase());
    assert_eq!(metrics::FAULTS.to_vec(), faults.to_vec());
}

/// Everything of the two targets for the examples and for every clean fixture.
fn generated(backend: &str) -> Vec<(String, Files)> {
    let target = svckit_driver::registry::target(backend).expect("there is such a target");
    contracts()
        .iter()
        .map(|path| (path.display().to_string(), files(target.backend, path)))
        .collect()
}

fn contracts() -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        ["quickstart", "shop", "boutique"].map(|name| root().join("examples").join(name)).into();
    for area in ["backends", "model", "worlds"] {
        let folder = root().join("tests/ui").join(area);
        let entries = fs::read_dir(folder).expect("a folder of this repository");
        let cases = entries.flatten().map(|entry| entry.path());
        paths.extend(cases.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("ok_") && (path.is_dir() || name.ends_with(".svc"))
        }));
    }
    paths.sort();
    paths
}

fn files(backend: &dyn Backend, path: &Path) -> Files {
    let start = if path.join("svckit.toml").exists() {
        Start::Workspace(path.to_owned())
    } else {
        Start::Loose(vec![path.to_owned()])
    };
    let checked = svckit_driver::check(svckit_driver::load(&start, &root()));
    backend.generate(&checked.world, &Options::default()).expect("it takes every contract")
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

/// What promtool says of rule files.
fn judged(promtool: &Path, paths: &[PathBuf]) -> String {
    let args = ["check", "rules", "--lint=duplicate-rules", "--lint-fatal"].map(PathBuf::from);
    ran(promtool, args.iter().chain(paths))
}

#[test]
fn prometheus_takes_the_rules() {
    let Some(promtool) = go("promtool") else {
        return not_run("rules before promtool", "promtool");
    };
    let folder = folder("rules");
    let mut paths = Vec::new();
    for (at, (_, files)) in generated("alerts").iter().enumerate() {
        for (name, text) in files.iter() {
            paths.push(folder.join(format!("{at}-{name}")));
            fs::write(&paths[paths.len() - 1], text).expect("a file");
        }
    }
    assert!(paths.len() > 20, "{} files", paths.len());
    judged(&promtool, &paths);
}

#[test]
fn prometheus_takes_what_dashboards_ask() {
    let Some(promtool) = go("promtool") else {
        return not_run("questions of dashboards before promtool", "promtool");
    };
    let mut rules = Vec::new();
    for (_, files) in generated("dashboards") {
        for (_, text) in files.iter() {
            let board: Value = serde_json::from_str(text).expect("JSON");
            for panel in board["panels"].as_array().into_iter().flatten() {
                for target in panel["targets"].as_array().into_iter().flatten() {
                    let expr = target["expr"].as_str().expect("an expression");
                    let expr = expr.replace("$__rate_interval", "5m");
                    rules.push(json!({ "record": format!("asked:{}", rules.len()), "expr": expr }));
                }
            }
        }
    }
    assert!(rules.len() > 100, "{} questions", rules.len());
    // JSON is YAML, too.
    let path = folder("asked").join("asked.yaml");
    let file = json!({ "groups": [{ "name": "asked", "rules": rules }] });
    fs::write(&path, file.to_string()).expect("a file");
    judged(&promtool, &[path]);
}

/// What Grafana's SDK has against dashboards; nothing where it takes them all.
fn refused(python: &Path, paths: &[PathBuf]) -> Vec<String> {
    let script = root().join("tests/formats/dashboards.py");
    let ran = Command::new(python).arg(script).args(paths).output().expect("Python runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let read = format!("{} dashboards read\n", paths.len());
    assert_eq!(String::from_utf8_lossy(&ran.stdout), read, "{said}");
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    assert_eq!(ran.status.success(), lines.is_empty(), "{said}");
    lines
}

#[test]
fn grafanas_sdk_takes_every_dashboard_and_would_not_take_another() {
    let Some(python) = python() else {
        return not_run("dashboards before Grafana's SDK", "python with grafana-foundation-sdk");
    };
    let folder = folder("dashboards");
    let mut paths = Vec::new();
    for (_, files) in generated("dashboards") {
        for (_, text) in files.iter() {
            paths.push(folder.join(format!("{}.json", paths.len())));
            fs::write(paths.last().expect("just pushed"), text).expect("a file");
        }
    }
    assert!(paths.len() > 20, "{} dashboards", paths.len());
    assert_eq!(refused(&python, &paths), Vec::<String>::new());

    let text = fs::read_to_string(&paths[0]).expect("a file");
    let sound: Value = serde_json::from_str(&text).expect("JSON");
    let spoilt = |at: &str, value: Value| {
        let mut board = sound.clone();
        let (parent, name) = at.rsplit_once('/').expect("a pointer");
        board.pointer_mut(parent).expect("it is there")[name] = value;
        let path = folder.join("spoilt.json");
        fs::write(&path, board.to_string()).expect("a file");
        refused(&python, &[path]).join("\n")
    };
    for (at, value, expected) in [
        ("/templatng", json!({}), "dashboard.templatng is not known"),
        ("/graphTooltip", json!(7), "dashboard.graph_tooltip is 7"),
        ("/panels/1/targets/0/expr", json!(3), "dashboard.panels[1].targets[0].expr is 3"),
        ("/panels/1/options/tooltip/mode", json!("many"), "tooltip.mode is 'many'"),
        ("/panels/1/fieldConfig/defaults/custom/filling", json!(1), "custom.filling is not known"),
    ] {
        let said = spoilt(at, value);
        assert!(said.contains(expected), "{at}: {said}");
    }
}

#[test]
fn an_alert_goes_off_when_a_promise_is_broken_and_not_before() {
    let Some(promtool) = go("promtool") else {
        return not_run("alerts before promtool", "promtool");
    };
    let shop = generated("alerts").into_iter().find(|(path, _)| path.ends_with("examples/shop"));
    let (_, files) = shop.expect("the shop");
    let name = "shop.orders.v1.Orders.rules.yaml";
    let folder = folder("goes_off");
    fs::write(folder.join("rules.yaml"), files.get(name).expect("orders promise")).expect("a file");
    let calls = "rpc_server_call_duration_seconds_count{rpc_method=\"shop.orders.v1.OrdersService/PlaceOrder\"";
    let series = |status: &str, each: u32| {
        json!({
            "series": format!("{calls},rpc_response_status_code=\"{status}\"}}"),
            "values": format!("0+{each}x120"),
        })
    };
    let alert = "ALERTS{alertname=\"OrdersPlaceOrderAvailabilityBurns\",window=\"1h\"}";
    // 99.9 % are promised: 2 % that fail burn it 20 times too fast, 1 % ten times.
    let case = |failed: u32, fires: u32| {
        json!({
            "interval": "1m",
            "input_series": [series("OK", 1000 - failed), series("UNAVAILABLE", failed), series("NOT_FOUND", 500)],
            "promql_expr_test": [{
                "expr": format!("count({alert}) or vector(0)"),
                "eval_time": "70m",
                "exp_samples": [{ "labels": "{}", "value": fires }],
            }],
        })
    };
    let tests = json!({
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [case(30, 1), case(10, 0), case(0, 0)],
    });
    let path = folder.join("tests.yaml");
    fs::write(&path, tests.to_string()).expect("a file");
    ran(&promtool, ["test".into(), "rules".into(), path]);
}
