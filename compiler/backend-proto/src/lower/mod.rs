//! From the model to the files as data.

mod messages;
mod operations;
mod rules;
mod types;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use svckit_diagnostics::Diagnostic;
use svckit_model::World;
use svckit_model::world::Info;

use crate::ir::{File, Head};
use crate::names::{self, Names};
use crate::verify;

/// Every file of the world: those of its local packages, and those of others that they import.
pub(crate) fn files(world: &World) -> Result<Vec<File>, Vec<Diagnostic>> {
    let (names, mut diagnostics) = names::allot(world);
    let lower = Lower { world, names: &names };
    let mut files = lower.packages();
    files.retain(|f| !f.is_empty());
    keep_reachable(&mut files);
    diagnostics.extend(verify::verify(&files));
    if diagnostics.is_empty() { Ok(files) } else { Err(diagnostics) }
}

/// Drops packages of other workspaces that nothing here needs.
fn keep_reachable(files: &mut Vec<File>) {
    let by_path: BTreeMap<&str, &File> = files.iter().map(|f| (f.path.as_str(), f)).collect();
    let mut todo: Vec<&str> =
        files.iter().filter(|f| !f.external).map(|f| f.path.as_str()).collect();
    let mut kept: BTreeSet<String> = BTreeSet::new();
    while let Some(path) = todo.pop() {
        if let Some(file) = by_path.get(path)
            && kept.insert(path.to_owned())
        {
            todo.extend(file.imports(false));
        }
    }
    files.retain(|f| kept.contains(&f.path));
}

/// What everything below is written with.
pub(crate) struct Lower<'a> {
    world: &'a World,
    names: &'a Names,
}

impl Lower<'_> {
    /// One file for each name that packages have on the wire: packages of one name share a file.
    fn packages(&self) -> Vec<File> {
        let mut files: BTreeMap<String, File> = BTreeMap::new();
        for (id, package) in self.world.packages.iter() {
            let name = package.wire_name();
            let path = names::path(name);
            let file = files.entry(path.clone()).or_insert_with(|| File {
                path,
                package: name.into(),
                external: true,
                ..File::default()
            });
            file.external &= package.external;
            append(&mut file.docs, &package.docs);
            self.services(package, file);
            self.types(id, package, file);
        }
        files.into_values().collect()
    }
}

/// Adds a paragraph.
pub(crate) fn append(docs: &mut String, more: &str) {
    let more = more.trim_matches('\n');
    if more.is_empty() {
        return;
    }
    if !docs.is_empty() {
        docs.push_str("\n\n");
    }
    docs.push_str(more);
}

/// Docs of a thing under another name.
fn head(info: &Info, name: impl Into<String>) -> Head {
    let mut docs = String::new();
    append(&mut docs, &info.docs);
    if let Some(why) = &info.deprecated {
        append(&mut docs, &format!("Deprecated: {why}"));
    }
    Head { name: name.into(), docs, deprecated: info.deprecated.is_some(), span: info.span }
}
