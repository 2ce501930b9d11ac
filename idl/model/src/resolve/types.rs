//! Types as written, resolved.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Name, Path, TypeKind, TypeRef};

use super::context::{Cx, Def, ScopeId};
use super::lookup::{Found, Want};
use crate::codes::types::{
    BAD_MAP_KEY, MISPLACED_PAGE, MISPLACED_STREAM, NESTED_LIST, NESTED_OPTIONAL,
    PATCH_OF_NON_RECORD, TYPE_ARGUMENTS, UNKNOWN_TYPE,
};
use crate::world::*;

/// The words that take types in angle brackets, and how many.
const GENERICS: [(&str, usize); 4] = [("list", 1), ("map", 2), ("patch", 1), ("page", 1)];

/// What other languages call what we have by another name.
const ALIASES: [(&str, &str); 33] = [
    ("any", "json"),
    ("array", "list<…>"),
    ("blob", "bytes"),
    ("bigdecimal", "decimal"),
    ("boolean", "bool"),
    ("byte", "u32"),
    ("datetime", "timestamp"),
    ("double", "f64"),
    ("dict", "map<…, …>"),
    ("float", "f64"),
    ("float32", "f32"),
    ("float64", "f64"),
    ("guid", "uuid"),
    ("hashmap", "map<…, …>"),
    ("int", "i64"),
    ("int32", "i32"),
    ("int64", "i64"),
    ("instant", "timestamp"),
    ("integer", "i64"),
    ("long", "i64"),
    ("number", "f64"),
    ("object", "json"),
    ("optional", "T?"),
    ("option", "T?"),
    ("repeated", "list<…>"),
    ("str", "string"),
    ("struct", "json"),
    ("text", "string"),
    ("time", "timestamp"),
    ("uint", "u64"),
    ("uint32", "u32"),
    ("uint64", "u64"),
    ("vec", "list<…>"),
];

/// A type and whether its absence is told apart.
#[derive(Debug, Clone)]
pub(crate) struct TypeUse {
    pub(crate) ty: Type,
    pub(crate) optional: bool,
}

