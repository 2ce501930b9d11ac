//! What tells that a finding of today is one of yesterday, though lines moved.

use std::collections::HashMap;

use crate::{Diagnostic, SourceMap};

/// Numbers findings that look alike, so that each has a fingerprint of its own.
#[derive(Debug, Clone, Default)]
pub struct Fingerprints(HashMap<u64, u32>);

impl Fingerprints {
    /// The fingerprint of the next finding, 16 hexadecimal digits: that of [`fingerprint`], or, where an earlier one
    /// had that already, one that also counts.
    pub fn next(&mut self, diagnostic: &Diagnostic, sources: &SourceMap, path: &str) -> String {
        let first = fingerprint(diagnostic, sources, path);
        let seen = self.0.entry(first).or_default();
        *seen += 1;
        let hash = match *seen {
            1 => first,
            n => fnv([first.to_le_bytes().as_slice(), n.to_le_bytes().as_slice()]),
        };
        format!("{hash:016x}")
    }
}

/// A number that stays while code, path and the text of the line stay. Where the line stands in the file is no part of
/// it, nor is the message, whose words and numbers may change with the next version.
#[must_use]
pub fn fingerprint(diagnostic: &Diagnostic, sources: &SourceMap, path: &str) -> u64 {
    let span = diagnostic.span();
    let line = sources.get(span.file).map_or("", |file| {
        let line = file.line_of(span.start);
        file.lines(line, line).1.trim()
    });
    let parts = [diagnostic.code.id, path, line];
    fnv(parts.iter().flat_map(|p| [p.as_bytes(), [0].as_slice()]))
}

/// FNV-1a with 64 bits: the same on every machine and in every version, which std's hashers do not promise.
fn fnv<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let bytes = parts.into_iter().flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
