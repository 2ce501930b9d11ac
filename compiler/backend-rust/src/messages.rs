//! How records are written and read: a line for each field.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_backend::naming;
use svckit_model::world::{Builtin, Field, Presence, Type, World};

use crate::literal;
use crate::names::{self, Taken, ident};
use crate::rules;
use crate::scope::Scope;

/// Names of parameters and locals in the functions that are generated, so that no field's local may be called so.
const LOCALS: &[&str] = &["r", "v", "w", "o", "p", "tag"];

/// A field with all that it is called.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) field: &'a Field,
    /// As a field of the struct.
    pub(crate) name: Ident,
    /// As a local variable.
    pub(crate) local: Ident,
    pub(crate) number: TokenStream,
    /// In Protobuf.
    pub(crate) wire: &'a str,
    pub(crate) json: String,
}

/// The members of a record, in order of the contract; a stream of bytes is none.
pub(crate) fn members(fields: &[Field]) -> Vec<Member<'_>> {
    let names = names::fields(fields);
    let mut taken = Taken::with(LOCALS.iter().copied());
    let members = fields.iter().zip(names).map(|(field, name)| Member {
        local: ident(&taken.take(name.to_string().trim_start_matches("r#"))),
        field,
        name,
        number: literal::uint(field.number.into()),
        wire: field.info.wire_name(),
        json: naming::json(field.info.wire_name()),
    });
    members.filter(|m| !m.field.streamed).collect()
}

