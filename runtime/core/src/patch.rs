//! Partial updates: each field kept, cleared or set.
//!
//! On the wire the record's message, of which only the set fields are there, as field 1 `value`, and a
//! `google.protobuf.FieldMask` of the changed fields as field 2 `update_mask`. Without a mask, what is there is set; `*` stands
//! for every field.

use std::borrow::Cow;

use crate::check::Violations;
use crate::json;
use crate::wire::{Field, Malformed, Reader, Tag, WireType, Writer};

/// What a patch does to one field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Takes away what it holds: back to its zero value, its default or absence.
    Clear,
    /// Gives it this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field is changed at all.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// Changes a field that has a default.
    pub fn apply_or(self, field: &mut T, default: impl FnOnce() -> T) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = default(),
            Self::Set(value) => *field = value,
        }
    }

    /// Changes a field that may be absent.
    pub fn apply_optional(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }
}

impl<T: Field> Change<T> {
    /// Changes a field that has neither a default nor may be absent. Cleared it holds its zero value; where its type has none
    /// it stays as it is, which [`not_cleared`](Self::not_cleared) reports.
    pub fn apply(self, field: &mut T) {
        match self {
            Self::Keep => {}
            Self::Clear => {
                if let Some(zero) = T::zero() {
                    *field = zero;
                }
            }
            Self::Set(value) => *field = value,
        }
    }

    /// Reports that a field is cleared which must be there and whose type has no zero value.
    pub fn not_cleared(&self, name: &str, v: &mut Violations) {
        if matches!(self, Self::Clear) && T::zero().is_none() {
            v.push(name, "required", "must be there, and so can't be cleared");
        }
    }
}

impl<T> From<T> for Change<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

/// As a field of the partial record: what is there is set. The mask is applied by [`PatchReader::change`].
impl<T: Field> Field for Change<T> {
    type State<'a> = (T::State<'a>, bool);

    fn write_field(&self, number: u32, w: &mut Writer) {
        if let Self::Set(value) = self {
            value.write_present(number, w);
        }
    }

    fn read_field<'a>(
        state: &mut Self::State<'a>,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed> {
        state.1 = true;
        T::read_field(&mut state.0, tag, r, name, v)
    }

    fn take<'a>(
        (state, seen): Self::State<'a>,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
    ) -> Result<Option<Self>, Malformed> {
        if seen { Ok(T::take(state, name, r, v)?.map(Self::Set)) } else { Ok(Some(Self::Keep)) }
    }

    fn zero() -> Option<Self> {
        Some(Self::Keep)
    }

    fn check_field(&self, v: &mut Violations) {
        if let Self::Set(value) = self {
            value.check_field(v);
        }
    }

    fn view(&self) -> json::View<'_> {
        if let Self::Set(value) = self { value.view() } else { json::View::Null }
    }

    fn write_json(&self, out: &mut json::Text<'_>) {
        match self {
            Self::Set(value) => value.write_json(out),
            Self::Keep | Self::Clear => out.raw(b"null"),
        }
    }

    fn from_member(json: Option<&json::Node<'_>>, v: &mut Violations) -> Option<Self> {
        match json {
            None => Some(Self::Keep),
            Some(json::Node::Null) => Some(Self::Clear),
            Some(_) => T::from_member(json, v).map(Self::Set),
        }
    }

    fn from_text(scan: &mut json::Scan<'_>) -> Option<Self> {
        T::from_text(scan).map(Self::Set)
    }
}

/// Writes a patch.
#[derive(Debug)]
pub struct PatchWriter<'a> {
    w: &'a mut Writer,
    mask: Vec<&'static str>,
}

impl PatchWriter<'_> {
    /// Writes the changes that `fields` names to `w`.
    pub fn write(w: &mut Writer, fields: impl FnOnce(&mut PatchWriter<'_>)) {
        let mut mask = Vec::new();
        w.tag(1, WireType::Len);
        w.message(|w| {
            let mut patch = PatchWriter { w, mask: Vec::new() };
            fields(&mut patch);
            mask = patch.mask;
        });
        w.tag(2, WireType::Len);
        w.message(|w| {
            for path in mask {
                w.tag(1, WireType::Len);
                w.slice(path.as_bytes());
            }
        });
    }

    /// A field, by number and Protobuf name.
    pub fn field<T: Field>(&mut self, number: u32, name: &'static str, change: &Change<T>) {
        if change.is_change() {
            self.mask.push(name);
            change.write_field(number, self.w);
        }
    }
}

/// Which fields a mask names.
#[derive(Clone, Debug, Default)]
struct Mask(Option<Vec<String>>);

impl Mask {
    /// Reports what names no field.
    fn check(&self, name: &str, known: &[&str], v: &mut Violations) {
        for path in self.0.iter().flatten() {
            if path != "*" && !known.contains(&path.as_str()) {
                let names = known.join("`, `");
                let path: String = path.chars().take(80).collect();
                let message = format!("names `{path}`, which is not one of the fields `{names}`");
                v.push(name, "update_mask", message);
            }
        }
    }

    /// The change of a field: what is there is only set if the mask names it, what it names and is not there is cleared.
    fn change<T>(&self, name: &str, change: Change<T>) -> Change<T> {
        let Some(paths) = &self.0 else { return change };
        match (paths.iter().any(|path| path == name || path == "*"), change) {
            (false, _) => Change::Keep,
            (true, Change::Keep) => Change::Clear,
            (true, change) => change,
        }
    }
}

/// Reads a patch: its mask, and where the partial record is.
#[derive(Debug)]
pub struct PatchReader<'a> {
    outer: Reader<'a>,
    value: Cow<'a, [u8]>,
    mask: Mask,
}

