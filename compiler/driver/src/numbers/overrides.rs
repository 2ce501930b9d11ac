//! Overrides of policies: the part `[policy.NAME]` of the file that configures the runtime, proved together.
//!
//! ```toml
//! [policy."shop.orders.v1.Interactive"]
//! timeout.attempt = "900ms"
//! retry.attempts = 4
//! ```
//!
//! An override changes one policy, not those that extend it: policies are flat at run time.

use std::path::Path;

use svckit_diagnostics::suggest::did_you_mean;
use svckit_diagnostics::{Diagnostic, FileId, SourceMap, Span, render};
use svckit_model::{Id, Policy, World};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::probe::Probe;
use super::{NUMBERS, Number, contradiction};
use crate::{Checked, Failure, codes};

/// What proving overrides came to.
#[derive(Debug)]
pub struct Proof {
    /// How many numbers the file overrides.
    pub count: usize,
    /// What is wrong with the file, or what the rules say of the contracts with these numbers and did not say without.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts of the world, and the file.
    pub sources: SourceMap,
}

/// Proves the overrides of a file against a checked world without errors.
///
/// # Errors
/// The file can't be read.
pub fn prove(checked: &Checked, path: &Path, shown: &str) -> Result<Proof, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::io("read", Path::new(shown), &e))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(format!("can't read {shown}: it is not UTF-8")))?;
    let mut sources = checked.sources().clone();
    let file = sources.add(shown, text.as_str());
    let mut reader = Reader { file, world: &checked.world, diagnostics: Vec::new() };
    let overrides = reader.read(&text);
    let mut diagnostics = reader.diagnostics;
    if diagnostics.is_empty() {
        diagnostics = refused(checked, &overrides);
    }
    render::sort(&mut diagnostics, &sources);
    Ok(Proof { count: overrides.len(), diagnostics, sources })
}

/// One number of one policy.
struct Override {
    policy: Id<Policy>,
    number: &'static Number,
    value: u64,
    span: Span,
}

/// What speaks against them, all together.
fn refused(checked: &Checked, overrides: &[Override]) -> Vec<Diagnostic> {
    let mut probe = Probe::new(checked.world.clone(), crate::lint_options(&checked.inputs));
    let mut wrong = Vec::new();
    for one in overrides {
        let policy = &mut probe.world.policies[one.policy];
        if !(one.number.set)(&mut policy.numbers, one.value) {
            let block = one.number.name.split('.').next().unwrap_or_default();
            let name = &policy.info.name;
            let message = format!("policy `{name}` has no `{block}` whose numbers could change");
            wrong.push(Diagnostic::new(codes::REFUSED_OVERRIDE, one.span, message));
        }
    }
    let mut policies: Vec<Id<Policy>> = overrides.iter().map(|o| o.policy).collect();
    policies.dedup();
    for policy in policies {
        let found = &probe.world.policies[policy];
        if let Some(message) = contradiction(&found.numbers) {
            let mine: Vec<&Override> = overrides.iter().filter(|o| o.policy == policy).collect();
            let message = format!("policy `{}` can't hold together: {message}", found.info.name);
            let span = mine[0].span;
            wrong.push(labelled(
                Diagnostic::new(codes::REFUSED_OVERRIDE, span, message),
                &mine[1..],
            ));
        }
    }
    if !wrong.is_empty() {
        return wrong;
    }
    let all: Vec<&Override> = overrides.iter().collect();
    probe.fires().into_iter().map(|found| labelled(found, &all)).collect()
}

/// A message with the overrides that led to it, a few of them.
fn labelled(mut diagnostic: Diagnostic, overrides: &[&Override]) -> Diagnostic {
    for one in overrides.iter().take(5) {
        let text = format!("overridden: {}", one.number.unit.text(one.value));
        diagnostic = diagnostic.label(one.span, text);
    }
    diagnostic
}

struct Reader<'w> {
    file: FileId,
    world: &'w World,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn wrong(&mut self, range: std::ops::Range<usize>, message: String, help: String) {
        let span = self.span(range);
        let wrong = Diagnostic::new(codes::REFUSED_OVERRIDE, span, message);
        self.diagnostics.push(if help.is_empty() { wrong } else { wrong.help(help) });
    }

    /// The overrides; the other keys of the file are the runtime's business.
    fn read(&mut self, text: &str) -> Vec<Override> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if let Some(error) = errors.first() {
            let span = self.span(error.span().unwrap_or(0..0));
            let message = format!("this is not TOML: {}", error.message());
            self.diagnostics.push(Diagnostic::new(codes::INVALID_TOML, span, message));
            return Vec::new();
        }
        let mut overrides = Vec::new();
        let policies = table.get_ref().get("policy").and_then(|v| v.get_ref().as_table());
        let Some(policies) = policies else {
            let help = "write `[policy.\"shop.orders.v1.Interactive\"]` and below it numbers such as `timeout.attempt = \"900ms\"`";
            self.wrong(0..0, "this file overrides no number of a policy".into(), help.into());
            return overrides;
        };
        for (name, value) in policies {
            let Some(policy) = self.policy(name) else { continue };
            match value.get_ref().as_table() {
                Some(blocks) => self.blocks(policy, "", blocks, &mut overrides),
                None => self.wrong(value.span(), "a policy is a table".into(), String::new()),
            }
        }
        overrides.sort_by_key(|o| o.span);
        overrides
    }

    fn policy(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>) -> Option<Id<Policy>> {
        let world = self.world;
        let named = |id: Id<Policy>| world.qualified(&world.policies[id].info);
        let found = world.policies.ids().find(|id| named(*id) == *name.get_ref());
        if found.is_none() {
            let names: Vec<String> = world.policies.ids().map(named).collect();
            let near = did_you_mean(name.get_ref(), names.iter().map(String::as_str));
            let help = near.map_or_else(
                || "name it with its package, as in `shop.orders.v1.Interactive`".to_owned(),
                |n| format!("did you mean `{n}`?"),
            );
            self.wrong(name.span(), format!("there is no policy `{}`", name.get_ref()), help);
        }
        found
    }

    /// Reads `timeout.attempt = …`, however the dots are written.
    fn blocks(
        &mut self,
        policy: Id<Policy>,
        prefix: &str,
        table: &DeTable<'_>,
        overrides: &mut Vec<Override>,
    ) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            if let Some(inner) = value.get_ref().as_table()
                && prefix.is_empty()
            {
                self.blocks(policy, &format!("{name}."), inner, overrides);
                continue;
            }
            let Some(number) = NUMBERS.iter().find(|n| n.name == name) else {
                let near = did_you_mean(&name, NUMBERS.iter().map(|n| n.name));
                let names: Vec<&str> = NUMBERS.iter().map(|n| n.name).collect();
                let help = near.map_or_else(
                    || format!("the numbers are {}", names.join(", ")),
                    |n| format!("did you mean `{n}`?"),
                );
                self.wrong(key.span(), format!("a policy has no number `{name}`"), help);
                continue;
            };
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(digits) => digits.as_str().to_owned(),
                _ => String::new(),
            };
            match number.unit.parse(&text) {
                Some(value_read) => {
                    let span = self.span(key.span().start..value.span().end);
                    overrides.push(Override { policy, number, value: value_read, span });
                }
                None => {
                    let message = format!("`{name}` must be {}", number.unit.example());
                    self.wrong(value.span(), message, String::new());
                }
            }
        }
    }
}
