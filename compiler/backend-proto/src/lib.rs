//! Protobuf out of a svckit contract.