impl Cx<'_> {
    /// The type of a field or of an answer: `T` or `T?`.
    pub(crate) fn type_use(&mut self, s: ScopeId, t: &TypeRef) -> Option<TypeUse> {
        if let TypeKind::Optional(inner) = &t.kind {
            if matches!(inner.kind, TypeKind::Optional(_)) {
                let twice =
                    Diagnostic::new(NESTED_OPTIONAL, t.span, "a type is optional once at most");
                self.report(twice.here("`?` twice").fix("remove one `?`", last_char(t.span), ""));
                return None;
            }
            let ty = self.plain_type(s, inner)?;
            return Some(TypeUse { ty, optional: true });
        }
        Some(TypeUse { ty: self.plain_type(s, t)?, optional: false })
    }

    /// A type without `?`, `stream` or `page`.
    pub(crate) fn plain_type(&mut self, s: ScopeId, t: &TypeRef) -> Option<Type> {
        match &t.kind {
            TypeKind::Named(path) => self.named_type(s, path),
            TypeKind::Generic(name, args) => self.generic_type(s, t, name, args),
            TypeKind::Stream(_) => {
                let wrong = Diagnostic::new(MISPLACED_STREAM, t.span, "a stream can't stand here")
                    .here("`stream` is for what an operation takes or answers as a whole")
                    .help("use `list<…>` for several values at once")
                    .help("`stream bytes` may be a parameter of a command: an upload");
                self.report(wrong);
                None
            }
            TypeKind::Optional(_) => {
                let wrong = Diagnostic::new(NESTED_OPTIONAL, t.span, "`?` can't stand here")
                    .here("optional where a value must be")
                    .fix("remove the `?`", last_char(t.span), "");
                self.report(wrong);
                None
            }
        }
    }

    fn named_type(&mut self, s: ScopeId, path: &Path) -> Option<Type> {
        if let Some(name) = path.single() {
            if let Some(builtin) = Builtin::named(&name.text) {
                return Some(Type::Builtin(builtin));
            }
            if let Some((_, arity)) = GENERICS.iter().find(|(g, _)| *g == name.text) {
                self.arguments(name, name.span, *arity, 0);
                return None;
            }
            if self.alias_of_builtin(s, name) {
                return None;
            }
        }
        Some(match self.item(s, path, Want::Type)? {
            Def::Scalar(id) => Type::Scalar(id),
            Def::Enum(id) => Type::Enum(id),
            Def::Record(id) | Def::Error(id) => Type::Record(id),
            Def::Union(id) => Type::Union(id),
            _ => return None,
        })
    }

    /// Reports a type that is called otherwise here.
    fn alias_of_builtin(&mut self, s: ScopeId, name: &Name) -> bool {
        let lower = name.text.to_ascii_lowercase();
        let alias = ALIASES.iter().find(|(alias, _)| *alias == lower).map(|(_, ours)| *ours);
        let known = Builtin::named(&lower).map(Builtin::name);
        let Some(ours) = alias.or(known) else { return false };
        if matches!(self.find(s, std::slice::from_ref(name)), Found::Def(..) | Found::Reported) {
            return false;
        }
        let text = format!("there is no type `{}`", name.text);
        let unknown = Diagnostic::new(UNKNOWN_TYPE, name.span, text).here("not a type");
        let unknown = unknown.help(format!("it is called `{ours}` here"));
        let exact = Builtin::named(ours).is_some();
        self.report(if exact {
            unknown.fix(format!("write `{ours}`"), name.span, ours)
        } else {
            unknown
        });
        true
    }

    fn arguments(&mut self, name: &Name, span: Span, wanted: usize, found: usize) {
        let form = match name.text.as_str() {
            "map" => "map<K, V>".to_owned(),
            "patch" => "patch<R>".to_owned(),
            other => format!("{other}<T>"),
        };
        let types = if wanted == 1 { "one type" } else { "two types" };
        let text = format!("`{}` takes {types}, not {found}", name.text);
        let wrong = Diagnostic::new(TYPE_ARGUMENTS, span, text);
        self.report(wrong.here(format!("`{form}` is the form")).help(format!("write `{form}`")));
    }

    fn generic_type(
        &mut self,
        s: ScopeId,
        t: &TypeRef,
        name: &Name,
        args: &[TypeRef],
    ) -> Option<Type> {
        let Some((_, arity)) = GENERICS.iter().find(|(g, _)| *g == name.text) else {
            self.unknown_generic(name);
            return None;
        };
        if args.len() != *arity {
            self.arguments(name, t.span, *arity, args.len());
            return None;
        }
        match (name.text.as_str(), args) {
            ("list", [item]) => Some(Type::List(Box::new(self.inner_type(s, item, "list")?))),
            ("map", [key, value]) => {
                let key = self.map_key(s, key);
                let value = self.inner_type(s, value, "map");
                Some(Type::Map(Box::new(key?), Box::new(value?)))
            }
            ("patch", [record]) => self.patch_of(s, record),
            _ => {
                let wrong = Diagnostic::new(MISPLACED_PAGE, t.span, "a page can't stand here")
                    .here("`page<T>` is what a query answers as a whole")
                    .help("use `list<…>` here");
                self.report(wrong);
                None
            }
        }
    }

    fn unknown_generic(&mut self, name: &Name) {
        let lower = name.text.to_ascii_lowercase();
        let alias = ALIASES.iter().find(|(alias, _)| *alias == lower).map(|(_, ours)| *ours);
        let near = self.nearest(&lower, GENERICS.iter().map(|(g, _)| *g));
        let text = format!("`{}` takes no types in angle brackets", name.text);
        let unknown = Diagnostic::new(UNKNOWN_TYPE, name.span, text)
            .here("neither `list`, `map`, `patch` nor `page`");
        let unknown = match (alias, near) {
            (Some(ours), _) => unknown.help(format!("it is written `{ours}` here")),
            (None, Some(near)) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
            _ => unknown,
        };
        self.report(unknown);
    }

    /// What a list or a map holds.
    fn inner_type(&mut self, s: ScopeId, t: &TypeRef, of: &str) -> Option<Type> {
        if let TypeKind::Optional(_) = t.kind {
            let text = format!("what a {of} holds can't be optional");
            let wrong = Diagnostic::new(NESTED_OPTIONAL, t.span, text)
                .here("a message can't tell an absent entry from none")
                .fix("remove the `?`", last_char(t.span), "");
            self.report(wrong);
            return None;
        }
        let ty = self.plain_type(s, t)?;
        if matches!(ty, Type::List(_) | Type::Map(..)) {
            let text = format!("a {of} can't hold lists or maps");
            let wrong = Diagnostic::new(NESTED_LIST, t.span, text)
                .here("nested")
                .help("make a record that holds the inner one, and a list or map of that record");
            self.report(wrong);
            return None;
        }
        Some(ty)
    }

    fn map_key(&mut self, s: ScopeId, t: &TypeRef) -> Option<Type> {
        let used = self.type_use(s, t)?;
        let builtin = self.world.builtin(&used.ty);
        let fits = matches!(
            builtin,
            Some(
                Builtin::Bool
                    | Builtin::I32
                    | Builtin::I64
                    | Builtin::U32
                    | Builtin::U64
                    | Builtin::String
                    | Builtin::Uuid
            )
        );
        if fits && !used.optional {
            return Some(used.ty);
        }
        let name = self.type_name(&used.ty);
        let text =
            format!("`{name}{}` can't be the key of a map", if used.optional { "?" } else { "" });
        let wrong = Diagnostic::new(BAD_MAP_KEY, t.span, text)
            .here("not a key")
            .help("keys are bool, integers, string, uuid, or scalars over these");
        self.report(wrong);
        None
    }

    fn patch_of(&mut self, s: ScopeId, t: &TypeRef) -> Option<Type> {
        match self.plain_type(s, t)? {
            Type::Record(id) if matches!(self.world.records[id].kind, RecordKind::Record) => {
                Some(Type::Patch(id))
            }
            other => {
                let text = format!(
                    "`{}` is no record, so there is no patch of it",
                    self.type_name(&other)
                );
                let wrong = Diagnostic::new(PATCH_OF_NON_RECORD, t.span, text)
                    .here("a record is expected")
                    .help("`patch<R>` changes some fields of a record and keeps the others");
                self.report(wrong);
                None
            }
        }
    }
}

/// The last character of a type: its `?`.
fn last_char(span: Span) -> Span {
    Span { start: span.end.saturating_sub(1), ..span }
}
