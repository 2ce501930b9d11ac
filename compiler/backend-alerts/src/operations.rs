//! What `slo` promises: burn rates over two windows, after the Site Reliability Workbook.

use svckit_backend::metrics::{self, BOUNDS, FAULTS, METHOD, SERVER_CALLS, STATUS};
use svckit_model::World;
use svckit_model::world::{Operation, Service};

use crate::yaml::Rule;
use crate::{Severity, alert};

/// The windows over which shares are recorded.
const WINDOWS: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

/// How fast a budget of 30 days burns, over a long window and, to end soon, a short one.
const BURNS: [(f64, &str, &str, Severity); 4] = [
    (14.4, "1h", "5m", Severity::Page),
    (6.0, "6h", "30m", Severity::Page),
    (3.0, "1d", "2h", Severity::Ticket),
    (1.0, "3d", "6h", Severity::Ticket),
];

pub(crate) fn rules(world: &World, service: &Service) -> Vec<Rule> {
    let operations = service.operations.iter().map(|id| (*id, &world.operations[*id]));
    // A queued command is not answered: what it promises is seen by its lag.
    let answered = operations.filter(|(_, operation)| operation.queue.is_none());
    let mut rules = Vec::new();
    for (id, operation) in answered {
        let method = metrics::method(world, id);
        let of = Objectives { world, service, operation, method };
        if let Some(percent) = operation.slo.availability {
            of.availability(percent, &mut rules);
        }
        for (percentile, nanos) in &operation.slo.latency {
            of.latency(*percentile, *nanos, &mut rules);
        }
    }
    rules
}

/// The objectives of one operation.
struct Objectives<'a> {
    world: &'a World,
    service: &'a Service,
    operation: &'a Operation,
    method: String,
}

impl Objectives<'_> {
    fn availability(&self, percent: f64, rules: &mut Vec<Rule>) {
        let (method, all) = (self.matcher(), self.calls());
        let faults = metrics::quoted(&FAULTS.join("|"));
        let failed = format!("{SERVER_CALLS}_count{{{method},{STATUS}=~{faults}}}");
        let record = "svckit:slo_errors:ratio";
        for window in WINDOWS {
            // Where nothing failed yet there is no series of failures: that is zero, not nothing.
            let share = format!(
                "(sum by ({METHOD}) (rate({failed}[{window}])) or 0 * sum by ({METHOD}) (rate({all}[{window}]))) \
                 / sum by ({METHOD}) (rate({all}[{window}]))"
            );
            let rule = Rule::record(format!("{record}_rate{window}"), share);
            // The label of the operation is there already; said again, it tells the rules apart.
            rules.push(rule.label(METHOD, &self.method).label("objective", "availability"));
        }
        self.burns("AvailabilityBurns", record, "availability", 1.0 - percent / 100.0, rules, |window| {
            format!("{percent}% of its calls are to be answered; more fail over {window} than that allows")
        });
    }

    fn latency(&self, percentile: f64, nanos: u64, rules: &mut Vec<Rule>) {
        let limit = seconds(nanos);
        let Some(bound) = BOUNDS.iter().find(|bound| same(**bound, limit)) else {
            return self.quantile(percentile, limit, rules);
        };
        let (method, all, le) = (self.matcher(), self.calls(), le(*bound));
        let soon = format!("{SERVER_CALLS}_bucket{{{method},le=~{le}}}");
        let record = "svckit:slo_slow:ratio";
        let objective = format!("p{percentile}");
        for window in WINDOWS {
            let share = format!(
                "1 - sum by ({METHOD}) (rate({soon}[{window}])) / sum by ({METHOD}) (rate({all}[{window}]))"
            );
            let rule = Rule::record(format!("{record}_rate{window}"), share);
            rules.push(rule.label(METHOD, &self.method).label("objective", &objective));
        }
        self.burns("LatencyBurns", record, &objective, 1.0 - percentile / 100.0, rules, |window| {
            format!("{percentile}% of its calls are to take {limit} s at most; more are slower over {window} than that allows")
        });
    }

    /// Where no bucket ends at the limit, the percentile itself is watched.
    fn quantile(&self, percentile: f64, limit: f64, rules: &mut Vec<Rule>) {
        let (method, share) = (self.matcher(), percentile / 100.0);
        let longest = BOUNDS.last().copied().unwrap_or_default();
        if limit > longest {
            // What takes that long is not told apart from what takes longer.
            return;
        }
        let quantile = |window: &str| {
            format!(
                "histogram_quantile({share}, sum by (le, {METHOD}) (rate({SERVER_CALLS}_bucket{{{method}}}[{window}]))) > {limit}"
            )
        };
        let rule = Rule::alert(
            self.named("Latency"),
            format!("{} and {}", quantile("1h"), quantile("5m")),
        );
        let rule = rule.label("objective", &format!("p{percentile}")).says(
            format!("{} is slow", self.method),
            format!("{percentile}% of its calls are to take {limit} s at most; over an hour they took longer"),
        );
        rules.push(alert(self.world, self.service, Severity::Ticket, rule));
    }

    fn burns(
        &self,
        name: &str,
        record: &str,
        objective: &str,
        budget: f64,
        rules: &mut Vec<Rule>,
        says: impl Fn(&str) -> String,
    ) {
        let (method, said) = (self.matcher(), metrics::quoted(objective));
        for (factor, long, short, severity) in BURNS {
            if factor * budget >= 1.0 {
                // No share of calls is so large: a lax promise is not broken that fast.
                continue;
            }
            let limit = decimal(factor * budget);
            let over = |window: &str| {
                format!("{record}_rate{window}{{{method},objective={said}}} > {limit}")
            };
            let rule = Rule::alert(self.named(name), format!("{} and {}", over(long), over(short)));
            let rule = rule.label("window", long).label("objective", objective);
            let summary = format!("{} burns its error budget {factor} times too fast", self.method);
            rules.push(alert(self.world, self.service, severity, rule.says(summary, says(long))));
        }
    }

    fn named(&self, what: &str) -> String {
        format!("{}{}{what}", self.service.info.name, self.operation.info.name)
    }

    fn matcher(&self) -> String {
        format!("{METHOD}={}", metrics::quoted(&self.method))
    }

    fn calls(&self) -> String {
        format!("{SERVER_CALLS}_count{{{}}}", self.matcher())
    }
}

/// A bound as the label `le` has it: older versions of Prometheus keep `1`, newer ones make `1.0` of it.
fn le(bound: f64) -> String {
    let text = format!("{bound}");
    let pattern = text.replace('.', "\\.");
    metrics::quoted(&if text.contains('.') { pattern } else { format!("{pattern}(\\.0)?") })
}

#[expect(clippy::cast_precision_loss, reason = "times of contracts are far below 2^52 ns")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// A share without the noise of binary fractions.
fn decimal(share: f64) -> String {
    let text = format!("{share:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
