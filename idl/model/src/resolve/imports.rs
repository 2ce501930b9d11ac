//! `use` lines.

use std::collections::hash_map::Entry;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Item, ItemKind, MemberKind, Name, Path, Use, UseWhat};

use super::context::{Cx, Def, Import, ScopeId};
use super::register::twice;
use super::suggest::listed;
use crate::Id;
use crate::codes::names::{UNKNOWN_NAME, UNKNOWN_PACKAGE, UNUSED_USE};
use crate::world::*;

impl<'a> Cx<'a> {
    /// Reads the `use` lines of all files.
    pub(crate) fn imports(&mut self) {
        for s in 0..self.scopes.len() {
            let file = self.scopes[s].file;
            for line in &file.uses {
                self.import_line(s, line);
            }
        }
    }

    fn import_line(&mut self, s: ScopeId, line: &'a Use) {
        let package = self.package_named(&line.path);
        match &line.what {
            UseWhat::Alias(alias) => {
                let import = Import { package, def: None, span: alias.span, used: false };
                let clash = add(&mut self.scopes[s].aliases, alias, import);
                self.import_clash(alias, clash);
            }
            UseWhat::Names(names) => {
                for name in names {
                    self.import_name(s, package, name);
                }
            }
        }
    }

    fn import_name(&mut self, s: ScopeId, package: Option<Id<Package>>, name: &'a Name) {
        let def = package.and_then(|p| self.exported(p, name));
        let own = self
            .names
            .items
            .get(&(self.scopes[s].package, name.text.as_str()))
            .map(|(_, span)| *span);
        let same = package == Some(self.scopes[s].package);
        let import = Import { package, def, span: name.span, used: def.is_none() };
        let clash = add(&mut self.scopes[s].names, name, import);
        self.import_clash(name, clash.or(own.filter(|_| !same)));
    }

    fn import_clash(&mut self, name: &Name, first: Option<Span>) {
        if let Some(first) = first {
            let text = format!("`{}` names two things in this file", name.text);
            let help = "rename one by bringing its package in under an alias: `use … as …`";
            self.report(twice(text, name.span, first).help(help));
        }
    }

    fn exported(&mut self, package: Id<Package>, name: &Name) -> Option<Def> {
        if let Some((def, _)) = self.names.items.get(&(package, name.text.as_str())) {
            return Some(*def);
        }
        if self.names.holes.contains(&package) {
            return None;
        }
        let candidates = match self.names.listed.get(&package) {
            Some(listed) if self.guesses > 0 => listed.clone(),
            _ => Vec::new(),
        };
        let near = self.nearest(&name.text, candidates.iter().copied());
        let owner =
            self.names.owners.get(&(package, name.text.as_str())).and_then(|o| o.first().copied());
        let package = self.world.packages[package].name.clone();
        let text = format!("package `{package}` has no item called `{}`", name.text);
        let mut unknown = Diagnostic::new(UNKNOWN_NAME, name.span, text).here("not found there");
        unknown = match (near, owner) {
            (_, Some(owner)) => {
                let owner = &self.world.services[owner].info.name;
                unknown.help(format!("it is a member of service `{owner}`: bring `{owner}` in and write `{owner}.{}`", name.text))
            }
            (Some(near), _) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
            _ if candidates.is_empty() => unknown,
            _ => unknown.help(format!("it has {}", listed(candidates))),
        };
        self.report(unknown);
        None
    }

    /// The package of that full name; an unknown one is reported.
    pub(crate) fn package_named(&mut self, path: &Path) -> Option<Id<Package>> {
        let name = path.text();
        if let Some(package) = self.names.packages.get(&name) {
            return Some(*package);
        }
        let known: Vec<String> = self
            .world
            .packages
            .iter()
            .filter(|(id, _)| *id != self.built_in() && self.guesses > 0)
            .map(|(_, p)| p.name.clone())
            .collect();
        let near = self.nearest(&name, known.iter().map(String::as_str));
        let text = format!("there is no package `{name}`");
        let unknown = Diagnostic::new(UNKNOWN_PACKAGE, path.span, text).here("unknown package");
        let unknown = match near {
            Some(near) => unknown
                .fix(format!("did you mean `{near}`?"), path.span, near),
            None => unknown.help(
                "every `.svc` file below the source roots of `svckit.toml` and of the workspaces that it depends on is known; is one missing there?",
            ),
        };
        self.report(unknown);
        None
    }

