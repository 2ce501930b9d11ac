//! Islands: packages that have to do with each other, over any number of steps, and with no other.
//!
//! Whatever is said of one island is the same whatever the others are, as long as none has a mistake. So it need not be
//! said again, nor need another be looked at where one number of it changes.

use std::collections::HashMap;

use svckit_diagnostics::Diagnostic;
use svckit_lint::Analysis;
use svckit_model::World;

use crate::check::{is_external, lint_options};
use crate::load::{Contract, Inputs};
use crate::registry::RULES;
use crate::session::{Session, Stats, hash};

/// What was found in one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Island {
    language: Vec<Diagnostic>,
    design: Vec<Diagnostic>,
    stats: Stats,
}

/// What was found in all.
pub(crate) struct Found {
    /// What the language says; no errors.
    pub(crate) language: Vec<Diagnostic>,
    /// What the rules say; lists are not put together yet.
    pub(crate) design: Vec<Diagnostic>,
    /// Contents, states, and what was judged.
    pub(crate) stats: Stats,
}

/// The names of packages that a text may hold, each once: `shop.orders.v1` of `shop.orders.v1.{Order}`.
pub(crate) fn mentions(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    let mut found: Vec<String> = Vec::new();
    for run in text.split(|c: char| !is_part(c)).filter(|run| run.contains(".v")) {
        let mut end = 0;
        for segment in run.split('.') {
            end += segment.len();
            let version = segment.strip_prefix('v').is_some_and(|n| n.parse::<u32>().is_ok());
            if version && end > segment.len() {
                found.push(run[..end].to_owned());
            }
            end += 1;
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Sets of packages that grow together.
#[derive(Default)]
struct Sets<'a> {
    numbers: HashMap<&'a str, usize>,
    parents: Vec<usize>,
}

impl<'a> Sets<'a> {
    fn number(&mut self, name: &'a str) -> usize {
        let next = self.parents.len();
        let number = *self.numbers.entry(name).or_insert(next);
        if number == next {
            self.parents.push(next);
        }
        number
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parents[at] != at {
            self.parents[at] = self.parents[self.parents[at]];
            at = self.parents[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one.max(other)] = one.min(other);
    }
}

impl Session {
    /// The contracts of each island, in their order.
    pub(crate) fn islands<'i>(&self, inputs: &'i Inputs) -> Vec<Vec<&'i Contract>> {
        let named = |c: &'i Contract| {
            let package = self.tree(c).and_then(|tree| tree.package.as_ref());
            package.map(|p| (c, p.name.text()))
        };
        let named: Vec<_> = inputs.contracts.iter().filter_map(named).collect();
        let mut sets = Sets::default();
        let mut numbers = Vec::new();
        for (contract, name) in &named {
            let number = sets.number(name);
            numbers.push((contract, number));
            for mention in self.text(contract).into_iter().flat_map(|(_, mentions)| mentions) {
                let other = sets.number(mention);
                sets.join(number, other);
            }
        }
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut islands: Vec<Vec<&Contract>> = Vec::new();
        for (contract, number) in numbers {
            let contract: &Contract = contract;
            let place = *places.entry(sets.root(number)).or_insert(islands.len());
            if place == islands.len() {
                islands.push(Vec::new());
            }
            islands[place].push(contract);
        }
        islands
    }

    /// The world of some contracts alone, and what the language says of it.
    pub(crate) fn world_of(&self, contracts: &[&Contract]) -> (World, Vec<Diagnostic>) {
        let source = |c: &&Contract| {
            Some(svckit_model::Source { file: self.tree(c)?, external: is_external(c) })
        };
        let files: Vec<_> = contracts.iter().filter_map(source).collect();
        let resolved = svckit_model::resolve(&files);
        (resolved.world, resolved.diagnostics)
    }

    /// Resolves and judges the islands that changed; nothing where one has an error.
    pub(crate) fn judge_islands(&mut self, inputs: &Inputs) -> Option<Found> {
        let options = lint_options(inputs);
        let mut old = std::mem::take(&mut self.islands);
        let mut found = Found { language: Vec::new(), design: Vec::new(), stats: Stats::default() };
        for contracts in self.islands(inputs) {
            let made_of: Vec<_> = contracts
                .iter()
                .map(|c| (c.file, &c.path, is_external(c), self.text(c).map(|t| t.0)))
                .collect();
            let key = hash((made_of, format!("{:?}", options.profile), &options.today));
            let island = match old.remove(&key) {
                Some(island) => island,
                None => {
                    let (world, language) = self.world_of(&contracts);
                    if language.iter().any(Diagnostic::is_error) {
                        // What is known of the others is still true next time.
                        self.islands.extend(old);
                        return None;
                    }
                    let analysis = Analysis::new(&world);
                    let design = svckit_lint::lint_part(&analysis, RULES, &options);
                    let contents = Stats::contents(&world);
                    found.stats.judged +=
                        contents.iter().find(|(n, _)| *n == "packages").map_or(0, |c| c.1);
                    found.stats.rules += RULES.len();
                    let stats = Stats { contents, states: analysis.states(), ..Stats::default() };
                    Island { language, design, stats }
                }
            };
            found.language.extend(island.language.iter().cloned());
            found.design.extend(island.design.iter().cloned());
            found.stats.add(&island.stats);
            self.islands.insert(key, island);
        }
        Some(found)
    }
}

impl Stats {
    fn add(&mut self, island: &Self) {
        self.states += island.states;
        for (name, count) in &island.contents {
            match self.contents.iter_mut().find(|(n, _)| n == name) {
                Some((_, total)) => *total += count,
                None => self.contents.push((name, *count)),
            }
        }
    }
}
