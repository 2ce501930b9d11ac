use svckit_diagnostics::{Diagnostic, FileId};

use super::{Resolved, Source, resolve};
use crate::world::*;

fn world(files: &[&str]) -> Resolved {
    let parsed: Vec<_> =
        files.iter().zip(0..).map(|(text, id)| svckit_syntax::parse(FileId(id), text)).collect();
    for file in &parsed {
        assert!(!file.diagnostics.iter().any(Diagnostic::is_error), "{:#?}", file.diagnostics);
    }
    let sources: Vec<_> =
        parsed.iter().map(|p| Source { file: &p.file, external: false }).collect();
    resolve(&sources)
}

/// The world of one good file.
#[track_caller]
fn good(text: &str) -> World {
    let resolved = world(&[&format!("package a.b.v1\n{text}")]);
    assert_eq!(resolved.diagnostics, vec![], "{text}");
    resolved.world
}

fn record<'w>(world: &'w World, name: &str) -> &'w Record {
    world.records.iter().find(|(_, r)| r.info.name == name).map(|(_, r)| r).unwrap()
}

fn operation<'w>(world: &'w World, name: &str) -> &'w Operation {
    world.operations.iter().find(|(_, o)| o.info.name == name).map(|(_, o)| o).unwrap()
}

fn policy<'w>(world: &'w World, name: &str) -> &'w PolicyNumbers {
    world.policies.iter().find(|(_, p)| p.info.name == name).map(|(_, p)| &p.numbers).unwrap()
}

#[test]
fn nothing_gives_standard_alone() {
    let resolved = resolve(&[]);
    assert_eq!(resolved.diagnostics, vec![]);
    assert_eq!(resolved.world.policies.len(), 1);
    assert_eq!(resolved.world.local_packages().count(), 0);
}

#[test]
fn what_a_policy_leaves_out_is_inherited_also_within_a_block() {
    let world = good(
        "policy Fast { timeout { attempt 100ms  total 300ms }  breaker { window 5s } }\n\
         policy Slow extends Fast { timeout { total 1h }  breaker none because \"x\" }\n\
         policy Back extends Slow { breaker { half_open 1 } }",
    );
    let Block::On(timeout) = &policy(&world, "Slow").timeout else { panic!("no timeout") };
    assert_eq!((timeout.attempt, timeout.total), (Some(100_000_000), Some(3_600_000_000_000)));
    assert_eq!(timeout.connect, 100_000_000, "connecting is part of an attempt");
    assert_eq!(policy(&world, "Slow").breaker, Block::Off("x".to_owned()));
    let Block::On(back) = &policy(&world, "Back").breaker else { panic!("no breaker") };
    assert_eq!((back.window, back.half_open), (10_000_000_000, 1), "put back as in standard");
    let Block::On(fast) = &policy(&world, "Fast").breaker else { panic!("no breaker") };
    assert_eq!((fast.window, fast.min_calls), (5_000_000_000, 20));
}

#[test]
fn every_number_of_a_policy_is_read() {
    const MS: u64 = 1_000_000;
    const S: u64 = 1_000 * MS;
    let world = good(
        "policy P {\n  timeout { connect 200ms  attempt 800ms  total 2s }\n  \
         retry { attempts 4  backoff linear 40ms..1s jitter equal  budget 25% min 9/s  on unknown, aborted  even_if_retried }\n  \
         breaker { window 11s  failure_rate 40%  slow_call 600ms 70%  min_calls 21  open 6s..50s  half_open 2 }\n  \
         bulkhead { concurrent 64  queue 12 }\n  limit { rate 120/m  burst 100  per caller }\n  \
         hedge { after p99.9  at_most 2 }\n  outlier { eject 15% }\n}",
    );
    let wanted = PolicyNumbers {
        timeout: Block::On(Timeout {
            connect: 200 * MS,
            attempt: Some(800 * MS),
            total: Some(2 * S),
        }),
        retry: Block::On(Retry {
            attempts: 4,
            backoff: Backoff::Linear,
            base: 40 * MS,
            cap: S,
            jitter: Jitter::Equal,
            budget: 25.0,
            budget_min: 9.0,
            on: vec![StatusCode::Unknown, StatusCode::Aborted],
            even_if_retried: true,
        }),
        breaker: Block::On(Breaker {
            window: 11 * S,
            failure_rate: 40.0,
            slow_call: 600 * MS,
            slow_rate: 70.0,
            min_calls: 21,
            open_min: 6 * S,
            open_max: 50 * S,
            half_open: 2,
        }),
        bulkhead: Block::On(Bulkhead { concurrent: 64, queue: 12 }),
        limit: Block::On(Limit { rate: 2.0, burst: 100, per: LimitPer::Caller }),
        hedge: Block::On(Hedge { after: HedgeAfter::Percentile(99.9), at_most: 2 }),
        outlier: Block::On(15.0),
    };
    assert_eq!(policy(&world, "P"), &wanted);
}

