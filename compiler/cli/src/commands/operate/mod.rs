//! Commands for what runs: dead letters, outboxes, replays, and how it does.

mod as_test;
pub(crate) mod dlq;
pub(crate) mod outbox;
pub(crate) mod replay;
pub(crate) mod top;

use std::path::PathBuf;
use std::time::Duration;

use svckit_driver::Failure;
use svckit_operate::Desk;

use crate::args::DataArgs;

/// The desk of the deployment that the command line names.
fn desk(args: &DataArgs) -> Result<Desk, Failure> {
    let directory = args.data.clone().unwrap_or_else(|| PathBuf::from("svckit-data"));
    Desk::open(&directory).map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn failed(error: svckit_operate::Error) -> Failure {
    Failure::new(error.message().to_owned())
}

/// `850 ms`, `12 s`, `3 min`, `5 h`, `2 d`
fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Lines of columns, each as wide as its widest; the first line is the head.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let long = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |c| c.chars().count());
    let width = |column: usize| rows.iter().map(|row| long(row, column)).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
