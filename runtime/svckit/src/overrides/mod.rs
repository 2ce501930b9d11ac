//! Overrides of policies' numbers: the part `[policy."shop.orders.v1.Interactive"]`, that of all operations of a service,
//! `[policy."shop.orders.v1.Orders"]`, or that of one, `[policy."shop.orders.v1.Orders.GetOrder"]`, of the file that
//! `SVCKIT_CONFIG` names, judged by the safe ranges that generated code carries, and read again while the process runs.

mod numbers;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use svckit_core::operation::{Change, Operation, Overrides, PolicyConfig, ServiceDescriptor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::numbers::{NUMBERS, Number, ORDERED, Unit};
pub(crate) use self::watch::Watched;
use crate::{Error, Result};

/// A range as `svckit check --ranges` writes it.
#[derive(Clone, Deserialize)]
struct Range {
    policy: Option<String>,
    number: String,
    raw: u64,
    min: Option<End>,
    max: Option<End>,
}

#[derive(Clone, Deserialize)]
struct End {
    value: String,
    raw: u64,
    rule: String,
    message: String,
}

/// The ranges of one policy, by number.
type Numbers = BTreeMap<String, Range>;

/// An operation, and the ranges of its numbers.
type Judged = (&'static Operation, Numbers);

/// The ranges that services know: of policies by name, and of operations, which have those of their policies.
#[derive(Default)]
pub(crate) struct Ranges {
    policies: BTreeMap<String, Numbers>,
    operations: BTreeMap<String, Judged>,
    /// Services that may come later, which nothing can be said of yet.
    expected: BTreeSet<String>,
}

impl Ranges {
    /// Those of services that were generated with the option `ranges`, and of operations under the policy `standard`.
    ///
    /// # Errors
    /// `internal` for ranges that this version can't read.
    pub(crate) fn of(
        services: impl IntoIterator<Item = &'static ServiceDescriptor>,
    ) -> Result<Self> {
        let services: Vec<_> = services.into_iter().collect();
        let operations = || services.iter().flat_map(|service| service.operations.iter().copied());
        let texts: BTreeSet<&str> =
            operations().filter_map(|operation| operation.safe.map(|safe| safe.ranges)).collect();
        let mut known = Self::default();
        texts.into_iter().try_for_each(|text| known.add(text))?;
        for operation in operations() {
            let numbers = match operation.safe {
                Some(safe) => known.policies.get(safe.policy).cloned(),
                None => standard(operation),
            };
            if let Some(numbers) = numbers {
                known.operations.insert(operation.full_name(), (operation, numbers));
            }
        }
        Ok(known)
    }

    /// With services that this process may come to know later.
    pub(crate) fn expecting(mut self, services: impl IntoIterator<Item = String>) -> Self {
        self.expected.extend(services);
        self
    }

    fn add(&mut self, text: &str) -> Result<()> {
        let ranges: Vec<Range> = serde_json::from_str(text).map_err(|error| {
            Error::internal(format!("the safe ranges in the generated code can't be read: {error}"))
        })?;
        for mut range in ranges {
            let Some(policy) = range.policy.take() else { continue };
            self.policies.entry(policy).or_default().insert(range.number.clone(), range);
        }
        Ok(())
    }

    /// The overrides of a configuration file, if all of them are safe.
    ///
    /// # Errors
    /// `invalid_argument` that says of each in which line it is, what is wrong with it and what may be written.
    pub(crate) fn judge(&self, text: &str) -> Result<Overrides> {
        let file = DeTable::parse(text).map_err(|e| Error::invalid_argument(e.to_string()))?;
        let (mut overrides, mut wrong) = (Overrides::default(), Vec::new());
        let policies = file.get_ref().get("policy").map(Spanned::get_ref);
        let mut policies: Vec<_> =
            policies.and_then(DeValue::as_table).into_iter().flatten().collect();
        // A policy, then a service, then one of its operations: the narrower has the last word.
        policies.sort_by_key(|(name, _)| self.narrows(name.get_ref()));
        for (name, blocks) in policies {
            let at = Line { text, at: name.span().start };
            match self.named(name.get_ref(), blocks.get_ref(), at, &mut overrides) {
                Ok(()) => {}
                Err(messages) => wrong.extend(messages),
            }
        }
        if wrong.is_empty() {
            return Ok(overrides);
        }
        Err(Error::invalid_argument(wrong.join("\n")))
    }

    /// Takes up what stands under one name, of a policy or an operation.
    fn named(
        &self,
        name: &str,
        blocks: &DeValue<'_>,
        at: Line<'_>,
        into: &mut Overrides,
    ) -> std::result::Result<(), Vec<String>> {
        if let Some(ranges) = self.policies.get(name) {
            into.policy(name, change(numbers_of(name, ranges, blocks, at)?));
        } else if let Some((operation, ranges)) = self.operations.get(name) {
            into.operation(operation, change(numbers_of(name, ranges, blocks, at)?));
        } else if self.serves(name) {
            self.whole_service(name, blocks, at, into)?;
        } else if self.may_come(name) {
            tracing::debug!(
                name,
                "its numbers are judged once the services that are called are known"
            );
        } else {
            return Err(vec![format!("{at}: {}", self.unknown(name))]);
        }
        Ok(())
    }

    /// The operations of a service, each with its numbers.
    fn of_service<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a String, &'a Judged)> {
        self.operations.iter().filter(move |(_, (operation, _))| operation.service == name)
    }

    fn serves(&self, name: &str) -> bool {
        self.of_service(name).next().is_some()
    }

    fn narrows(&self, name: &str) -> u8 {
        match (self.policies.contains_key(name), self.operations.contains_key(name)) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        }
    }

