//! The program, as someone runs it.

use std::process::{Command, Output};

fn boutique(args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_boutique"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SVCKIT_") {
            program.env_remove(name);
        }
    }
    program.args(args).output().expect("cargo has built the program")
}

fn said(ran: &Output) -> String {
    String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr)
}

#[test]
fn a_day_ends_well_and_can_be_repeated() {
    let day = |seed| boutique(&["--visits", "40", "--seed", seed]);
    let sums = |ran: &Output| {
        let said = said(ran);
        assert_eq!(ran.status.code(), Some(0), "{said}");
        said.split_once("\nbought").expect("the reckoning begins with what was bought").1.to_owned()
    };
    let (today, again, other) = (sums(&day("7")), sums(&day("7")), sums(&day("8")));
    let without_progress = |text: &str| text.split("visits").next().map(str::to_owned);
    assert_eq!(without_progress(&today), without_progress(&again));
    assert_ne!(today, other);
    for part in ["charged", "shipped", "refused", "ExpiredCard", "The books balance."] {
        assert!(today.contains(part), "{part} is missing:\n{today}");
    }
}

#[test]
fn what_is_not_understood_is_told_with_the_usage() {
    for args in [&["buy"][..], &["serve", "bank"], &["--visits", "none"]] {
        let ran = boutique(args);
        assert_eq!(ran.status.code(), Some(2), "{}", said(&ran));
        assert!(said(&ran).contains("Usage:"), "{}", said(&ran));
    }
}

#[test]
fn a_shop_that_is_not_there_can_not_be_driven() {
    let ran = boutique(&["drive", "--at", "http://127.0.0.1:1", "--visits", "9"]);
    assert_eq!(ran.status.code(), Some(2), "{}", said(&ran));
    assert!(said(&ran).contains("unavailable"), "{}", said(&ran));
}
