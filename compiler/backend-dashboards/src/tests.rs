use svckit_diagnostics::SourceMap;

use super::*;

fn generated(text: &str) -> Files {
    let file = SourceMap::default().add("a.svc", text);
    let parsed = svckit_syntax::parse(file, text);
    let source = svckit_model::Source { file: &parsed.file, external: false };
    let resolved = svckit_model::resolve(&[source]);
    let all = parsed.diagnostics.iter().chain(&resolved.diagnostics);
    let errors: Vec<_> = all.filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    DashboardsBackend.generate(&resolved.world, &Options::default()).unwrap()
}

const SHOP: &str = r#"
package shop.orders.v1

service Orders {
  owner "checkout"
  meta  pager "checkout \"night\""
  command PlaceOrder(id @1: uuid)
    calls Stock.Level
    emits OrderPlaced
    slo   availability 99.9%, latency p99 300ms, latency p50 35ms
  query GetOrder(id @1: uuid) -> u32  slo latency p90 1s
  command Print(id @1: uuid) queue { expires 1m }
  event OrderPlaced { id @1: uuid } key id
}

service Stock {
  query Level(sku @1: string) -> u32
  on Orders.OrderPlaced do Note
}

service Quiet { query Ping() -> bool }
"#;

#[test]
fn each_service_has_a_dashboard() {
    let files = generated(SHOP);
    let names: Vec<_> = files.iter().map(|(path, _)| path).collect();
    assert_eq!(
        names,
        ["shop.orders.v1.Orders.json", "shop.orders.v1.Quiet.json", "shop.orders.v1.Stock.json"]
    );
}

#[test]
fn dashboards_are_as_they_were_read() {
    let files = generated(SHOP);
    let all: String = files.iter().map(|(path, text)| format!("==> {path}\n{text}")).collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/shop.txt");
    if bless() {
        write(golden, &all);
    }
    assert_eq!(all, include_str!("../tests/golden/shop.txt"), "BLESS=1 takes what is said now");
}

#[test]
fn panels_lie_side_by_side_have_names_of_their_own_and_say_what_they_show() {
    for (path, text) in generated(SHOP).iter() {
        let board: serde_json::Value = serde_json::from_str(text).unwrap();
        let panels = board["panels"].as_array().unwrap();
        let mut taken = std::collections::BTreeSet::new();
        let mut ids = std::collections::BTreeSet::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{path}: {panel}");
            let about = panel["description"].as_str().unwrap_or_default();
            assert!(panel["type"] == "row" || !about.is_empty(), "{path}: what is it? {panel}");
            let at = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            assert!(at("x") + at("w") <= 24, "{path}: {panel}");
            for x in at("x")..at("x") + at("w") {
                for y in at("y")..at("y") + at("h") {
                    assert!(taken.insert((x, y)), "{path}: two panels at {x}, {y}");
                }
            }
        }
        assert!(board["uid"].as_str().unwrap().len() <= 40, "{path}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is blessed by whoever runs it")]
fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}

#[expect(clippy::disallowed_methods, reason = "a test is blessed by whoever runs it")]
fn write(path: &str, text: &str) {
    std::fs::write(path, text).unwrap();
}
