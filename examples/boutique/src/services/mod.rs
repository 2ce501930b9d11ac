//! The services, one module each.

pub mod ads;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod currency;
pub mod mail;
pub mod payment;
pub mod recommendations;
pub mod shipping;
