//! Safe ranges: for each number of a policy or SLO the interval around it in which no rule fires.
//!
//! A rule is taken to fire from some value onwards in each direction, so the end of the interval is found by bisection:
//! to the millisecond, to one, to a thousandth of a percent. An end beyond which nothing fires is open.

use serde_json::{Value, json};
use svckit_lint::Rule;
use svckit_model::{Id, Operation, Policy, World};

use super::probe::Probe;
use super::{NUMBERS, Number, Unit, contradiction};
use crate::{Checked, Session};

/// The interval of one number.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Whose number it is.
    pub of: RangeOf,
    /// `timeout.attempt`, `slo.latency p99`
    pub number: String,
    /// What it counts.
    pub unit: Unit,
    /// What the contract says.
    pub value: u64,
    /// The least value at which nothing fires; none where nothing does below.
    pub min: Option<End>,
    /// The greatest.
    pub max: Option<End>,
}

/// Whose number a range is of, by qualified name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeOf {
    /// A policy.
    Policy(String),
    /// An operation, by its SLO.
    Operation(String),
}

impl RangeOf {
    /// The qualified name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Policy(name) | Self::Operation(name) => name,
        }
    }
}

/// An end of an interval, and what fires beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The last value at which nothing fires.
    pub value: u64,
    /// The rule; `policy-contradiction` where the numbers could not hold together.
    pub rule: &'static str,
    /// Its message at the first value beyond.
    pub message: String,
}

/// What a range is searched of.
#[derive(Clone, Copy)]
enum Place {
    Policy(Id<Policy>, &'static Number),
    Availability(Id<Operation>),
    Latency(Id<Operation>, usize),
}

/// The safe range of every number in the local packages of a checked world. What follows from what is called, as the
/// timeouts of `standard` do, has none. A number is tried on the packages alone that have to do with its own.
#[must_use]
pub fn ranges(checked: &Checked) -> Vec<Range> {
    let inputs = &checked.inputs;
    let mut session = Session::default();
    session.parse(inputs, &mut Vec::new());
    let mut ranges: Vec<(String, Range)> = Vec::new();
    for island in session.islands(inputs) {
        let (world, _) = session.world_of(&island);
        let mut probe = Probe::new(world, crate::lint_options(inputs));
        for (package, place) in places(&probe.world) {
            let found = range(&mut probe, place);
            ranges.extend(found.map(|range| (package, range)));
        }
    }
    ranges.sort_by(|one, other| one.0.cmp(&other.0));
    ranges.into_iter().map(|(_, range)| range).collect()
}

/// What a range is searched of, by package.
fn places(world: &World) -> Vec<(String, Place)> {
    let mut places = Vec::new();
    for (_, package) in world.local_packages() {
        let mut places = Places { package: &package.name, all: &mut places };
        for policy in &package.policies {
            places.extend(NUMBERS.iter().map(|n| Place::Policy(*policy, n)));
        }
        for service in &package.services {
            for operation in &world.services[*service].operations {
                let slo = &world.operations[*operation].slo;
                places.extend(slo.availability.map(|_| Place::Availability(*operation)));
                places.extend((0..slo.latency.len()).map(|at| Place::Latency(*operation, at)));
            }
        }
    }
    places
}

/// Gathers what is searched of one package.
struct Places<'a> {
    package: &'a str,
    all: &'a mut Vec<(String, Place)>,
}

impl Places<'_> {
    fn extend(&mut self, places: impl IntoIterator<Item = Place>) {
        self.all.extend(places.into_iter().map(|place| (self.package.to_owned(), place)));
    }
}

fn range(probe: &mut Probe, place: Place) -> Option<Range> {
    let unit = place.unit();
    let value = place.get(&probe.world)?;
    let (least, most, step) = unit.domain();
    let down = value.saturating_sub(least) / step;
    let up = most.saturating_sub(value) / step;
    let min = end(probe, place, down, |steps| value - steps * step);
    let max = end(probe, place, up, |steps| value + steps * step);
    place.set(&mut probe.world, value);
    let (of, number) = place.names(&probe.world);
    Some(Range { of, number, unit, value, min, max })
}