    /// Takes up what stands under a service's name: each number for all operations that have it, and safe for each.
    fn whole_service(
        &self,
        name: &str,
        blocks: &DeValue<'_>,
        at: Line<'_>,
        into: &mut Overrides,
    ) -> std::result::Result<(), Vec<String>> {
        let has = |(_, (_, ranges)): &(_, &Judged), number: &str| ranges.contains_key(number);
        let all: BTreeSet<String> = flat(blocks).into_iter().map(|(number, ..)| number).collect();
        let nowhere = |number: &&String| !self.of_service(name).any(|one| has(&one, number));
        let unknown: BTreeSet<&String> = all.iter().filter(nowhere).collect();
        let (mut changes, mut wrong) = (Vec::new(), Vec::new());
        for one in self.of_service(name) {
            let (of, (operation, ranges)) = one;
            // What no operation has is wrong for each of them, and told once.
            let mine = |number: &str| {
                has(&one, number) || wrong.is_empty() && unknown.iter().any(|u| *u == number)
            };
            match numbers_where(of, ranges, blocks, at, mine) {
                Ok(found) => changes.push((*operation, change(found))),
                Err(messages) => wrong.extend(messages),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        changes.into_iter().for_each(|(operation, change)| into.operation(operation, change));
        Ok(())
    }

    /// Whether it may be the name of a service that is not known yet, of its operations or its policies. Who else it may be
    /// is told once all of them are known.
    fn may_come(&self, name: &str) -> bool {
        let of = name.rsplit_once('.').map_or("", |(of, _)| of);
        let named = self.expected.contains(name) || self.expected.contains(of);
        named || !self.expected.is_empty() && !self.serves(of) && self.near(name).is_none()
    }

    /// All that can be overridden.
    fn known(&self) -> BTreeSet<&str> {
        let services = self.operations.values().map(|(operation, _)| operation.service);
        let named = self.policies.keys().chain(self.operations.keys()).map(String::as_str);
        named.chain(services).collect()
    }

    /// What is written almost like this.
    fn near(&self, name: &str) -> Option<&str> {
        let near = self.known().into_iter().min_by_key(|near| strsim::osa_distance(near, name));
        near.filter(|near| strsim::osa_distance(near, name) <= 3)
    }

    fn unknown(&self, name: &str) -> String {
        if let Some(near) = self.near(name) {
            return format!(
                "there is no policy, service or operation `{name}`; did you mean `{near}`?"
            );
        }
        if self.policies.is_empty() {
            return format!(
                "policy `{name}` can't be overridden: the code of these services carries no safe ranges; generate it \
                 with the option `ranges = \"true\"` of the target `rust`"
            );
        }
        let known: Vec<&str> = self.known().into_iter().collect();
        format!("there is no policy, service or operation `{name}`; there are {}", known.join(", "))
    }
}

/// The ranges of an operation that names no policy; nothing where it has numbers of its own, whose ranges were not
/// generated.
fn standard(operation: &Operation) -> Option<Numbers> {
    // Its timeouts follow from what it calls.
    let policy = PolicyConfig { timeout: PolicyConfig::STANDARD.timeout, ..operation.policy };
    if policy != PolicyConfig::STANDARD {
        return None;
    }
    let range = |number: &Number| {
        let raw = (number.get)(&operation.policy)?;
        let (least, most) = numbers::standard(number);
        let end = |percent: u64| {
            let raw = raw.saturating_mul(percent) / 100;
            let raw = if number.unit == Unit::Percent { raw.min(100_000) } else { raw.max(1) };
            let message = "the operation names no policy, and nothing is known of its calls beyond that; write a policy \
                           in the contract to go further";
            Some(End {
                value: number.unit.text(raw),
                raw,
                rule: "standard".to_owned(),
                message: message.to_owned(),
            })
        };
        let (min, max) = (end(least), end(most));
        Some(Range { policy: None, number: number.name.to_owned(), raw, min, max })
    };
    let ranges = NUMBERS.iter().filter_map(range);
    Some(ranges.map(|range| (range.number.clone(), range)).collect())
}

/// A place in the file, shown as its line.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    at: usize,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.at).unwrap_or_default();
        write!(f, "line {}", before.matches('\n').count() + 1)
    }
}

