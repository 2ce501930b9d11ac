//! Names of items: `Money`, `payments.Card`, `shop.payments.v1.Card`.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Name, Path};

use super::context::{Cx, Def, ScopeId};
use crate::Id;
use crate::codes::names::{UNKNOWN_NAME, UNKNOWN_PACKAGE, WRONG_KIND};
use crate::codes::types::UNKNOWN_TYPE;
use crate::world::*;

/// What kind of item a place asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Type,
    Scalar,
    Record,
    Error,
    Service,
    Policy,
    Aggregate,
}

impl Want {
    pub(crate) fn accepts(self, def: Def) -> bool {
        match self {
            Self::Type => matches!(
                def,
                Def::Scalar(_) | Def::Enum(_) | Def::Record(_) | Def::Union(_) | Def::Error(_)
            ),
            Self::Scalar => matches!(def, Def::Scalar(_)),
            Self::Record => matches!(def, Def::Record(_)),
            Self::Error => matches!(def, Def::Error(_)),
            Self::Service => matches!(def, Def::Service(_)),
            Self::Policy => matches!(def, Def::Policy(_)),
            Self::Aggregate => matches!(def, Def::Aggregate(_)),
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Scalar => "scalar",
            Self::Record => "record",
            Self::Error => "error",
            Self::Service => "service",
            Self::Policy => "policy",
            Self::Aggregate => "aggregate",
        }
    }

    fn a_noun(self) -> String {
        with_article(self.noun())
    }
}

/// `an error`, `a record`.
pub(crate) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// What a def is called in messages.
pub(crate) fn noun(def: Def) -> &'static str {
    match def {
        Def::Scalar(_) => "scalar",
        Def::Enum(_) => "enum",
        Def::Record(_) => "record",
        Def::Union(_) => "union",
        Def::Error(_) => "error",
        Def::Service(_) => "service",
        Def::Policy(_) => "policy",
        Def::Saga => "saga",
        Def::Choreography => "choreography",
        Def::Aggregate(_) => "aggregate",
        Def::Projection => "projection",
        Def::Broken => "broken item",
    }
}

/// What a path leads to, before anything is said of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found {
    Def(Def, Span),
    /// A name that this package, or this file where none is given, does not have.
    Missing(Option<Id<Package>>),
    /// The names before the last are no package.
    NoPackage,
    /// It leads through something that has been reported.
    Reported,
}

impl<'a> Cx<'a> {
    /// The item of the wanted kind that a path names; anything else is reported.
    pub(crate) fn item(&mut self, s: ScopeId, path: &Path, want: Want) -> Option<Def> {
        match self.find(s, &path.segments) {
            Found::Def(def, _) if want.accepts(def) => Some(def),
            Found::Def(Def::Broken, _) | Found::Reported => None,
            Found::Def(def, span) => {
                self.wrong_kind(path, want, noun(def), span);
                None
            }
            Found::Missing(package) => {
                self.unknown_item(s, path, package, want);
                None
            }
            Found::NoPackage => {
                self.unknown_qualifier(s, path);
                None
            }
        }
    }

    /// What a path leads to; says nothing.
    pub(crate) fn find(&mut self, s: ScopeId, segments: &[Name]) -> Found {
        match segments {
            [] => Found::Reported,
            [name] => self.find_plain(s, name),
            [qualifier @ .., name] => match self.package_of(s, qualifier) {
                Some(Some(package)) => self.find_in(package, name),
                Some(None) => Found::Reported,
                None => Found::NoPackage,
            },
        }
    }

    fn find_plain(&mut self, s: ScopeId, name: &Name) -> Found {
        let package = self.scopes[s].package;
        if let Some((def, span)) = self.names.items.get(&(package, name.text.as_str())) {
            let own = Found::Def(*def, *span);
            if let Some(import) = self.scopes[s].names.get_mut(name.text.as_str()) {
                import.used = true;
            }
            return own;
        }
        if let Some(import) = self.scopes[s].names.get_mut(name.text.as_str()) {
            import.used = true;
            let home = import.package.and_then(|p| self.names.items.get(&(p, name.text.as_str())));
            return home.map_or(Found::Reported, |(def, span)| Found::Def(*def, *span));
        }
        if self.names.holes.contains(&package) { Found::Reported } else { Found::Missing(None) }
    }

    fn find_in(&self, package: Id<Package>, name: &Name) -> Found {
        match self.names.items.get(&(package, name.text.as_str())) {
            Some((def, span)) => Found::Def(*def, *span),
            None if self.names.holes.contains(&package) => Found::Reported,
            None => Found::Missing(Some(package)),
        }
    }

    /// The package that an alias, a full name, or the short name of the file's own package stands for. `Some(None)`
    /// where it is known and led to nothing.
    pub(crate) fn package_of(
        &mut self,
        s: ScopeId,
        qualifier: &[Name],
    ) -> Option<Option<Id<Package>>> {
        if let [alias] = qualifier
            && let Some(import) = self.scopes[s].aliases.get_mut(alias.text.as_str())
        {
            import.used = true;
            return Some(import.package);
        }
        let full: Vec<&str> = qualifier.iter().map(|n| n.text.as_str()).collect();
        let full = full.join(".");
        if let Some(package) = self.names.packages.get(&full) {
            return Some(Some(*package));
        }
        let own = self.scopes[s].package;
        (short_name(&self.world.packages[own].name) == full).then_some(Some(own))
    }

