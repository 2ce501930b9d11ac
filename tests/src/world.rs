//! Contracts of any size: what a large company's would look like, made up.
//!
//! Every package has one service and the types of one small domain; ten packages in a row use each other's types,
//! call each other and subscribe to each other, as teams do; the last has a saga and a choreography.

/// How many packages use each other in a row.
const ROW: usize = 10;

/// The text of one package; `@N` is its number, lines that start with `+` are there where a package stands before
/// it, those that start with `*` where it is the last of its row.
const PACKAGE: &str = r#"//! Orders of region @N.
package world.region@N.v1

+use world.region@P.v1 as before

/// Identifies one order of this region.
scalar OrderId   = uuid
scalar Customer  = string where len 3..=40, pattern r"^[a-z][a-z0-9-]*$"
/// How many of one article.
scalar Quantity  = u32 where 1..=999
scalar Sku       = string where len 3..=32, pattern r"^[A-Z0-9-]+$"

/// Where an order stands.
enum OrderStatus {
  pending   @1
  confirmed @2
  shipped   @3
  /// Nothing will be sent.
  cancelled @4
}

enum Channel {
  web   @1
  phone @2
  shop  @3
}

/// An amount in one currency.
record Money {
  currency @1: string where len 3..=3
  amount   @2: decimal where 0..=1000000
}

/// One line of an order.
record Line {
  sku      @1: Sku
  quantity @2: Quantity
  /// Of one, before taxes.
  price    @3: Money
  note     @4: string? where len ..=500
  gift     @5: bool
}

record Address {
  street   @1: string where len 1..=200
  city     @2: string where len 1..=100
  postcode @3: string where pattern r"^[A-Z0-9 -]{3,10}$"
  country  @4: string where len 2..=2
  reserved 5..=7, "planet"
}

/// All that is known of an order.
record Order {
  id         @1: OrderId
  customer   @2: Customer
  lines      @3: list<Line> where items 1..=100
  status     @4: OrderStatus = pending
  ship_to    @5: Address
  placed_at  @6: timestamp
  labels     @7: map<string, string> where items ..=20
  wants_mail @8: bool = true
  card_last4 @9: string? sensitive
  method     @10: PaymentMethod
  channel    @11: Channel = web
  weight     @12: f64 where 0..=10000
  due        @13: date?
  hold       @14: duration?
  origin     @15: Origin?
}

record Card {
  number_hash @1: bytes where len 32..=32
  holder      @2: string sensitive
}

record InvoiceTerms {
  days    @1: u32 where 1..=90
  tax_id  @2: string?
}

/// How it is paid.
union PaymentMethod {
  card    @1: Card
  invoice @2: InvoiceTerms
}

record Origin {
  region  @1: string
  order   @2: OrderId
+  earlier @3: before.OrderId?
+  total   @4: before.Money?
}

record PlaceOrderRequest {
  request_id @1: uuid
  customer   @2: Customer
  lines      @3: list<Line> where items 1..=100
  ship_to    @4: Address
  method     @5: PaymentMethod
}

/// What came of an import.
record ImportSummary {
  taken    @1: u64
  refused  @2: u64
  problems @3: list<string>
}

/// There is not enough of it.
error OutOfStock is failed_precondition {
  sku       @1: Sku
  available @2: u32
}
error OrderNotFound is not_found { id @1: OrderId }
error Overloaded is unavailable retryable after 2s

/// For people who wait.
policy Interactive {
  timeout { connect 200ms  attempt 800ms  total 2s }
  retry   { attempts 3  backoff exponential 50ms..1s jitter full  budget 20% min 10/s  on unavailable, aborted }
}

/// Takes orders of region @N and tells where they stand.
service Orders {
  owner  "team-@N"
  auth   none because "made up"

  /// Takes an order.
  command PlaceOrder(PlaceOrderRequest) -> Order
    errors     { OutOfStock, Overloaded }
    idempotent by request_id  retain 7d
+    calls      before.StockLevel x3
    emits      OrderPlaced

  /// One order.
  query GetOrder(id @1: OrderId) -> Order
    errors { OrderNotFound }
    cache  30s

  query ListOrders(customer @1: Customer  status @2: OrderStatus?) -> page<Order>

  /// How many there are of an article.
  query StockLevel(sku @1: Sku) -> u32

  query WatchOrder(id @1: OrderId) -> stream OrderStatus

  command ImportOrders(stream Order) -> ImportSummary
    idempotent natural

  command Amend(id @1: OrderId  change @2: patch<Order>) -> Order
    errors { OrderNotFound }

  command Forget(customer @1: Customer)
    idempotent natural

  /// An order was taken.
  event OrderPlaced {
    order_id @1: OrderId
    total    @2: Money
    channel  @3: Channel = web
  } key order_id  retain 30d

  event OrderCancelled {
    order_id @1: OrderId
    reason   @2: string
  } key order_id
+
+  on before.OrderPlaced  do NoteOrder
*  on Stock.Refused { order_id, reason } do CancelRefused
*    emits  OrderCancelled
*    undoes OrderPlaced
}

