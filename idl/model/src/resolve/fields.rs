//! Fields of records, errors, parameters and payloads, and their defaults.

use svckit_diagnostics::Diagnostic;
use svckit_syntax::tree::{self, TypeKind};

use super::context::{Cx, FieldAt, ScopeId};
use super::numbers::{FIELD, Numbered};
use super::register::deprecated;
use super::types::TypeUse;
use super::values::Need;
use crate::Id;
use crate::codes::types::MISPLACED_STREAM;
use crate::codes::values::{DEFAULT_AND_OPTIONAL, DEFAULT_NOT_ALLOWED};
use crate::world::*;

impl<'a> Cx<'a> {
    /// Looks into the fields of everything that has numbered fields.
    pub(crate) fn numbered_types(&mut self) {
        self.unions();
        self.errors();
        for (s, id, fields, reserved) in std::mem::take(&mut self.pending.records) {
            self.record(s, id, fields, reserved);
        }
    }

    fn record(
        &mut self,
        s: ScopeId,
        id: Id<Record>,
        fields: &'a [tree::Field],
        lines: &[tree::Reserved],
    ) {
        let reserved = self.reserved(FIELD, lines);
        let params = matches!(self.world.records[id].kind, RecordKind::Params(_));
        let built = self.fields(s, fields, &reserved, params);
        for (index, field) in fields.iter().enumerate() {
            if field.default.is_some() {
                self.pending.defaults.push((s, FieldAt(id, index), field));
            }
        }
        let record = &mut self.world.records[id];
        record.fields = built;
        record.reserved = reserved;
    }

    /// Fields without their defaults, judged together.
    pub(crate) fn fields(
        &mut self,
        s: ScopeId,
        fields: &[tree::Field],
        reserved: &Reserved,
        params: bool,
    ) -> Vec<Field> {
        let numbered: Vec<Numbered<'_>> = fields.iter().map(numbered).collect();
        let numbers = self.numbers(FIELD, &numbered, reserved);
        let built: Vec<Field> =
            fields.iter().zip(numbers).map(|(f, n)| self.field(s, f, n, params)).collect();
        if params {
            self.one_upload(fields, &built);
        }
        built
    }

    fn one_upload(&mut self, trees: &[tree::Field], fields: &[Field]) {
        let streamed: Vec<&tree::Field> =
            trees.iter().zip(fields).filter(|(_, f)| f.streamed).map(|(t, _)| t).collect();
        if let [first, second, ..] = streamed.as_slice() {
            let wrong = Diagnostic::new(
                MISPLACED_STREAM,
                second.ty.span,
                "an operation takes one upload at most",
            )
            .here("a second one")
            .label(first.ty.span, "the first one")
            .help("make two operations of it");
            self.report(wrong);
        }
    }

    /// A field; its default comes later.
    pub(crate) fn field(
        &mut self,
        s: ScopeId,
        t: &tree::Field,
        number: u32,
        params: bool,
    ) -> Field {
        self.allows(&t.head, t.span);
        let (used, streamed) = self.field_type(s, t, params);
        let constraints = match &used {
            Some(used) => self.constraints(&t.constraints, &used.ty),
            None => Constraints::default(),
        };
        if used.is_none() {
            self.poisoned.insert(t.ty.span);
        }
        let used = used.unwrap_or(TypeUse { ty: Type::Builtin(Builtin::String), optional: false });
        let mut info = self.info(s, &t.name, t.wire.as_ref(), &t.head);
        info.deprecated = deprecated(t.deprecated.as_ref());
        Field {
            info,
            number,
            ty: used.ty,
            ty_span: t.ty.span,
            optional: used.optional,
            streamed,
            default: None,
            constraints,
            sensitive: t.sensitive.is_some(),
            boxed: false,
        }
    }

    /// The type of a field, and whether it is the body of an upload.
    fn field_type(&mut self, s: ScopeId, t: &tree::Field, params: bool) -> (Option<TypeUse>, bool) {
        let TypeKind::Stream(inner) = &t.ty.kind else { return (self.type_use(s, &t.ty), false) };
        if !params {
            return (self.type_use(s, &t.ty), false);
        }
        let Some(used) = self.type_use(s, inner) else { return (None, false) };
        if used.ty == Type::Builtin(Builtin::Bytes) && !used.optional {
            return (Some(used), true);
        }
        let name = self.type_name(&used.ty);
        let wrong = Diagnostic::new(
            MISPLACED_STREAM,
            t.ty.span,
            format!("a parameter can't be a stream of `{name}`"),
        )
        .here("of parameters, only `stream bytes` is one: an upload")
        .help("to take a stream of messages, write the type alone: `(stream T)`");
        self.report(wrong);
        (None, false)
    }

    /// Reads the defaults of all fields, now that all types are known.
    pub(crate) fn defaults(&mut self) {
        for (s, FieldAt(record, index), t) in std::mem::take(&mut self.pending.defaults) {
            let field = self.world.records[record].fields[index].clone();
            let default = self.default_of(s, t, &field);
            self.world.records[record].fields[index].default = default;
        }
    }

    /// The default of a field, where it is one.
    pub(crate) fn default_of(
        &mut self,
        s: ScopeId,
        t: &tree::Field,
        field: &Field,
    ) -> Option<Value> {
        let e = t.default.as_ref()?;
        if self.poisoned.contains(&field.ty_span) {
            return None;
        }
        if field.optional {
            let text = format!("field `{}` has a default and is optional", field.info.name);
            let wrong = Diagnostic::new(DEFAULT_AND_OPTIONAL, e.span, text)
                .here("absent is this value …")
                .label(field.ty_span, "… and absent is absent")
                .help("choose one: leave out the `?`, or the default");
            self.report(wrong);
            return None;
        }
        if !self.may_default(&field.ty) || field.streamed {
            let text =
                format!("a field of type `{}` can't have a default", self.type_name(&field.ty));
            let help = match field.ty {
                Type::List(_) | Type::Map(..) => {
                    "absent, a list or a map is empty; there is no need for a default"
                }
                _ => "make it optional with `?`, and say in the docs what its absence means",
            };
            self.report(
                Diagnostic::new(DEFAULT_NOT_ALLOWED, e.span, text).here("not possible").help(help),
            );
            return None;
        }
        let value = self.value(s, e, &field.ty, Need::All)?;
        let whose = (&field.info.name[..], field.info.span);
        self.kept(e.span, &value, &field.constraints, Some(whose)).then_some(value)
    }

    fn may_default(&self, ty: &Type) -> bool {
        match ty {
            Type::Enum(_) => true,
            Type::Builtin(_) | Type::Scalar(_) => self.world.builtin(ty) != Some(Builtin::Json),
            _ => false,
        }
    }
}

/// What is judged of a field's name and number.
pub(crate) fn numbered(field: &tree::Field) -> Numbered<'_> {
    let place = field.wire.as_ref().map_or(field.name.span, |w| w.span);
    Numbered { name: &field.name, number: field.number, place }
}