    /// Says that a path leads to something of another kind.
    pub(crate) fn wrong_kind(&mut self, path: &Path, want: Want, found: &str, defined: Span) {
        let text = format!(
            "`{}` is {}, where {} is expected",
            path.text(),
            with_article(found),
            want.a_noun()
        );
        let wrong = Diagnostic::new(WRONG_KIND, path.span, text)
            .here(format!("{} is expected here", want.a_noun()))
            .label(defined, format!("defined as {} here", with_article(found)));
        self.report(wrong);
    }

    fn unknown_item(&mut self, s: ScopeId, path: &Path, package: Option<Id<Package>>, want: Want) {
        let name = path.last();
        let code = if want == Want::Type { UNKNOWN_TYPE } else { UNKNOWN_NAME };
        let whose = package.map(|p| format!(" in package `{}`", self.world.packages[p].name));
        let text =
            format!("there is no {} `{}`{}", want.noun(), name.text, whose.unwrap_or_default());
        let mut unknown = Diagnostic::new(code, name.span, text).here("not found");
        if package.is_none()
            && let Some(fixed) = self.elsewhere(s, name, want, &unknown)
        {
            self.report(fixed);
            return;
        }
        let candidates = self.candidates(s, package, want);
        if let Some(near) = self.nearest(&name.text, candidates.iter().copied()) {
            unknown = unknown.fix(format!("did you mean `{near}`?"), name.span, near);
        }
        self.report(unknown);
    }

    /// The same message with the `use` line that would bring the name in.
    fn elsewhere(
        &self,
        s: ScopeId,
        name: &Name,
        want: Want,
        unknown: &Diagnostic,
    ) -> Option<Diagnostic> {
        let homes = self.names.homes.get(name.text.as_str())?;
        let fits = |p: &&Id<Package>| {
            self.names
                .items
                .get(&(**p, name.text.as_str()))
                .is_some_and(|(def, _)| want.accepts(*def))
        };
        let mut homes = homes.iter().filter(fits);
        let package = &self.world.packages[*homes.next()?].name;
        let line = format!("use {package}.{{{}}}", name.text);
        let help = format!("it is in package `{package}`: `{line}`");
        let fixed = unknown.clone().help(help);
        let fixed = match self.use_place(s) {
            Some((place, gap)) => fixed.fix(format!("add `{line}`"), place, format!("{gap}{line}")),
            None => fixed,
        };
        Some(if homes.next().is_some() { fixed.unsafe_fix() } else { fixed })
    }

    /// Where a further `use` line goes, and what stands before it.
    fn use_place(&self, s: ScopeId) -> Option<(Span, &'static str)> {
        let file = self.scopes[s].file;
        match file.uses.last() {
            Some(last) => Some((last.span.at_end(), "\n")),
            None => file.package.as_ref().map(|p| (p.span.at_end(), "\n\n")),
        }
    }

    /// Names that a path in this place could have meant.
    fn candidates(&self, s: ScopeId, package: Option<Id<Package>>, want: Want) -> Vec<&'a str> {
        if self.guesses == 0 {
            return Vec::new();
        }
        let home = package.unwrap_or(self.scopes[s].package);
        let fits = |p: Id<Package>, n: &&'a str| {
            self.names.items.get(&(p, *n)).is_some_and(|(def, _)| want.accepts(*def))
        };
        let listed = self.names.listed.get(&home).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<&'a str> = listed.iter().copied().filter(|n| fits(home, n)).collect();
        if package.is_none() {
            let imports = self.scopes[s].names.iter();
            let mut brought: Vec<&'a str> = imports
                .filter(|(_, i)| i.def.is_some_and(|def| want.accepts(def)))
                .map(|(n, _)| *n)
                .collect();
            brought.sort_unstable();
            all.extend(brought);
        }
        all
    }

    /// The one package of that short name.
    fn package_called(&mut self, name: &str) -> Option<String> {
        self.guesses = self.guesses.checked_sub(self.world.packages.len())?;
        let mut homes = self.world.packages.iter().filter(|(_, p)| short_name(&p.name) == name);
        let home = homes.next().map(|(_, p)| p.name.clone());
        home.filter(|_| homes.next().is_none())
    }

    /// Says that what stands before the last name is no package that is known here.
    pub(crate) fn unknown_qualifier(&mut self, s: ScopeId, path: &Path) {
        let qualifier = &path.segments[..path.segments.len().saturating_sub(1)];
        let (Some(first), Some(last)) = (qualifier.first(), qualifier.last()) else { return };
        let name = qualifier.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(".");
        let span = first.span.to(last.span);
        let text = format!("`{name}` is neither a package nor an alias in this file");
        let mut unknown = Diagnostic::new(UNKNOWN_PACKAGE, span, text).here("unknown");
        let home = self.package_called(&name);
        if let Some(home) = home {
            let line = format!("use {home} as {name}");
            unknown = unknown.help(format!("give package `{home}` that name: `{line}`"));
            if let Some((place, gap)) = self.use_place(s) {
                unknown = unknown.fix(format!("add `{line}`"), place, format!("{gap}{line}"));
            }
            self.report(unknown);
            return;
        }
        let mut known: Vec<&'a str> = self.scopes[s].aliases.keys().copied().collect();
        known.sort_unstable();
        let near = self.nearest(&name, known).map(str::to_owned);
        let all: Vec<String> = self.world.packages.iter().map(|(_, p)| p.name.clone()).collect();
        let near =
            near.or_else(|| self.nearest(&name, all.iter().map(String::as_str)).map(str::to_owned));
        self.report(match near {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), span, near),
            None => unknown.help(format!("bring it in under that name: `use … as {name}`")),
        });
    }
}

/// `orders` of `shop.orders.v1`.
pub(crate) fn short_name(package: &str) -> &str {
    let mut parts = package.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let version = last
        .strip_prefix('v')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if version { parts.next().unwrap_or(last) } else { last }
}
