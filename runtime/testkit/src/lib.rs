//! Suites that every store and every transport passes: scenarios with faults, with processes that are killed, with clocks
//! that jump, and what must hold after each of them; and faults of the network, for tests over real sockets.

pub mod conformance;
pub mod net;
