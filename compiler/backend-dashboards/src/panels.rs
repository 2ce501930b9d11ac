//! Panels on a grid that is 24 wide.

use serde_json::{Value, json};

/// How wide a graph is: two in a row.
const WIDTH: u32 = 12;
const HEIGHT: u32 = 8;

/// The panels of a dashboard, from the top left to the bottom right.
#[derive(Default)]
pub(crate) struct Board {
    panels: Vec<Value>,
    x: u32,
    y: u32,
}

/// A graph over time.
pub(crate) struct Graph {
    pub(crate) title: String,
    pub(crate) about: String,
    /// Grafana's name of the unit: `s`, `reqps`, `percentunit`, `short`.
    pub(crate) unit: &'static str,
    /// Expressions and what their lines are called.
    pub(crate) lines: Vec<(String, String)>,
    /// What was promised: values above are red.
    pub(crate) limit: Option<f64>,
}

impl Board {
    /// Begins a row.
    pub(crate) fn row(&mut self, title: &str) {
        if self.x > 0 {
            (self.x, self.y) = (0, self.y + HEIGHT);
        }
        let at = json!({ "h": 1, "w": 24, "x": 0, "y": self.y });
        let id = self.panels.len() + 1;
        self.panels.push(json!({
            "id": id, "type": "row", "title": title, "collapsed": false, "gridPos": at, "panels": [],
        }));
        self.y += 1;
    }

    /// Adds a graph.
    pub(crate) fn graph(&mut self, graph: Graph) {
        let at = json!({ "h": HEIGHT, "w": WIDTH, "x": self.x, "y": self.y });
        let source = json!({ "type": "prometheus", "uid": "${datasource}" });
        let targets = graph.lines.iter().enumerate().map(|(number, (expr, legend))| {
            json!({
                "refId": name(number), "datasource": source, "editorMode": "code", "range": true,
                "expr": expr, "legendFormat": legend,
            })
        });
        let mut steps = vec![json!({ "color": "green", "value": null })];
        steps.extend(graph.limit.map(|limit| json!({ "color": "red", "value": limit })));
        let style = if graph.limit.is_some() { "line" } else { "off" };
        let panel = json!({
            "id": self.panels.len() + 1,
            "type": "timeseries",
            "title": graph.title,
            "description": graph.about,
            "gridPos": at,
            "datasource": source,
            "targets": targets.collect::<Vec<_>>(),
            "fieldConfig": {
                "defaults": {
                    "unit": graph.unit,
                    "min": 0,
                    "custom": { "fillOpacity": 10, "showPoints": "never", "thresholdsStyle": { "mode": style } },
                    "thresholds": { "mode": "absolute", "steps": steps },
                },
                "overrides": [],
            },
            "options": {
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
                "tooltip": { "mode": "multi", "sort": "desc" },
            },
        });
        self.panels.push(panel);
        self.x += WIDTH;
        if self.x >= 24 {
            (self.x, self.y) = (0, self.y + HEIGHT);
        }
    }

    pub(crate) fn panels(self) -> Vec<Value> {
        self.panels
    }
}

/// `A` to `Z`, then `A1` …
fn name(number: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(number % 26).unwrap_or_default());
    if number < 26 { letter.to_string() } else { format!("{letter}{}", number / 26) }
}
