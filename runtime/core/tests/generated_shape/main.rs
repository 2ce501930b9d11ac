//! Records in the shape of generated code, beside prost's derived types of the same schema.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used)]
#![allow(unreachable_pub, reason = "generated types are public, and here nothing is exported")]

mod checks;
mod json;
mod patches;
mod random;
mod twin;
mod types;
mod wire;
