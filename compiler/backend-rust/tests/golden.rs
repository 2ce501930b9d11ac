//! What is generated, as people read it: `BLESS=1` writes the expected files anew.

#![allow(clippy::disallowed_methods, reason = "a test reads its files and is told to bless them")]

mod support;

use std::path::Path;

use support::generated;

/// Compares with `tests/golden/NAME.rs`.
fn golden(name: &str, contract: &str) {
    let files = generated(&[contract], &[]);
    let (_, text) = files.iter().next().expect("a file of the package");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.rs"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).expect("the folder can be written to");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}: BLESS=1 writes it anew");
}

#[test]
fn types() {
    golden(
        "types",
        r#"
package shop.types.v1

/// A stock-keeping unit.
scalar Sku = string where len 3..=32, pattern r"^[A-Z0-9-]+$"
scalar OrderId = uuid

enum Status { pending @1  done @2 deprecated "use `pending`" }

/// One line.
record Line {
  sku      @1: Sku
  quantity @2: u32 where 1..=999
  status   @3: Status = pending
  note     @4: string? sensitive
}

union Payment { card @1: string  line @2: Line }

error OutOfStock is failed_precondition retryable after 2s { sku @1: Sku }

record Change { line @1: patch<Line> }
"#,
    );
}

#[test]
fn service() {
    golden(
        "service",
        r#"
package shop.orders.v1

error Gone is not_found

/// Takes orders.
service Orders {
  auth   jwt { issuer "https://id.shop.example"  audience "orders" }
  tenant claim "org"
  /// Takes one.
  command Place(request_id @1: uuid  text @2: string) -> string
    errors { Gone }
    idempotent by request_id
    auth scope "orders:write"
    calls Stock.Reserve x2
    emits Placed
  query List() -> page<string>
  query Watch(id @1: uuid) -> stream timestamp
  command Attach(id @1: uuid  scan @2: stream bytes where len ..=1MiB) idempotent natural
  command Resize(id @1: uuid) queue { concurrency 2 }
  event Placed { id @1: uuid } key id
}

service Stock {
  command Reserve(id @1: uuid) errors { Gone }
  on Orders.Placed do NotePlaced
  schedule Nightly cron "0 3 * * *"
}
"#,
    );
}
