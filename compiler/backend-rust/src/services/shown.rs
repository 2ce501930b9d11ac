//! How a message is shown to people: which members of its JSON are sensitive.

use std::collections::{BTreeSet, HashSet};

use proc_macro2::TokenStream;
use quote::quote;
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{Field, Record, Type, Union, World};

use crate::scope::Scope;

/// `.shown(…)`: from the payload to JSON, and the names of what is left out of it.
pub(super) fn shown(s: &Scope<'_>, payload: Id<Record>) -> TokenStream {
    let (rt, ty) = (s.rt(), s.record(payload));
    let names = sensitive(s.world(), payload);
    quote!(.shown(#rt::Shown::of::<#ty>(&[#(#names),*])))
}

/// The JSON names of all sensitive fields that a message may hold, at any depth.
fn sensitive(world: &World, payload: Id<Record>) -> BTreeSet<String> {
    let mut walk =
        Walk { world, records: HashSet::new(), unions: HashSet::new(), todo: Vec::new() };
    let mut names = BTreeSet::new();
    walk.record(payload);
    while let Some(field) = walk.todo.pop() {
        if field.sensitive {
            names.insert(naming::json(field.info.wire_name()));
        }
        walk.of_type(&field.ty);
    }
    names
}

/// What was seen, and the fields that are still to be looked at: types may be recursive.
struct Walk<'a> {
    world: &'a World,
    records: HashSet<Id<Record>>,
    unions: HashSet<Id<Union>>,
    todo: Vec<&'a Field>,
}

impl<'a> Walk<'a> {
    fn record(&mut self, id: Id<Record>) {
        if self.records.insert(id) {
            self.todo.extend(&self.world.records[id].fields);
        }
    }

    fn of_type(&mut self, ty: &Type) {
        match ty {
            Type::Record(id) | Type::Patch(id) => self.record(*id),
            Type::Union(id) if self.unions.insert(*id) => {
                self.todo.extend(&self.world.unions[*id].variants);
            }
            Type::List(inner) | Type::Map(_, inner) => self.of_type(inner),
            _ => {}
        }
    }
}
