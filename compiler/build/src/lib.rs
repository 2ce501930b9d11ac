//! Compiles `.svc` contracts in `build.rs`.
//!
//! ```no_run
//! // build.rs
//! fn main() -> svckit_build::Result {
//!     svckit_build::configure().compile("contracts")
//! }
//! ```
//!
//! No protoc, no network, and nothing written outside `OUT_DIR` unless [`Builder::out_dir`] says so. Cargo is told of
//! exactly what was read, so that a second build does nothing. A mistake in a contract appears as `svckit check`
//! shows it.

mod cargo;
mod error;

pub use error::Error;

use std::path::{Path, PathBuf};

use svckit_backend::Options;
use svckit_driver::output::{self, Output};
use svckit_driver::{Checked, Failure, Request, Start, registry};

/// What `main` of a build script returns.
pub type Result = std::result::Result<(), Error>;

/// The configuration of a build; [`Builder::compile`] runs it.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    out_dir: Option<PathBuf>,
    options: Options,
}

/// Begins a configuration with every default.
#[must_use]
pub fn configure() -> Builder {
    Builder::default()
}

impl Builder {
    /// Writes into this folder rather than to `OUT_DIR`: for generated code that is kept in the source tree. Relative
    /// to the package. `svckit gen --target rust --check` tells in CI whether it is current.
    #[must_use]
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Takes the types of `package` from where another crate has them: `extern_package("shop.common.v1",
    /// "::shop_common")`. Nothing is generated for the package then.
    #[must_use]
    pub fn extern_package(self, package: &str, path: &str) -> Self {
        self.option(&format!("extern.{package}"), path)
    }

    /// Sets an option of the target `rust`, as in `svckit.toml`; `svckit gen --help` lists them.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.set(name, value);
        self
    }

    /// Checks the contracts below `path` and generates their code. `path` is relative to the package; where a
    /// `svckit.toml` names it as a source, the workspace around it is compiled.
    ///
    /// # Errors
    /// Contracts with errors; files that can't be read or written. Its `Debug`, which is what a build script that
    /// fails prints, shows the messages as `svckit check` does.
    pub fn compile(&self, path: impl AsRef<Path>) -> Result {
        let package = cargo::package_folder()?;
        let path = package.join(path);
        let starts = svckit_driver::find(std::slice::from_ref(&path), &package);
        let starts = starts.inspect_err(|_| cargo::rerun_if_changed(&path))?;
        let start = starts.into_iter().next().unwrap_or(Start::Loose(vec![path]));
        let inputs = svckit_driver::load(&start, &package);
        inputs.watched.iter().for_each(|path| cargo::rerun_if_changed(path));
        let checked = svckit_driver::check(inputs);
        cargo::announce(&checked, &checked.diagnostics);
        let output = self.generate(&checked, &package)?;
        cargo::announce(&checked, &output.warnings);
        output::write(&[output])?;
        Ok(())
    }

    fn generate(&self, checked: &Checked, package: &Path) -> std::result::Result<Output, Error> {
        if !checked.failures().is_empty() || checked.has_errors() {
            return Err(Error::of(checked));
        }
        let folder = match &self.out_dir {
            Some(folder) => package.join(folder),
            None => cargo::out_dir()?,
        };
        let target = registry::target("rust").map_err(Failure::new)?;
        let mut options = checked.config().options("rust");
        for (name, value) in self.options.iter() {
            options.set(name, value);
        }
        self.refuse_unknown(target)?;
        let request = Request { target, options, folder };
        svckit_driver::generate(checked, &request).map_err(|found| Error::with(checked, &found))
    }

    fn refuse_unknown(&self, target: &registry::Target) -> std::result::Result<(), Failure> {
        let unknown = registry::unknown_options(target, &self.options);
        let Some((name, near)) = unknown.first() else { return Ok(()) };
        let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        Err(Failure::new(format!("the target `rust` takes no option `{name}`{near}")))
    }
}
