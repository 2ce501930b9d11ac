use proptest::prelude::*;
use svckit_diagnostics::{Diagnostic, SourceMap};

use super::*;

const SHOP: &str = r#"
package shop.orders.v1

scalar OrderId = uuid
record Order { id @1: OrderId }
error OutOfStock is failed_precondition

service Orders {
  owner "checkout"
  command PlaceOrder(id @1: OrderId) -> Order
    calls Stock.Level x20, Stock.Hint optional
    starts Checkout
    emits OrderPlaced
  event OrderPlaced { id @1: OrderId } key id
  event OrderConfirmed { id @1: OrderId } key id
  event OrderFailed { id @1: OrderId } key id
}

service Stock {
  owner "warehouse"
  query Level(sku @1: string) -> u32  calls Depot.Look
  query Hint() -> bool
  command Reserve(id @1: OrderId)
  command Release(by @1: string) undoes Reserve by by
  event Earmarked { id @1: OrderId } key id
  on OrderPlaced do Earmark emits Earmarked
}

service Depot {
  owner "warehouse"
  query Look() -> u32
  command Sort(id @1: uuid) queue { attempts 3 }
}

saga Checkout of Orders (order @1: Order) -> Order idempotent by order.id {
  deadline 1d
  step reserve: Stock.Reserve { id: order.id } undo Stock.Release { by: key(reserve) }
  wait marked: Earmarked where id == order.id within 1h else abort
  complete Order { id: order.id }
  completed emit OrderConfirmed { id: order.id }
  aborted emit OrderFailed { id: order.id }
}

choreography Fulfilment by OrderId of Orders {
  starts OrderPlaced
  succeeds Earmarked
  fails OrderFailed
  within 1h
}
"#;

