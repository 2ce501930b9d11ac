//! Contracts in the text of a test.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use svckit_backend::{Backend, Files, Options};
use svckit_backend_rust::RustBackend;
use svckit_diagnostics::{Diagnostic, Severity, SourceMap};
use svckit_model::{Source, World, resolve};

/// The world of some files.
pub fn world(texts: &[&str]) -> World {
    let mut sources = SourceMap::default();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut files = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let id = sources.add(format!("{at}.svc"), *text);
        let parsed = svckit_syntax::parse(id, text);
        diagnostics.extend(parsed.diagnostics);
        files.push(parsed.file);
    }
    let trees: Vec<_> = files.iter().map(|file| Source { file, external: false }).collect();
    let resolved = resolve(&trees);
    diagnostics.extend(resolved.diagnostics);
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    resolved.world
}

/// What is generated of some files.
pub fn generated(texts: &[&str], options: &[(&str, &str)]) -> Files {
    try_generated(texts, options).expect("options that make sense")
}

/// What is generated of some files, or what is wrong with the options.
pub fn try_generated(texts: &[&str], options: &[(&str, &str)]) -> Result<Files, Vec<Diagnostic>> {
    let mut all = Options::default();
    for (name, value) in options {
        all.set(*name, *value);
    }
    RustBackend.generate(&world(texts), &all)
}
