//! Graphviz.

use std::fmt::Write as _;

use super::style;
use crate::graph::{Edge, Graph, Node, NodeKind};

/// The map in the language of Graphviz' `dot`.
#[must_use]
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from("digraph svckit {\n");
    let _ = writeln!(out, "  label={};", quoted(&graph.title));
    out.push_str("  rankdir=LR;\n  labelloc=t;\n  fontname=\"Helvetica\";\n");
    out.push_str("  node [fontname=\"Helvetica\", fontsize=11, style=filled];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=9];\n");
    for (at, cluster) in graph.clusters.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{at} {{");
        let _ = writeln!(out, "    label={};", quoted(&cluster.label));
        out.push_str("    style=\"filled,rounded\";\n    color=\"#cbd5e1\";\n");
        out.push_str("    fillcolor=\"#f8fafc\";\n");
        for (n, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.cluster == Some(at)) {
            let _ = writeln!(out, "    {}", line(n, node));
        }
        out.push_str("  }\n");
    }
    for (n, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.cluster.is_none()) {
        let _ = writeln!(out, "  {}", line(n, node));
    }
    for edge in &graph.edges {
        let _ = writeln!(out, "  {}", arrow(edge));
    }
    out.push_str("}\n");
    out
}

fn line(at: usize, node: &Node) -> String {
    let look = style::of_node(node.kind);
    let shape = match node.kind {
        NodeKind::Event | NodeKind::Wait => "ellipse",
        NodeKind::Choreography => "hexagon",
        NodeKind::Saga => "component",
        NodeKind::Gateway => "cds",
        _ => "box",
    };
    let name = [look.word, node.label.as_str()].join(" ").trim().to_owned();
    let text = if node.detail.is_empty() { name } else { format!("{name}\n{}", node.detail) };
    let color = if node.focus { style::FOCUS } else { look.stroke };
    let width = if node.focus { 2 } else { 1 };
    let filled = if node.external { "filled,dashed" } else { "filled" };
    format!(
        "n{at} [label={}, tooltip={}, shape={shape}, style=\"{filled}\", fillcolor=\"{}\", color=\"{color}\", penwidth={width}];",
        quoted(&text),
        quoted(&node.id),
        look.fill,
    )
}

fn arrow(edge: &Edge) -> String {
    let look = style::of_edge(edge.kind);
    let dashed = if look.dashes.is_empty() { "solid" } else { "dashed" };
    let (from, to, color) = (edge.from, edge.to, look.color);
    let (label, tooltip) = (quoted(&edge.label.join("\n")), quoted(&edge.members.join("\n")));
    format!(
        "n{from} -> n{to} [label={label}, tooltip={tooltip}, style={dashed}, color=\"{color}\", fontcolor=\"{color}\"];"
    )
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}