fn change(numbers: Vec<(&'static Number, u64)>) -> Change {
    Arc::new(move |config: &mut PolicyConfig| {
        numbers.iter().for_each(|(number, value)| (number.set)(config, *value));
    })
}

/// What stands under a policy's or an operation's name.
fn numbers_of(
    policy: &str,
    ranges: &Numbers,
    blocks: &DeValue<'_>,
    at: Line<'_>,
) -> std::result::Result<Vec<(&'static Number, u64)>, Vec<String>> {
    numbers_where(policy, ranges, blocks, at, |_| true)
}

/// As [`numbers_of`], of some numbers alone.
fn numbers_where(
    policy: &str,
    ranges: &Numbers,
    blocks: &DeValue<'_>,
    at: Line<'_>,
    wanted: impl Fn(&str) -> bool,
) -> std::result::Result<Vec<(&'static Number, u64)>, Vec<String>> {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for (name, text, place) in flat(blocks).into_iter().filter(|(name, ..)| wanted(name)) {
        match number(policy, ranges, &name, &text) {
            Ok(one) => found.push(one),
            Err(message) => wrong.push(format!("{}: {message}", Line { at: place, ..at })),
        }
    }
    if wrong.is_empty() {
        let messages = contradictions(policy, ranges, &found);
        wrong.extend(messages.into_iter().map(|message| format!("{at}: {message}")));
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// `timeout.attempt`, what is written for it, and where, however the dots are written.
fn flat(blocks: &DeValue<'_>) -> Vec<(String, String, usize)> {
    let text = |value: &DeValue<'_>| match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    let mut found = Vec::new();
    for (block, numbers) in blocks.as_table().into_iter().flatten() {
        match numbers.get_ref().as_table() {
            Some(inner) => found.extend(inner.iter().map(|(name, value)| {
                let whole = format!("{}.{}", block.get_ref(), name.get_ref());
                (whole, text(value.get_ref()), name.span().start)
            })),
            None => found.push((
                block.get_ref().to_string(),
                text(numbers.get_ref()),
                block.span().start,
            )),
        }
    }
    found
}

/// One number, if it is known, well written, and within its range.
fn number(
    policy: &str,
    ranges: &Numbers,
    name: &str,
    text: &str,
) -> std::result::Result<(&'static Number, u64), String> {
    let Some(number) = NUMBERS.iter().find(|number| number.name == name) else {
        let near = NUMBERS.iter().min_by_key(|number| strsim::osa_distance(number.name, name));
        let near = near.map_or("timeout.attempt", |number| number.name);
        return Err(format!(
            "policy `{policy}`: there is no number `{name}`; did you mean `{near}`?"
        ));
    };
    let Some(range) = ranges.get(name) else {
        return Err(format!(
            "policy `{policy}`: the contract leaves `{name}` out or to what follows from the calls; write it there first"
        ));
    };
    let Some(value) = number.parse(text) else {
        return Err(format!("policy `{policy}`: `{name}` must be {}", number.example()));
    };
    let below = range.min.as_ref().filter(|end| value < end.raw).map(|end| ("least", end));
    let above = range.max.as_ref().filter(|end| value > end.raw).map(|end| ("most", end));
    match below.or(above) {
        Some((word, End { value, rule, message, .. })) => Err(format!(
            "policy `{policy}`: `{name} = {text}` is refused: beyond {value}, which is the {word}, {rule}: {message}; {}",
            allowed(range)
        )),
        None => Ok((number, value)),
    }
}

/// The range, for people.
fn allowed(range: &Range) -> String {
    match (&range.min, &range.max) {
        (Some(min), Some(max)) => format!("it may be {} to {}", min.value, max.value),
        (Some(min), None) => format!("it may be {} or more", min.value),
        (None, Some(max)) => format!("it may be {} or less", max.value),
        (None, None) => "any is allowed".to_owned(),
    }
}

/// What can't hold together, though each for itself is safe.
fn contradictions(policy: &str, ranges: &Numbers, found: &[(&'static Number, u64)]) -> Vec<String> {
    let value = |name: &str| {
        let overridden = found.iter().find(|(number, _)| number.name == name);
        overridden.map(|(_, value)| *value).or_else(|| ranges.get(name).map(|range| range.raw))
    };
    let more = |(less, more): &(&str, &str)| matches!((value(less), value(more)), (Some(a), Some(b)) if a > b);
    let message = |(less, more): (&str, &str)| {
        format!("policy `{policy}`: `{less}` is more than `{more}`; change both")
    };
    ORDERED.into_iter().filter(more).map(message).collect()
}
