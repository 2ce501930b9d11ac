//! Drawing several members as one box, and several arrows between two boxes as one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use svckit_model::{Id, Service};

use super::{ClusterBy, Level, View};
use crate::graph::{CallNumbers, Cluster, Edge, EdgeKind, Graph, Node, NodeKind};
use crate::members::{Link, Members, What};

/// More names than this beside an arrow become a number.
const NAMES: usize = 3;

/// What a member is drawn as.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum As {
    Itself(usize),
    Group(String),
}

/// A drawn node, with the members in it.
struct Box {
    node: Node,
    frame: Option<String>,
    services: usize,
}

/// A map in the making.
pub(super) struct Drawing<'a> {
    members: &'a Members<'a>,
    view: &'a View,
    level: Level,
    shown: Vec<bool>,
    /// Of groups, how many parts of a package's name tell them apart.
    parts: usize,
    expanded: HashSet<usize>,
    boxes: Vec<Box>,
    /// The box of each member.
    drawn: Vec<Option<usize>>,
    edges: Vec<Edge>,
    /// Boxes that stay.
    kept: Option<Vec<bool>>,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(
        members: &'a Members<'a>,
        view: &'a View,
        level: Level,
        shown: Vec<bool>,
    ) -> Self {
        let drawn = vec![None; members.nodes.len()];
        let (boxes, edges) = (Vec::new(), Vec::new());
        let (expanded, parts) = (HashSet::new(), parts(members, &shown));
        Self { members, view, level, shown, parts, expanded, boxes, drawn, edges, kept: None }
    }

    /// These are drawn by themselves whatever the level.
    pub(super) fn expand(&mut self, members: &HashSet<usize>) {
        self.expanded.extend(members);
    }

    pub(super) fn draw(&mut self) {
        self.draw_boxes();
        self.draw_edges();
    }

    fn draw_boxes(&mut self) {
        let mut known: HashMap<As, usize> = HashMap::new();
        for at in 0..self.members.nodes.len() {
            if !self.shown[at] {
                continue;
            }
            let Some(drawn_as) = self.drawn_as(at) else { continue };
            let next = self.boxes.len();
            let index = *known.entry(drawn_as.clone()).or_insert(next);
            if index == next {
                self.boxes.push(self.new_box(at, drawn_as));
            }
            if matches!(self.members.nodes[at].what, What::Service(_)) {
                self.boxes[index].services += 1;
            }
            self.drawn[at] = Some(index);
        }
        for found in self.boxes.iter_mut().filter(|b| b.node.kind == NodeKind::Group) {
            let plural = if found.services == 1 { "" } else { "s" };
            found.node.detail = format!("{} service{plural}", found.services);
        }
    }

    /// What a member is drawn as; none for a service whose members are.
    fn drawn_as(&self, at: usize) -> Option<As> {
        let node = &self.members.nodes[at];
        let is_closer = self.level == Level::Member || self.expanded.contains(&at);
        if is_closer {
            let is_service = matches!(node.what, What::Service(_));
            return (!is_service || self.is_alone(at)).then_some(As::Itself(at));
        }
        let service = node.service.and_then(|s| self.members.find(&What::Service(s)));
        let itself = match &node.what {
            What::Step(saga, _) => self.members.find(&What::Saga(*saga))?,
            What::Saga(_) | What::Choreography(_) | What::Gateway(_) => at,
            _ => service.unwrap_or(at),
        };
        if self.level == Level::Group {
            return Some(As::Group(self.group(at)));
        }
        Some(As::Itself(itself))
    }

    /// Whether a service has no member that would stand for it.
    fn is_alone(&self, at: usize) -> bool {
        let service = self.members.nodes[at].service;
        let is_part = |n: &crate::members::Member| {
            n.service == service
                && !matches!(n.what, What::Service(_) | What::Saga(_) | What::Choreography(_))
        };
        !self.members.nodes.iter().any(is_part)
    }

    fn owner(&self, service: Option<Id<Service>>) -> String {
        let owner = service.and_then(|s| self.members.world.services[s].owner.clone());
        owner.unwrap_or_else(|| "no owner".to_owned())
    }

    fn group(&self, at: usize) -> String {
        let node = &self.members.nodes[at];
        match self.view.cluster {
            ClusterBy::Package => {
                let name = &self.members.world.packages[node.package].name;
                if self.level == Level::Group { self.prefix(name) } else { name.clone() }
            }
            ClusterBy::Owner => self.owner(node.service),
        }
    }

    /// The first parts of a package's name, as many as are drawn.
    fn prefix(&self, name: &str) -> String {
        let parts: Vec<&str> = name.split('.').collect();
        let shown = parts.len().min(self.parts);
        let rest = if shown < parts.len() { ".*" } else { "" };
        format!("{}{rest}", parts[..shown].join("."))
    }

    fn new_box(&self, at: usize, drawn_as: As) -> Box {
        let world = self.members.world;
        let member = &self.members.nodes[at];
        let external = world.packages[member.package].external;
        let (node, frame) = match drawn_as {
            As::Group(label) => {
                let node = Node {
                    id: label.clone(),
                    kind: NodeKind::Group,
                    label,
                    detail: String::new(),
                    cluster: None,
                    external,
                    focus: false,
                };
                (node, None)
            }
            As::Itself(itself) => {
                let found = &self.members.nodes[itself];
                let mut detail = found.detail.clone();
                if found.kind == NodeKind::Service && self.view.cluster == ClusterBy::Owner {
                    detail.clone_from(&world.packages[found.package].name);
                }
                let node = Node {
                    id: found.id.clone(),
                    kind: found.kind,
                    label: found.label.clone(),
                    detail,
                    cluster: None,
                    external,
                    focus: false,
                };
                (node, Some(self.frame(itself)))
            }
        };
        Box { node, frame, services: 0 }
    }

    /// The frame around a box: of members their service, of all else the package or owner.
    fn frame(&self, at: usize) -> String {
        let node = &self.members.nodes[at];
        let is_part = matches!(
            node.what,
            What::Operation(_) | What::Handler(_) | What::Schedule(..) | What::Event(_)
        );
        match node.service {
            Some(service) if is_part => {
                self.members.world.qualified(&self.members.world.services[service].info)
            }
            _ if matches!(node.what, What::Step(..)) || self.has_steps(at) => {
                self.members.nodes[at].id.split('#').next().unwrap_or_default().to_owned()
            }
            _ => self.group(at),
        }
    }

    /// Whether it is a saga whose steps are drawn.
    fn has_steps(&self, at: usize) -> bool {
        let is_close = self.level == Level::Member || self.expanded.contains(&at);
        is_close && matches!(self.members.nodes[at].what, What::Saga(_))
    }

    fn draw_edges(&mut self) {
        let mut at: BTreeMap<(usize, usize, EdgeKind), usize> = BTreeMap::new();
        let mut captions: Vec<Vec<String>> = Vec::new();
        for link in &self.members.links {
            let (Some(from), Some(to)) = (self.drawn[link.from], self.drawn[link.to]) else {
                continue;
            };
            let is_loop = from == to && link.from != link.to;
            if is_loop || !self.view.filter.shows_edge(link.kind) {
                continue;
            }
            let next = self.edges.len();
            let index = *at.entry((from, to, link.kind)).or_insert(next);
            if index == next {
                let (label, members) = (Vec::new(), Vec::new());
                let numbers = CallNumbers::default();
                self.edges.push(Edge { from, to, kind: link.kind, label, members, numbers });
                captions.push(Vec::new());
            }
            let caption = self.caption(link);
            if !caption.is_empty() && !captions[index].contains(&caption) {
                captions[index].push(caption);
            }
            let edge = &mut self.edges[index];
            if !edge.members.contains(&link.member) {
                edge.members.push(link.member.clone());
            }
            edge.numbers = edge.numbers.worse(link.numbers);
        }
        for (edge, captions) in self.edges.iter_mut().zip(captions) {
            edge.label = label(edge, captions);
        }
    }

    /// Whether a member is drawn as no other is.
    fn is_itself(&self, at: usize) -> bool {
        self.drawn[at].is_some_and(|b| self.boxes[b].node.id == self.members.nodes[at].id)
    }

    /// What one link says beside its arrow: the name of the end that is not drawn, and more.
    fn caption(&self, link: &Link) -> String {
        let name = |at: usize| self.members.nodes[at].label.as_str();
        let end = match link.kind {
            EdgeKind::Event if self.members.nodes[link.from].kind == NodeKind::Event => {
                return if self.is_itself(link.from) { String::new() } else { link.label.clone() };
            }
            EdgeKind::Flow if !self.is_itself(link.from) => link.from,
            EdgeKind::Then => return String::new(),
            _ => link.to,
        };
        let parts = match (self.is_itself(end), link.kind) {
            (true, _) => vec![link.label.as_str()],
            (false, EdgeKind::Flow | EdgeKind::Event | EdgeKind::Undo) => {
                vec![link.label.as_str(), name(end)]
            }
            (false, _) => vec![name(end), link.label.as_str()],
        };
        parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Leaves only what is within so many steps of the members in `core`, and of arrows those on the way there.
    pub(super) fn keep_around(&mut self, core: &[usize], depth: usize) {
        let mut distance: Vec<Option<usize>> = vec![None; self.boxes.len()];
        for at in core.iter().filter_map(|m| self.drawn[*m]) {
            distance[at] = Some(0);
            self.boxes[at].node.focus = true;
        }
        let mut ring: Vec<usize> =
            (0..distance.len()).filter(|at| distance[*at].is_some()).collect();
        for at in self.expanded.iter().filter_map(|m| self.drawn[*m]) {
            distance[at] = Some(0);
        }
        for step in 1..=depth {
            let mut next = BTreeSet::new();
            for edge in &self.edges {
                for (near, far) in [(edge.from, edge.to), (edge.to, edge.from)] {
                    if ring.binary_search(&near).is_ok() && distance[far].is_none() {
                        next.insert(far);
                    }
                }
            }
            next.iter().for_each(|at| distance[*at] = Some(step));
            ring = next.into_iter().collect();
        }
        self.edges.retain(|e| distance[e.from].min(distance[e.to]).is_some_and(|d| d < depth));
        self.kept = Some(distance.iter().map(Option::is_some).collect());
    }

    /// `12 services of 3 packages`
    pub(super) fn summary(&self) -> String {
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        let services: usize = self.boxes.iter().map(|b| b.services).sum();
        let world = self.members.world;
        let is_shown = |at: &usize| self.shown[*at];
        let nodes = (0..self.members.nodes.len()).filter(is_shown);
        let packages: BTreeSet<&str> =
            nodes.map(|at| world.packages[self.members.nodes[at].package].name.as_str()).collect();
        format!("{} in {}", count(services, "service"), count(packages.len(), "package"))
    }

    pub(super) fn finish(self, title: String) -> Graph {
        let kept = self.kept.unwrap_or_else(|| vec![true; self.boxes.len()]);
        let mut index = vec![usize::MAX; self.boxes.len()];
        let mut nodes = Vec::new();
        let mut frames = Vec::new();
        for (at, found) in self.boxes.into_iter().enumerate().filter(|(at, _)| kept[*at]) {
            index[at] = nodes.len();
            nodes.push(found.node);
            frames.push(found.frame);
        }
        let names: BTreeSet<&String> = frames.iter().flatten().collect();
        let place: BTreeMap<String, usize> =
            names.into_iter().cloned().enumerate().map(|(at, name)| (name, at)).collect();
        for (node, frame) in nodes.iter_mut().zip(frames) {
            node.cluster = frame.and_then(|f| place.get(&f).copied());
        }
        let mut edges = self.edges;
        edges.retain(|e| kept[e.from] && kept[e.to]);
        for edge in &mut edges {
            (edge.from, edge.to) = (index[edge.from], index[edge.to]);
        }
        let clusters = place.into_keys().map(|label| Cluster { label }).collect();
        Graph { title, clusters, nodes, edges }
    }
}

