//! Rust out of a svckit contract: records, services, clients.