impl Member<'_> {
    /// `id`, or `r#type: type_`.
    fn init(&self) -> TokenStream {
        let (name, local) = (&self.name, &self.local);
        if name == local { quote!(#name) } else { quote!(#name: #local) }
    }

    /// A function that gives the default of the field, where its presence is told.
    fn default(&self, s: &Scope<'_>) -> Option<TokenStream> {
        let default = self.field.default.as_ref()?;
        (s.world().presence(self.field) == Presence::Default)
            .then(|| literal::lazily(s, self.field, default))
    }
}

/// What a function of `Record` is called with; a name that is not used gets an underscore.
struct Params {
    writer: TokenStream,
    members: TokenStream,
    object: TokenStream,
    violations: TokenStream,
}

impl Params {
    fn of(empty: bool) -> Self {
        if empty {
            Self {
                writer: quote!(_w),
                members: quote!(_o),
                object: quote!(_o),
                violations: quote!(_v),
            }
        } else {
            Self { writer: quote!(w), members: quote!(o), object: quote!(o), violations: quote!(v) }
        }
    }
}

/// The impl of `Record` for a struct.
pub(crate) fn record(s: &Scope<'_>, name: &Ident, wire: &str, fields: &[Field]) -> TokenStream {
    let rt = s.rt();
    let members = members(fields);
    let (encode, decode) = (encode(s, &members), decode(s, &members));
    let (to_json, from_json) = (to_json(s, &members), from_json(s, &members));
    let judged: Vec<_> = members
        .iter()
        .map(|m| {
            let name = &m.name;
            (m.field, quote!(&self.#name))
        })
        .collect();
    let check = check(s, rules::of_fields(s, &judged, &[]));
    let concealed = concealed(s, fields);
    quote! {
        impl #rt::wire::Value for #name {
            type Form = #rt::wire::Message;
        }
        impl #rt::wire::Record for #name {
            const NAME: &'static str = #wire;
            #concealed
            #encode
            #decode
            #check
            #to_json
            #from_json
        }
    }
}

/// The fields below which a violation names no path, for the key of a map is a part of it; nothing without.
pub(crate) fn concealed(s: &Scope<'_>, fields: &[Field]) -> Option<TokenStream> {
    let hidden = fields.iter().filter(|field| field.sensitive && holds_maps(s.world(), &field.ty));
    let names: Vec<_> = hidden.map(|field| field.info.wire_name()).collect();
    (!names.is_empty()).then(|| quote!(const CONCEALED: &'static [&'static str] = &[#(#names),*];))
}

/// Whether a value may hold a map, as far as it is seen at once: a message counts as one that does.
fn holds_maps(world: &World, ty: &Type) -> bool {
    match ty {
        Type::Builtin(builtin) => *builtin == Builtin::Json,
        Type::Scalar(id) => world.scalars[*id].base == Builtin::Json,
        Type::Enum(_) => false,
        Type::List(item) => holds_maps(world, item),
        Type::Record(_) | Type::Union(_) | Type::Patch(_) | Type::Map(..) => true,
    }
}

/// `check` with that body; nothing without.
pub(crate) fn check(s: &Scope<'_>, body: Option<TokenStream>) -> Option<TokenStream> {
    let rt = s.rt();
    let body = body?;
    Some(quote!(fn check(&self, v: &mut #rt::check::Violations) { #body }))
}

fn encode(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let rt = s.rt();
    let mut ordered: Vec<_> = members.iter().collect();
    ordered.sort_by_key(|m| m.field.number);
    let lines = ordered.iter().map(|m| {
        let (name, number) = (&m.name, &m.number);
        let how = if m.default(s).is_some() { quote!(always) } else { quote!(field) };
        quote!(w.#how(#number, &self.#name);)
    });
    let w = Params::of(members.is_empty()).writer;
    quote!(fn encode(&self, #w: &mut #rt::wire::Writer) { #(#lines)* })
}

/// The signature of `decode`.
pub(crate) fn decode_fn(
    s: &Scope<'_>,
    violations: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let (rt, option, result) = (s.rt(), s.std("Option"), s.std("Result"));
    quote! {
        fn decode(
            r: &mut #rt::wire::Reader<'_>,
            #violations: &mut #rt::check::Violations,
        ) -> #result<#option<Self>, #rt::wire::Malformed> {
            #body
        }
    }
}

/// Slots for the fields, and the loop that fills them from `r`, which is given as `reader` to each.
pub(crate) fn slots(s: &Scope<'_>, members: &[Member<'_>], reader: &TokenStream) -> TokenStream {
    let (rt, some) = (s.rt(), s.std("Some"));
    if members.is_empty() {
        return quote!(while let #some(tag) = r.tag()? { r.skip(tag)?; });
    }
    let locals = members.iter().map(|m| &m.local);
    let arms = members.iter().map(|m| {
        let (local, number, wire) = (&m.local, &m.number, m.wire);
        quote!(#number => #local.read(tag, #reader, #wire, v)?)
    });
    quote! {
        #(let mut #locals = #rt::wire::Slot::new();)*
        while let #some(tag) = r.tag()? {
            match tag.number() {
                #(#arms,)*
                _ => r.skip(tag)?,
            }
        }
    }
}

/// `let (Some(a), Some(b)) = (a, b) else { return Ok(None) };`
pub(crate) fn all_there(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let (ok, some, none) = (s.std("Ok"), s.std("Some"), s.std("None"));
    let locals: Vec<_> = members.iter().map(|m| &m.local).collect();
    match locals.as_slice() {
        [one] => quote!(let #some(#one) = #one else { return #ok(#none) };),
        many => quote! {
            let (#(#some(#many)),*) = (#(#many),*) else { return #ok(#none) };
        },
    }
}

fn decode(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let (ok, some) = (s.std("Ok"), s.std("Some"));
    if members.is_empty() {
        let slots = slots(s, members, &quote!(r));
        let body = quote!(#slots #ok(#some(Self {})));
        return decode_fn(s, &quote!(_v), &body);
    }
    let slots = slots(s, members, &quote!(r));
    let takes = members.iter().map(|m| {
        let (local, wire) = (&m.local, m.wire);
        match m.default(s) {
            Some(default) => quote!(let #local = #local.take_or(#wire, r, v, #default)?;),
            None => quote!(let #local = #local.take(#wire, r, v)?;),
        }
    });
    let all_there = all_there(s, members);
    let inits = members.iter().map(Member::init);
    let body = quote! {
        #slots
        #(#takes)*
        #all_there
        #ok(#some(Self { #(#inits),* }))
    };
    decode_fn(s, &quote!(v), &body)
}

fn to_json(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let rt = s.rt();
    let o = Params::of(members.is_empty()).members;
    let lines = members.iter().map(|m| {
        let (name, json) = (&m.name, &m.json);
        quote!(o.field(#json, &self.#name);)
    });
    quote!(fn to_json(&self, #o: &mut #rt::json::Writer<'_>) { #(#lines)* })
}

/// The signature of `from_json`.
pub(crate) fn from_json_fn(s: &Scope<'_>, empty: bool, body: &TokenStream) -> TokenStream {
    let (rt, option) = (s.rt(), s.std("Option"));
    let Params { object, violations, .. } = Params::of(empty);
    quote! {
        fn from_json(
            #object: &mut #rt::json::Object<'_, '_>,
            #violations: &mut #rt::check::Violations,
        ) -> #option<Self> {
            #body
        }
    }
}

fn from_json(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let (rt, some) = (s.rt(), s.std("Some"));
    if members.is_empty() {
        return from_json_fn(s, true, &quote!(#some(Self {})));
    }
    let locals = members.iter().map(|m| &m.local);
    let arms = members.iter().map(|m| {
        let (local, json, wire) = (&m.local, &m.json, m.wire);
        let names = if json == wire { quote!(#json) } else { quote!(#json | #wire) };
        quote!(#names => o.read(&mut #local))
    });
    let takes = members.iter().map(|m| {
        let (local, wire) = (&m.local, m.wire);
        match m.default(s) {
            Some(default) => quote!(let #local = #local.take_or(#wire, v, #default);),
            None => quote!(let #local = #local.take(#wire, v);),
        }
    });
    let inits = members.iter().map(|m| {
        let (name, local) = (&m.name, &m.local);
        quote!(#name: #local?)
    });
    let body = quote! {
        #(let mut #locals = #rt::json::Slot::new();)*
        while let #some(tag) = o.name() {
            match tag {
                #(#arms,)*
                _ => o.skip(tag),
            }
        }
        #(#takes)*
        #some(Self { #(#inits),* })
    };
    from_json_fn(s, false, &body)
}
