//! Values of the contract as Rust expressions.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Builtin, Field, Record, Type, Value};

use crate::names;
use crate::scope::Scope;

/// How deep values are written; what is deeper could not have been parsed.
const DEPTH: usize = 64;

/// An integer, with underscores between its thousands where it is long.
pub(crate) fn int(n: i128) -> TokenStream {
    let digits = grouped(&n.unsigned_abs().to_string());
    let literal: Literal = digits.parse().expect("digits are a literal");
    if n < 0 { quote!(-#literal) } else { quote!(#literal) }
}

/// An integer without sign.
pub(crate) fn uint(n: u64) -> TokenStream {
    int(n.into())
}

/// `1_000_000` of `1000000`; four digits stay as they are.
fn grouped(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// A floating-point number as its type would print it.
pub(crate) fn float(x: f64, single: bool) -> TokenStream {
    #[expect(clippy::cast_possible_truncation, reason = "the contract says f32")]
    let text = if single { format!("{:?}", (x as f32).abs()) } else { format!("{:?}", x.abs()) };
    let text = match text.split_once('.') {
        Some((whole, rest)) if rest.chars().all(|c| c.is_ascii_digit()) => {
            format!("{}.{}", grouped(whole), fraction(rest))
        }
        _ => text,
    };
    let literal: Literal = text.parse().expect("a finite number is a literal");
    if x.is_sign_negative() { quote!(-#literal) } else { quote!(#literal) }
}

/// `123_45` of `12345`, behind the point.
fn fraction(digits: &str) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let digits: Vec<char> = digits.chars().collect();
    digits.chunks(3).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join("_")
}

/// A duration in the largest unit that divides it.
pub(crate) fn duration(nanos: u64) -> TokenStream {
    duration_at(&quote!(::core::time), nanos)
}

/// The same, of the `Duration` in a module.
pub(crate) fn duration_at(module: &TokenStream, nanos: u64) -> TokenStream {
    let (unit, count) = [
        (3_600_000_000_000, quote!(from_hours)),
        (60_000_000_000, quote!(from_mins)),
        (1_000_000_000, quote!(from_secs)),
        (1_000_000, quote!(from_millis)),
        (1000, quote!(from_micros)),
    ]
    .into_iter()
    .find(|(size, _)| nanos > 0 && nanos.is_multiple_of(*size))
    .map_or((quote!(from_nanos), nanos), |(size, unit)| (unit, nanos / size));
    let count = uint(count);
    quote!(#module::Duration::#unit(#count))
}

/// A value of a type, with what a newtype puts around it.
pub(crate) fn value(s: &Scope<'_>, ty: &Type, value: &Value) -> TokenStream {
    at_depth(s, ty, value, 0)
}

/// What a field holds: the value, in a box where the field has one.
pub(crate) fn held(s: &Scope<'_>, field: &Field, value: &Value) -> TokenStream {
    held_at(s, field, value, 0)
}

fn held_at(s: &Scope<'_>, field: &Field, value: &Value, depth: usize) -> TokenStream {
    let value = at_depth(s, &field.ty, value, depth);
    if !field.boxed {
        return value;
    }
    let boxed = s.std("Box");
    quote!(#boxed::new(#value))
}

fn at_depth(s: &Scope<'_>, ty: &Type, value: &Value, depth: usize) -> TokenStream {
    if depth > DEPTH {
        let default = s.std("Default");
        return quote!(#default::default());
    }
    if let Type::Scalar(id) = ty {
        let scalar = &s.world().scalars[*id];
        let (path, inner) = (s.scalar(*id), plain(s, value, scalar.base));
        let rt = s.rt();
        return if scalar.constraints.is_empty() {
            quote!(#path::new(#inner))
        } else {
            quote!(<#path as #rt::wire::Newtype>::from_wire(#inner))
        };
    }
    let inner = |ty: &Type, v: &Value| at_depth(s, ty, v, depth + 1);
    match (ty, value) {
        (Type::Builtin(b), value) => plain(s, value, *b),
        (Type::List(item), Value::List(items)) => {
            let items = items.iter().map(|v| inner(item, v));
            quote!(::std::vec![#(#items),*])
        }
        (Type::Map(k, v), Value::Map(pairs)) => {
            let pairs = pairs.iter().map(|(key, value)| {
                let (key, value) = (inner(k, key), inner(v, value));
                quote!((#key, #value))
            });
            quote!(::std::collections::BTreeMap::from([#(#pairs),*]))
        }
        (_, Value::Enum(id, index)) => {
            let path = s.enumeration(*id);
            let values = &s.world().enums[*id].values;
            let variants = names::variants(values.iter().map(|v| &v.info), &["Unrecognized"]);
            let variant = &variants[*index];
            quote!(#path::#variant)
        }
        (_, Value::Record(id, given)) => record(s, *id, given, depth),
        (_, Value::Union(id, index, value)) => {
            let (path, union) = (s.union(*id), &s.world().unions[*id]);
            let variants = names::variants(union.variants.iter().map(|f| &f.info), &[]);
            let (variant, value) =
                (&variants[*index], held_at(s, &union.variants[*index], value, depth + 1));
            quote!(#path::#variant(#value))
        }
        _ => {
            let default = s.std("Default");
            quote!(#default::default())
        }
    }
}

/// A value of a builtin.
fn plain(s: &Scope<'_>, value: &Value, base: Builtin) -> TokenStream {
    let (rt, svckit) = (s.rt(), s.svckit());
    match value {
        Value::Bool(b) => quote!(#b),
        Value::Int(n) => int(*n),
        Value::Float(x) => float(*x, base == Builtin::F32),
        Value::String(text) => {
            let string = s.std("String");
            if text.is_empty() { quote!(#string::new()) } else { quote!(#string::from(#text)) }
        }
        Value::Bytes(bytes) => {
            let literal = Literal::byte_string(bytes);
            quote!(#svckit::Bytes::from_static(#literal))
        }
        Value::Decimal(text) => quote!(#rt::check::decimal(#text)),
        Value::Uuid(text) => quote!(#rt::check::uuid(#text)),
        Value::Timestamp(text) => quote!(#rt::check::timestamp(#text)),
        Value::Date(text) => quote!(#rt::check::date(#text)),
        Value::Duration(nanos) => duration(*nanos),
        Value::Json(text) => quote!(#rt::check::json(#text)),
        _ => {
            let default = s.std("Default");
            quote!(#default::default())
        }
    }
}

fn record(s: &Scope<'_>, id: Id<Record>, given: &[(usize, Value)], depth: usize) -> TokenStream {
    let (path, record) = (s.record(id), &s.world().records[id]);
    let fields = record.fields.iter().zip(names::fields(&record.fields)).enumerate();
    let fields = fields.map(|(index, (field, name))| {
        let value = given.iter().find(|(i, _)| *i == index).map(|(_, v)| v);
        let value = match value {
            Some(value) => {
                let value = held_at(s, field, value, depth + 1);
                let some = s.std("Some");
                if field.optional { quote!(#some(#value)) } else { value }
            }
            None => left_out(s, field),
        };
        quote!(#name: #value)
    });
    quote!(#path { #(#fields),* })
}

/// What a field holds that is not named.
pub(crate) fn left_out(s: &Scope<'_>, field: &Field) -> TokenStream {
    match &field.default {
        Some(default) => held(s, field, default),
        None if field.optional => s.std("None"),
        None => zero(s, &field.ty),
    }
}

/// The zero of a type that has one.
fn zero(s: &Scope<'_>, ty: &Type) -> TokenStream {
    let svckit = s.svckit();
    let path = match ty {
        Type::Builtin(Builtin::Bool) => return quote!(false),
        Type::Builtin(Builtin::F32 | Builtin::F64) => return quote!(0.0),
        Type::Builtin(Builtin::String) => s.std("String"),
        Type::Builtin(Builtin::Bytes) => quote!(#svckit::Bytes),
        Type::Builtin(_) => return quote!(0),
        Type::List(_) => s.std("Vec"),
        Type::Map(..) => quote!(::std::collections::BTreeMap),
        other => {
            let path = s.ty(other);
            return quote!(#path::default());
        }
    };
    quote!(#path::new())
}

/// A function that gives the default of a field.
pub(crate) fn lazily(s: &Scope<'_>, field: &Field, default: &Value) -> TokenStream {
    let is_new = matches!(default, Value::String(text) if text.is_empty());
    if is_new && field.ty == Type::Builtin(Builtin::String) {
        let string = s.std("String");
        return quote!(#string::new);
    }
    let value = held(s, field, default);
    quote!(|| #value)
}

#[cfg(test)]
mod tests {
    use super::{duration, float, int};

    #[test]
    fn numbers_are_grouped_where_they_are_long() {
        assert_eq!(int(-1234).to_string(), "- 1234");
        assert_eq!(int(1_234_567).to_string(), "1_234_567");
        assert_eq!(int(i128::from(u64::MAX)).to_string(), "18_446_744_073_709_551_615");
    }

    #[test]
    fn floats_are_what_their_type_would_print() {
        assert_eq!(float(0.1, true).to_string(), "0.1");
        assert_eq!(float(-12345.678901, false).to_string(), "- 12_345.678_901");
        assert_eq!(float(1e300, false).to_string(), "1e300");
    }

    #[test]
    fn durations_are_in_their_largest_unit() {
        let text = |n| duration(n).to_string().replace(' ', "");
        assert_eq!(text(90 * 60 * 1_000_000_000), "::core::time::Duration::from_mins(90)");
        assert_eq!(text(1_500_000_000), "::core::time::Duration::from_millis(1500)");
        assert_eq!(text(1), "::core::time::Duration::from_nanos(1)");
        assert_eq!(text(0), "::core::time::Duration::from_nanos(0)");
    }
}
