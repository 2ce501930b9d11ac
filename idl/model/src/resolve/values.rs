//! Literals against types: defaults, examples, fallbacks.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Entry, Expr, ExprKind, Path};

use super::context::{Cx, Def, ScopeId};
use super::describe::expr_noun;
use super::literals;
use super::lookup::Want;
use super::suggest::listed;
use crate::Id;
use crate::codes::values::{
    BAD_LITERAL, DUPLICATE_ENTRY, MISSING_FIELD, NOT_ONE_VARIANT, TYPE_MISMATCH, UNKNOWN_FIELD,
    UNKNOWN_VALUE, VALUE_RANGE,
};
use crate::world::*;

/// Whether a record's literal must have every field that a message must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    All,
    /// What is named must match; the rest is free.
    Named,
}

impl Cx<'_> {
    /// The value that a literal of type `ty` is, its scalar's constraints kept; anything else is reported.
    pub(crate) fn value(&mut self, s: ScopeId, e: &Expr, ty: &Type, need: Need) -> Option<Value> {
        match ty {
            Type::Builtin(b) => self.builtin_value(e, *b, b.name()),
            Type::Scalar(id) => {
                let scalar = &self.world.scalars[*id];
                let (base, name, rules) =
                    (scalar.base, scalar.info.name.clone(), scalar.constraints.clone());
                let defined = scalar.info.span;
                let value = self.builtin_value(e, base, &name)?;
                self.kept(e.span, &value, &rules, Some((&name, defined))).then_some(value)
            }
            Type::Enum(id) => self.enum_value(s, e, *id),
            Type::Record(id) => self.record_value(s, e, *id, need),
            Type::Patch(id) => self.record_value(s, e, *id, Need::Named),
            Type::Union(id) => self.union_value(s, e, *id, need),
            Type::List(inner) => self.list_value(s, e, inner, need),
            Type::Map(key, value) => self.map_value(s, e, (key, value), need),
        }
    }

    fn mismatch(&mut self, e: &Expr, wanted: &str) {
        let found = expr_noun(&e.kind);
        let text = format!("`{wanted}` is expected here, not {found}");
        let wrong = Diagnostic::new(TYPE_MISMATCH, e.span, text).here(format!("this is {found}"));
        self.report(match (&e.kind, Builtin::named(wanted)) {
            (ExprKind::Int(n), Some(Builtin::String | Builtin::Uuid)) => {
                wrong.fix("put it in quotes", e.span, format!("\"{n}\""))
            }
            (ExprKind::Int(_), Some(Builtin::Duration)) => {
                wrong.help("a duration has a unit: `5s`, `250ms`")
            }
            _ => wrong,
        });
    }

    fn bad_literal<T>(&mut self, span: Span, message: String, form: &str) -> Option<T> {
        self.report(
            Diagnostic::new(BAD_LITERAL, span, message).here("not of that form").help(form),
        );
        None
    }

    /// A literal of a builtin; `name` is what the type is called where it stands.
    pub(crate) fn builtin_value(&mut self, e: &Expr, b: Builtin, name: &str) -> Option<Value> {
        match (b, &e.kind) {
            (Builtin::Bool, ExprKind::Bool(v)) => Some(Value::Bool(*v)),
            (_, ExprKind::Int(n)) if b.integer_range().is_some() => self.integer(e.span, *n, b),
            (_, ExprKind::Size(n)) if b.integer_range().is_some() => self.integer(e.span, (*n).into(), b),
            (Builtin::F32 | Builtin::F64, ExprKind::Int(n)) => self.float(e.span, &n.to_string(), b),
            (Builtin::F32 | Builtin::F64, ExprKind::Float(text)) => self.float(e.span, text, b),
            (Builtin::Decimal, ExprKind::Int(n)) => self.decimal(e.span, n.to_string()),
            (Builtin::Decimal, ExprKind::Float(text) | ExprKind::Str(text)) => {
                self.decimal(e.span, text.clone())
            }
            (Builtin::String, ExprKind::Str(text)) => Some(Value::String(text.clone())),
            (Builtin::Bytes, ExprKind::Str(text)) => self.bytes(e.span, text),
            (Builtin::Uuid, ExprKind::Str(text)) => match literals::uuid(text) {
                Some(uuid) => Some(Value::Uuid(uuid)),
                None => self.bad_literal(
                    e.span,
                    format!("`{text}` is not a uuid"),
                    "a uuid has 8-4-4-4-12 hexadecimal digits: `\"6f9619ff-8b86-d011-b42d-00cf4fc964ff\"`",
                ),
            },
            (Builtin::Timestamp, ExprKind::Str(text)) => self.timestamp(e.span, text),
            (Builtin::Timestamp, ExprKind::Date(_)) => {
                Some(Value::Timestamp(format!("{}T00:00:00Z", self.date_of(e)?)))
            }
            (Builtin::Duration, ExprKind::Duration(nanos)) => Some(Value::Duration(*nanos)),
            (Builtin::Date, ExprKind::Date(_)) => self.date_of(e).map(Value::Date),
            (Builtin::Date, ExprKind::Str(text)) => match literals::date(text) {
                true => Some(Value::Date(text.clone())),
                false => self.bad_literal(
                    e.span,
                    format!("`{text}` is not a day of the calendar"),
                    "a date is written `2027-03-01`",
                ),
            },
            (Builtin::Json, _) => self.json(e).map(|v| Value::Json(v.to_string())),
            _ => {
                self.mismatch(e, name);
                None
            }
        }
    }

    fn integer(&mut self, span: Span, n: i128, b: Builtin) -> Option<Value> {
        let (min, max) = b.integer_range()?;
        if (min..=max).contains(&n) {
            return Some(Value::Int(n));
        }
        let text = format!("{n} does not fit `{}`", b.name());
        let wrong = Diagnostic::new(VALUE_RANGE, span, text).here("out of the type's range");
        self.report(wrong.help(format!("`{}` holds {min} to {max}", b.name())));
        None
    }

    fn float(&mut self, span: Span, text: &str, b: Builtin) -> Option<Value> {
        let value: f64 = text.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "whether it is lost is what is asked")]
        let fits = value.is_finite() && (b == Builtin::F64 || (value as f32).is_finite());
        if fits {
            return Some(Value::Float(value));
        }
        let wrong = Diagnostic::new(VALUE_RANGE, span, format!("this does not fit `{}`", b.name()));
        self.report(wrong.here("out of the type's range"));
        None
    }

    fn decimal(&mut self, span: Span, text: String) -> Option<Value> {
        if literals::decimal(&text) {
            return Some(Value::Decimal(text));
        }
        let form = "a decimal has up to 28 digits and one point: `\"12.50\"`";
        self.bad_literal(span, format!("`{text}` is not a decimal"), form)
    }

    fn bytes(&mut self, span: Span, text: &str) -> Option<Value> {
        use base64::Engine as _;
        match base64::engine::general_purpose::STANDARD.decode(text) {
            Ok(bytes) => Some(Value::Bytes(bytes)),
            Err(_) => {
                let form = "bytes are written as padded base64: `\"aGVsbG8=\"`";
                self.bad_literal(span, "this is not base64".to_owned(), form)
            }
        }
    }

    fn timestamp(&mut self, span: Span, text: &str) -> Option<Value> {
        if literals::timestamp(text).is_some() {
            return Some(Value::Timestamp(text.to_owned()));
        }
        let form = "a timestamp is written by RFC 3339: `\"2027-03-01T12:00:00Z\"`";
        self.bad_literal(span, format!("`{text}` is not a timestamp"), form)
    }

    fn json(&mut self, e: &Expr) -> Option<serde_json::Value> {
        use serde_json::Value as Json;
        Some(match &e.kind {
            ExprKind::Bool(b) => Json::Bool(*b),
            ExprKind::Int(n) => match (i64::try_from(*n), u64::try_from(*n)) {
                (Ok(n), _) => Json::from(n),
                (_, Ok(n)) => Json::from(n),
                _ => Json::from(n.to_string()),
            },
            ExprKind::Float(text) => Json::from(text.parse::<f64>().ok()?),
            ExprKind::Str(text) | ExprKind::Date(text) => Json::String(text.clone()),
            ExprKind::List(items) => {
                let values: Vec<_> = items.iter().map(|i| self.json(i)).collect();
                Json::Array(values.into_iter().collect::<Option<_>>()?)
            }
            ExprKind::Object(entries) => {
                let values: Vec<_> = entries
                    .iter()
                    .map(|e| Some((e.name.text.clone(), self.json(&e.value)?)))
                    .collect();
                Json::Object(values.into_iter().collect::<Option<_>>()?)
            }
            ExprKind::Path(path) if path.single().is_some_and(|n| n.text == "null") => Json::Null,
            _ => {
                self.mismatch(e, "json");
                return None;
            }
        })
    }

    fn enum_value(&mut self, s: ScopeId, e: &Expr, id: Id<Enum>) -> Option<Value> {
        let name = self.world.enums[id].info.name.clone();
        let (text, span) = match &e.kind {
            ExprKind::Path(path) => match path.segments.as_slice() {
                [.., last] if self.is_enum(s, path, id)? => (last.text.clone(), last.span),
                _ => return None,
            },
            ExprKind::Str(text) if self.enum_index(id, text).is_some() => {
                let text = text.clone();
                let wrong = Diagnostic::new(
                    TYPE_MISMATCH,
                    e.span,
                    format!("a value of `{name}` is written without quotes"),
                );
                self.report(wrong.here("this is a string").fix("remove the quotes", e.span, text));
                return None;
            }
            _ => {
                self.mismatch(e, &name);
                return None;
            }
        };
        if let Some(index) = self.enum_index(id, &text) {
            return Some(Value::Enum(id, index));
        }
        if self.world.enums[id].values.is_empty() {
            return None;
        }
        let values: Vec<String> =
            self.world.enums[id].values.iter().map(|v| v.info.name.clone()).collect();
        let unknown =
            Diagnostic::new(UNKNOWN_VALUE, span, format!("enum `{name}` has no value `{text}`"))
                .here("not a value of it")
                .label(self.world.enums[id].info.span, "the enum");
        let near = self.nearest(&text, values.iter().map(String::as_str));
        self.report(match near {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), span, near),
            None => unknown.help(format!("it has {}", listed(values.iter().map(String::as_str)))),
        });
        None
    }

    /// Whether what stands before a value's name is that enum, where anything does; another is reported.
    fn is_enum(&mut self, s: ScopeId, path: &Path, id: Id<Enum>) -> Option<bool> {
        let [qualifier @ .., _] = path.segments.as_slice() else { return None };
        let (Some(first), Some(last)) = (qualifier.first(), qualifier.last()) else {
            return Some(true);
        };
        let qualifier = Path { segments: qualifier.to_vec(), span: first.span.to(last.span) };
        match self.item(s, &qualifier, Want::Type)? {
            Def::Enum(found) if found == id => Some(true),
            _ => {
                let name = &self.world.enums[id].info.name;
                let text = format!(
                    "a value of `{name}` is expected here, not one of `{}`",
                    qualifier.text()
                );
                self.report(
                    Diagnostic::new(TYPE_MISMATCH, path.span, text).here("of another type"),
                );
                None
            }
        }
    }

    /// The place of an enum's value; those of large enums are looked up rather than searched for.
    fn enum_index(&mut self, id: Id<Enum>, name: &str) -> Option<usize> {
        let values = &self.world.enums[id].values;
        if values.len() <= 64 {
            return values.iter().position(|v| v.info.name == name);
        }
        let places = self.enum_places.entry(id).or_insert_with(|| {
            values.iter().enumerate().map(|(at, v)| (v.info.name.clone(), at)).collect()
        });
        places.get(name).copied()
    }

    fn list_value(&mut self, s: ScopeId, e: &Expr, inner: &Type, need: Need) -> Option<Value> {
        let ExprKind::List(items) = &e.kind else {
            let name = format!("list<{}>", self.type_name(inner));
            self.mismatch(e, &name);
            return None;
        };
        let values: Vec<_> = items.iter().map(|i| self.value(s, i, inner, need)).collect();
        values.into_iter().collect::<Option<_>>().map(Value::List)
    }

    fn map_value(
        &mut self,
        s: ScopeId,
        e: &Expr,
        (key, value): (&Type, &Type),
        need: Need,
    ) -> Option<Value> {
        let ExprKind::Object(entries) = &e.kind else {
            let name = format!("map<{}, {}>", self.type_name(key), self.type_name(value));
            self.mismatch(e, &name);
            return None;
        };
        self.entries_once(entries);
        let mut out = Vec::with_capacity(entries.len());
        let mut whole = true;
        for entry in entries {
            let as_key =
                Expr { span: entry.name.span, kind: self.key_literal(key, &entry.name.text) };
            let k = self.value(s, &as_key, key, Need::All);
            let v = self.value(s, &entry.value, value, need);
            match (k, v) {
                (Some(k), Some(v)) => out.push((k, v)),
                _ => whole = false,
            }
        }
        whole.then_some(Value::Map(out))
    }

    fn key_literal(&self, key: &Type, text: &str) -> ExprKind {
        let builtin = self.world.builtin(key);
        match (builtin, text.parse::<i128>(), text.parse::<bool>()) {
            (Some(b), Ok(n), _) if b.integer_range().is_some() => ExprKind::Int(n),
            (Some(Builtin::Bool), _, Ok(b)) => ExprKind::Bool(b),
            _ => ExprKind::Str(text.to_owned()),
        }
    }

    /// Reports names that an object has twice.
    pub(crate) fn entries_once(&mut self, entries: &[Entry]) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for entry in entries {
            let name = entry.name.text.as_str();
            if let Some(first) = seen.get(name) {
                let twice = Diagnostic::new(
                    DUPLICATE_ENTRY,
                    entry.name.span,
                    format!("`{name}` is given twice"),
                )
                .here("again here")
                .label(*first, "first here");
                self.report(twice);
            }
            seen.entry(name).or_insert(entry.name.span);
        }
    }

    fn union_value(&mut self, s: ScopeId, e: &Expr, id: Id<Union>, need: Need) -> Option<Value> {
        let name = self.world.unions[id].info.name.clone();
        let ExprKind::Object(entries) = &e.kind else {
            self.mismatch(e, &name);
            return None;
        };
        let [entry] = entries.as_slice() else {
            let names: Vec<&str> =
                self.world.unions[id].variants.iter().map(|v| v.info.name.as_str()).collect();
            let text = format!("a `{name}` is exactly one of its variants, not {}", entries.len());
            let wrong =
                Diagnostic::new(NOT_ONE_VARIANT, e.span, text).here("one entry is expected");
            let wrong = wrong.help(format!("its variants are {}", listed(names)));
            self.report(wrong);
            return None;
        };
        let variants = &self.world.unions[id].variants;
        let Some(index) = variants.iter().position(|v| v.info.name == entry.name.text) else {
            let names: Vec<String> = variants.iter().map(|v| v.info.name.clone()).collect();
            let span = self.world.unions[id].info.span;
            self.unknown_field(&entry.name, &format!("union `{name}`"), Some(span), &names);
            return None;
        };
        let field = variants[index].clone();
        let value = self.field_value(s, &entry.value, &field, need)?;
        Some(Value::Union(id, index, Box::new(value)))
    }

    fn record_value(&mut self, s: ScopeId, e: &Expr, id: Id<Record>, need: Need) -> Option<Value> {
        let name = self.world.records[id].info.name.clone();
        match &e.kind {
            ExprKind::Object(entries) => self.record_entries(s, e.span, entries, id, need),
            ExprKind::Construct(path, entries) => {
                let want = if matches!(self.world.records[id].kind, RecordKind::Error(_)) {
                    Want::Error
                } else {
                    Want::Record
                };
                match self.item(s, path, want)? {
                    Def::Record(found) | Def::Error(found) if found == id => {
                        self.record_entries(s, e.span, entries, id, need)
                    }
                    _ => {
                        let text = format!("`{name}` is expected here, not `{}`", path.text());
                        self.report(
                            Diagnostic::new(TYPE_MISMATCH, path.span, text).here("of another type"),
                        );
                        None
                    }
                }
            }
            _ => {
                self.mismatch(e, &name);
                None
            }
        }
    }

    /// The fields of a record's literal.
    pub(crate) fn record_entries(
        &mut self,
        s: ScopeId,
        span: Span,
        entries: &[Entry],
        id: Id<Record>,
        need: Need,
    ) -> Option<Value> {
        self.entries_once(entries);
        let mut out: Vec<(usize, Value)> = Vec::with_capacity(entries.len());
        let mut whole = true;
        for entry in entries {
            let Some(index) = self.field_index(id, &entry.name) else {
                whole = false;
                continue;
            };
            let field = self.world.records[id].fields[index].clone();
            match self.field_value(s, &entry.value, &field, need) {
                Some(value) if !out.iter().any(|(i, _)| *i == index) => out.push((index, value)),
                _ => whole = false,
            }
        }
        if need == Need::All {
            let named: Vec<&str> = entries.iter().map(|e| e.name.text.as_str()).collect();
            whole &= self.nothing_missing(span, id, &named);
        }
        out.sort_by_key(|(index, _)| *index);
        whole.then_some(Value::Record(id, out))
    }

    fn field_value(&mut self, s: ScopeId, e: &Expr, field: &Field, need: Need) -> Option<Value> {
        if self.poisoned.contains(&field.ty_span) {
            return None;
        }
        let value = self.value(s, e, &field.ty, need)?;
        let rules = (&field.info.name[..], field.info.span);
        self.kept(e.span, &value, &field.constraints, Some(rules)).then_some(value)
    }

    /// Reports fields which must be there and are not.
    pub(crate) fn nothing_missing(&mut self, span: Span, id: Id<Record>, named: &[&str]) -> bool {
        let record = &self.world.records[id];
        let missing: Vec<(String, Span)> = record
            .fields
            .iter()
            .filter(|f| !named.contains(&f.info.name.as_str()) && !f.streamed)
            .filter(|f| !self.poisoned.contains(&f.ty_span) && self.must_be_named(f))
            .map(|f| (f.info.name.clone(), f.info.span))
            .collect();
        let Some((_, first)) = missing.first() else { return true };
        let names = listed(missing.iter().map(|(n, _)| n.as_str()));
        let (are, them) = if missing.len() == 1 { ("is", "it") } else { ("are", "them") };
        let text = format!("{names} of `{}` {are} missing", record.info.name);
        let wrong = Diagnostic::new(MISSING_FIELD, span, text)
            .here("not complete")
            .label(*first, "must be there")
            .help(format!("give {them} a value; only what has a zero value that fits, a default or a `?` may be left out"));
        self.report(wrong);
        false
    }

    /// Whether a message without this field is refused.
    fn must_be_named(&self, field: &Field) -> bool {
        match self.world.presence(field) {
            Presence::Optional | Presence::Default => false,
            Presence::Required | Presence::RequiredMessage => true,
            Presence::List | Presence::Map => {
                field.constraints.items.as_ref().is_some_and(|b| b.min.is_some_and(|min| min > 0))
            }
            Presence::Zero => !self.zero_fits(field),
        }
    }

    fn zero_fits(&self, field: &Field) -> bool {
        let Some(zero) = self.world.builtin(&field.ty).and_then(zero) else { return true };
        let own = self.first_broken(&zero, &field.constraints).is_none();
        let scalar = match &field.ty {
            Type::Scalar(id) => {
                self.first_broken(&zero, &self.world.scalars[*id].constraints).is_none()
            }
            _ => true,
        };
        own && scalar
    }
}

