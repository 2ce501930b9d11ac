//! Drives the shop from outside: visitors who look, fill carts, and check out, over gRPC.

mod clients;
mod plan;
mod prices;
mod report;
mod visit;

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use futures_util::StreamExt as _;
use svckit::App;

use self::clients::Clients;
pub use self::plan::Trouble;
use self::prices::Prices;
pub use self::report::{Outcome, Report};
use crate::house::NAMES;

/// Visitors in the shop at once.
const AT_ONCE: usize = 8;

/// An app that finds every service of the shop at one URL.
#[must_use]
pub fn all_at(url: &str) -> App {
    NAMES.iter().fold(App::local(), |app, (_, service)| app.endpoint(*service, url))
}

/// Sends `visits` visitors to the shop that this app's configuration leads to; the same ones for the same seed.
///
/// # Errors
/// Where the shop can't be reached.
pub async fn drive(app: &App, visits: usize, seed: u64) -> svckit::Result<Report> {
    let clients = Clients::connect(app).await?;
    let prices = Arc::new(Prices::fetch(&clients).await?);
    let day = plan::day(visits, seed, &prices.products());
    let mut outcomes = futures_util::stream::iter(&day)
        .map(|visit| visit::visit(&clients, &prices, visit))
        .buffer_unordered(AT_ONCE);
    let mut report = Report::default();
    while let Some(outcome) = outcomes.next().await {
        report.add(outcome);
        progress(report.visits, visits);
    }
    Ok(report)
}

/// A line that counts on a terminal; elsewhere a line for each quarter.
fn progress(done: usize, of: usize) {
    let mut out = std::io::stderr();
    let all = done == of;
    let written = if out.is_terminal() {
        write!(out, "\r{done:>5} of {of} visits{}", if all { "\n" } else { "" })
    } else if all || done.is_multiple_of(of.div_ceil(4)) {
        writeln!(out, "{done:>5} of {of} visits")
    } else {
        Ok(())
    };
    // Progress that no one can see stops no one.
    written.and_then(|()| out.flush()).ok();
}
