//! The rules of `ARCHITECTURE.md` that a machine can keep.

#[path = "tidy/codes.rs"]
mod codes;
#[path = "tidy/directions.rs"]
mod directions;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/sizes.rs"]
mod sizes;

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate `tests` is a folder of the repository")
}

/// Every file of the repository's crates that ends so, sorted; relative paths.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> =
        ["idl", "compiler", "runtime", "templates", "examples", "tests"]
            .map(|f| root().join(f))
            .into();
    while let Some(folder) = pending.pop() {
        for path in fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') && name != "node_modules"
            {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The path as the lists of exceptions name it.
fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let manifests = files("toml").into_iter().filter(|p| p.ends_with("Cargo.toml"));
    for path in manifests {
        let text = fs::read_to_string(&path).expect("a manifest that was just listed");
        if text.contains("[package]") && !text.contains("[workspace]") {
            assert!(
                text.contains("[lints]\nworkspace = true"),
                "{} has no `[lints] workspace = true`",
                relative(&path)
            );
        }
    }
}
