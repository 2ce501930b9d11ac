use svckit_diagnostics::{Diagnostic, FileId};

use super::{Resolved, Source, resolve};

/// Parses and resolves files; the parser must be content with them.
pub(crate) fn world(files: &[&str]) -> Resolved {
    let parsed: Vec<_> =
        files.iter().zip(0..).map(|(text, id)| svckit_syntax::parse(FileId(id), text)).collect();
    for file in &parsed {
        assert!(file.diagnostics.iter().all(|d| !d.is_error()), "{:#?}", file.diagnostics);
    }
    let sources: Vec<_> =
        parsed.iter().map(|p| Source { file: &p.file, external: false }).collect();
    resolve(&sources)
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&'static str> {
    diagnostics.iter().map(|d| d.code.id).collect()
}

/// Asserts which codes a file, put into a package, leads to.
#[track_caller]
fn gives(text: &str, wanted: &[&str]) -> Resolved {
    let resolved = world(&[&format!("package a.b.v1\n{text}")]);
    assert_eq!(codes(&resolved.diagnostics), wanted, "{text}\n{:#?}", resolved.diagnostics);
    resolved
}

mod sample {
    use super::gives;

    #[test]
    fn empty() {
        gives("", &[]);
    }
}
