//! Overrides of policies: the part `[policy.NAME]` of the file that configures the runtime, proved together.
//!
//! ```toml
//! [policy."shop.orders.v1.Interactive"]
//! timeout.attempt = "900ms"
//! retry.attempts = 4
//! ```
//!
//! An override changes one policy, not those that extend it: policies are flat at run time. Or one operation, by its name:
//!
//! ```toml
//! [policy."shop.orders.v1.Orders.PlaceOrder"]
//! timeout.attempt = "700ms"
//! ```
//!
//! Or all operations of a service that have the number, by the service's name; one of its own has the last word.

use std::path::Path;

use svckit_diagnostics::suggest::did_you_mean;
use svckit_diagnostics::{Diagnostic, FileId, SourceMap, Span, render};
use svckit_model::timing::{Times, Timing};
use svckit_model::{Id, Operation, Policy, Service, World};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::probe::Probe;
use super::{NUMBERS, Number, Unit, contradiction};
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

/// What an override changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Policy(Id<Policy>),
    /// The numbers of one operation, after those of its policy.
    Operation(Id<Operation>),
}

/// One number of one policy or operation.
struct Override {
    of: Of,
    /// Whether it was said of the operation's whole service.
    whole: bool,
    number: &'static Number,
    value: u64,
    span: Span,
}

/// What the name of a table stands for.
enum Named {
    One(Of),
    /// Its operations.
    Service(Vec<Of>),
}

/// A number that is written, whatever it is of.
struct Found {
    number: &'static Number,
    value: u64,
    span: Span,
}

