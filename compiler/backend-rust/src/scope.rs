//! Where generated code stands, and how it names what stands elsewhere.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_model::Id;
use svckit_model::timing::Timing;
use svckit_model::world::{Enum, Package, Record, Scalar, Service, Type, Union, World};

use crate::analysis::Analysis;
use crate::names::{self, Names, home_service, ident, type_name};
use crate::options::Settings;

/// What all of generation reads.
#[derive(Debug)]
pub(crate) struct Gen<'a> {
    pub(crate) world: &'a World,
    pub(crate) settings: Settings,
    pub(crate) names: Names,
    pub(crate) analysis: Analysis,
    /// Timeouts by operation.
    pub(crate) timing: Timing,
}

impl<'a> Gen<'a> {
    pub(crate) fn new(world: &'a World, settings: Settings) -> Self {
        let analysis = Analysis::of(world, &settings);
        let names = names::allot(world, &analysis.patched);
        let timing = Timing::new(world);
        Self { world, settings, names, analysis, timing }
    }

    /// Packages that are generated here.
    pub(crate) fn packages(&self) -> impl Iterator<Item = (Id<Package>, &'a Package)> {
        self.world.local_packages().filter(|(_, p)| !self.settings.externs.contains_key(&p.name))
    }

    /// The package in which a record's patch is: its own, unless that is not generated here.
    pub(crate) fn patch_home(&self, record: Id<Record>, user: Id<Package>) -> Id<Package> {
        patch_home(self.world, &self.settings, record, user)
    }
}

/// See [`Gen::patch_home`].
pub(crate) fn patch_home(
    world: &World,
    settings: &Settings,
    record: Id<Record>,
    user: Id<Package>,
) -> Id<Package> {
    let own = world.records[record].info.package;
    let package = &world.packages[own];
    if package.external || settings.externs.contains_key(&package.name) { user } else { own }
}

/// A module: that of a package, or that of one of its services.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) all: &'a Gen<'a>,
    pub(crate) package: Id<Package>,
    pub(crate) service: Option<Id<Service>>,
}

/// Names of the standard library that generated code uses in short, with their paths.
const STD: &[(&str, &str)] = &[
    ("Option", "::core::option::Option"),
    ("Some", "::core::option::Option::Some"),
    ("None", "::core::option::Option::None"),
    ("Result", "::core::result::Result"),
    ("Ok", "::core::result::Result::Ok"),
    ("Err", "::core::result::Result::Err"),
    ("String", "::std::string::String"),
    ("Vec", "::std::vec::Vec"),
    ("Box", "::std::boxed::Box"),
    ("From", "::core::convert::From"),
    ("TryFrom", "::core::convert::TryFrom"),
    ("Into", "::core::convert::Into"),
    ("Default", "::core::default::Default"),
    ("Send", "::core::marker::Send"),
    ("Sync", "::core::marker::Sync"),
    ("Future", "::core::future::Future"),
];

impl<'a> Scope<'a> {
    /// The module of a package.
    pub(crate) fn package(all: &'a Gen<'a>, package: Id<Package>) -> Self {
        Self { all, package, service: None }
    }

    /// The module of one of its services.
    pub(crate) fn service(self, service: Id<Service>) -> Self {
        Self { service: Some(service), ..self }
    }

    pub(crate) fn world(&self) -> &'a World {
        self.all.world
    }

    /// A name of the standard library: in short, unless the module gives it another meaning.
    pub(crate) fn std(&self, name: &str) -> TokenStream {
        let defined = match self.service {
            Some(service) => self.all.names.services[&service].types.defines(name),
            None => self.all.names.types[&self.package].defines(name),
        };
        let long = STD.iter().find(|(short, _)| *short == name).filter(|_| defined);
        let path = long.map_or(name, |(_, long)| long);
        path.parse().expect("the table holds paths")
    }

    /// The private part of the runtime.
    pub(crate) fn rt(&self) -> Ident {
        ident(&self.all.names.runtime[&self.package])
    }

    /// The public part of the runtime.
    pub(crate) fn svckit(&self) -> &'a TokenStream {
        &self.all.settings.runtime
    }

    fn modules(&self, package: Id<Package>, service: Option<Id<Service>>) -> Vec<String> {
        let mut modules = names::modules(&self.world().packages[package].name);
        modules.extend(service.map(|s| self.all.names.services[&s].module.clone()));
        modules
    }

    /// The path of a name that stands in another module.
    pub(crate) fn path(
        &self,
        package: Id<Package>,
        service: Option<Id<Service>>,
        name: &str,
    ) -> TokenStream {
        let name = ident(name);
        let to = self.modules(package, service);
        if let Some(root) = self.all.settings.externs.get(&self.world().packages[package].name) {
            let to = to.iter().map(|m| ident(m));
            return quote!(#root #(:: #to)* :: #name);
        }
        let from = self.modules(self.package, self.service);
        let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let up = from[common..].iter().map(|_| quote!(super::));
        let here = (common == from.len() && common < to.len()).then(|| quote!(self::));
        let down = to[common..].iter().map(|m| ident(m));
        quote!(#here #(#up)* #(#down ::)* #name)
    }

    pub(crate) fn record(&self, id: Id<Record>) -> TokenStream {
        let record = &self.world().records[id];
        let name = self.all.names.record(self.world(), id);
        self.path(record.info.package, home_service(self.world(), record), &name)
    }

    pub(crate) fn scalar(&self, id: Id<Scalar>) -> TokenStream {
        let info = &self.world().scalars[id].info;
        self.path(info.package, None, &type_name(&info.name))
    }

    pub(crate) fn enumeration(&self, id: Id<Enum>) -> TokenStream {
        let info = &self.world().enums[id].info;
        self.path(info.package, None, &type_name(&info.name))
    }

    pub(crate) fn union(&self, id: Id<Union>) -> TokenStream {
        let info = &self.world().unions[id].info;
        self.path(info.package, None, &type_name(&info.name))
    }

    pub(crate) fn patch(&self, id: Id<Record>) -> TokenStream {
        let home = self.all.patch_home(id, self.package);
        let name = self.all.names.patches.get(&(id, home)).cloned().unwrap_or_default();
        self.path(home, None, &name)
    }

    /// A type in Rust, without what a field adds to it.
    pub(crate) fn ty(&self, ty: &Type) -> TokenStream {
        crate::types::rust(self, ty)
    }
}
