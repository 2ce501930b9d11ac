use super::*;

fn after(line: &str, now: &str) -> String {
    Cron::parse(line).unwrap().after(now.parse().unwrap()).unwrap().to_string()
}

#[test]
fn the_next_time_is_found() {
    for (line, now, next) in [
        ("0 3 * * *", "2027-03-01T02:59:59Z", "2027-03-01T03:00:00Z"),
        ("0 3 * * *", "2027-03-01T03:00:00Z", "2027-03-02T03:00:00Z"),
        ("*/15 * * * *", "2027-12-31T23:45:00Z", "2028-01-01T00:00:00Z"),
        ("5-10/5 8,20 * * *", "2027-03-01T08:05:30Z", "2027-03-01T08:10:00Z"),
        ("0 0 29 2 *", "2027-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 12 * * 1-5", "2027-03-05T12:00:00Z", "2027-03-08T12:00:00Z"),
        ("0 0 * * 7", "2027-03-01T00:00:00Z", "2027-03-07T00:00:00Z"),
        ("0 0 13 * 5", "2027-03-01T00:00:00Z", "2027-03-05T00:00:00Z"),
    ] {
        assert_eq!(after(line, now), next, "{line}");
    }
}

#[test]
fn a_day_that_never_comes_is_none() {
    assert_eq!(Cron::parse("0 0 31 2 *").unwrap().after(Timestamp::UNIX_EPOCH), None);
    assert_eq!(Cron::parse("0 0 * * *").unwrap().after(Timestamp::MAX), None);
}

#[test]
fn what_is_no_cron_line_is_told() {
    for line in [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        "+1 * * * *",
        "a * * * *",
        "1,, * * * *",
    ] {
        assert!(Cron::parse(line).is_err(), "{line}");
    }
}