/// What speaks against them, all together.
fn refused(checked: &Checked, overrides: &[Override]) -> Vec<Diagnostic> {
    let mut probe = Probe::new(checked.world.clone(), crate::lint_options(&checked.inputs));
    let mut wrong = beyond_standard(&probe.world, overrides);
    let mut changed = Vec::new();
    let mut narrowing: Vec<&Override> = overrides.iter().collect();
    narrowing.sort_by_key(|one| (matches!(one.of, Of::Operation(_)), !one.whole));
    for one in narrowing {
        let policy = changed_policy(&mut probe.world, one.of, &mut changed);
        let policy = &mut probe.world.policies[policy];
        if !(one.number.set)(&mut policy.numbers, one.value) {
            let block = one.number.name.split('.').next().unwrap_or_default();
            let name = &policy.info.name;
            let message = format!("policy `{name}` has no `{block}` whose numbers could change");
            wrong.push(Diagnostic::new(codes::REFUSED_OVERRIDE, one.span, message));
        }
    }
    for (of, policy) in changed {
        let found = &probe.world.policies[policy];
        if let Some(message) = contradiction(&found.numbers) {
            let mine: Vec<&Override> = overrides.iter().filter(|o| o.of == of).collect();
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

/// The policy that an override changes: for an operation a copy of its own, in which its policy's overrides hold already.
fn changed_policy(world: &mut World, of: Of, changed: &mut Vec<(Of, Id<Policy>)>) -> Id<Policy> {
    if let Some((_, policy)) = changed.iter().find(|(known, _)| *known == of) {
        return *policy;
    }
    let policy = match of {
        Of::Policy(policy) => policy,
        Of::Operation(id) => {
            let operation = &world.operations[id];
            let mut own = world.policies[operation.policy].clone();
            own.info.name.clone_from(&operation.info.name);
            let own = world.policies.push(own);
            world.operations[id].policy = own;
            own
        }
    };
    changed.push((of, policy));
    policy
}

/// What the runtime refuses of operations under `standard`: it takes from half to twice of a number, and no more retries.
fn beyond_standard(world: &World, overrides: &[Override]) -> Vec<Diagnostic> {
    let timing = Timing::new(world);
    let beyond = |one: &Override| {
        let Of::Operation(id) = one.of else { return None };
        let operation = &world.operations[id];
        let policy = &world.policies[operation.policy];
        if policy.extends.is_some() {
            return None;
        }
        let Times { attempt, total, .. } = timing.of(id);
        let number = one.number;
        let contracts = match number.name {
            "timeout.attempt" => attempt,
            "timeout.total" => total,
            _ => (number.get)(&policy.numbers)?,
        };
        let (least, most) = if number.name.starts_with("retry.") && !number.name.contains("backoff")
        {
            (u64::from(number.unit == Unit::Count), contracts)
        } else {
            ((contracts / 2).max(1), contracts.saturating_mul(2))
        };
        let most = if number.unit == Unit::Percent { most.min(100_000) } else { most };
        if (least..=most).contains(&one.value) {
            return None;
        }
        let name = &operation.info.name;
        let (least, most) = (number.unit.text(least), number.unit.text(most));
        let message = format!(
            "`{}` of `{name}`, which names no policy, may be {least} to {most}",
            number.name
        );
        let help = "write a policy for it in the contract to go further, for then its calls are judged with it";
        Some(Diagnostic::new(codes::REFUSED_OVERRIDE, one.span, message).help(help))
    };
    overrides.iter().filter_map(beyond).collect()
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
            let Some(of) = self.of(name) else { continue };
            match value.get_ref().as_table() {
                Some(blocks) => {
                    let mut found = Vec::new();
                    self.blocks("", blocks, &mut found);
                    overrides.extend(found.into_iter().flat_map(|found| self.applied(&of, found)));
                }
                None => self.wrong(value.span(), "a policy is a table".into(), String::new()),
            }
        }
        overrides.sort_by_key(|o| o.span);
        overrides
    }

    /// One number, of each that is named and has it; of the first of them, where none has, so that this is told.
    fn applied(&self, of: &Named, found: Found) -> Vec<Override> {
        let Found { number, value, span } = found;
        let world = self.world;
        let has = |of: &Of| {
            let policy = match *of {
                Of::Policy(policy) => policy,
                Of::Operation(operation) => world.operations[operation].policy,
            };
            (number.set)(&mut world.policies[policy].numbers.clone(), value)
        };
        let (all, whole) = match of {
            Named::One(of) => return vec![Override { of: *of, whole: false, number, value, span }],
            Named::Service(all) => (all, true),
        };
        let have = all.iter().copied().filter(has);
        let mut applied: Vec<_> =
            have.map(|of| Override { of, whole, number, value, span }).collect();
        if applied.is_empty() {
            let first = all.first().map(|of| Override { of: *of, whole, number, value, span });
            applied.extend(first);
        }
        applied
    }

    fn of(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>) -> Option<Named> {
        let world = self.world;
        let policy = |id: Id<Policy>| world.qualified(&world.policies[id].info);
        let service = |id: Id<Service>| world.qualified(&world.services[id].info);
        let operation = |id: Id<Operation>| {
            let operation = &world.operations[id];
            format!("{}.{}", service(operation.service), operation.info.name)
        };
        let all_of = |id: Id<Service>| {
            let of = world.operations.ids().filter(move |op| world.operations[*op].service == id);
            Named::Service(of.map(Of::Operation).collect())
        };
        let policies = world.policies.ids().map(|id| (policy(id), Named::One(Of::Policy(id))));
        let operations =
            world.operations.ids().map(|id| (operation(id), Named::One(Of::Operation(id))));
        let services = world.services.ids().map(|id| (service(id), all_of(id)));
        let mut all = policies.chain(operations).chain(services);
        let found = all.find(|(known, _)| *known == *name.get_ref()).map(|(_, of)| of);
        if found.is_none() {
            let names = world.policies.ids().map(policy);
            let names = names.chain(world.operations.ids().map(operation));
            let names: Vec<String> = names.chain(world.services.ids().map(service)).collect();
            let near = did_you_mean(name.get_ref(), names.iter().map(String::as_str));
            let help = near.map_or_else(
                || "name it with its package, as in `shop.orders.v1.Interactive`, or as in `shop.orders.v1.Orders.PlaceOrder`".to_owned(),
                |n| format!("did you mean `{n}`?"),
            );
            let message = format!("there is no policy, service or operation `{}`", name.get_ref());
            self.wrong(name.span(), message, help);
        }
        found
    }

    /// Reads `timeout.attempt = …`, however the dots are written.
    fn blocks(&mut self, prefix: &str, table: &DeTable<'_>, found: &mut Vec<Found>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            if let Some(inner) = value.get_ref().as_table()
                && prefix.is_empty()
            {
                self.blocks(&format!("{name}."), inner, found);
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
            match number.parse(&text) {
                Some(value_read) => {
                    let span = self.span(key.span().start..value.span().end);
                    found.push(Found { number, value: value_read, span });
                }
                None => {
                    let message = format!("`{name}` must be {}", number.example());
                    self.wrong(value.span(), message, String::new());
                }
            }
        }
    }
}
