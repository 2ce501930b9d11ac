//! Types that contain themselves: boxed where that helps, refused where no value could exist.

use svckit_diagnostics::{Diagnostic, Span};

use crate::Id;
use crate::codes::types::INFINITE_TYPE;
use crate::resolve::Context;
use crate::world::*;

/// A record or a union by its place among both.
type Node = usize;

/// Who contains whom by value.
struct Graph {
    /// Of each node: its fields (index) that hold another node, and that node.
    edges: Vec<Vec<(usize, Node)>>,
    records: usize,
}

/// Boxes the fields that close a cycle, and reports types of which no value can exist.
pub(crate) fn recursion(cx: &mut Context<'_>) {
    let graph = Graph::new(&cx.world);
    for (node, field) in back_edges(&graph) {
        fields_mut(&mut cx.world, &graph, node)[field].boxed = true;
    }
    let infinite = infinite(&cx.world, &graph);
    report_infinite(cx, &graph, &infinite);
}

impl Graph {
    fn new(world: &World) -> Self {
        let records = world.records.len();
        let edges_of = |fields: &[Field]| -> Vec<(usize, Node)> {
            let target = |ty: &Type| match ty {
                Type::Record(id) | Type::Patch(id) => Some(id.index()),
                Type::Union(id) => Some(records + id.index()),
                _ => None,
            };
            fields.iter().enumerate().filter_map(|(i, f)| Some((i, target(&f.ty)?))).collect()
        };
        let of_records = world.records.iter().map(|(_, r)| edges_of(&r.fields));
        let of_unions = world.unions.iter().map(|(_, u)| edges_of(&u.variants));
        Self { edges: of_records.chain(of_unions).collect(), records }
    }
}

fn fields<'w>(world: &'w World, graph: &Graph, node: Node) -> (&'w Info, &'w [Field]) {
    match node.checked_sub(graph.records) {
        None => {
            let record = &world.records[record_id(world, node)];
            (&record.info, &record.fields)
        }
        Some(index) => {
            let union = &world.unions[union_id(world, index)];
            (&union.info, &union.variants)
        }
    }
}

fn fields_mut<'w>(world: &'w mut World, graph: &Graph, node: Node) -> &'w mut [Field] {
    match node.checked_sub(graph.records) {
        None => {
            let id = record_id(world, node);
            &mut world.records[id].fields
        }
        Some(index) => {
            let id = union_id(world, index);
            &mut world.unions[id].variants
        }
    }
}

fn record_id(world: &World, index: usize) -> Id<Record> {
    world.records.id(index).expect("a node is a record's index")
}

fn union_id(world: &World, index: usize) -> Id<Union> {
    world.unions.id(index).expect("a node is a union's index")
}

/// Fields that lead back to a type which is being walked through, depth first in the order of the sources.
fn back_edges(graph: &Graph) -> Vec<(Node, usize)> {
    const NEW: u8 = 0;
    const OPEN: u8 = 1;
    const DONE: u8 = 2;
    let mut state = vec![NEW; graph.edges.len()];
    let mut out = Vec::new();
    for start in 0..graph.edges.len() {
        if state[start] != NEW {
            continue;
        }
        state[start] = OPEN;
        let mut stack = vec![(start, 0)];
        while let Some((node, at)) = stack.last_mut() {
            let Some((field, next)) = graph.edges[*node].get(*at).copied() else {
                state[*node] = DONE;
                stack.pop();
                continue;
            };
            *at += 1;
            match state[next] {
                OPEN => out.push((*node, field)),
                NEW => {
                    state[next] = OPEN;
                    stack.push((next, 0));
                }
                _ => {}
            }
        }
    }
    out
}

/// Of each node, whether every value of it would contain another one without end.
fn infinite(world: &World, graph: &Graph) -> Vec<bool> {
    let count = graph.edges.len();
    let mut users: Vec<Vec<Node>> = vec![Vec::new(); count];
    let mut open: Vec<usize> = vec![0; count];
    for (node, open) in open.iter_mut().enumerate() {
        for (_, next) in required(world, graph, node) {
            users[next].push(node);
            *open += 1;
        }
    }
    let is_union = |node: Node| node >= graph.records;
    let exits = |node: Node| {
        let variants = fields(world, graph, node).1.len();
        is_union(node) && (variants == 0 || open[node] < variants)
    };
    let mut finite: Vec<bool> = (0..count).map(|n| open[n] == 0 || exits(n)).collect();
    let mut work: Vec<Node> = (0..count).filter(|n| finite[*n]).collect();
    while let Some(node) = work.pop() {
        for user in &users[node] {
            open[*user] -= 1;
            if !finite[*user] && (open[*user] == 0 || is_union(*user)) {
                finite[*user] = true;
                work.push(*user);
            }
        }
    }
    finite.into_iter().map(|f| !f).collect()
}

/// The nodes that every value of this one contains (a union: each of them is one way out).
fn required(world: &World, graph: &Graph, node: Node) -> Vec<(usize, Node)> {
    let (_, fields) = fields(world, graph, node);
    let must = |(field, _): &(usize, Node)| {
        let field = &fields[*field];
        !field.optional && !matches!(field.ty, Type::Patch(_))
    };
    graph.edges[node].iter().copied().filter(must).collect()
}

fn report_infinite(cx: &mut Context<'_>, graph: &Graph, infinite: &[bool]) {
    let mut seen = vec![0; infinite.len()];
    for start in (0..infinite.len()).filter(|n| infinite[*n]) {
        let mut path: Vec<(Node, usize)> = Vec::new();
        let mut node = start;
        while seen[node] == 0 {
            seen[node] = start + 1;
            let next = required(&cx.world, graph, node).into_iter().find(|(_, n)| infinite[*n]);
            let Some((field, next)) = next else { break };
            path.push((node, field));
            node = next;
        }
        if let Some(from) = path.iter().position(|(n, _)| *n == node)
            && seen[node] == start + 1
        {
            let message = infinite_type(&cx.world, graph, &path[from..]);
            cx.out.push(message);
        }
    }
}

fn infinite_type(world: &World, graph: &Graph, cycle: &[(Node, usize)]) -> Diagnostic {
    let step = |(node, field): &(Node, usize)| -> (String, Span) {
        let (info, fields) = fields(world, graph, *node);
        (format!("{}.{}", info.name, fields[*field].info.name), fields[*field].ty_span)
    };
    let steps: Vec<(String, Span)> = cycle.iter().map(step).collect();
    let (info, _) = fields(world, graph, cycle[0].0);
    let path: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    let text = format!("every `{}` would have to contain another one, without end", info.name);
    let mut wrong =
        Diagnostic::new(INFINITE_TYPE, info.span, text).here("no value of it can exist");
    for (name, span) in steps.iter().take(6) {
        wrong = wrong.label(*span, format!("`{name}` must be there"));
    }
    let wrong = wrong
        .note(format!("the path is {} → {}", path.join(" → "), info.name))
        .help("make one field on the path optional with `?`, or a list");
    let field = cycle.iter().zip(&steps).find(|((node, _), _)| *node < graph.records);
    match field {
        Some((_, (_, place))) => {
            wrong.fix("make this field optional", place.at_end(), "?").unsafe_fix()
        }
        None => wrong,
    }
}
