//! Calls and messages between svckit services of one process.
