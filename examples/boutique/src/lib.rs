//! A public eleven-service shop as svckit contracts.