/// How far one can go from the value: the last of `steps` at which nothing fires, unless nothing does at all.
fn end(probe: &mut Probe, place: Place, steps: u64, at: impl Fn(u64) -> u64) -> Option<End> {
    if steps == 0 {
        return None;
    }
    place.set(&mut probe.world, at(steps));
    // What does not fire at the far end fires nowhere before: the others alone are asked from here on.
    let (mut beyond, rules) = wrong(probe, place, None)?;
    let (mut good, mut bad) = (0, steps);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        place.set(&mut probe.world, at(middle));
        match wrong(probe, place, Some(&rules)) {
            Some((found, _)) => (bad, beyond) = (middle, found),
            None => good = middle,
        }
    }
    let (rule, message) = beyond;
    Some(End { value: at(good), rule, message })
}

/// A rule and its message.
type Wrong = (&'static str, String);

/// The first thing that is wrong with the world as it is, and the rules that found something.
fn wrong(
    probe: &Probe,
    place: Place,
    rules: Option<&[&'static Rule]>,
) -> Option<(Wrong, Vec<&'static Rule>)> {
    if let Place::Policy(policy, _) = place
        && let Some(message) = contradiction(&probe.world.policies[policy].numbers)
    {
        let slug = svckit_model::codes::policies::POLICY_CONTRADICTION.slug;
        return Some(((slug, message), probe.rules.clone()));
    }
    let rules = rules.unwrap_or(&probe.rules);
    let found = probe.fires_by(rules);
    let fired = rules.iter().copied().filter(|r| found.iter().any(|d| d.code == r.code)).collect();
    let first = found.into_iter().min_by_key(|d| d.severity)?;
    Some(((first.code.slug, first.message), fired))
}

impl Place {
    fn unit(self) -> Unit {
        match self {
            Self::Policy(_, number) => number.unit,
            Self::Availability(_) => Unit::Percent,
            Self::Latency(..) => Unit::Time,
        }
    }

    fn get(self, world: &World) -> Option<u64> {
        match self {
            Self::Policy(policy, number) => (number.get)(&world.policies[policy].numbers),
            Self::Availability(id) => {
                world.operations[id].slo.availability.map(super::unit::thousandths)
            }
            Self::Latency(id, at) => world.operations[id].slo.latency.get(at).map(|(_, t)| *t),
        }
    }

    fn set(self, world: &mut World, value: u64) {
        match self {
            Self::Policy(policy, number) => {
                (number.set)(&mut world.policies[policy].numbers, value);
            }
            Self::Availability(id) => {
                world.operations[id].slo.availability = Some(value as f64 / 1e3);
            }
            Self::Latency(id, at) => world.operations[id].slo.latency[at].1 = value,
        }
    }

    fn names(self, world: &World) -> (RangeOf, String) {
        let operation = |id: Id<Operation>| {
            let found = &world.operations[id];
            let service = world.qualified(&world.services[found.service].info);
            RangeOf::Operation(format!("{service}.{}", found.info.name))
        };
        match self {
            Self::Policy(policy, number) => {
                let name = world.qualified(&world.policies[policy].info);
                (RangeOf::Policy(name), number.name.to_owned())
            }
            Self::Availability(id) => (operation(id), "slo.availability".to_owned()),
            Self::Latency(id, at) => {
                let percentile = world.operations[id].slo.latency[at].0;
                (operation(id), format!("slo.latency p{percentile}"))
            }
        }
    }
}

impl Range {
    /// As JSON, with texts as a contract writes them and the plain numbers beside.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let end = |end: &Option<End>| {
            end.as_ref().map(|e| {
                json!({ "value": self.unit.text(e.value), "raw": e.value, "rule": e.rule, "message": e.message })
            })
        };
        let kind = match &self.of {
            RangeOf::Policy(_) => "policy",
            RangeOf::Operation(_) => "operation",
        };
        json!({
            kind: self.of.name(),
            "number": self.number,
            "unit": match self.unit {
                Unit::Time => "nanoseconds",
                Unit::Count => "count",
                Unit::Percent => "thousandths of a percent",
                Unit::Rate => "thousandths per second",
            },
            "value": self.unit.text(self.value),
            "raw": self.value,
            "min": end(&self.min),
            "max": end(&self.max),
        })
    }
}

/// All ranges as one line of text, for the file that the runtime may read: a JSON list of what [`Range::to_json`] gives.
#[must_use]
pub fn to_text(ranges: &[Range]) -> String {
    Value::Array(ranges.iter().map(Range::to_json).collect()).to_string()
}
