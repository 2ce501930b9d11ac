//! What every svckit backend shares: the [`Backend`] trait, output [`Files`], options, naming.
//!
//! A backend is a pure function from the model to texts: it knows no files, no clock and no other backend.

mod files;
pub mod metrics;
pub mod naming;
mod options;

pub use files::Files;
pub use options::{OptionError, Options};

use svckit_diagnostics::Diagnostic;
use svckit_model::World;

/// Turns a contract into files of one kind.
pub trait Backend: Sync {
    /// The name after `--target`: lower case, kebab.
    fn name(&self) -> &'static str;

    /// One line for `--help` and the documents.
    fn about(&self) -> &'static str;

    /// The options that it takes, with a line of explanation each.
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Generates everything for the local packages of `world`, which holds no errors.
    ///
    /// # Errors
    /// An option that makes no sense, or a construct that this target cannot say, as diagnostics at its place.
    fn generate(&self, world: &World, options: &Options) -> Result<Files, Vec<Diagnostic>>;
}
