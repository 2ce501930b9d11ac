//! What is done by the clock.
//!
//! Every process that serves a schedule publishes a tick at each due time, under an id that follows from the schedule and
//! the time: the broker leaves all but the first out, so one instance runs it. Due times stand on the wall clock: those
//! of an interval are its multiples since 1970-01-01T00:00Z, those of a cron line are as it says, in UTC.
//!
//! A tick is due when it is due: it is not worth running any more when the next one is, so a handler that takes longer
//! than its interval skips ticks and never has two at once. What was missed while no process ran: of an interval, the
//! newest tick is run once at the start, of a cron line none.

mod cron;
mod ticker;

pub use self::cron::Cron;
pub(crate) use self::ticker::run;
use svckit_core::message::Every;

/// A schedule whose ticks are to be published.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleParts {
    /// The service: the ticks' source.
    pub(crate) service: &'static str,
    /// `package.Service/Schedule`: the ticks' name, which its group wants.
    pub(crate) name: String,
    /// When it is due.
    pub(crate) every: Every,
}
