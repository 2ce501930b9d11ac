//! Mermaid, which GitHub, GitLab and many wikis draw.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::style;
use crate::graph::{Edge, EdgeKind, Graph, Node, NodeKind};

/// The map as a flowchart of Mermaid's.
#[must_use]
pub fn mermaid(graph: &Graph) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart LR\n", yaml(&graph.title));
    for (at, cluster) in graph.clusters.iter().enumerate() {
        let _ = writeln!(out, "  subgraph c{at}[{}]", quoted(&cluster.label));
        for (n, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.cluster == Some(at)) {
            let _ = writeln!(out, "    {}", shape(n, node));
        }
        out.push_str("  end\n");
    }
    for (n, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.cluster.is_none()) {
        let _ = writeln!(out, "  {}", shape(n, node));
    }
    for edge in &graph.edges {
        let _ = writeln!(out, "  {}", arrow(edge));
    }
    styles(graph, &mut out);
    out
}

/// A box, in the shape of its kind.
fn shape(at: usize, node: &Node) -> String {
    let word = style::of_node(node.kind).word;
    let name = [word, node.label.as_str()].join(" ").trim().to_owned();
    let text = if node.detail.is_empty() { name } else { format!("{name}\n{}", node.detail) };
    let text = quoted(&text);
    match node.kind {
        NodeKind::Event | NodeKind::Wait => format!("n{at}([{text}])"),
        NodeKind::Saga => format!("n{at}[[{text}]]"),
        NodeKind::Choreography => format!("n{at}{{{{{text}}}}}"),
        NodeKind::Gateway => format!("n{at}>{text}]"),
        NodeKind::Handler | NodeKind::Schedule => format!("n{at}[/{text}/]"),
        _ => format!("n{at}[{text}]"),
    }
}

fn arrow(edge: &Edge) -> String {
    let line = match edge.kind {
        EdgeKind::Call | EdgeKind::Step | EdgeKind::Then => "-->",
        _ => "-.->",
    };
    let mut lines = edge.label.clone();
    if edge.kind == EdgeKind::Starts && lines.is_empty() {
        lines.push("starts".to_owned());
    }
    let (from, to) = (edge.from, edge.to);
    if lines.is_empty() {
        return format!("n{from} {line} n{to}");
    }
    format!("n{from} {line}|{}| n{to}", quoted(&lines.join("\n")))
}

/// Colours: of boxes by kind, of arrows by their numbers.
fn styles(graph: &Graph, out: &mut String) {
    let mut kinds: BTreeMap<NodeKind, Vec<String>> = BTreeMap::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        kinds.entry(node.kind).or_default().push(format!("n{at}"));
    }
    for (at, (kind, nodes)) in kinds.into_iter().enumerate() {
        let look = style::of_node(kind);
        let _ = writeln!(
            out,
            "  classDef k{at} fill:{},stroke:{},color:{}",
            look.fill,
            look.stroke,
            style::TEXT
        );
        let _ = writeln!(out, "  class {} k{at}", nodes.join(","));
    }
    let focus: Vec<String> = (0..graph.nodes.len())
        .filter(|at| graph.nodes[*at].focus)
        .map(|at| format!("n{at}"))
        .collect();
    if !focus.is_empty() {
        let _ = writeln!(out, "  classDef focus stroke:{},stroke-width:2px", style::FOCUS);
        let _ = writeln!(out, "  class {} focus", focus.join(","));
    }
    let mut arrows: BTreeMap<EdgeKind, Vec<String>> = BTreeMap::new();
    for (at, edge) in graph.edges.iter().enumerate() {
        arrows.entry(edge.kind).or_default().push(at.to_string());
    }
    for (kind, arrows) in arrows {
        let color = style::of_edge(kind).color;
        let _ = writeln!(out, "  linkStyle {} stroke:{color},color:{color}", arrows.join(","));
    }
}

/// A text that Mermaid takes as it is: what it has a meaning for is written as an entity.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            '`' => out.push_str("#96;"),
            '\\' => out.push_str("#92;"),
            '\n' => out.push_str("<br/>"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