impl<'a> PatchReader<'a> {
    /// Reads up to the end of `r`; `known` are the Protobuf names of the record's fields.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    pub fn new(r: &mut Reader<'a>, known: &[&str], v: &mut Violations) -> Result<Self, Malformed> {
        let mut value = Cow::Borrowed(&[][..]);
        let mut mask = Mask::default();
        while let Some(tag) = r.tag()? {
            match (tag.number(), tag.wire()) {
                (1, WireType::Len) if value.is_empty() => value = Cow::Borrowed(r.slice()?),
                (1, WireType::Len) => value.to_mut().extend_from_slice(r.slice()?),
                (2, WireType::Len) => paths(&mut r.message()?, mask.0.get_or_insert_default())?,
                (1, wire) => return Err(Malformed::wire_type("value", wire)),
                (2, wire) => return Err(Malformed::wire_type("update_mask", wire)),
                _ => r.skip(tag)?,
            }
        }
        mask.check("update_mask", known, v);
        Ok(Self { outer: r.clone(), value, mask })
    }

    /// A reader of the partial record.
    ///
    /// # Errors
    /// When messages are nested too deep.
    pub fn value(&self) -> Result<Reader<'_>, Malformed> {
        match &self.value {
            Cow::Borrowed(slice) => self.outer.within(slice),
            Cow::Owned(joined) => self.outer.apart(joined),
        }
    }

    /// What the patch does to a field of which `seen` was read.
    #[must_use]
    pub fn change<T>(&self, name: &str, seen: Change<T>) -> Change<T> {
        self.mask.change(name, seen)
    }
}

/// Reads a `google.protobuf.FieldMask`.
fn paths(r: &mut Reader<'_>, paths: &mut Vec<String>) -> Result<(), Malformed> {
    while let Some(tag) = r.tag()? {
        match (tag.number(), tag.wire()) {
            (1, WireType::Len) => paths.push(r.text()?.to_owned()),
            (1, wire) => return Err(Malformed::wire_type("paths", wire)),
            _ => r.skip(tag)?,
        }
    }
    Ok(())
}

/// Writes a patch as JSON.
#[derive(Debug)]
pub struct PatchMembers<'a, 'b> {
    value: Option<&'a mut json::Writer<'b>>,
    mask: Vec<&'static str>,
}

/// The members of the partial record.
struct Partial<F>(F);

impl<F: Fn(&mut PatchMembers<'_, '_>)> json::Members for Partial<F> {
    fn members(&self, o: &mut json::Writer<'_>) {
        self.0(&mut PatchMembers { value: Some(o), mask: Vec::new() });
    }
}

impl PatchMembers<'_, '_> {
    /// Writes the changes that `fields` names to `o`.
    pub fn write(o: &mut json::Writer<'_>, fields: impl Fn(&mut PatchMembers<'_, '_>)) {
        let mut names = PatchMembers { value: None, mask: Vec::new() };
        fields(&mut names);
        o.view("value", &json::View::Object(&Partial(fields)));
        o.view("updateMask", &json::View::Text(names.mask.join(",").into()));
    }

    /// A field, by its JSON name.
    pub fn field<T: Field>(&mut self, json: &'static str, change: &Change<T>) {
        match (&mut self.value, change) {
            (Some(o), Change::Set(value)) => o.field(json, value),
            (None, Change::Set(_) | Change::Clear) => self.mask.push(json),
            _ => {}
        }
    }
}

/// Reads a patch from JSON.
#[derive(Debug)]
pub struct PatchObject<'a> {
    value: Option<json::Named<'a>>,
    mask: Mask,
}

impl<'a> PatchObject<'a> {
    /// Of `{"value": {…}, "updateMask": "a,b"}`; `known` are JSON and Protobuf name of the record's fields. Where neither of
    /// the two is there, and is no field either, the members are the fields themselves, as in a JSON merge patch.
    pub fn new(
        o: &'a mut json::Object<'_, '_>,
        known: &[(&str, &str)],
        v: &mut Violations,
    ) -> Option<Self> {
        const OWN: [(&str, &str); 2] = [("value", "value"), ("updateMask", "update_mask")];
        let o = o.members();
        let own = |(json, name)| {
            o.get(json, name).is_some() || known.iter().any(|(j, n)| *j == json || *n == name)
        };
        if !OWN.into_iter().any(own) {
            return Some(Self { value: Some(o), mask: Mask(None) });
        }
        let value = match o.get("value", "value") {
            None | Some(json::Node::Null) => None,
            Some(json::Node::Object(members)) => Some(json::Named(members)),
            Some(other) => return json::mismatch("an object", other, v),
        };
        let mask = match o.get("updateMask", "update_mask") {
            None | Some(json::Node::Null) => Mask(None),
            Some(json::Node::String(paths)) => Mask(Some(proto_names(paths, known))),
            Some(other) => return json::mismatch("names of fields with commas between", other, v),
        };
        let names = known.iter().map(|(_, name)| *name).collect::<Vec<_>>();
        mask.check("update_mask", &names, v);
        Some(Self { value, mask })
    }

    /// What the patch does to a field; `None` comes with a violation.
    pub fn field<T: Field>(&self, json: &str, name: &str, v: &mut Violations) -> Option<Change<T>> {
        let seen = match &self.value {
            Some(value) => value.field(json, name, v)?,
            None => Change::Keep,
        };
        Some(self.mask.change(name, seen))
    }
}

fn proto_names(paths: &str, known: &[(&str, &str)]) -> Vec<String> {
    let name = |path: &str| {
        let found = known.iter().find(|(json, _)| *json == path);
        found.map_or(path, |(_, name)| *name).to_owned()
    };
    paths.split(',').map(str::trim).filter(|path| !path.is_empty()).map(name).collect()
}
