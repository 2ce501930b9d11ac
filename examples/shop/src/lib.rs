//! A shop of five services that hold together by events: orders, payments (with the bank behind them), inventory,
//! shipping, mail. All that they know is in their stores, so that any of them may be killed at any time.

// What the contracts say, as `build.rs` has it generated.
mod contracts {
    #![allow(missing_docs)]
    svckit::include_contracts!();
}

pub mod audit;
pub mod drive;
pub mod house;
mod services;

pub use contracts::shop;
