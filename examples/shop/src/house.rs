//! The services of the shop, by name.

use svckit::{App, ServiceServer};

use crate::services::{Bank, Inventory, Mail, Orders, Payments, Shipping};
use crate::shop::{inventory, mail, orders, payments, shipping};

/// Names on the command line, and in the contracts. The bank is served with the payments.
pub const NAMES: [(&str, &[&str]); 5] = [
    ("orders", &["shop.orders.v1.Orders"]),
    ("payments", &["shop.payments.v1.Payments", "shop.payments.v1.Bank"]),
    ("inventory", &["shop.inventory.v1.Inventory"]),
    ("shipping", &["shop.shipping.v1.Shipping"]),
    ("mail", &["shop.mail.v1.Mail"]),
];

/// What is served under a name; nothing if there is no such name.
#[must_use]
pub fn service(name: &str) -> Option<Vec<ServiceServer>> {
    Some(match name {
        "orders" => vec![orders::v1::orders::server(Orders)],
        "payments" => {
            vec![payments::v1::payments::server(Payments), payments::v1::bank::server(Bank)]
        }
        "inventory" => vec![inventory::v1::inventory::server(Inventory)],
        "shipping" => vec![shipping::v1::shipping::server(Shipping)],
        "mail" => vec![mail::v1::mail::server(Mail)],
        _ => return None,
    })
}

/// An app with all of them.
#[must_use]
pub fn everything(app: App) -> App {
    NAMES.iter().filter_map(|(name, _)| service(name)).flatten().fold(app, App::serve)
}

/// An app that finds every service at one URL.
#[must_use]
pub fn all_at(url: &str) -> App {
    let names = NAMES.iter().flat_map(|(_, services)| services.iter());
    names.fold(App::local(), |app, service| app.endpoint(*service, url))
}
