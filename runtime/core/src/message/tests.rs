use super::priority::{clamped, rank};
use super::{Emit, Emits};
use crate::wire::OpenEnum;

/// `A, B | C, D | nothing, E*`, and with the error `x.v1.Late` `F*`.
const EMITS: Emits = Emits {
    success: &[
        Emit::one(&["A"]),
        Emit::one(&["B", "C"]),
        Emit::one(&["D"]).or_nothing(),
        Emit::one(&["E"]).many(),
    ],
    failures: &[("x.v1.Late", &[Emit::one(&["F"]).many()])],
};

fn judged(failure: Option<&str>, emitted: &str) -> Result<(), String> {
    EMITS.judge(failure, emitted.split_whitespace())
}

#[test]
fn what_the_contract_says_is_good_in_any_order() {
    for emitted in ["A B", "C A", "A B D", "E E E A C D E"] {
        assert_eq!(judged(None, emitted), Ok(()), "{emitted}");
    }
    for emitted in ["", "F", "F F"] {
        assert_eq!(judged(Some("x.v1.Late"), emitted), Ok(()), "{emitted}");
    }
    assert_eq!(judged(Some("x.v1.Other"), ""), Ok(()));
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    let once = |what: &str| format!("{what} was to be emitted once, and was emitted not at all");
    let most = |what: &str| format!("{what} may be emitted once at most, and was emitted 2 times");
    let undeclared =
        |what: &str| format!("{what} was emitted, which is not declared for this outcome");
    for (failure, emitted, wrong) in [
        (None, "B", once("A")),
        (None, "A", once("B or C")),
        (None, "A A B", most("A")),
        (None, "A B C", most("B or C")),
        (None, "A B D D", most("D")),
        (None, "A B F", undeclared("F")),
        (None, "A B G", undeclared("G")),
        (Some("x.v1.Late"), "A", undeclared("A")),
        (Some("x.v1.Other"), "F", undeclared("F")),
    ] {
        assert_eq!(judged(failure, emitted), Err(wrong), "{failure:?} {emitted}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Of<const N: usize>(i32);

macro_rules! of {
    ($($n:literal: $values:expr),*) => {$(
        impl OpenEnum for Of<$n> {
            const VALUES: &'static [(i32, &'static str)] = &$values;

            fn number(self) -> i32 {
                self.0
            }

            fn from_number(number: i32) -> Self {
                Self(number)
            }
        }
    )*};
}

of!(
    1: [(4, "a")],
    2: [(9, "b"), (1, "a")],
    3: [(1, "a"), (5, "b"), (900, "c")],
    9: [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"), (6, "f"), (7, "g"), (8, "h"), (9, "i")]
);

#[test]
fn the_values_of_an_enum_are_spread_over_all_priorities_by_their_numbers() {
    assert_eq!(rank(Of::<1>(4)), 0);
    assert_eq!([1, 9].map(|number| rank(Of::<2>(number))), [0, 7]);
    assert_eq!([1, 5, 900].map(|number| rank(Of::<3>(number))), [0, 3, 7]);
    let nine = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|number| rank(Of::<9>(number)));
    assert_eq!(nine, [0, 0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(rank(Of::<3>(4)), 0, "a value that is not known here");
}

#[test]
fn a_number_is_its_own_priority_within_bounds() {
    assert_eq!([-5, 0, 3, 7, 8, i64::MAX].map(clamped), [0, 0, 3, 7, 7, 7]);
    assert_eq!(clamped(u64::MAX), 7);
}