fn world(text: &str) -> World {
    let file = SourceMap::default().add("a.svc", text);
    let parsed = svckit_syntax::parse(file, text);
    let source = svckit_model::Source { file: &parsed.file, external: false };
    let resolved = svckit_model::resolve(&[source]);
    let all = parsed.diagnostics.iter().chain(&resolved.diagnostics);
    let errors: Vec<_> = all.filter(|d| d.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    resolved.world
}

fn drawn(view: &View) -> Graph {
    graph(&world(SHOP), view, &Numbers::default()).expect("it can be drawn")
}

fn focus(name: &str) -> View {
    View { focus: Some(name.to_owned()), ..View::default() }
}

/// `from → to` by labels, with the words beside.
fn arrows(graph: &Graph) -> Vec<String> {
    let name = |at: usize| graph.nodes[at].label.as_str();
    let arrow = |e: &Edge| {
        format!("{:?} {} {} {}", e.kind, name(e.from), name(e.to), e.label.join("/"))
            .trim_end()
            .to_owned()
    };
    graph.edges.iter().map(arrow).collect()
}

#[test]
fn services_are_boxes_and_what_passes_between_them_arrows() {
    let graph = drawn(&View::default());
    assert_eq!(graph.title, "3 services in 1 package");
    assert_eq!(
        arrows(&graph),
        [
            "Call Orders Stock Level ×20",
            "OptionalCall Orders Stock Hint optional",
            "Starts Orders Checkout",
            "Call Stock Depot Look",
            "Event Orders Stock OrderPlaced",
            "Step Checkout Stock Reserve",
            "Undo Checkout Stock undo Release",
            "Event Stock Checkout Earmarked",
            "Event Checkout Orders completed OrderConfirmed/aborted OrderFailed",
            "Flow Orders Fulfilment starts OrderPlaced",
            "Flow Fulfilment Stock succeeds Earmarked",
            "Flow Fulfilment Orders fails OrderFailed",
        ]
    );
}

#[test]
fn a_focus_shows_its_members_and_what_is_around() {
    let labels = |g: &Graph| g.nodes.iter().map(|n| n.label.clone()).collect::<Vec<_>>();
    let service = drawn(&focus("Depot"));
    assert_eq!(labels(&service), ["Stock", "Look", "Sort"]);
    let operation = drawn(&focus("Orders.PlaceOrder"));
    let wanted = ["PlaceOrder", "OrderPlaced", "Level", "Hint", "Look", "Checkout"];
    assert_eq!(labels(&operation), wanted, "calls are followed to the end");
    let saga = drawn(&focus("Checkout"));
    assert!(arrows(&saga).contains(&"Then reserve marked".to_owned()), "{:?}", arrows(&saga));
    let flow = drawn(&focus("Fulfilment"));
    let arrows = arrows(&flow);
    assert!(arrows.contains(&"Event Earmark Earmarked".to_owned()), "{arrows:?}");
    assert!(!labels(&flow).contains(&"reserve".to_owned()), "steps of sagas are drawn as the saga");
}

#[test]
fn names_that_mean_nothing_or_several_things_are_told() {
    let world = world(&format!("{SHOP}\nservice Other {{ command Reserve(id @1: uuid) }}"));
    let failed = |name: &str| graph(&world, &focus(name), &Numbers::default()).expect_err(name);
    assert!(failed("Chekout").contains("did you mean `Checkout`?"), "{}", failed("Chekout"));
    assert_eq!(
        failed("Reserve"),
        "`Reserve` may be `shop.orders.v1.Other.Reserve` or `shop.orders.v1.Stock.Reserve`; name one of them"
    );
}

#[test]
fn filters_leave_out() {
    let filter = |text: &str| View { filter: Filter::parse(text).expect(text), ..View::default() };
    let events = drawn(&filter("events,owner=ware*"));
    assert!(events.nodes.iter().all(|n| n.label == "Stock" || n.label == "Depot"));
    let calls = drawn(&filter("calls"));
    assert!(calls.nodes.iter().all(|n| n.kind == NodeKind::Service));
    assert_eq!(calls.edges.len(), 3);
    assert!(Filter::parse("cals").is_err());
}

#[test]
fn numbers_stand_beside_calls_the_worst_of_several() {
    let mut numbers = Numbers::default();
    let (from, to) = ("shop.orders.v1.Orders.PlaceOrder", "shop.orders.v1.Stock.Level");
    let slow = CallNumbers {
        worst_time: Some(2_300_000_000),
        worst_calls: Some(60.0),
        availability: Some(99.95),
    };
    numbers.set(from, to, slow);
    numbers.set(from, to, CallNumbers { worst_time: Some(1), ..CallNumbers::default() });
    let numbers = Numbers::from_text(&numbers.to_text());
    let graph = graph(&world(SHOP), &View::default(), &numbers).expect("it can be drawn");
    assert_eq!(graph.edges[0].label, ["Level ×20", "≤ 2.3 s · ≤ 60 calls · 99.95 %"]);
}

#[test]
fn many_services_become_groups_that_tell_them_apart() {
    let packages = 60;
    let mut files = Vec::new();
    for n in 0..packages {
        files.push(format!(
            "package corp.area{}.p{n}.v1\nservice S{n} {{ query Get() -> bool }}\n",
            n % 6
        ));
    }
    let parsed: Vec<_> = (0..)
        .zip(&files)
        .map(|(id, t)| svckit_syntax::parse(svckit_diagnostics::FileId(id), t))
        .collect();
    let sources: Vec<_> =
        parsed.iter().map(|p| svckit_model::Source { file: &p.file, external: false }).collect();
    let resolved = svckit_model::resolve(&sources);
    assert!(!resolved.diagnostics.iter().any(Diagnostic::is_error));
    let graph = graph(&resolved.world, &View::default(), &Numbers::default()).expect("drawn");
    let labels: Vec<_> =
        graph.nodes.iter().map(|n| (n.label.as_str(), n.detail.as_str())).collect();
    assert_eq!(labels.len(), 6);
    assert_eq!(labels[0], ("corp.area0.*", "10 services"));
}

#[test]
fn every_form_holds_every_box_and_is_the_same_each_time() {
    for view in
        [View::default(), focus("Checkout"), View { level: Level::Member, ..View::default() }]
    {
        let graph = drawn(&view);
        let picture = svg(&graph).expect("it is small");
        let forms = [picture, mermaid(&graph), dot(&graph), graph.to_json()];
        for form in &forms {
            let missing = graph.nodes.iter().find(|n| !form.contains(&n.label));
            assert!(missing.is_none(), "{missing:?}\n{form}");
        }
        let again = drawn(&view);
        assert_eq!(forms[0], svg(&again).expect("it is small"));
    }
}

#[test]
fn odd_texts_stay_texts() {
    let graph = Graph {
        title: "<a> & \"b\"".into(),
        clusters: vec![Cluster { label: "c[\"1\"]".into() }],
        nodes: vec![Node {
            id: "x".into(),
            kind: NodeKind::Service,
            label: "end\"#<b>\u{1}".into(),
            detail: "line\nline".into(),
            cluster: Some(0),
            external: true,
            focus: true,
        }],
        edges: Vec::new(),
    };
    let picture = svg(&graph).expect("it is small");
    assert!(picture.contains("end&quot;#&lt;b&gt; "), "{picture}");
    assert!(
        mermaid(&graph).contains("end#quot;#35;#lt;b#gt; <br/>line")
            || mermaid(&graph).contains("end#quot;#35;#lt;b#gt; ")
    );
    assert!(dot(&graph).contains("end\\\"#<b>"), "{}", dot(&graph));
}

fn any_graph() -> impl Strategy<Value = Graph> {
    const KINDS: [EdgeKind; 5] =
        [EdgeKind::Call, EdgeKind::Event, EdgeKind::Then, EdgeKind::Undo, EdgeKind::Flow];
    let nodes = proptest::collection::vec(proptest::option::of(0..4_usize), 1..18);
    nodes.prop_flat_map(|frames| {
        let count = frames.len();
        let edges =
            proptest::collection::vec((0..count, 0..count, 0..KINDS.len(), 0..3_usize), 0..40);
        edges.prop_map(move |edges| Graph {
            title: "any".into(),
            clusters: (0..4).map(|n| Cluster { label: format!("c{n}") }).collect(),
            nodes: frames
                .iter()
                .enumerate()
                .map(|(n, cluster)| Node {
                    id: n.to_string(),
                    kind: if n % 3 == 0 { NodeKind::Event } else { NodeKind::Service },
                    label: format!("node{n}"),
                    detail: String::new(),
                    cluster: *cluster,
                    external: false,
                    focus: false,
                })
                .collect(),
            edges: edges
                .into_iter()
                .map(|(from, to, kind, lines)| Edge {
                    from,
                    to,
                    kind: KINDS[kind],
                    label: vec!["words".to_owned(); lines],
                    members: Vec::new(),
                    numbers: CallNumbers::default(),
                })
                .collect(),
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_map_every_box_has_its_own_place_and_every_arrow_its_ends(graph in any_graph()) {
        let picture = svg(&graph).expect("it is small");
        prop_assert_eq!(picture.matches("marker-end=").count() >= graph.edges.len(), true);
        prop_assert!(!picture.contains("NaN") && !picture.contains("inf"), "{}", picture);
        render::tests::apart(&graph)?;
    }
}
