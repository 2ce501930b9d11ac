//! Which types hold something sensitive, however deep.

use svckit_diagnostics::Span;
use svckit_model::{Field, Id, Record, Type, Union, World};

/// Records and unions with a sensitive field, or with one of a type that has.
#[derive(Debug)]
pub struct Sensitive {
    records: Vec<bool>,
    unions: Vec<bool>,
}

/// Something with fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Record(Id<Record>),
    Union(Id<Union>),
}

impl Sensitive {
    /// Computes it in time linear in the number of fields.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let mut users: [Vec<Vec<Holder>>; 2] =
            [vec![Vec::new(); world.records.len()], vec![Vec::new(); world.unions.len()]];
        let mut this = Self {
            records: vec![false; world.records.len()],
            unions: vec![false; world.unions.len()],
        };
        let mut todo = Vec::new();
        let records = world.records.iter().map(|(id, r)| (Holder::Record(id), &r.fields));
        let unions = world.unions.iter().map(|(id, u)| (Holder::Union(id), &u.variants));
        for (holder, fields) in records.chain(unions) {
            for field in fields {
                if field.sensitive && this.mark(holder) {
                    todo.push(holder);
                }
                match inner(&field.ty) {
                    Some(Holder::Record(id)) => users[0][id.index()].push(holder),
                    Some(Holder::Union(id)) => users[1][id.index()].push(holder),
                    None => {}
                }
            }
        }
        while let Some(holder) = todo.pop() {
            let users = match holder {
                Holder::Record(id) => &users[0][id.index()],
                Holder::Union(id) => &users[1][id.index()],
            };
            for user in users.clone() {
                if this.mark(user) {
                    todo.push(user);
                }
            }
        }
        this
    }

    fn mark(&mut self, holder: Holder) -> bool {
        let known = match holder {
            Holder::Record(id) => &mut self.records[id.index()],
            Holder::Union(id) => &mut self.unions[id.index()],
        };
        !std::mem::replace(known, true)
    }

    fn holds(&self, ty: &Type) -> bool {
        match inner(ty) {
            Some(Holder::Record(id)) => self.records[id.index()],
            Some(Holder::Union(id)) => self.unions[id.index()],
            None => false,
        }
    }

    /// Whether a record has a sensitive field, however deep.
    #[must_use]
    pub fn record(&self, record: Id<Record>) -> bool {
        self.records[record.index()]
    }

    /// The sensitive field that a field is or holds, nearest first: its path and its place.
    #[must_use]
    pub fn within<'w>(&self, world: &'w World, field: &'w Field) -> Option<(String, Span)> {
        let mut seen = std::collections::HashSet::new();
        let mut todo = std::collections::VecDeque::from([(field.info.name.clone(), field)]);
        while let Some((path, field)) = todo.pop_front() {
            if field.sensitive {
                return Some((path, field.info.span));
            }
            let Some(holder) = inner(&field.ty).filter(|_| self.holds(&field.ty)) else { continue };
            if !seen.insert(holder) {
                continue;
            }
            let fields = match holder {
                Holder::Record(id) => &world.records[id].fields,
                Holder::Union(id) => &world.unions[id].variants,
            };
            todo.extend(fields.iter().map(|f| (format!("{path}.{}", f.info.name), f)));
        }
        None
    }
}

/// What has fields in a type, through lists, maps and patches.
fn inner(ty: &Type) -> Option<Holder> {
    match ty {
        Type::Record(id) | Type::Patch(id) => Some(Holder::Record(*id)),
        Type::Union(id) => Some(Holder::Union(*id)),
        // Neither nests.
        Type::List(item) | Type::Map(_, item) => match &**item {
            Type::Record(id) | Type::Patch(id) => Some(Holder::Record(*id)),
            Type::Union(id) => Some(Holder::Union(*id)),
            _ => None,
        },
        Type::Builtin(_) | Type::Scalar(_) | Type::Enum(_) => None,
    }
}