example GetOrder "one that is pending" {
  request  { id: "7f9c24e8-3b12-4fef-91e0-5c2f4ac8c0b1" }
  response { status: pending }
}
"#;

/// What stands after the last package of a row: an order's way through three services by events alone, and a saga.
const FLOWS: &str = r#"
error NotPaid is failed_precondition

/// Keeps what was ordered until it is sent.
service Stock {
  owner  "stock-@N"
  auth   none because "made up"

  command Hold(id @1: OrderId)
    errors     { OutOfStock }
    idempotent by id  retain 60d
  command Release(id @1: OrderId)  undoes Hold by id
    retain 60d

  event Reserved { order_id @1: OrderId } key order_id
  event Refused { order_id @1: OrderId  reason @2: string } key order_id

  on Orders.OrderPlaced { order_id } do ReserveOrder
    emits  Reserved | Refused
    leaves "the lines of a refused order are not kept"
}

service Parcels {
  owner  "parcels-@N"
  auth   none because "made up"

  command Charge(id @1: OrderId)
    errors     { NotPaid }
    idempotent by id  retain 60d
  command Refund(id @1: OrderId)  undoes Charge by id
    retain 60d
  command Send(id @1: OrderId)
    idempotent by id  retain 60d

  event Sent public { order_id @1: OrderId } key order_id

  on Stock.Reserved { order_id } do SendParcel
    emits  Sent
    leaves "what is sent stays sent"}

/// From an order to its parcel, without anyone in charge.
choreography Delivery by OrderId of Orders {
  starts   OrderPlaced
  succeeds Parcels.Sent
  fails    OrderCancelled
  within   2d
}

/// The same with someone in charge.
saga Buy of Orders (id @1: OrderId) idempotent by id {
  deadline 10d
  step hold: Stock.Hold { id: id }
    undo Stock.Release { id: id }
  step charge: Parcels.Charge { id: id }
    undo Parcels.Refund { id: id }
  pivot send: Parcels.Send { id: id }
}
"#;

/// A file of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `world/region0007/v1/region0007.svc`
    pub path: String,
    /// The contract.
    pub text: String,
}

/// A world of that many services, each in a package and a file of its own.
#[must_use]
pub fn world(services: usize) -> Vec<Source> {
    (0..services).map(source).collect()
}

/// How many services give at least `lines` lines.
#[must_use]
pub fn services_for(lines: usize) -> usize {
    lines.div_ceil(source(0).text.lines().count())
}

/// How many lines all files have.
#[must_use]
pub fn lines(world: &[Source]) -> usize {
    world.iter().map(|s| s.text.lines().count()).sum()
}

fn source(n: usize) -> Source {
    let (follows, last) = (!n.is_multiple_of(ROW), n % ROW == ROW - 1);
    let mut text = String::with_capacity(PACKAGE.len() + 256);
    for line in PACKAGE.lines() {
        let line = match line.as_bytes().first() {
            Some(b'+') if follows => &line[1..],
            Some(b'*') if last => &line[1..],
            Some(b'+' | b'*') => continue,
            _ => line,
        };
        text.push_str(&line.replace("@N", &number(n)).replace("@P", &number(n.saturating_sub(1))));
        text.push('\n');
    }
    if last {
        text.push_str(&FLOWS.replace("@N", &number(n)));
    }
    Source { path: format!("world/region{0}/v1/region{0}.svc", number(n)), text }
}

/// Four digits and more where there must be.
fn number(n: usize) -> String {
    format!("{n:04}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_services_have_a_hundred_thousand_lines() {
        let world = world(1_000);
        assert!(lines(&world) >= 100_000, "{}", lines(&world));
        assert!(world.iter().all(|s| !s.text.contains("@N") && !s.text.contains("@P")));
        assert!(services_for(100_000) <= 1_000);
    }
}
