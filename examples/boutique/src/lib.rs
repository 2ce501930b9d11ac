//! An online boutique of nine services: a public demonstration shop, told as svckit contracts and run on their code.
//!
//! `contracts/` says what the services promise, `services/` keeps it, `drive/` buys.

svckit::include_contracts!();

pub use self::boutique::v1 as shop;

pub mod card;
pub mod data;
pub mod dice;
pub mod drive;
pub mod house;
pub mod ledger;
pub mod money;
pub mod services;
