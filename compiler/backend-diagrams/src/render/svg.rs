//! A picture, by itself: no scripts, no fonts and no style sheets of others.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::layout::{LINE, Layout, Rect, TITLE, Way, effort, layout, text_size};
use super::style;
use crate::graph::{Edge, EdgeKind, Graph, Node};

/// Boxes and arrows beyond which no picture is made: nobody could read it.
pub const LIMIT: usize = 1_200;
/// Boxes, and ranks that arrows pass, beyond which the layout would take minutes.
const EFFORT: usize = 8_000;

const HEAD: f64 = 36.0;
const FOOT: f64 = 34.0;

/// The map as an SVG.
///
/// # Errors
/// A sentence, where the map is too large to be read as a picture.
pub fn svg(graph: &Graph) -> Result<String, String> {
    let (boxes, arrows) = (graph.nodes.len(), graph.edges.len());
    if boxes + arrows > LIMIT || effort(graph) > EFFORT {
        return Err(format!(
            "a picture of {boxes} boxes and {arrows} arrows could not be read; narrow it by a focus or a filter, take a coarser level, or write DOT"
        ));
    }
    let layout = layout(graph);
    let legend = legend(graph);
    let width = layout.width.max(legend.1).max(240.0);
    let height = layout.height + HEAD + FOOT;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"{}\">",
        style::TEXT
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&graph.title));
    markers(graph, &mut out);
    let _ = writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
    let _ = writeln!(
        out,
        "<text x=\"20\" y=\"26\" font-size=\"15\" font-weight=\"600\">{}</text>",
        escaped(&graph.title)
    );
    let _ = writeln!(out, "<g transform=\"translate(0 {HEAD})\">");
    draw(graph, &layout, &mut out);
    out.push_str("</g>\n");
    let _ = writeln!(out, "<g transform=\"translate(0 {:.0})\">", height - 14.0);
    out.push_str(&legend.0);
    out.push_str("</g>\n</svg>\n");
    Ok(out)
}

fn draw(graph: &Graph, layout: &Layout, out: &mut String) {
    for (cluster, rect) in graph.clusters.iter().zip(&layout.clusters) {
        if let Some(rect) = rect {
            frame(&cluster.label, rect, out);
        }
    }
    for (edge, way) in graph.edges.iter().zip(&layout.ways) {
        arrow(edge, way, out);
    }
    for (node, rect) in graph.nodes.iter().zip(&layout.nodes) {
        node_box(node, rect, out);
    }
    for (edge, way) in graph.edges.iter().zip(&layout.ways) {
        label(edge, way, out);
    }
}

/// An arrowhead in each colour that occurs.
fn markers(graph: &Graph, out: &mut String) {
    let kinds: BTreeSet<EdgeKind> = graph.edges.iter().map(|e| e.kind).collect();
    out.push_str("<defs>\n");
    for kind in kinds {
        let color = style::of_edge(kind).color;
        let _ = writeln!(
            out,
            "<marker id=\"{}\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\" markerUnits=\"userSpaceOnUse\"><path d=\"M0 0.5 8 4 0 7.5 2 4z\" fill=\"{color}\"/></marker>",
            marker(kind)
        );
    }
    out.push_str("</defs>\n");
}

fn marker(kind: EdgeKind) -> String {
    format!("to-{}", style::of_edge(kind).word.replace([' ', ',', '\''], "-"))
}

fn frame(label: &str, rect: &Rect, out: &mut String) {
    let Rect { x, y, width, height } = rect;
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"8\" fill=\"#f8fafc\" stroke=\"#cbd5e1\"/>"
    );
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" fill=\"{}\">{}</text>",
        x + 9.0,
        y + TITLE - 7.0,
        style::FAINT,
        escaped(&fitted(label, *width - 14.0)),
    );
}

/// A text cut to a width, its end kept: that is where names differ.
fn fitted(text: &str, width: f64) -> String {
    let room = (width / 6.0).max(4.0) as usize;
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let end: String = text.chars().skip(length - room + 1).collect();
    format!("…{end}")
}

