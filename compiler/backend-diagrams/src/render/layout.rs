//! Where everything stands: dagre's layered layout, with frames around clusters.

use dagre::graph::{Edge as Key, Graph as Dagre, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, Ranker};

use super::style;
use crate::graph::{Edge, EdgeKind, Graph, Node, NodeKind};

/// Width of a character of 12 pixels' height, on average; a little more than it takes.
const CHARACTER: f64 = 6.9;
const SMALL: f64 = 5.9;
/// Height of a line of small text.
pub(super) const LINE: f64 = 13.0;
/// With more boxes than this, the quicker way to ranks is taken, which makes the picture a little larger.
const MANY: usize = 300;
/// Room between a frame and what stands in it, and for its name above.
const PADDING: f64 = 14.0;
pub(super) const TITLE: f64 = 22.0;

/// A rectangle by its corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A way from box to box, and where its label stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Way {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) label: Option<(f64, f64)>,
}

/// All places of a map.
pub(super) struct Layout {
    pub(super) nodes: Vec<Rect>,
    pub(super) clusters: Vec<Option<Rect>>,
    pub(super) ways: Vec<Way>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Width and height of a text in lines of small letters.
pub(super) fn text_size(lines: &[String]) -> (f64, f64) {
    let longest = lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    if longest == 0 {
        return (0.0, 0.0);
    }
    (longest as f64 * SMALL + 8.0, lines.len() as f64 * LINE + 2.0)
}

fn node_size(node: &Node) -> (f64, f64) {
    let word = style::of_node(node.kind).word;
    let name = node.label.chars().count() as f64 * CHARACTER + word.chars().count() as f64 * SMALL;
    let name = name + if word.is_empty() { 24.0 } else { 34.0 };
    let detail = node.detail.chars().count() as f64 * SMALL + 24.0;
    let height = if node.detail.is_empty() { 30.0 } else { 44.0 };
    (name.max(detail).max(70.0), height)
}

/// Places everything; the same map gives the same places.
pub(super) fn layout(graph: &Graph) -> Layout {
    let options = GraphOptions { directed: true, multigraph: true, compound: true };
    let mut dagre: Dagre<NodeLabel, EdgeLabel> = Dagre::with_options(options);
    for at in 0..graph.clusters.len() {
        if graph.nodes.iter().any(|n| n.cluster == Some(at)) {
            dagre.set_node(cluster_key(at), Some(NodeLabel::default()));
        }
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        let (width, height) = node_size(node);
        let label = NodeLabel { width, height, ..NodeLabel::default() };
        dagre.set_node(node_key(at), Some(label));
        if let Some(cluster) = node.cluster {
            dagre.set_parent(&node_key(at), Some(&cluster_key(cluster)));
        }
    }
    let backwards = backwards(graph);
    for (at, edge) in graph.edges.iter().enumerate() {
        let (width, height) = text_size(&edge.label);
        // What only adds to the picture does not shape it.
        let weight = if matches!(edge.kind, EdgeKind::Call | EdgeKind::Then) { 3 } else { 1 };
        let label = EdgeLabel {
            width,
            height,
            weight,
            labelpos: dagre::layout::types::LabelPos::Center,
            ..EdgeLabel::default()
        };
        let (from, to) = ends(edge, backwards[at]);
        dagre.set_edge(from, to, Some(label), Some(&at.to_string()));
    }
    let options = LayoutOptions {
        rankdir: direction(graph),
        nodesep: 26.0,
        edgesep: 14.0,
        ranksep: 46.0,
        ranker: if graph.nodes.len() > MANY { Ranker::TightTree } else { Ranker::NetworkSimplex },
        ..LayoutOptions::default()
    };
    dagre::layout(&mut dagre, Some(options));
    read(graph, &dagre, &backwards)
}

/// A saga reads downwards; a map of services from left to right.
fn direction(graph: &Graph) -> RankDir {
    let is_step = |n: &Node| n.focus && matches!(n.kind, NodeKind::Step | NodeKind::Wait);
    if graph.nodes.iter().any(is_step) { RankDir::TB } else { RankDir::LR }
}

/// The ends of an arrow as the layout sees it.
fn ends(edge: &Edge, backwards: bool) -> (String, String) {
    let (from, to) = (node_key(edge.from), node_key(edge.to));
    if backwards { (to, from) } else { (from, to) }
}

/// Calls and what follows upon each other give the picture its direction. Of the other arrows, these point against it:
/// the layout sees them turned round.
fn backwards(graph: &Graph) -> Vec<bool> {
    let is_strong = |kind| {
        use EdgeKind::{Call, OptionalCall, Queue, Route, Starts, Step, Then};
        matches!(kind, Call | OptionalCall | Queue | Route | Starts | Step | Then)
    };
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for edge in graph.edges.iter().filter(|e| is_strong(e.kind)) {
        next[edge.from].push(edge.to);
    }
    let place = places(&next);
    let leads = |from: usize, to: usize| reaches(&next, &place, from, to);
    graph
        .edges
        .iter()
        .map(|e| !is_strong(e.kind) && e.from != e.to && leads(e.to, e.from))
        .collect()
}

/// How many ranks all arrows pass together, boxes besides: what the layout takes time for. Arrows that close a circle
/// count as if they went the other way.
pub(super) fn effort(graph: &Graph) -> usize {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        next[edge.from].push(edge.to);
    }
    let place = places(&next);
    let mut order: Vec<usize> = (0..next.len()).collect();
    order.sort_by_key(|n| place[*n]);
    let mut onwards: Vec<Vec<usize>> = vec![Vec::new(); next.len()];
    for edge in graph.edges.iter().filter(|e| e.from != e.to) {
        let (first, second) = match place[edge.from] < place[edge.to] {
            true => (edge.from, edge.to),
            false => (edge.to, edge.from),
        };
        onwards[first].push(second);
    }
    let mut rank = vec![0_usize; next.len()];
    for node in order {
        for to in &onwards[node] {
            rank[*to] = rank[*to].max(rank[node] + 1);
        }
    }
    let spans = graph.edges.iter().map(|e| rank[e.from].abs_diff(rank[e.to]));
    graph.nodes.len() + spans.sum::<usize>()
}

