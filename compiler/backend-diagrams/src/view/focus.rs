//! What a name stands for, and what has to be seen closely then.

use std::collections::{BTreeSet, HashSet};

use svckit_diagnostics::suggest::did_you_mean;

use crate::graph::EdgeKind;
use crate::members::{Members, What};

/// What a map is about.
pub(super) struct Focus {
    pub(super) title: String,
    /// Nodes of the finest map.
    pub(super) core: Vec<usize>,
    /// Only services are drawn, the core among them.
    coarse: bool,
    /// Everything called is followed to the end.
    follows_calls: bool,
    /// All next to the core is seen as closely.
    closely: bool,
}

/// What `name` names: in full, or its last parts where nothing else ends so.
pub(super) fn find(members: &Members<'_>, name: &str) -> Result<Focus, String> {
    let nodes = &members.nodes;
    let id = |at: usize| nodes[at].id.trim_end_matches("()");
    let ends = |at: &usize| !members.is_step(*at) && is_end(id(*at), name);
    let mut found: Vec<usize> = (0..nodes.len()).filter(ends).collect();
    if let Some(exact) = found.iter().find(|at| id(**at) == name) {
        found = vec![*exact];
    }
    match found[..] {
        [at] => Ok(about(members, at)),
        [] => package(members, name).ok_or_else(|| unknown(members, name)),
        _ => {
            let names: BTreeSet<&str> = found.iter().map(|at| id(*at)).collect();
            let names: Vec<_> = names.into_iter().take(6).map(|n| format!("`{n}`")).collect();
            Err(format!("`{name}` may be {}; name one of them", names.join(" or ")))
        }
    }
}

fn is_end(id: &str, name: &str) -> bool {
    id == name || id.strip_suffix(name).is_some_and(|start| start.ends_with('.'))
}

fn unknown(members: &Members<'_>, name: &str) -> String {
    let ids = members.nodes.iter().filter(|n| !matches!(n.what, What::Step(..)));
    let full: Vec<&str> = ids.map(|n| n.id.trim_end_matches("()")).collect();
    let short = full.iter().filter_map(|id| id.rsplit('.').next());
    let near = did_you_mean(name, full.iter().copied().chain(short));
    let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
    format!("there is nothing called `{name}` to show{near}")
}

/// All services of a package, or of those below a name.
fn package(members: &Members<'_>, name: &str) -> Option<Focus> {
    let packages = &members.world.packages;
    let is_in = |at: &usize| {
        let package = &packages[members.nodes[*at].package].name;
        package == name || package.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    };
    let core: Vec<usize> = (0..members.nodes.len()).filter(is_in).collect();
    let title = format!("package {name}");
    (!core.is_empty()).then_some(Focus {
        title,
        core,
        coarse: true,
        follows_calls: false,
        closely: false,
    })
}

fn about(members: &Members<'_>, at: usize) -> Focus {
    let node = &members.nodes[at];
    let all = |keep: &dyn Fn(&What) -> bool| -> Vec<usize> {
        (0..members.nodes.len()).filter(|n| keep(&members.nodes[*n].what)).collect()
    };
    let core = match &node.what {
        What::Service(_) => {
            let is_part = |what: &What| {
                !matches!(what, What::Saga(_) | What::Step(..) | What::Choreography(_))
            };
            let of = |n: &usize| members.nodes[*n].service == node.service;
            all(&is_part).into_iter().filter(of).collect()
        }
        What::Saga(saga) => {
            let saga = *saga;
            all(&|w| matches!(w, What::Saga(s) | What::Step(s, _) if *s == saga))
        }
        What::Choreography(_) => flow(members, at),
        _ => vec![at],
    };
    let word = match &node.what {
        What::Service(_) => "service",
        What::Operation(_) => "operation",
        What::Handler(_) | What::Schedule(..) => "handler",
        What::Event(_) => "event",
        What::Saga(_) | What::Step(..) => "saga",
        What::Choreography(_) => "choreography",
        What::Gateway(_) => "gateway",
    };
    Focus {
        title: format!("{word} {}", node.id.trim_end_matches("()")),
        core,
        coarse: false,
        follows_calls: matches!(
            node.what,
            What::Operation(_) | What::Handler(_) | What::Schedule(..)
        ),
        closely: !matches!(node.what, What::Service(_)),
    }
}

/// The events and handlers of a choreography: what its first events lead to, up to its last.
fn flow(members: &Members<'_>, at: usize) -> Vec<usize> {
    let mut seen: HashSet<usize> = HashSet::from([at]);
    let mut pending = Vec::new();
    let mut last = HashSet::new();
    for link in members.links.iter().filter(|l| l.kind == EdgeKind::Flow) {
        if link.to == at && seen.insert(link.from) {
            pending.push(link.from);
        } else if link.from == at {
            last.insert(link.to);
        }
    }
    while let Some(node) = pending.pop() {
        if last.contains(&node) {
            continue;
        }
        let next = members.links.iter().filter(|l| l.from == node && l.kind == EdgeKind::Event);
        let next = next.map(|l| l.to).filter(|to| !members.is_step(*to));
        pending.extend(next.filter(|to| seen.insert(*to)));
    }
    seen.extend(last);
    let mut core: Vec<usize> = seen.into_iter().collect();
    core.sort_unstable();
    core
}

impl Focus {
    /// The nodes of the finest map that are drawn by themselves.
    pub(super) fn expanded(&self, members: &Members<'_>) -> HashSet<usize> {
        if self.coarse {
            return HashSet::new();
        }
        let mut expanded: HashSet<usize> = self.core.iter().copied().collect();
        if self.closely {
            let core = expanded.clone();
            for link in &members.links {
                if core.contains(&link.from) || core.contains(&link.to) {
                    let ends = [link.from, link.to].into_iter();
                    expanded.extend(ends.filter(|at| core.contains(at) || !members.is_step(*at)));
                }
            }
        }
        if self.follows_calls {
            follow(members, &self.core, &mut expanded);
        }
        expanded
    }
}

fn follow(members: &Members<'_>, core: &[usize], expanded: &mut HashSet<usize>) {
    let mut calls: Vec<Vec<usize>> = vec![Vec::new(); members.nodes.len()];
    for link in &members.links {
        if matches!(link.kind, EdgeKind::Call | EdgeKind::OptionalCall | EdgeKind::Queue) {
            calls[link.from].push(link.to);
        }
    }
    let mut seen: HashSet<usize> = core.iter().copied().collect();
    let mut pending = core.to_vec();
    while let Some(node) = pending.pop() {
        pending.extend(calls[node].iter().copied().filter(|to| seen.insert(*to)));
    }
    expanded.extend(seen);
}
