//! Resilience policies as pure state machines: timeout, retry and what fuses them.