    /// The package of what is built in.
    pub(crate) fn built_in(&self) -> Id<Package> {
        self.world.policies[self.standard].info.package
    }

    /// Warns of what is brought in for nothing; not where something broken may have used it.
    pub(crate) fn unused_imports(&mut self) {
        for s in 0..self.scopes.len() {
            let scope = &self.scopes[s];
            if self.world.packages[scope.package].external {
                continue;
            }
            let file = scope.file;
            if file.items.iter().any(is_broken) {
                continue;
            }
            for line in &file.uses {
                self.unused_in(s, line);
            }
        }
    }

    fn unused_in(&mut self, s: ScopeId, line: &Use) {
        let scope = &self.scopes[s];
        let unused: Vec<&Name> = match &line.what {
            UseWhat::Alias(alias) => vec![alias],
            UseWhat::Names(names) => names.iter().collect(),
        }
        .into_iter()
        .filter(|n| {
            let import = scope.names.get(n.text.as_str()).or(scope.aliases.get(n.text.as_str()));
            import.is_some_and(|i| !i.used && i.package.is_some() && i.span == n.span)
        })
        .collect();
        let all = match &line.what {
            UseWhat::Alias(_) => !unused.is_empty(),
            UseWhat::Names(names) => unused.len() == names.len(),
        };
        let warnings: Vec<Diagnostic> = if all && !unused.is_empty() {
            let names = listed(unused.iter().map(|n| n.text.as_str()));
            let text = format!(
                "{names} {} brought in and never used",
                if unused.len() == 1 { "is" } else { "are" }
            );
            let warning = Diagnostic::new(UNUSED_USE, line.span, text);
            vec![warning.here("nothing in this file uses it").fix("remove the line", line.span, "")]
        } else {
            unused
                .iter()
                .map(|n| {
                    Diagnostic::new(
                        UNUSED_USE,
                        n.span,
                        format!("`{}` is brought in and never used", n.text),
                    )
                    .here("nothing in this file uses it")
                    .fix("remove it", n.span, "")
                })
                .map(|mut warning| {
                    keep_commas(&mut warning, line);
                    warning
                })
                .collect()
        };
        self.out.extend(warnings);
    }
}

/// Whether the parser could not read an item or a part of it.
fn is_broken(item: &Item) -> bool {
    match &item.kind {
        ItemKind::Junk(_) => true,
        ItemKind::Service(service) => {
            service.members.iter().any(|m| matches!(m.kind, MemberKind::Junk(_)))
        }
        _ => false,
    }
}

/// Widens the removal of one of several names to the comma beside it.
fn keep_commas(warning: &mut Diagnostic, line: &Use) {
    let UseWhat::Names(names) = &line.what else { return };
    let span = warning.span();
    let Some(at) = names.iter().position(|n| n.span == span) else { return };
    let wide = match (at.checked_sub(1).and_then(|i| names.get(i)), names.get(at + 1)) {
        (_, Some(next)) => Span { end: next.span.start, ..span },
        (Some(before), None) => Span { start: before.span.end, ..span },
        (None, None) => span,
    };
    if let Some(edit) = warning.fixes.first_mut().and_then(|f| f.edits.first_mut()) {
        edit.span = wide;
    }
}

/// Adds a name to a file's; gives the place of what has it already.
fn add<'a>(
    names: &mut std::collections::HashMap<&'a str, Import>,
    name: &'a Name,
    import: Import,
) -> Option<Span> {
    match names.entry(&name.text) {
        Entry::Occupied(first) => Some(first.get().span),
        Entry::Vacant(free) => {
            free.insert(import);
            None
        }
    }
}
