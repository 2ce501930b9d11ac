//! Overrides of policies' numbers: the part `[policy."shop.orders.v1.Interactive"]`, or that of one operation,
//! `[policy."shop.orders.v1.Orders.GetOrder"]`, of the file that `SVCKIT_CONFIG` names, judged by the safe ranges that generated code carries, and read again while the process runs.

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

/// The ranges that services know: of policies by name, and of operations, which have those of their policies.
#[derive(Default)]
pub(crate) struct Ranges {
    policies: BTreeMap<String, Numbers>,
    operations: BTreeMap<String, (&'static Operation, Numbers)>,
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
        for (name, blocks) in policies.and_then(DeValue::as_table).into_iter().flatten() {
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
        } else if name.rsplit_once('.').is_some_and(|(of, _)| self.expected.contains(of)) {
            tracing::debug!(name, "its numbers are judged once its service is called");
        } else {
            return Err(vec![format!("{at}: {}", self.unknown(name))]);
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> String {
        let known = || self.policies.keys().chain(self.operations.keys()).map(String::as_str);
        let near = known().min_by_key(|known| strsim::osa_distance(known, name));
        if let Some(near) = near.filter(|near| strsim::osa_distance(near, name) <= 3) {
            return format!("there is no policy or operation `{name}`; did you mean `{near}`?");
        }
        if self.policies.is_empty() {
            return format!(
                "policy `{name}` can't be overridden: the code of these services carries no safe ranges; generate it \
                 with the option `ranges = \"true\"` of the target `rust`"
            );
        }
        let known: Vec<&str> = known().collect();
        format!("there is no policy or operation `{name}`; there are {}", known.join(", "))
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
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for (name, text, place) in flat(blocks) {
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
    let Some(value) = number.unit.parse(text) else {
        return Err(format!("policy `{policy}`: `{name}` must be {}", number.unit.example()));
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