/// What an absent field of that type is.
fn zero(b: Builtin) -> Option<Value> {
    Some(match b {
        Builtin::Bool => Value::Bool(false),
        Builtin::I32 | Builtin::I64 | Builtin::U32 | Builtin::U64 => Value::Int(0),
        Builtin::F32 | Builtin::F64 => Value::Float(0.0),
        Builtin::String => Value::String(String::new()),
        Builtin::Bytes => Value::Bytes(Vec::new()),
        _ => return None,
    })
}

impl Cx<'_> {
    /// The index of a record's field; an unknown one is reported.
    pub(crate) fn field_index(
        &mut self,
        id: Id<Record>,
        name: &svckit_syntax::tree::Name,
    ) -> Option<usize> {
        let record = &self.world.records[id];
        if let Some(index) = record.fields.iter().position(|f| f.info.name == name.text) {
            return Some(index);
        }
        let names = if self.guesses == 0 { &[][..] } else { &record.fields };
        let names: Vec<String> = names.iter().map(|f| f.info.name.clone()).collect();
        let what = format!("`{}`", record.info.name);
        let span = record.info.span;
        self.unknown_field(name, &what, Some(span), &names);
        None
    }

    /// Says that there is no such field, and which there are.
    pub(crate) fn unknown_field(
        &mut self,
        name: &svckit_syntax::tree::Name,
        what: &str,
        defined: Option<Span>,
        names: &[String],
    ) {
        let text = format!("{what} has no field `{}`", name.text);
        let mut unknown = Diagnostic::new(UNKNOWN_FIELD, name.span, text).here("no such field");
        if let Some(defined) = defined {
            unknown = unknown.label(defined, "it is declared here");
        }
        let near = self.nearest(&name.text, names.iter().map(String::as_str)).map(str::to_owned);
        self.report(match near {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
            None => unknown.help(format!("it has {}", listed(names.iter().map(String::as_str)))),
        });
    }
}
