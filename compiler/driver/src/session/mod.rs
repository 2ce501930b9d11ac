//! Checking again and again: what did not change is not parsed anew.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use svckit_diagnostics::{Diagnostic, FileId};
use svckit_model::World;
use svckit_syntax::{Parsed, tree};

use crate::islands::{self, Island};
use crate::load::{Contract, Inputs};

/// Trees of the files that the last check saw. A file is parsed again if its text changed, or its number: where a file
/// came or went, those behind it are.
#[derive(Debug, Default)]
pub struct Session {
    trees: HashMap<FileId, Cached>,
    /// What was found in each island, by what it is made of.
    pub(crate) islands: HashMap<u64, Island>,
}

#[derive(Debug)]
struct Cached {
    path: PathBuf,
    hash: u64,
    parsed: Parsed,
    /// The packages that its text may name.
    mentions: Vec<String>,
}

/// What a check had to do with, and how long each part of it took.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Contracts.
    pub files: usize,
    /// Those of them that were parsed, not remembered.
    pub parsed: usize,
    /// Lines of all contracts.
    pub lines: usize,
    /// Bytes of all contracts.
    pub bytes: usize,
    /// What the world holds, by name: services, operations, events …
    pub contents: Vec<(&'static str, usize)>,
    /// Packages that were resolved and judged, not remembered.
    pub judged: usize,
    /// How often a rule was run: each once for every island of packages that was judged.
    pub rules: usize,
    /// States that were explored of choreographies.
    pub states: usize,
    /// Phases in order, and how long each took.
    pub phases: Vec<(&'static str, Duration)>,
}

/// Measures phases that follow each other.
pub(crate) struct Phases {
    last: Instant,
    pub(crate) done: Vec<(&'static str, Duration)>,
}

impl Phases {
    pub(crate) fn start() -> Self {
        Self { last: Instant::now(), done: Vec::new() }
    }

    /// What was done since the last one is called so.
    pub(crate) fn end(&mut self, name: &'static str) {
        let now = Instant::now();
        self.done.push((name, now - self.last));
        self.last = now;
    }
}

impl Session {
    /// Parses what changed and forgets what is gone; how many files were parsed.
    pub(crate) fn parse(&mut self, inputs: &Inputs, diagnostics: &mut Vec<Diagnostic>) -> usize {
        let mut old = std::mem::take(&mut self.trees);
        let mut count = 0;
        for contract in &inputs.contracts {
            let text = inputs.sources.file(contract.file).text();
            let hash = hash(text);
            let is_same = |c: &Cached| c.hash == hash && c.path == contract.path;
            let cached = old.remove(&contract.file).filter(is_same).unwrap_or_else(|| {
                count += 1;
                let parsed = svckit_syntax::parse(contract.file, text);
                let mentions = islands::mentions(text);
                Cached { path: contract.path.clone(), hash, parsed, mentions }
            });
            if contract.is_utf8 {
                diagnostics.extend(cached.parsed.diagnostics.iter().cloned());
            }
            self.trees.insert(contract.file, cached);
        }
        count
    }

    /// The number that stands for the text of a contract, and the packages that it may name.
    pub(crate) fn text(&self, contract: &Contract) -> Option<(u64, &[String])> {
        self.trees.get(&contract.file).map(|c| (c.hash, &c.mentions[..]))
    }

    /// The tree of a contract that was parsed.
    pub(crate) fn tree(&self, contract: &Contract) -> Option<&tree::File> {
        self.trees.get(&contract.file).map(|c| &c.parsed.file)
    }
}

pub(crate) fn hash(what: impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

impl Stats {
    pub(crate) fn of(inputs: &Inputs, world: &World) -> Self {
        let texts = inputs.contracts.iter().map(|c| inputs.sources.file(c.file));
        let count = |(lines, bytes): (usize, usize), file: &svckit_diagnostics::SourceFile| {
            (lines + file.text().lines().count(), bytes + file.text().len())
        };
        let (lines, bytes) = texts.fold((0, 0), count);
        let contents = Self::contents(world);
        Self { files: inputs.contracts.len(), lines, bytes, contents, ..Self::default() }
    }

    /// What a world holds, by name.
    pub(crate) fn contents(world: &World) -> Vec<(&'static str, usize)> {
        vec![
            ("packages", world.packages.iter().filter(|(_, p)| !p.files.is_empty()).count()),
            ("services", world.services.len()),
            ("operations", world.operations.len()),
            ("events", world.events.len()),
            ("subscriptions", world.subscriptions.len()),
            ("sagas", world.sagas.len()),
            ("choreographies", world.choreographies.len()),
            ("deployments", world.deployments.len()),
        ]
    }
}

#[cfg(test)]
mod tests;
