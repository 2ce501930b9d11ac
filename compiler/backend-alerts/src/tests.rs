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
    AlertsBackend.generate(&resolved.world, &Options::default()).unwrap()
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
fn a_service_with_nothing_to_say_has_no_file() {
    let files = generated(SHOP);
    let names: Vec<_> = files.iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["shop.orders.v1.Orders.rules.yaml", "shop.orders.v1.Stock.rules.yaml"]);
}

#[test]
fn rules_are_as_they_were_read() {
    let files = generated(SHOP);
    let all: String = files.iter().map(|(path, text)| format!("==> {path}\n{text}")).collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/shop.txt");
    if bless() {
        write(golden, &all);
    }
    assert_eq!(all, include_str!("../tests/golden/shop.txt"), "BLESS=1 takes what is said now");
}

#[test]
fn a_budget_burns_by_what_is_promised() {
    let files = generated(SHOP);
    let text = files.get("shop.orders.v1.Orders.rules.yaml").unwrap();
    // 0.1 % may fail: 14.4 times that within an hour is too much; 1 % may be slow.
    for expected in [
        "svckit:slo_errors:ratio_rate1h{rpc_method=\\\"shop.orders.v1.OrdersService/PlaceOrder\\\",objective=\\\"availability\\\"} > 0.0144 and",
        "objective=\\\"p99\\\"} > 0.144 and",
        "le=~\\\"0\\\\\\\\.3\\\"",
        "le=~\\\"1(\\\\\\\\.0)?\\\"",
        "histogram_quantile(0.5,",
        "shop.orders.v1.Orders.Print\\\"} > 30",
        "pager: \"checkout \\\"night\\\"\"",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    assert!(!text.contains("> 1.44"), "a share is never above 1: {text}");
}

#[expect(clippy::disallowed_methods, reason = "a test is blessed by whoever runs it")]
fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}

#[expect(clippy::disallowed_methods, reason = "a test is blessed by whoever runs it")]
fn write(path: &str, text: &str) {
    std::fs::write(path, text).unwrap();
}