fn node_box(node: &Node, rect: &Rect, out: &mut String) {
    let look = style::of_node(node.kind);
    let Rect { x, y, width, height } = rect;
    let (stroke, line) = if node.focus { (style::FOCUS, 2.0) } else { (look.stroke, 1.2) };
    let dashes = if node.external { " stroke-dasharray=\"4 3\"" } else { "" };
    let _ = writeln!(out, "<g><title>{}</title>", escaped(&node.id));
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{}\" fill=\"{}\" stroke=\"{stroke}\" stroke-width=\"{line}\"{dashes}/>",
        look.radius, look.fill
    );
    let (middle, name_y) = (x + width / 2.0, if node.detail.is_empty() { 19.0 } else { 18.0 });
    let word = match look.word {
        "" => String::new(),
        word => format!(
            "<tspan fill=\"{}\" font-size=\"10\" font-weight=\"400\">{word}</tspan>",
            look.stroke
        ),
    };
    let gap = if word.is_empty() { 0 } else { 5 };
    let _ = writeln!(
        out,
        "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-weight=\"600\">{word}<tspan dx=\"{gap}\">{}</tspan></text>",
        y + name_y,
        escaped(&node.label)
    );
    if !node.detail.is_empty() {
        let _ = writeln!(
            out,
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"10\" fill=\"{}\">{}</text>",
            y + 34.0,
            style::FAINT,
            escaped(&node.detail)
        );
    }
    out.push_str("</g>\n");
}

fn arrow(edge: &Edge, way: &Way, out: &mut String) {
    let look = style::of_edge(edge.kind);
    let path = path(&way.points);
    if path.is_empty() {
        return;
    }
    let dashes = match look.dashes {
        "" => String::new(),
        dashes => format!(" stroke-dasharray=\"{dashes}\""),
    };
    let _ = writeln!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.3\"{dashes} marker-end=\"url(#{})\"><title>{}</title></path>",
        look.color,
        marker(edge.kind),
        escaped(&edge.members.join("\n")),
    );
}

/// A curve along the points: a cubic B-spline, from the first to the last.
fn path(points: &[(f64, f64)]) -> String {
    let [first, rest @ ..] = points else { return String::new() };
    let mut out = format!("M{:.1} {:.1}", first.0, first.1);
    if let [only] = rest {
        let _ = write!(out, "L{:.1} {:.1}", only.0, only.1);
    }
    if rest.len() < 2 {
        return out;
    }
    let mix = |a: (f64, f64), b: (f64, f64), part: f64| {
        (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part)
    };
    let start = mix(points[0], points[1], 1.0 / 3.0);
    let mut from = points[0];
    let mut handle = start;
    for window in points.windows(3) {
        let (a, b, c) = (window[0], window[1], window[2]);
        let (before, after) = (mix(a, b, 2.0 / 3.0), mix(b, c, 1.0 / 3.0));
        let joint = mix(before, after, 0.5);
        curve(&mut out, handle, before, joint);
        (from, handle) = (joint, after);
    }
    let last = points[points.len() - 1];
    curve(&mut out, handle, mix(from, last, 2.0 / 3.0), last);
    out
}

fn curve(out: &mut String, a: (f64, f64), b: (f64, f64), to: (f64, f64)) {
    let _ = write!(out, "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", a.0, a.1, b.0, b.1, to.0, to.1);
}

/// The words beside an arrow, on a ground that keeps them legible where lines cross.
fn label(edge: &Edge, way: &Way, out: &mut String) {
    let Some((x, y)) = way.label else { return };
    let (width, height) = text_size(&edge.label);
    let color = style::of_edge(edge.kind).color;
    let (left, top) = (x - width / 2.0, y - height / 2.0);
    let _ = writeln!(
        out,
        "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"3\" fill=\"#ffffff\" fill-opacity=\"0.9\"/>"
    );
    let _ = write!(out, "<text text-anchor=\"middle\" font-size=\"10\" fill=\"{color}\">");
    for (at, line) in edge.label.iter().enumerate() {
        let below = top + LINE * (at as f64 + 1.0) - 2.0;
        let _ = write!(out, "<tspan x=\"{x:.1}\" y=\"{below:.1}\">{}</tspan>", escaped(line));
    }
    out.push_str("</text>\n");
}

/// What the arrows mean, and how wide that is.
fn legend(graph: &Graph) -> (String, f64) {
    let kinds: BTreeSet<EdgeKind> = graph.edges.iter().map(|e| e.kind).collect();
    let (mut out, mut x) = (String::new(), 20.0);
    for kind in kinds {
        let look = style::of_edge(kind);
        let end = x + 28.0;
        let _ = writeln!(
            out,
            "<path d=\"M{x:.0} -4L{end:.0} -4\" stroke=\"{}\" stroke-width=\"1.3\" stroke-dasharray=\"{}\" marker-end=\"url(#{})\"/>",
            look.color,
            if look.dashes.is_empty() { "none" } else { look.dashes },
            marker(kind),
        );
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"0\" font-size=\"11\" fill=\"{}\">{}</text>",
            end + 6.0,
            style::FAINT,
            look.word
        );
        x = end + 6.0 + look.word.chars().count() as f64 * 5.6 + 22.0;
    }
    (out, x)
}

/// Text for content and attributes; what XML can't hold becomes a blank.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
