//! Any text gives a tree, and messages whose places are parts of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use svckit_diagnostics::FileId;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let parsed = svckit_syntax::parse(FileId(0), &text);
    for d in &parsed.diagnostics {
        let edits = d.fixes.iter().flat_map(|f| &f.edits).map(|e| e.span);
        for span in d.labels.iter().map(|l| l.span).chain(edits) {
            assert!(text.get(span.range()).is_some(), "{span:?} of {}", d.message);
        }
    }
    for item in &parsed.file.items {
        assert!(text.get(item.span.range()).is_some(), "{:?}", item.span);
    }
});
