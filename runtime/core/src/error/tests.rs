use std::time::Duration;

use bytes::Bytes;

use super::*;

#[test]
fn codes_are_grpc_s() {
    let numbers: Vec<_> = Code::all().map(Code::number).collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
    for code in Code::all() {
        assert_eq!(Code::from_number(code.number()), code);
    }
    for unknown in [0, 17, -1, i32::MIN, i32::MAX] {
        assert_eq!(Code::from_number(unknown), Code::Unknown);
    }
    assert_eq!(Code::FailedPrecondition.to_string(), "failed_precondition");
}

#[test]
fn sets_of_codes() {
    const SET: Codes = Codes::of(&[Code::Cancelled, Code::Unauthenticated]);
    let held: Vec<_> = Code::all().filter(|code| SET.contains(*code)).collect();
    assert_eq!(held, [Code::Cancelled, Code::Unauthenticated]);
    assert!(Code::all().all(|code| !Codes::NONE.contains(code)));
}

fn violation(path: &str) -> Violation {
    Violation {
        path: path.to_owned(),
        rule: "len 1..=8".to_owned(),
        message: "is too long".to_owned(),
    }
}

#[test]
fn everything_travels() {
    let reason = Reason {
        reason: "STALE".to_owned(),
        domain: "shop".to_owned(),
        metadata: [("a".to_owned(), "b".to_owned())].into(),
    };
    let error = Error::violations_of(vec![violation("a"), violation("b.c")])
        .with_retry_after(Duration::new(3, 500))
        .with_reason(reason.clone());
    let back = Error::from_status(error.code(), error.message(), error.status_details());
    assert_eq!(back.violations(), error.violations());
    assert_eq!((back.retry_after(), back.reason()), (Some(Duration::new(3, 500)), Some(&reason)));
    assert_eq!(back.message(), "invalid request: `a` is too long, `b.c` is too long");
}

#[test]
fn many_violations_make_a_short_message() {
    let error = Error::violations_of((0..90).map(|n| violation(&n.to_string())).collect());
    assert!(error.message().ends_with(", and 87 more"), "{error}");
    assert_eq!(error.violations().len(), 90);
}

#[test]
fn details_that_cannot_be_read_are_left_out() {
    for bytes in [&b"\xff\xff\xff"[..], b"", b"\x1a\x02\x0a\x05", b"\x0a\x00\x1a\x00"] {
        let error = Error::from_status(Code::Aborted, "m", Some(Bytes::copy_from_slice(bytes)));
        assert_eq!((error.code(), error.message()), (Code::Aborted, "m"));
        assert!(error.violations().is_empty() && error.retry_after().is_none());
    }
}

#[test]
fn a_plain_error_has_no_details() {
    assert_eq!(Error::not_found("no such order").status_details(), None);
}

#[test]
fn debug_and_display_show_no_payload() {
    let source = std::io::Error::other("the disk");
    let error = Error::internal("broken").with_source(source);
    assert_eq!(error.to_string(), "internal: broken");
    assert!(format!("{error:?}").contains("the disk"));
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn what_a_callee_says_is_not_said_as_if_we_had() {
    let error = Error::violations_of(vec![violation("sku")]).with_unreached().from_callee();
    assert_eq!(
        (error.code(), error.violations().len(), error.unreached()),
        (Code::Internal, 0, false)
    );
    let error = Error::unavailable("down").with_retried_below().from_callee();
    assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true));
}

#[test]
fn whatever_is_added_to_a_fixed_message_it_stays() {
    let fixed = || Error::fixed(Code::Unavailable, "the breaker is open");
    let reason = Reason { reason: "R".into(), domain: "d".into(), metadata: BTreeMap::new() };
    let marked = fixed()
        .with_refused(Refused::Breaker)
        .with_unreached()
        .with_retried_below()
        .with_no_retry()
        .with_retry_after(Duration::from_nanos(7));
    let rich = marked
        .clone()
        .with_source("a cause")
        .with_domain("a.B", Bytes::from_static(b"x"))
        .with_violations(vec![violation("a")])
        .with_reason(reason.clone());
    for error in [&marked, &rich] {
        assert_eq!(error.to_string(), "unavailable: the breaker is open");
        assert_eq!(error.refused(), Some(Refused::Breaker));
        assert!(error.unreached() && error.retried_below() && error.no_retry());
        assert_eq!(error.retry_after(), Some(Duration::from_nanos(7)));
    }
    assert_eq!((marked.reason(), marked.domain_name()), (None, None));
    assert!(marked.violations().is_empty() && std::error::Error::source(&marked).is_none());
    assert_eq!((rich.reason(), rich.domain_name()), (Some(&reason), Some("a.B")));
    assert_eq!((rich.violations().len(), rich.domain_bytes().unwrap().as_ref()), (1, &b"x"[..]));
    assert!(std::error::Error::source(&rich).is_some());
    assert_eq!(fixed().context("asked").message(), "asked: the breaker is open");
}

#[test]
fn times_to_wait_are_exact_and_never_none() {
    for after in [Duration::ZERO, Duration::new(3, 500), Duration::from_secs(18_000_000_000)] {
        assert_eq!(Error::unavailable("").with_retry_after(after).retry_after(), Some(after));
    }
    let forever = Error::unavailable("").with_retry_after(Duration::MAX).retry_after().unwrap();
    assert!(forever > Duration::from_secs(500 * 365 * 24 * 3_600), "{forever:?}");
}

/// Every result of a call is at least as large as its error.
#[test]
fn an_error_is_small() {
    assert!(size_of::<Error>() <= 32, "{}", size_of::<Error>());
}
