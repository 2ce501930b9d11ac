//! Prometheus rules out of a svckit contract: a file per service.
//!
//! Availability and latency that an `slo` promises are watched by burn rates over two windows each: a budget that burns
//! fast calls somebody, one that burns slowly makes a ticket. What every service should be told of comes beside: dead
//! letters, messages that wait, outboxes that stall, breakers that stay open.

mod health;
mod operations;
#[cfg(test)]
mod tests;
mod yaml;

use svckit_backend::{Backend, Files, Options};
use svckit_diagnostics::Diagnostic;
use svckit_model::World;
use svckit_model::world::Service;

use yaml::{Group, Rule};

/// The target `alerts`.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlertsBackend;

impl Backend for AlertsBackend {
    fn name(&self) -> &'static str {
        "alerts"
    }

    fn about(&self) -> &'static str {
        "Prometheus rules: burn rates of SLOs, dead letters, lag, stalled outboxes, open breakers"
    }

    fn generate(&self, world: &World, _: &Options) -> Result<Files, Vec<Diagnostic>> {
        let mut files = Files::default();
        for (_, service) in world.services.iter() {
            if world.packages[service.info.package].external {
                continue;
            }
            let name = world.qualified(&service.info);
            let groups = [
                Group {
                    name: format!("{name}: objectives"),
                    rules: operations::rules(world, service),
                },
                Group { name: format!("{name}: health"), rules: health::rules(world, service) },
            ];
            if let Some(text) = yaml::file(&name, &groups) {
                files.add(format!("{name}.rules.yaml"), text);
            }
        }
        Ok(files)
    }
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy)]
enum Severity {
    /// Somebody is called.
    Page,
    /// Somebody looks in time.
    Ticket,
}

/// An alert of a service, with what its contract says of whom it concerns.
fn alert(world: &World, service: &Service, severity: Severity, rule: Rule) -> Rule {
    let severity = match severity {
        Severity::Page => "page",
        Severity::Ticket => "ticket",
    };
    let mut rule = rule.label("severity", severity);
    rule = rule.label("service", &world.qualified(&service.info));
    if let Some(owner) = &service.owner {
        rule = rule.label("owner", owner);
    }
    for (name, value) in &service.meta {
        rule = rule.label(&label(name), value);
    }
    rule
}

/// A name as a label may have it.
fn label(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
