//! What a build script and cargo say to each other.

use std::env;
use std::path::{Path, PathBuf};

use svckit_diagnostics::{Diagnostic, Severity};
use svckit_driver::{Checked, Failure};

/// The folder of the package that is being built.
pub(crate) fn package_folder() -> Result<PathBuf, Failure> {
    variable("CARGO_MANIFEST_DIR")
}

/// Where a build script may write.
pub(crate) fn out_dir() -> Result<PathBuf, Failure> {
    variable("OUT_DIR")
}

fn variable(name: &str) -> Result<PathBuf, Failure> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| {
        Failure::new(format!("{name} is not set: svckit_build is called from a build.rs, by cargo"))
    })
}

/// A change of this file, or of what is in a folder, runs the build script again.
///
/// A folder that `OUT_DIR` is in changes with every build, so it can't be named; what is read in it is named alone.
pub(crate) fn rerun_if_changed(path: &Path) {
    if !env::var_os("OUT_DIR").is_some_and(|out| Path::new(&out).starts_with(path)) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// A line for each finding in cargo's own summary.
pub(crate) fn announce(checked: &Checked, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => println!("cargo::error={}", line(checked, diagnostic)),
            Severity::Warning => println!("cargo::warning={}", line(checked, diagnostic)),
            Severity::Note => {}
        }
    }
}

/// `contracts/a.svc:3:4: there is no type `Foo` [E0101]`, without line breaks, which would end cargo's line.
fn line(checked: &Checked, diagnostic: &Diagnostic) -> String {
    let span = diagnostic.span();
    let place = checked.sources().get(span.file).map(|file| {
        let at = file.line_col(span.start);
        format!("{}:{}:{}: ", file.path(), at.line, at.column)
    });
    let text =
        format!("{}{} [{}]", place.unwrap_or_default(), diagnostic.message, diagnostic.code.id);
    text.replace(['\n', '\r'], " ")
}
