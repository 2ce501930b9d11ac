//! Overrides of policies' numbers: the part `[policy."shop.orders.v1.Interactive"]` of the file that `SVCKIT_CONFIG`
//! names, judged by the safe ranges that generated code carries, and read again while the process runs.

mod numbers;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use svckit_core::operation::{Change, PolicyConfig, ServiceDescriptor};

use self::numbers::{NUMBERS, Number, ORDERED};
pub(crate) use self::watch::Watched;
use crate::{Error, Result};

/// A range as `svckit check --ranges` writes it.
#[derive(Deserialize)]
struct Range {
    policy: Option<String>,
    number: String,
    raw: u64,
    min: Option<End>,
    max: Option<End>,
}

#[derive(Deserialize)]
struct End {
    value: String,
    raw: u64,
    rule: String,
    message: String,
}

/// The ranges that services know, by policy and number.
#[derive(Default)]
pub(crate) struct Ranges(BTreeMap<String, BTreeMap<String, Range>>);

impl Ranges {
    /// Those of services that were generated with the option `ranges`.
    ///
    /// # Errors
    /// `internal` for ranges that this version can't read.
    pub(crate) fn of<'a>(
        services: impl IntoIterator<Item = &'a ServiceDescriptor>,
    ) -> Result<Self> {
        let operations = services.into_iter().flat_map(|service| service.operations.iter());
        let texts: BTreeSet<&str> =
            operations.filter_map(|operation| operation.safe.map(|safe| safe.ranges)).collect();
        let mut known = Self::default();
        texts.into_iter().try_for_each(|text| known.add(text))?;
        Ok(known)
    }

    fn add(&mut self, text: &str) -> Result<()> {
        let ranges: Vec<Range> = serde_json::from_str(text).map_err(|error| {
            Error::internal(format!("the safe ranges in the generated code can't be read: {error}"))
        })?;
        for mut range in ranges {
            let Some(policy) = range.policy.take() else { continue };
            self.0.entry(policy).or_default().insert(range.number.clone(), range);
        }
        Ok(())
    }

    /// The overrides of a configuration file, if all of them are safe.
    ///
    /// # Errors
    /// `invalid_argument` that says of each what is wrong with it and what may be written.
    pub(crate) fn judge(&self, text: &str) -> Result<BTreeMap<String, Change>> {
        let file: toml::Table =
            toml::from_str(text).map_err(|error| Error::invalid_argument(error.to_string()))?;
        let Some(policies) = file.get("policy") else { return Ok(BTreeMap::new()) };
        let (mut changes, mut wrong) = (BTreeMap::new(), Vec::new());
        for (policy, blocks) in policies.as_table().into_iter().flatten() {
            match self.policy(policy, blocks) {
                Ok(numbers) => {
                    let change: Change = Arc::new(move |config: &mut PolicyConfig| {
                        numbers.iter().for_each(|(number, value)| (number.set)(config, *value));
                    });
                    changes.insert(policy.clone(), change);
                }
                Err(messages) => wrong.extend(messages),
            }
        }
        if wrong.is_empty() { Ok(changes) } else { Err(Error::invalid_argument(wrong.join("\n"))) }
    }

    fn policy(
        &self,
        policy: &str,
        blocks: &toml::Value,
    ) -> std::result::Result<Vec<(&'static Number, u64)>, Vec<String>> {
        let Some(ranges) = self.0.get(policy) else { return Err(vec![self.unknown(policy)]) };
        let (mut found, mut wrong) = (Vec::new(), Vec::new());
        for (name, text) in flat(blocks) {
            match number(policy, ranges, &name, &text) {
                Ok(one) => found.push(one),
                Err(message) => wrong.push(message),
            }
        }
        if wrong.is_empty() {
            wrong.extend(contradictions(policy, ranges, &found));
        }
        if wrong.is_empty() { Ok(found) } else { Err(wrong) }
    }

    fn unknown(&self, policy: &str) -> String {
        if self.0.is_empty() {
            return format!(
                "policy `{policy}` can't be overridden: the code of these services carries no safe ranges; generate it \
                 with the option `ranges = \"true\"` of the target `rust`"
            );
        }
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let near = known.iter().min_by_key(|name| strsim::osa_distance(name, policy));
        match near.filter(|name| strsim::osa_distance(name, policy) <= 3) {
            Some(near) => format!("there is no policy `{policy}`; did you mean `{near}`?"),
            None => format!("there is no policy `{policy}`; there are {}", known.join(", ")),
        }
    }
}

/// `timeout.attempt` and what is written for it, however the dots are written.
fn flat(blocks: &toml::Value) -> Vec<(String, String)> {
    let text = |value: &toml::Value| match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    let mut found = Vec::new();
    for (block, numbers) in blocks.as_table().into_iter().flatten() {
        match numbers.as_table() {
            Some(numbers) => found.extend(
                numbers.iter().map(|(name, value)| (format!("{block}.{name}"), text(value))),
            ),
            None => found.push((block.clone(), text(numbers))),
        }
    }
    found
}

/// One number, if it is known, well written, and within its range.
fn number(
    policy: &str,
    ranges: &BTreeMap<String, Range>,
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
            "policy `{policy}`: `{name} = {text}` is refused: beyond {value}, which is the {word}, {rule}: {message}"
        )),
        None => Ok((number, value)),
    }
}

/// What can't hold together, though each for itself is safe.
fn contradictions(
    policy: &str,
    ranges: &BTreeMap<String, Range>,
    found: &[(&'static Number, u64)],
) -> Vec<String> {
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
