//! Constraints as calls of the runtime's checks.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use svckit_model::world::{Bounds, Builtin, Constraints, Field, Type, Value};

use crate::literal;
use crate::scope::Scope;

/// The lines that judge one thing, and the patterns that they use.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) lines: Vec<TokenStream>,
}

/// Where patterns are declared: before the first line of the function that uses them.
fn pattern_name(index: usize, lone: bool) -> Ident {
    if lone { format_ident!("PATTERN") } else { format_ident!("PATTERN_{}", index + 1) }
}

impl Rules {
    /// Judges `value`, which is called `name`, by constraints.
    fn constrain(
        &mut self,
        s: &Scope<'_>,
        name: &str,
        value: &TokenStream,
        base: Option<Builtin>,
        c: &Constraints,
    ) {
        let rt = s.rt();
        if let Some(bounds) = &c.items {
            let bounds = counts(bounds);
            self.lines.push(quote!(#rt::check::items(#name, #value, #bounds, v);));
        }
        if let Some(bounds) = &c.len {
            let bounds = counts(bounds);
            self.lines.push(quote!(#rt::check::len(#name, #value, #bounds, v);));
        }
        if let (Some(bounds), Some(base)) = (&c.range, base) {
            let bounds = range(bounds, |v| literal::value(s, &Type::Builtin(base), v));
            self.lines.push(quote!(#rt::check::range(#name, #value, #bounds, v);));
        }
    }

    /// Judges one field by its own constraints and those of its type.
    fn field(&mut self, s: &Scope<'_>, field: &Field, value: &TokenStream) {
        let (rt, name) = (s.rt(), field.info.wire_name());
        if s.all.analysis.is_checked(s.world(), &field.ty) {
            self.lines.push(quote!(#rt::check::field(#name, #value, v);));
        }
        self.constrain(s, name, value, base(s, &field.ty), &field.constraints);
    }
}

/// The builtin that the values of a field are made of, also within a list or map.
fn base(s: &Scope<'_>, ty: &Type) -> Option<Builtin> {
    match ty {
        Type::List(item) | Type::Map(_, item) => s.world().builtin(item),
        ty => s.world().builtin(ty),
    }
}

/// A range from its ends.
fn range<T>(bounds: &Bounds<T>, show: impl Fn(&T) -> TokenStream) -> TokenStream {
    let (min, max) = (bounds.min.as_ref().map(&show), bounds.max.as_ref().map(&show));
    match (min, max) {
        (min, Some(max)) => quote!(#min..=#max),
        (min, None) => quote!(#min..),
    }
}

fn counts(bounds: &Bounds<u64>) -> TokenStream {
    range(bounds, |n| literal::uint(*n))
}

/// The patterns of a function as statics, and the lines that use them.
struct Patterns {
    statics: Vec<TokenStream>,
    lone: bool,
}

impl Patterns {
    fn judge(
        &mut self,
        s: &Scope<'_>,
        name: &str,
        value: &TokenStream,
        c: &Constraints,
    ) -> Option<TokenStream> {
        let text = c.pattern.as_deref()?;
        let (rt, id) = (s.rt(), pattern_name(self.statics.len(), self.lone));
        self.statics.push(quote!(
            static #id: #rt::check::Pattern = #rt::check::Pattern::new(#text);
        ));
        Some(quote!(#rt::check::pattern(#name, #value, &#id, v);))
    }
}

/// The body of a record's `check`; nothing where there is nothing to judge.
pub(crate) fn of_fields(
    s: &Scope<'_>,
    fields: &[(&Field, TokenStream)],
    before: &[TokenStream],
) -> Option<TokenStream> {
    let count = fields.iter().filter(|(f, _)| f.constraints.pattern.is_some()).count();
    let mut patterns = Patterns { statics: Vec::new(), lone: count == 1 };
    let mut rules = Rules::default();
    for (field, value) in fields {
        rules.field(s, field, value);
        rules.lines.extend(patterns.judge(s, field.info.wire_name(), value, &field.constraints));
    }
    let (statics, lines) = (patterns.statics, rules.lines);
    let any = !lines.is_empty() || !before.is_empty();
    any.then(|| quote!(#(#statics)* #(#before)* #(#lines)*))
}

/// What judges one field, for the arm of a `match`: an expression.
pub(crate) fn of_variant(s: &Scope<'_>, field: &Field, value: &TokenStream) -> TokenStream {
    let fields = [(field, value.clone())];
    match of_fields(s, &fields, &[]) {
        Some(body) => quote!({ #body }),
        None => quote!({}),
    }
}

/// The body of a scalar's `check`.
pub(crate) fn of_scalar(s: &Scope<'_>, base: Builtin, c: &Constraints) -> TokenStream {
    let value = quote!(&self.0);
    let mut patterns = Patterns { statics: Vec::new(), lone: true };
    let mut rules = Rules::default();
    rules.constrain(s, "", &value, Some(base), c);
    rules.lines.extend(patterns.judge(s, "", &value, c));
    let (statics, lines) = (patterns.statics, rules.lines);
    quote!(#(#statics)* #(#lines)*)
}

/// A constraint as the contract writes it, for documents: `len 3..=32, pattern …`.
pub(crate) fn said(c: &Constraints) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(c.range.as_ref().map(|b| shown(b, value_shown)));
    parts.extend(c.len.as_ref().map(|b| format!("len {}", shown(b, u64::to_string))));
    parts.extend(c.items.as_ref().map(|b| format!("items {}", shown(b, u64::to_string))));
    parts.extend(c.pattern.as_ref().map(|p| format!("pattern `{p}`")));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn shown<T>(bounds: &Bounds<T>, show: impl Fn(&T) -> String) -> String {
    let end = |v: &Option<T>| v.as_ref().map(&show).unwrap_or_default();
    let equals = if bounds.max.is_some() { "=" } else { "" };
    format!("{}..{equals}{}", end(&bounds.min), end(&bounds.max))
}

fn value_shown(value: &Value) -> String {
    match value {
        Value::Int(n) => n.to_string(),
        Value::Float(x) => format!("{x:?}"),
        Value::Decimal(t) | Value::Timestamp(t) | Value::Date(t) => t.clone(),
        Value::Duration(nanos) => format!("{:?}", std::time::Duration::from_nanos(*nanos)),
        _ => String::new(),
    }
}