#[test]
fn a_scalar_over_a_scalar_keeps_to_both() {
    let world = good(
        "scalar Name = string where len 3..=32, pattern \"^a\"\nscalar Long = Name where len 10..=99",
    );
    let long = world.scalars.iter().find(|(_, s)| s.info.name == "Long").map(|(_, s)| s).unwrap();
    assert_eq!(long.constraints.len, Some(Bounds { min: Some(10), max: Some(32) }));
    assert_eq!(long.constraints.pattern.as_deref(), Some("^a"));
}

#[test]
fn only_what_closes_a_cycle_is_boxed() {
    let world = good(
        "record Node { next @1: Node?  all @2: list<Node>  leaf @3: Leaf }\nrecord Leaf { n @1: i64 }\n\
         record A { b @1: B? }\nrecord B { a @1: A }",
    );
    let boxed = |name| record(&world, name).fields.iter().map(|f| f.boxed).collect::<Vec<_>>();
    assert_eq!(boxed("Node"), [true, false, false]);
    assert_eq!((boxed("A"), boxed("B")), (vec![false], vec![true]));
}

#[test]
fn requests_and_answers_have_their_shapes() {
    let world = good(
        "record Order { id @1: uuid }\nservice S {\n  command A(Order) -> Order?\n  query B(uuid) -> page<Order>\n  \
         query C() -> stream uuid\n  command D(id @1: uuid  body @2: stream bytes)  idempotent natural\n  \
         command E(stream Order)  idempotent none because \"x\"\n  command F(id @1: uuid)  queue { attempts 2 }\n}",
    );
    assert!(matches!(operation(&world, "A").request, Request::Record(_)));
    assert!(matches!(operation(&world, "A").response, Response::Optional(Type::Record(_))));
    assert_eq!(operation(&world, "B").request, Request::Value(Type::Builtin(Builtin::Uuid)));
    assert!(matches!(operation(&world, "B").response, Response::Page(_)));
    assert_eq!(operation(&world, "C").request, Request::Empty);
    assert!(operation(&world, "C").streams_out());
    assert!(operation(&world, "D").streams_in(&world));
    assert!(matches!(operation(&world, "E").request, Request::Stream(_)));
    assert_eq!(operation(&world, "F").response, Response::Queued);
    assert_eq!(operation(&world, "B").idempotency, Idempotency::Natural);
    assert_eq!(operation(&world, "A").idempotency, Idempotency::ByCaller);
}

#[test]
fn settings_of_a_service_hold_where_a_member_says_nothing() {
    let world = good(
        "policy P { timeout { total 9s } }\npolicy Q { timeout { total 8s } }\n\
         service T { query X() -> u32 }\nservice S {\n  policy P\n  calls T.X\n  command A()\n  \
         command B()  policy Q  calls T.X x3 optional\n  event E { id @1: uuid }\n  on E do H\n}",
    );
    let name = |o: &Operation| world.policies[o.policy].info.name.clone();
    let (a, b) = (operation(&world, "A"), operation(&world, "B"));
    assert_eq!((name(a), name(b)), ("P".to_owned(), "Q".to_owned()));
    assert_eq!((a.calls[0].times, b.calls[0].times, b.calls[0].optional), (1, 3, true));
    let (_, handler) = world.subscriptions.iter().next().unwrap();
    assert_eq!((handler.calls.len(), handler.info.name.as_str()), (1, "H"));
}

