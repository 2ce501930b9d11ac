//! What is shown of a world, and how closely.

mod draw;
mod focus;

use svckit_model::World;

use crate::graph::{EdgeKind, Graph, NodeKind};
use crate::members::Members;
use crate::numbers::Numbers;

/// With more services than this, packages (or owners) are drawn instead unless a level is named.
const MANY: usize = 40;

/// What is to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// How closely.
    pub level: Level,
    /// What frames stand for.
    pub cluster: ClusterBy,
    /// The name of what alone is shown, with its surroundings: a package, a service, a member of one, a saga, a
    /// choreography.
    pub focus: Option<String>,
    /// How far the surroundings of the focus reach: 1 where it is 0.
    pub depth: usize,
    /// What alone is shown.
    pub filter: Filter,
}

/// How closely is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Services, or groups where there are many.
    #[default]
    Auto,
    /// A box a package or owner.
    Group,
    /// A box a service.
    Service,
    /// A box an operation, handler, event and step.
    Member,
}

/// What frames stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClusterBy {
    /// A package each.
    #[default]
    Package,
    /// An owner each.
    Owner,
}

/// What alone is shown. Of each kind of entry, those that are there are alternatives; without any, all is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Kinds of arrows: see [`KINDS`].
    pub kinds: Vec<String>,
    /// Packages; `*` at the end stands for anything.
    pub packages: Vec<String>,
    /// Owners; likewise.
    pub owners: Vec<String>,
}

/// The kinds that a filter may name.
pub const KINDS: [&str; 5] = ["calls", "events", "sagas", "choreographies", "gateways"];

impl Filter {
    /// Reads `calls,events,package=shop.*,owner=checkout-team`.
    ///
    /// # Errors
    /// A sentence that says which entry is wrong, and what may stand there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut filter = Self::default();
        for entry in text.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            match entry.split_once('=') {
                Some(("package", value)) => filter.packages.push(value.to_owned()),
                Some(("owner", value)) => filter.owners.push(value.to_owned()),
                None if KINDS.contains(&entry) => filter.kinds.push(entry.to_owned()),
                _ => {
                    let kinds = KINDS.join(", ");
                    return Err(format!(
                        "a filter can't have `{entry}`; write {kinds}, package=NAME or owner=NAME, with commas between"
                    ));
                }
            }
        }
        Ok(filter)
    }

    fn shows_kind(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|k| k == kind)
    }

    fn shows_edge(&self, kind: EdgeKind) -> bool {
        match kind {
            EdgeKind::Call | EdgeKind::OptionalCall | EdgeKind::Queue => self.shows_kind("calls"),
            EdgeKind::Event => self.shows_kind("events"),
            EdgeKind::Step | EdgeKind::Undo | EdgeKind::Starts | EdgeKind::Then => {
                self.shows_kind("sagas")
            }
            EdgeKind::Flow => self.shows_kind("choreographies"),
            EdgeKind::Route => self.shows_kind("gateways"),
        }
    }

    fn shows_node(&self, kind: NodeKind) -> bool {
        match kind {
            NodeKind::Saga | NodeKind::Step | NodeKind::Wait | NodeKind::Pivot => {
                self.shows_kind("sagas")
            }
            NodeKind::Choreography => self.shows_kind("choreographies"),
            NodeKind::Gateway => self.shows_kind("gateways"),
            _ => true,
        }
    }

    fn shows_place(&self, package: &str, owner: &str) -> bool {
        let any = |patterns: &[String], text: &str| {
            patterns.is_empty() || patterns.iter().any(|p| fits(p, text))
        };
        any(&self.packages, package) && any(&self.owners, owner)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}

/// The map of a world.
///
/// # Errors
/// A sentence: the focus is no name, or that of several things.
pub fn graph(world: &World, view: &View, numbers: &Numbers) -> Result<Graph, String> {
    let members = Members::new(world, numbers);
    let focus = view.focus.as_deref().map(|name| focus::find(&members, name)).transpose()?;
    let shown: Vec<bool> = members.nodes.iter().map(|n| is_shown(&members, n, view)).collect();
    let services = world.services.iter().filter(|(id, _)| {
        members.find(&crate::members::What::Service(*id)).is_some_and(|at| shown[at])
    });
    let level = match view.level {
        Level::Auto if focus.is_none() && services.count() > MANY => Level::Group,
        Level::Auto => Level::Service,
        level => level,
    };
    let mut drawing = draw::Drawing::new(&members, view, level, shown);
    if let Some(focus) = &focus {
        drawing.expand(&focus.expanded(&members));
    }
    drawing.draw();
    if let Some(focus) = &focus {
        drawing.keep_around(&focus.core, view.depth.max(1));
    }
    let title = focus.map_or_else(|| drawing.summary(), |f| f.title);
    Ok(drawing.finish(title))
}

fn is_shown(members: &Members<'_>, node: &crate::members::Member, view: &View) -> bool {
    let world = members.world;
    let owner = node.service.and_then(|s| world.services[s].owner.as_deref()).unwrap_or_default();
    let package = &world.packages[node.package];
    let is_built_in = package.files.is_empty();
    !is_built_in
        && view.filter.shows_node(node.kind)
        && view.filter.shows_place(&package.name, owner)
}
