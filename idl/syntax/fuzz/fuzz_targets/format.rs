//! What is formatted has the tokens and comments that it had, means the same, and is not changed by a second time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use svckit_diagnostics::FileId;
use svckit_syntax::{parse, tokens};

fn content(text: &str) -> Vec<&str> {
    tokens(text).iter().map(|t| text[t.start..t.end].trim_end()).collect()
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let before = parse(FileId(0), &text);
    let Some(once) = svckit_format::format(&before, &text) else { return };
    assert_eq!(content(&text), content(&once), "tokens changed:\n{once}");
    let after = parse(FileId(0), &once);
    assert_eq!(before.file.items.len(), after.file.items.len(), "items changed:\n{once}");
    let twice = svckit_format::format(&after, &once).expect("what is formatted still parses");
    assert_eq!(once, twice, "a second time changes it");
});
