//! Rust out of a svckit contract: records, services, clients.
//!
//! One file a package, `shop.orders.v1.rs`, and `svckit_contracts.rs`, the tree of modules that includes them. What can
//! be generic is in the runtime; what is generated is a line for each field and a few for each operation. It names the
//! facade `svckit` alone.

mod analysis;
pub mod codes;
mod debug;
mod docs;
mod enums;
mod fingerprint;
mod literal;
mod messages;
mod modules;
mod names;
mod options;
mod patches;
mod records;
mod render;
mod rules;
mod scalars;
mod scope;
mod services;
mod types;
mod unions;

use svckit_backend::{Backend, Files, Options};
use svckit_diagnostics::Diagnostic;
use svckit_model::World;

use options::Settings;
use scope::Gen;

/// The target `rust`.
#[derive(Debug, Clone, Copy, Default)]
pub struct RustBackend;

impl Backend for RustBackend {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn about(&self) -> &'static str {
        "Rust: records, services and clients, a module for each package"
    }

    fn options(&self) -> &'static [(&'static str, &'static str)] {
        options::OPTIONS
    }

    fn generate(&self, world: &World, options: &Options) -> Result<Files, Vec<Diagnostic>> {
        let settings = Settings::read(world, options)?;
        Ok(modules::files(&Gen::new(world, settings)))
    }
}
