//! Whether what is wrong would be seen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use svckit::Code;
use svckit_outage::act::{Act, Harm, Part, Phase};
use svckit_outage::judge::{Judged, Line, Report};
use svckit_outage::load::{Lane, Sample};
use svckit_outage::machine::{Taken, Window};
use svckit_outage::run::contracts;
use svckit_outage::slo::{Slo, promised};
use svckit_outage::{plot, table};

const SLO: Slo = Slo { availability: 99.9, p99: Duration::from_millis(300) };

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A call each ten milliseconds for nine seconds, that took and ended as is told.
fn samples(of: impl Fn(u64) -> (u64, Option<Code>)) -> Vec<Sample> {
    let sample = |n: u64| {
        let (took, code) = of(n);
        Sample { at: ms(10 * n), took: ms(took), code }
    };
    (0..900).map(sample).collect()
}

/// Three seconds before, three of harm, three after.
fn act(take: u32) -> Act {
    let phase = |part, from| Phase { part, from: ms(from), to: ms(from + 3_000) };
    let phases = [phase(Part::Before, 0), phase(Part::During, 3_000), phase(Part::After, 6_000)];
    Act { hurt: "a", harm: Harm::Killed, take, phases }
}

/// What was seen of the one that is hurt, of another, and of this machine's time.
struct Seen {
    hurt: Vec<Sample>,
    other: Vec<Sample>,
    busy: Vec<u32>,
}

/// What is said of it, and the tables.
struct Said {
    judged: Judged,
    table: String,
}

impl Said {
    /// The one promise that was not kept.
    #[track_caller]
    fn broken(&self) -> &str {
        match &self.judged {
            Judged::Broken(broken) if broken.len() == 1 => &broken[0],
            other => panic!("{other:?}"),
        }
    }
}

fn judged(seen: Seen) -> Said {
    let lane = |operation, at| {
        Arc::new(Lane::new(operation, at, "gRPC", 100.0, || Box::pin(async { Ok(()) })))
    };
    let lanes = [lane("a.v1.A.Get", "a"), lane("b.v1.B.Get", "b")];
    let slos: BTreeMap<_, _> =
        ["a.v1.A.Get", "b.v1.B.Get"].map(|name| (name.to_owned(), SLO)).into();
    let samples = [seen.hurt, seen.other];
    let window = |n: u32| {
        let others = Some(if seen.busy.contains(&n) { 0.5 } else { 0.0 });
        Window { from: ms(500) * n, late: ms(40), waited: ms(0), others }
    };
    let windows: Vec<_> = (0..18).map(window).collect();
    let acts = [act(0)];
    let report = Report {
        lanes: &lanes,
        samples: &samples,
        acts: &acts,
        slos: &slos,
        windows: &windows,
        taken: Taken::of(&windows),
    };
    assert!(plot::svg(&report).ends_with("</svg>\n"));
    assert_eq!(report.judged(), report.judge(&acts[0]));
    Said { judged: report.judged(), table: table::acts(&report) + &table::glance(&report) }
}

fn well() -> Vec<Sample> {
    samples(|_| (5, None))
}

fn killed() -> Vec<Sample> {
    samples(|n| (5, (300..600).contains(&n).then_some(Code::Unavailable)))
}

/// The hurt one as it should be, and another.
fn beside(other: Vec<Sample>) -> Said {
    judged(Seen { hurt: killed(), other, busy: vec![] })
}

/// So many calls of each from `first` on that take 301 ms.
fn slow(first: u64, count: u64) -> Vec<Sample> {
    samples(move |n| (if (first..first + count).contains(&n) { 301 } else { 5 }, None))
}

#[test]
fn harm_that_stays_where_it_is_is_no_fault() {
    let Said { judged, table } = beside(well());
    assert_eq!(judged, Judged::Kept);
    assert!(table.contains("a killed: kept") && table.contains("Get (a, gRPC)"), "{table}");
    assert!(table.contains("0 of 300") && table.contains("300 unavailable"), "{table}");
    assert!(table.contains("99.9 % within 300 ms: kept") && table.contains("(hurt)"), "{table}");
    assert!(!table.contains("BROKEN") && table.contains("p99 while"), "{table}");
}

#[test]
fn an_error_too_many_elsewhere_is_one() {
    let said = beside(samples(|n| (5, (n == 450).then_some(Code::Internal))));
    let broken = said.broken();
    let expected = "a killed: Get (b, gRPC): during it 99.67 % of 300 were answered";
    assert!(broken.starts_with(expected) && broken.ends_with("1 internal"), "{broken}");
    assert!(said.table.contains("BROKEN") && said.table.contains(" !"), "{}", said.table);
}

#[test]
fn so_are_four_calls_of_three_hundred_that_took_too_long() {
    assert_eq!(beside(slow(450, 3)).judged, Judged::Kept);
    let said = beside(slow(450, 4));
    assert!(said.broken().contains("p99 301.0 ms (promised: 99.9 % within 300 ms)"));
}

#[test]
fn and_what_is_wrong_before_and_after_the_harm() {
    for (first, part) in [(100, "before it"), (700, "after it")] {
        let said = beside(slow(first, 4));
        assert!(said.broken().contains(part), "{}", said.broken());
    }
    let ill = samples(|n| (5, (n == 10 || (300..600).contains(&n)).then_some(Code::Internal)));
    let said = judged(Seen { hurt: ill, other: well(), busy: vec![] });
    assert!(said.broken().contains("Get (a, gRPC): before it"), "{}", said.broken());
}

