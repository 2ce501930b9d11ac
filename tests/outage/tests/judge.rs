//! Whether what is wrong would be seen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use svckit::Code;
use svckit_outage::load::{Lane, Sample};
use svckit_outage::plot;
use svckit_outage::report::{Line, Phase, Report};
use svckit_outage::run::contracts;
use svckit_outage::slo::{Slo, promised};

const SLO: Slo = Slo { availability: 99.9, p99: Duration::from_millis(300) };

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A call each ten milliseconds for three seconds, that took and ended as is told.
fn samples(of: impl Fn(u64) -> (u64, Option<Code>)) -> Vec<Sample> {
    let sample = |n: u64| {
        let (took, code) = of(n);
        Sample { at: ms(10 * n), took: ms(took), late: ms(1), code }
    };
    (0..300).map(sample).collect()
}

/// A second before, one of harm, one after.
fn phases() -> Vec<Phase> {
    let phase = |name, hurt, from| Phase { name, hurt, from: ms(from), to: ms(from + 1_000) };
    vec![phase("before", false, 0), phase("killed", true, 1_000), phase("after", false, 2_000)]
}

/// What is said of the one that is hurt, and of another, which did not keep its promise.
fn judged(hurt: Vec<Sample>, other: Vec<Sample>) -> (Vec<String>, Vec<String>) {
    let lane = |operation, at| {
        Arc::new(Lane::new(operation, at, "gRPC", 100.0, || Box::pin(async { Ok(()) })))
    };
    let lanes = [lane("a.v1.A.Get", "a"), lane("b.v1.B.Get", "b")];
    let slos: BTreeMap<_, _> =
        ["a.v1.A.Get", "b.v1.B.Get"].map(|name| (name.to_owned(), SLO)).into();
    let (samples, phases) = ([hurt, other], phases());
    let report =
        Report { lanes: &lanes, samples: &samples, phases: &phases, slos: &slos, hurt: "a" };
    assert!(plot::svg(&report).ends_with("</svg>\n") && report.table().lines().count() == 7);
    let broken = report.broken().into_iter().map(|miss| miss.what).collect();
    (report.unhurt(), broken)
}

fn well() -> Vec<Sample> {
    samples(|_| (5, None))
}

fn killed() -> Vec<Sample> {
    samples(|n| (5, (100..200).contains(&n).then_some(Code::Unavailable)))
}

#[test]
fn harm_that_stays_where_it_is_is_no_fault() {
    assert_eq!(judged(killed(), well()), (vec![], vec![]));
}

#[test]
fn an_error_too_many_elsewhere_is_one() {
    let (_, broken) = judged(killed(), samples(|n| (5, (n == 150).then_some(Code::Internal))));
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].starts_with("Get (b, gRPC), killed: 99.00 % of 100 answered"), "{broken:?}");
}

#[test]
fn so_are_two_calls_of_a_hundred_that_took_too_long() {
    let slow =
        |late: &'static [u64]| samples(move |n| (if late.contains(&n) { 301 } else { 5 }, None));
    assert_eq!(judged(killed(), slow(&[150])).1, Vec::<String>::new());
    let (_, broken) = judged(killed(), slow(&[150, 160]));
    assert!(
        broken.len() == 1 && broken[0].contains("p99 301.0ms (promised: 300.0ms)"),
        "{broken:?}"
    );
}

#[test]
fn harm_that_does_none_shows_nothing() {
    let (unhurt, _) = judged(well(), well());
    assert_eq!(unhurt, ["Get (a, gRPC), killed: it was to be hurt, and was not"]);
}

#[test]
fn who_does_not_get_well_is_told() {
    let ill = samples(|n| (5, (n >= 100).then_some(Code::Unavailable)));
    let (unhurt, _) = judged(ill, well());
    assert_eq!(unhurt, ["Get (a, gRPC): it did not get well after it was killed"]);
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
