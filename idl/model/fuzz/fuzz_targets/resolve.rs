//! Any texts give a world, and messages whose places are parts of the texts. A line of `----` parts two files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use svckit_diagnostics::FileId;
use svckit_model::{Source, resolve};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let texts: Vec<&str> = text.split("\n----\n").take(4).collect();
    let parsed: Vec<_> =
        texts.iter().zip(0..).map(|(text, id)| svckit_syntax::parse(FileId(id), text)).collect();
    let sources: Vec<_> =
        parsed.iter().map(|p| Source { file: &p.file, external: false }).collect();
    let resolved = resolve(&sources);
    for d in &resolved.diagnostics {
        let edits = d.fixes.iter().flat_map(|f| &f.edits).map(|e| e.span);
        for span in d.labels.iter().map(|l| l.span).chain(edits) {
            let text = texts.get(span.file.0 as usize);
            let known = text.is_some_and(|t| t.get(span.range()).is_some());
            assert!(known, "{span:?} of {}", d.message);
        }
    }
});