#[test]
fn versions_of_an_event_stand_side_by_side() {
    let world = good(
        "service S {\n  event E v1 { id @1: uuid }\n  event E v3 { id @1: uuid  n @2: u32 }  upcasts v1, v2\n  \
         event E v2 { id @1: uuid }\n  on E { n } do H\n}",
    );
    let newest: Vec<_> = world.events.iter().map(|(_, e)| (e.version, e.newest)).collect();
    assert_eq!(newest, [(1, false), (3, true), (2, false)]);
    let (_, handler) = world.subscriptions.iter().next().unwrap();
    assert_eq!(world.events[handler.event].version, 3);
    assert_eq!(handler.reads, Some(vec![1]));
    let versions = world.event_versions(handler.event);
    assert_eq!(versions.iter().map(|e| world.events[*e].version).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(world.upcast_is_derived(versions[0], versions[2]));
}

#[test]
fn an_upcast_is_derived_only_where_fields_were_added_that_may_be_absent() {
    let world = good(
        "service S {\n  event A v1 { id @1: uuid }\n  event A v2 { id @1: uuid  at @2: timestamp }  upcasts v1\n  \
         event B v1 { id @1: uuid }\n  event B v2 { id @1: string }  upcasts v1\n  \
         event C v1 { id @1: uuid  cents @2: u32 }\n  event C v2 { id @1: uuid  amount @3: u32 }  upcasts v1\n  \
         event D v1 { id @1: uuid }\n  event D v2 { id @1: uuid  n @3: u32?  m @4: u32 = 7 }  upcasts v1\n}",
    );
    let version = |name: &str, v: u32| {
        world.events.iter().find(|(_, e)| e.info.name == name && e.version == v).unwrap().0
    };
    assert!(!world.upcast_is_derived(version("A", 1), version("A", 2)), "a time must be there");
    assert!(!world.upcast_is_derived(version("B", 1), version("B", 2)), "another type");
    assert!(!world.upcast_is_derived(version("C", 1), version("C", 2)), "an amount is no zero");
    assert!(world.upcast_is_derived(version("D", 1), version("D", 2)));
    let readable = |name| world.is_readable_as(version(name, 2), version(name, 1));
    assert_eq!(["A", "B", "C", "D"].map(readable), [true, false, false, true]);
}

#[test]
fn literals_become_typed_values() {
    let world = good(
        "enum E { x @1  y @5 }\nrecord R {\n  a @1: E = y\n  b @2: duration = 1500ms\n  c @3: bytes = \"aGk=\"\n  \
         d @4: decimal = 1.50\n  e @5: uuid = \"6F9619FF-8B86-D011-B42D-00CF4FC964FF\"\n  f @6: u64 = 4KiB\n  \
         g @7: timestamp = 2027-03-01\n}",
    );
    let defaults: Vec<_> =
        record(&world, "R").fields.iter().map(|f| f.default.clone().unwrap()).collect();
    assert!(matches!(defaults[0], Value::Enum(_, 1)));
    assert_eq!(defaults[1], Value::Duration(1_500_000_000));
    assert_eq!(defaults[2], Value::Bytes(b"hi".to_vec()));
    assert_eq!(defaults[3], Value::Decimal("1.50".to_owned()));
    assert_eq!(defaults[4], Value::Uuid("6f9619ff-8b86-d011-b42d-00cf4fc964ff".to_owned()));
    assert_eq!(defaults[5], Value::Int(4096));
    assert_eq!(defaults[6], Value::Timestamp("2027-03-01T00:00:00Z".to_owned()));
}

#[test]
fn broken_items_keep_their_names() {
    let parsed = svckit_syntax::parse(
        FileId(0),
        "package a.b.v1\nrecord Broken { id @ }\nrecord Good { b @1: Broken }\nservice S {\n  \
         command Bad(id @@1: uuid)\n  command Calls()  calls Bad\n}\n",
    );
    assert!(parsed.diagnostics.iter().any(Diagnostic::is_error));
    let resolved = resolve(&[Source { file: &parsed.file, external: false }]);
    assert_eq!(resolved.diagnostics, vec![], "no follow-ups");
}

#[test]
fn packages_of_other_workspaces_are_known_and_not_ours() {
    let theirs =
        svckit_syntax::parse(FileId(0), "package z.common.v1\nrecord Money { n @1: i64 }\n");
    let ours = svckit_syntax::parse(
        FileId(1),
        "package a.b.v1\nuse z.common.v1.{Money}\nrecord R { m @1: Money }\n",
    );
    let resolved = resolve(&[
        Source { file: &theirs.file, external: true },
        Source { file: &ours.file, external: false },
    ]);
    assert_eq!(resolved.diagnostics, vec![]);
    let local: Vec<_> = resolved.world.local_packages().map(|(_, p)| p.name.clone()).collect();
    assert_eq!(local, ["a.b.v1"]);
}

#[test]
fn the_short_name_of_the_own_package_needs_no_use() {
    good("record R { n @1: u32 }\nrecord T { r @1: b.R  s @2: a.b.v1.R }");
}

#[test]
fn codes_are_told_apart() {
    let mut ids: Vec<&str> = crate::codes::all().map(|c| c.id).collect();
    let mut slugs: Vec<&str> = crate::codes::all().map(|c| c.slug).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!((ids.len(), slugs.len()), (count, count));
}
