//! Grafana dashboards out of a svckit contract: one per service, to be imported or provisioned as they are.
//!
//! A row for what the service answers, one for what it calls, one for its messages; a promise of an `slo` is drawn as a
//! line where it is measured. The data source is a variable, so that a dashboard fits every Grafana.

mod panels;
mod rows;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use svckit_backend::{Backend, Files, Options};
use svckit_diagnostics::Diagnostic;
use svckit_model::World;
use svckit_model::world::Service;

use panels::Board;

/// The target `dashboards`.
#[derive(Debug, Clone, Copy, Default)]
pub struct DashboardsBackend;

impl Backend for DashboardsBackend {
    fn name(&self) -> &'static str {
        "dashboards"
    }

    fn about(&self) -> &'static str {
        "Grafana dashboards: a service's calls, callees and messages, with its SLOs as lines"
    }

    fn generate(&self, world: &World, _: &Options) -> Result<Files, Vec<Diagnostic>> {
        let mut files = Files::default();
        for (_, service) in world.services.iter() {
            if world.packages[service.info.package].external {
                continue;
            }
            let mut board = Board::default();
            rows::calls(world, service, &mut board);
            rows::callees(world, service, &mut board);
            rows::messages(world, service, &mut board);
            let name = world.qualified(&service.info);
            files.add(format!("{name}.json"), text(&dashboard(world, service, board)));
        }
        Ok(files)
    }
}

fn text(value: &Value) -> String {
    // The alternate form of a value is indented.
    format!("{value:#}\n")
}

fn dashboard(world: &World, service: &Service, board: Board) -> Value {
    let name = world.qualified(&service.info);
    let mut tags = vec!["svckit".to_owned()];
    tags.extend(service.owner.clone());
    json!({
        "uid": uid(&name),
        "title": name,
        "description": service.info.docs,
        "tags": tags,
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "",
        "time": { "from": "now-1h", "to": "now" },
        "annotations": { "list": [] },
        "links": [],
        "templating": { "list": [{
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "hide": 0,
            "multi": false,
            "includeAll": false,
            "refresh": 1,
        }] },
        "panels": board.panels(),
    })
}

/// Grafana takes at most 40 letters: the end of a long name says more than its beginning, and a sum of all of it keeps two
/// of them apart.
fn uid(name: &str) -> String {
    let sum = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let letters: Vec<char> = name.chars().map(plain).collect();
    let end: String = letters[letters.len().saturating_sub(23)..].iter().collect();
    format!("{end}-{sum:016x}")
}
