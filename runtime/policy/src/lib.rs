//! Resilience policies as pure state machines: decisions with the time and the dice passed in, and what acts on them.
//!
//! # A call, outermost layer first
//!
//! | layer | decides | when to use it rather than its neighbour |
//! | --- | --- | --- |
//! | deadline | whether anybody still waits | always: what nobody waits for is not begun |
//! | [`limit`] | how many calls in a time | the callee's capacity is shared out among callers or tenants |
//! | [`retry`], within [`budget`] and [`throttle`] | whether a failed attempt is followed by another | failures that pass, of what is harmless to repeat |
//! | [`hedge`] | whether a late answer is raced | queries with a long tail; in place of retries |
//! | [`outlier`] | which endpoints are left out | some endpoints fail, and others do not |
//! | [`breaker`] | whether the callee is asked at all | the callee fails or is slow for longer than a retry can bridge |
//! | [`bulkhead`] | how many calls run at once | one callee must not take all that a process has |
//! | attempt's time limit | when an attempt has failed | always; it starts once the attempt has its place |
//! | [`fallback`] | what is answered in the end | an old or fixed answer is better than none |
//!
//! The machines hold neither clock nor dice: both are passed in, so that a test or a simulation plays a day in a moment.
//! [`Policy::run`] fuses them and acts on what they decide; [`Policed`] puts a policy per operation around a transport,
//! which is the client's side, and [`Served`] one around handlers, which is the server's.
//!
//! # What a cancelled call leaves behind
//!
//! Nothing but counts: dropping the future of [`Policy::run`] drops the attempts that are under way, which gives back
//! places in bulkheads and probes of breakers. The budget keeps what was counted.

pub mod breaker;
pub mod budget;
pub mod bulkhead;
pub mod fallback;
pub mod hedge;
#[cfg(feature = "tower")]
mod layer;
pub mod limit;
pub mod outlier;
mod policed;
pub mod retry;
mod run;
mod served;
pub mod throttle;

#[cfg(feature = "tower")]
pub use self::layer::{Failure, Guarded, PolicyLayer};
pub use self::policed::Policed;
pub use self::run::{Attempt, Call, Policy, Standing};
pub use self::served::Served;