#[test]
fn what_the_harm_finds_under_way_is_hurt_too() {
    for (from, kept) in [(271, true), (269, false)] {
        let ill = samples(|n| (5, (from..600).contains(&n).then_some(Code::Unavailable)));
        let said = judged(Seen { hurt: ill, other: well(), busy: vec![] });
        assert_eq!(said.judged == Judged::Kept, kept, "{:?}", said.judged);
    }
    // Of another service nothing is.
    assert!(matches!(beside(slow(280, 20)).judged, Judged::Broken(_)));
}

#[test]
fn a_busy_machine_takes_nothing_from_what_was_kept() {
    let busy = (0..18).collect();
    assert_eq!(judged(Seen { hurt: killed(), other: well(), busy }).judged, Judged::Kept);
}

#[test]
fn what_was_slow_while_others_had_the_machine_can_not_be_told() {
    // Windows 9 and 10 are the time from 4.5 to 5.5 s. A call that began before and ended in them was disturbed too.
    let busy = |first, count| {
        judged(Seen { hurt: killed(), other: slow(first, count), busy: vec![9, 10] }).judged
    };
    for (first, count, broken) in [
        (450, 90, false),
        (440, 90, false),
        // Of the two hundred others two may be slow.
        (460, 92, false),
        (460, 93, true),
        (410, 4, true),
    ] {
        match busy(first, count) {
            Judged::Unsure(said) => assert!(!broken && said.len() == 1, "{first} {count} {said:?}"),
            Judged::Broken(said) => assert!(broken && said.len() == 1, "{first} {count} {said:?}"),
            Judged::Kept => panic!("{first} {count}"),
        }
    }
}

#[test]
fn nor_can_what_failed_in_that_time_for_want_of_it() {
    for (code, n, broken) in [
        (Code::Unavailable, 470, false),
        (Code::DeadlineExceeded, 470, false),
        (Code::Internal, 470, true),
        (Code::DataLoss, 470, true),
        (Code::Unavailable, 400, true),
    ] {
        let other = samples(|at| (5, (at == n).then_some(code)));
        let said = judged(Seen { hurt: killed(), other, busy: vec![9, 10] });
        assert_eq!(matches!(said.judged, Judged::Broken(_)), broken, "{code:?} {:?}", said.judged);
        assert!(said.judged != Judged::Kept);
    }
}

#[test]
fn a_harm_is_judged_by_the_take_that_could_be_but_what_was_broken_stays_so() {
    let lane = Arc::new(Lane::new("a.v1.A.Get", "b", "gRPC", 100.0, || Box::pin(async { Ok(()) })));
    let again = Act { phases: act(1).phases.map(|phase| later(phase, ms(9_000))), ..act(1) };
    let slos = [("a.v1.A.Get".to_owned(), SLO)].into();
    let judged = |acts: &[Act], busy: bool| {
        let others = Some(if busy { 0.9 } else { 0.0 });
        let window = |n| Window { from: ms(500) * n, late: ms(40), waited: ms(0), others };
        let windows: Vec<_> = (0..18).map(window).collect();
        let report = Report {
            lanes: std::slice::from_ref(&lane),
            samples: &[slow(20, 4)],
            acts,
            slos: &slos,
            windows: &windows,
            taken: Taken::of(&windows),
        };
        report.judged()
    };
    assert!(matches!(judged(&[act(0)], true), Judged::Unsure(_)));
    assert_eq!(judged(&[act(0), again], true), Judged::Kept);
    assert!(matches!(judged(&[act(0), again], false), Judged::Broken(_)));
}

fn later(phase: Phase, by: Duration) -> Phase {
    Phase { from: phase.from + by, to: phase.to + by, ..phase }
}

#[test]
fn harm_that_does_none_shows_nothing() {
    for busy in [vec![], (0..18).collect()] {
        let said = judged(Seen { hurt: well(), other: well(), busy });
        assert_eq!(said.broken(), "a killed: Get (a, gRPC) was to be hurt, and was not");
    }
}

#[test]
fn who_does_not_get_well_is_told() {
    let ill = || samples(|n| (5, (n >= 300).then_some(Code::Unavailable)));
    let said = judged(Seen { hurt: ill(), other: well(), busy: vec![9] });
    assert_eq!(said.broken(), "a killed: Get (a, gRPC) did not get well");
    let said = judged(Seen { hurt: ill(), other: well(), busy: vec![17] });
    assert!(matches!(said.judged, Judged::Unsure(_)));
}

#[test]
fn nobody_is_all_well_and_a_percentile_is_one_of_the_values() {
    let none = Line::of(&[], ms(0), ms(10));
    assert!(none.keeps(SLO) && none.offered == 0);
    let line = Line::of(&samples(|n| (n, None)), ms(0), ms(1_000));
    assert_eq!((line.p50, line.p99, line.good), (ms(49), ms(98), 100));
}

#[test]
fn promises_are_read_from_the_contracts() {
    let promised = promised(&contracts()).expect("the shop's contracts are well");
    assert_eq!(promised["shop.orders.v1.Orders.PlaceOrder"], SLO);
    assert_eq!(promised["shop.inventory.v1.Inventory.StockLevel"].p99, ms(150));
    assert!(!promised.contains_key("shop.orders.v1.Orders.ListOrders"), "it promises nothing");
}