/// The position of each node in an order in which all but the arrows that close a circle point onwards.
fn places(next: &[Vec<usize>]) -> Vec<usize> {
    let mut place = vec![usize::MAX; next.len()];
    let mut seen = vec![false; next.len()];
    let mut last = next.len();
    for start in 0..next.len() {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if !std::mem::replace(&mut seen[start], true) {
            path.push((start, 0));
        }
        while let Some((node, at)) = path.last_mut() {
            if let Some(to) = next[*node].get(*at) {
                *at += 1;
                if !std::mem::replace(&mut seen[*to], true) {
                    path.push((*to, 0));
                }
            } else {
                last -= 1;
                place[*node] = last;
                path.pop();
            }
        }
    }
    place
}

/// Whether onward arrows lead from one node to another.
fn reaches(next: &[Vec<usize>], place: &[usize], from: usize, to: usize) -> bool {
    let mut seen = vec![false; next.len()];
    let mut pending = vec![from];
    while let Some(node) = pending.pop() {
        if node == to {
            return true;
        }
        let onward = |n: &&usize| place[**n] > place[node] && place[**n] <= place[to];
        for n in next[node].iter().filter(onward) {
            if !std::mem::replace(&mut seen[*n], true) {
                pending.push(*n);
            }
        }
    }
    false
}

fn node_key(at: usize) -> String {
    format!("n{at}")
}

fn cluster_key(at: usize) -> String {
    format!("c{at}")
}

fn read(graph: &Graph, dagre: &Dagre<NodeLabel, EdgeLabel>, backwards: &[bool]) -> Layout {
    let nodes: Vec<Rect> =
        (0..graph.nodes.len()).map(|at| rect(dagre.node(&node_key(at)))).collect();
    let ways: Vec<Way> = graph
        .edges
        .iter()
        .enumerate()
        .map(|(at, edge)| way(at, edge, backwards[at], dagre))
        .collect();
    let frame = |at: usize| {
        let inside = graph.nodes.iter().zip(&nodes).filter(|(n, _)| n.cluster == Some(at));
        around(inside.map(|(_, rect)| *rect))
    };
    let clusters: Vec<Option<Rect>> = (0..graph.clusters.len()).map(frame).collect();
    let mut layout = Layout { nodes, clusters, ways, width: 0.0, height: 0.0 };
    layout.settle();
    layout
}

/// The frame around boxes, with room for its name.
fn around(inside: impl Iterator<Item = Rect>) -> Option<Rect> {
    let whole = inside.reduce(Rect::with)?;
    Some(Rect {
        x: whole.x - PADDING,
        y: whole.y - PADDING - TITLE + 8.0,
        width: whole.width + 2.0 * PADDING,
        height: whole.height + 2.0 * PADDING + TITLE - 8.0,
    })
}

fn rect(label: Option<&NodeLabel>) -> Rect {
    label.map_or(Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 }, |l| Rect {
        x: l.x.unwrap_or(0.0) - l.width / 2.0,
        y: l.y.unwrap_or(0.0) - l.height / 2.0,
        width: l.width,
        height: l.height,
    })
}

fn way(at: usize, edge: &Edge, backwards: bool, dagre: &Dagre<NodeLabel, EdgeLabel>) -> Way {
    let (from, to) = ends(edge, backwards);
    let key = Key::with_name(from, to, at.to_string());
    let Some(label) = dagre.edge_by_obj(&key) else { return Way::default() };
    let mut points: Vec<(f64, f64)> = label.points.iter().map(|p| (p.x, p.y)).collect();
    if backwards {
        points.reverse();
    }
    Way { points, label: label.x.zip(label.y).filter(|_| !edge.label.is_empty()) }
}

impl Rect {
    fn with(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        Self { x, y, width: right - x, height: bottom - y }
    }
}

impl Layout {
    /// Moves everything to where it begins at a margin, and measures it.
    fn settle(&mut self) {
        let margin = 20.0;
        let dots = self.ways.iter().flat_map(|w| w.points.iter().chain(&w.label));
        let dots = dots.map(|(x, y)| Rect { x: *x, y: *y, width: 0.0, height: 0.0 });
        let all = self.nodes.iter().copied().chain(self.clusters.iter().flatten().copied());
        let Some(whole) = all.chain(dots).reduce(Rect::with) else {
            (self.width, self.height) = (2.0 * margin, 2.0 * margin);
            return;
        };
        let (dx, dy) = (margin - whole.x, margin - whole.y);
        for rect in self.nodes.iter_mut().chain(self.clusters.iter_mut().flatten()) {
            (rect.x, rect.y) = (rect.x + dx, rect.y + dy);
        }
        for way in &mut self.ways {
            for (x, y) in way.points.iter_mut().chain(&mut way.label) {
                (*x, *y) = (*x + dx, *y + dy);
            }
        }
        self.width = whole.width + 2.0 * margin;
        self.height = whole.height + 2.0 * margin;
    }
}
