//! What must be known of the whole world before anything is written.

use std::collections::{BTreeSet, HashMap, HashSet};

use svckit_model::Id;
use svckit_model::world::{
    Builtin, Constraints, Field, Package, Record, Request, Response, Type, Union, World,
};

use crate::options::Settings;
use crate::scope::patch_home;

/// A message: a record or a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    Record(Id<Record>),
    Union(Id<Union>),
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Analysis {
    /// Messages in which something is constrained, at any depth.
    checked: HashSet<Node>,
    /// Records that have a value of which every field is zero or its default.
    defaults: HashSet<Id<Record>>,
    /// Records that a `patch<…>` is of, with the package in which the patch stands.
    pub(crate) patched: Vec<(Id<Package>, Id<Record>)>,
}

impl Analysis {
    pub(crate) fn of(world: &World, settings: &Settings) -> Self {
        Self {
            checked: checked(world),
            defaults: defaults(world),
            patched: patched(world, settings),
        }
    }

    /// Whether values of a type may break a rule.
    pub(crate) fn is_checked(&self, world: &World, ty: &Type) -> bool {
        match ty {
            Type::Scalar(id) => !world.scalars[*id].constraints.is_empty(),
            Type::Builtin(_) | Type::Enum(_) => false,
            // That a field may not be cleared is a rule, too.
            Type::Patch(_) => true,
            Type::Record(id) => self.checked.contains(&Node::Record(*id)),
            Type::Union(id) => self.checked.contains(&Node::Union(*id)),
            Type::List(item) => self.is_checked(world, item),
            Type::Map(key, value) => self.is_checked(world, key) || self.is_checked(world, value),
        }
    }

    /// Whether a record implements `Default`.
    pub(crate) fn has_default(&self, id: Id<Record>) -> bool {
        self.defaults.contains(&id)
    }
}

/// The parts of a type that have no parts.
fn leaves(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::List(item) => leaves(item),
        Type::Map(key, value) => leaves(key).into_iter().chain(leaves(value)).collect(),
        other => vec![other],
    }
}

/// What is reached from `seeds` against the direction of `edges` (user, used).
fn spread(seeds: Vec<Node>, edges: &[(Node, Node)]) -> HashSet<Node> {
    let mut users: HashMap<Node, Vec<Node>> = HashMap::new();
    for (user, used) in edges {
        users.entry(*used).or_default().push(*user);
    }
    let mut found: HashSet<Node> = seeds.iter().copied().collect();
    let mut todo = seeds;
    while let Some(node) = todo.pop() {
        for user in users.get(&node).into_iter().flatten() {
            if found.insert(*user) {
                todo.push(*user);
            }
        }
    }
    found
}

fn checked(world: &World) -> HashSet<Node> {
    let (mut seeds, mut edges) = (Vec::new(), Vec::new());
    let mut look = |node: Node, fields: &[Field]| {
        for field in fields {
            let own = !field.constraints.is_empty();
            for leaf in leaves(&field.ty) {
                match leaf {
                    Type::Record(id) => edges.push((node, Node::Record(*id))),
                    Type::Union(id) => edges.push((node, Node::Union(*id))),
                    Type::Patch(_) => seeds.push(node),
                    Type::Scalar(id) if has_rules(&world.scalars[*id].constraints) => {
                        seeds.push(node);
                    }
                    _ => {}
                }
            }
            seeds.extend(own.then_some(node));
        }
    };
    for (id, record) in world.records.iter() {
        look(Node::Record(id), &record.fields);
    }
    for (id, union) in world.unions.iter() {
        look(Node::Union(id), &union.variants);
    }
    spread(seeds, &edges)
}

fn has_rules(constraints: &Constraints) -> bool {
    !constraints.is_empty()
}

/// Whether a field that is left out has a value, by itself or if a record has.
enum Absent {
    Value,
    Nothing,
    If(Id<Record>),
}

fn absent(world: &World, field: &Field) -> Absent {
    use Builtin::{Bool, Bytes, F32, F64, I32, I64, String, U32, U64};
    if field.optional || field.default.is_some() {
        return Absent::Value;
    }
    match &field.ty {
        Type::List(_) | Type::Map(..) | Type::Patch(_) => Absent::Value,
        Type::Record(id) => Absent::If(*id),
        Type::Scalar(id) if has_rules(&world.scalars[*id].constraints) => Absent::Nothing,
        ty => match world.builtin(ty) {
            Some(Bool | I32 | I64 | U32 | U64 | F32 | F64 | String | Bytes) => Absent::Value,
            _ => Absent::Nothing,
        },
    }
}

/// Records that may have a `Default` are told from below: first those that need no other.
fn defaults(world: &World) -> HashSet<Id<Record>> {
    let mut waits: HashMap<Id<Record>, usize> = HashMap::new();
    let mut users: HashMap<Id<Record>, Vec<Id<Record>>> = HashMap::new();
    let mut ready = Vec::new();
    for (id, record) in world.records.iter() {
        if record.fields.iter().any(|f| f.streamed) {
            continue;
        }
        let absents: Vec<_> = record.fields.iter().map(|f| absent(world, f)).collect();
        if absents.iter().any(|a| matches!(a, Absent::Nothing)) {
            continue;
        }
        let mut count = 0;
        for absent in absents {
            if let Absent::If(used) = absent {
                users.entry(used).or_default().push(id);
                count += 1;
            }
        }
        waits.insert(id, count);
        ready.extend((count == 0).then_some(id));
    }
    let mut found = HashSet::new();
    while let Some(id) = ready.pop() {
        found.insert(id);
        for user in users.get(&id).into_iter().flatten() {
            if let Some(count) = waits.get_mut(user) {
                *count -= 1;
                ready.extend((*count == 0).then_some(*user));
            }
        }
    }
    found
}

fn patched(world: &World, settings: &Settings) -> Vec<(Id<Package>, Id<Record>)> {
    let mut found = BTreeSet::new();
    let mut look = |package: Id<Package>, ty: &Type| {
        for leaf in leaves(ty) {
            if let Type::Patch(id) = leaf {
                found.insert((patch_home(world, settings, *id, package), *id));
            }
        }
    };
    for (_, record) in world.records.iter() {
        record.fields.iter().for_each(|f| look(record.info.package, &f.ty));
    }
    for (_, union) in world.unions.iter() {
        union.variants.iter().for_each(|f| look(union.info.package, &f.ty));
    }
    for (_, op) in world.operations.iter() {
        let request = match &op.request {
            Request::Value(ty) | Request::Stream(ty) => Some(ty),
            Request::Empty | Request::Record(_) | Request::Params(_) => None,
        };
        let response = match &op.response {
            Response::Value(ty)
            | Response::Optional(ty)
            | Response::Page(ty)
            | Response::Stream(ty) => Some(ty),
            Response::Empty | Response::Queued => None,
        };
        request.into_iter().chain(response).for_each(|ty| look(op.info.package, ty));
    }
    found.into_iter().collect()
}
