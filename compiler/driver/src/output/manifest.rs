//! Which files of a folder svckit wrote: a text file beside them, so that nothing else is ever overwritten or deleted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Output, is_contained, read, replace_file};
use crate::Failure;

const HEADER: &str =
    "# Files that `svckit gen` wrote here, with a hash of their contents. Keep it beside them.";

/// Paths and hashes.
#[derive(Debug, Clone, Default)]
pub(super) struct Manifest(BTreeMap<String, u64>);

fn path(output: &Output) -> PathBuf {
    output.folder.join(format!(".svckit-{}.manifest", output.target))
}

impl Manifest {
    /// The manifest of what is wanted.
    pub(super) fn of(output: &Output) -> Self {
        Self(output.files.iter().map(|(p, c)| (p.clone(), hash(c))).collect())
    }

    /// The manifest in the folder; lines that make no sense, and paths that lead out, are not ours.
    pub(super) fn read(output: &Output) -> Result<Self, Failure> {
        let bytes = read(&path(output))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().filter(|l| !l.starts_with('#'));
        let entry = |line: &str| {
            let (hash, path) = line.split_once(' ')?;
            Some((path.to_owned(), u64::from_str_radix(hash, 16).ok()?))
        };
        Ok(Self(lines.filter_map(entry).filter(|(p, _)| is_contained(p)).collect()))
    }

    /// These files and those.
    pub(super) fn with(mut self, other: &Self) -> Self {
        for (path, hash) in &other.0 {
            self.0.entry(path.clone()).or_insert(*hash);
        }
        self
    }

    pub(super) fn contains(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(p, h)| (p.as_str(), *h))
    }

    /// Writes it, unless it says so already.
    pub(super) fn write(&self, output: &Output) -> Result<(), Failure> {
        let lines = self.0.iter().map(|(path, hash)| format!("{hash:016x} {path}\n"));
        let text = format!("{HEADER}\n{}", lines.collect::<String>());
        let path = path(output);
        if read(&path)?.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        replace_file(&path, text.as_bytes())
    }
}

/// FNV-1a, 64 bits: it tells an edited file from an untouched one; no one attacks it.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