/// As many parts of packages' names as still make groups that can be read; all, where none do.
fn parts(members: &Members<'_>, shown: &[bool]) -> usize {
    let packages = members.nodes.iter().zip(shown).filter(|(_, shown)| **shown);
    let ids: BTreeSet<_> = packages.map(|(node, _)| node.package).collect();
    let names: Vec<Vec<&str>> =
        ids.iter().map(|p| members.world.packages[*p].name.split('.').collect()).collect();
    let longest = names.iter().map(Vec::len).max().unwrap_or(0);
    let groups = |parts: usize| {
        names.iter().map(|n| &n[..n.len().min(parts)]).collect::<BTreeSet<_>>().len()
    };
    let readable = (1..=longest).rev().find(|n| (2..=super::MANY).contains(&groups(*n)));
    readable.unwrap_or(longest)
}

/// The names, or how many there are; then the numbers.
fn label(edge: &Edge, captions: Vec<String>) -> Vec<String> {
    let noun = match edge.kind {
        EdgeKind::Call | EdgeKind::OptionalCall => "calls",
        EdgeKind::Queue => "queued commands",
        EdgeKind::Event => "events",
        EdgeKind::Step => "steps",
        EdgeKind::Undo => "undos",
        EdgeKind::Route => "routes",
        EdgeKind::Starts | EdgeKind::Then | EdgeKind::Flow => "ways",
    };
    let mut lines = match captions.len() {
        0..=NAMES => captions,
        n => vec![format!("{n} {noun}")],
    };
    let numbers = edge.numbers.text();
    if !numbers.is_empty() {
        lines.push(numbers);
    }
    lines
}
