//! Heads of files, items and types.

use svckit_diagnostics::Diagnostic;

use super::Rule;
use super::builder::{Builder, P, child, children, has};
use crate::codes;
use crate::tree::{
    Allow, Constraint, ConstraintKind, Deprecated, Enum, EnumValue, ErrorItem, Field, File, Head,
    Item, ItemKind, Package, Record, Reserved, Scalar, TypeKind, TypeRef, Union, Use, UseWhat,
};

impl Builder<'_> {
    pub(super) fn top_level(&mut self, file: &mut File, pair: P<'_>) {
        match pair.as_rule() {
            Rule::package => self.package(file, &pair),
            Rule::use_ => {
                let used = self.use_line(&pair);
                file.uses.push(used);
            }
            Rule::item => {
                let item = self.item(&pair);
                file.items.push(item);
            }
            _ => {}
        }
    }

    fn package(&mut self, file: &mut File, pair: &P<'_>) {
        let package =
            Package { name: self.path_in(pair), wire: self.wire_in(pair), span: self.span(pair) };
        let text = package.name.text();
        let version = package.name.last().text.strip_prefix('v').unwrap_or_default();
        let versioned = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
        let lower = !text.contains(|c: char| c.is_ascii_uppercase());
        if !versioned || !lower || package.name.segments.len() < 2 {
            let mut better = text.to_lowercase();
            if !versioned {
                better.push_str(".v1");
            }
            self.say(
                Diagnostic::new(
                    codes::BAD_PACKAGE,
                    package.name.span,
                    format!("a package is lower case, dotted, and ends in `vN`, found `{text}`"),
                )
                .fix(
                    format!("call it `{better}`"),
                    package.name.span,
                    better.clone(),
                ),
            );
        }
        let known = |item: &Item| !matches!(item.kind, ItemKind::Junk(_));
        let late = !file.uses.is_empty() || file.items.iter().any(known);
        if let Some(first) = &file.package {
            self.say(
                Diagnostic::new(codes::BAD_PACKAGE, package.span, "a file belongs to one package")
                    .label(first.span, "it is said to be this one here"),
            );
            return;
        }
        if late {
            self.say(
                Diagnostic::new(codes::BAD_PACKAGE, package.span, "the `package` line comes first")
                    .help("move it to the top of the file"),
            );
        }
        let _ = self.docs_before(package.span.start);
        self.saw_package = true;
        file.package = Some(package);
    }

    fn use_line(&mut self, pair: &P<'_>) -> Use {
        self.no_trailing_comma(pair);
        let what = match child(pair, Rule::use_alias) {
            Some(alias) => {
                let name = self.name(&alias);
                UseWhat::Alias(self.lower(name, "an alias"))
            }
            None => UseWhat::Names(children(pair, Rule::use_name).map(|n| self.name(&n)).collect()),
        };
        Use { path: self.path_in(pair), what, span: self.span(pair) }
    }

    /// Docs and `allow`s of a pair whose `allow` children come first; `of` is what they are about.
    pub(super) fn head(&mut self, pair: &P<'_>, of: u32) -> Head {
        let mut docs = self.docs_before(self.span(pair).start);
        let allows: Vec<Allow> = children(pair, Rule::allow).map(|a| self.allow(&a)).collect();
        if !allows.is_empty() {
            let more = self.docs_before(of);
            docs =
                [docs, more].into_iter().filter(|d| !d.is_empty()).collect::<Vec<_>>().join("\n");
        }
        Head { docs, allows }
    }

    fn allow(&mut self, pair: &P<'_>) -> Allow {
        let span = self.span(pair);
        let slug = self.name(&child(pair, Rule::slug).expect("allow has a slug"));
        let because = child(pair, Rule::because).map(|b| self.string_here(&b));
        if because.is_none() {
            self.say(
                Diagnostic::new(codes::NO_REASON, span, "`allow` needs a reason")
                    .help(format!("say why: `allow {} because \"…\"`", slug.text)),
            );
        }
        let until = child(pair, Rule::date).map(|d| self.expr(&d));
        Allow { slug, because, until, span }
    }

    fn item(&mut self, pair: &P<'_>) -> Item {
        let inner = pair
            .clone()
            .into_inner()
            .find(|p| p.as_rule() != Rule::allow)
            .expect("an item is something");
        let span = self.span(&inner);
        let head = self.head(pair, span.start);
        Item { head, span, kind: self.item_kind(&inner) }
    }

    fn item_kind(&mut self, pair: &P<'_>) -> ItemKind {
        match pair.as_rule() {
            Rule::scalar => ItemKind::Scalar(self.scalar(pair)),
            Rule::enum_ => ItemKind::Enum(self.enumeration(pair)),
            Rule::record => ItemKind::Record(self.record(pair, "a record's name")),
            Rule::union_ => {
                let record = self.record(pair, "a union's name");
                let Record { name, wire, fields, reserved } = record;
                ItemKind::Union(Union { name, wire, variants: fields, reserved })
            }
            Rule::error => ItemKind::Error(self.error_item(pair)),
            Rule::service => ItemKind::Service(self.service(pair)),
            Rule::policy => ItemKind::Policy(self.policy(pair)),
            Rule::saga => ItemKind::Saga(self.saga(pair)),
            Rule::choreography => ItemKind::Choreography(self.choreography(pair)),
            Rule::aggregate => ItemKind::Aggregate(self.aggregate(pair)),
            Rule::projection => {
                let (record, projection) = self.projection(pair);
                ItemKind::Projection(record, projection)
            }
            Rule::deployment => ItemKind::Deployment(self.deployment(pair)),
            Rule::gateway => ItemKind::Gateway(self.gateway(pair)),
            _ => ItemKind::Example(self.example(pair)),
        }
    }

    pub(super) fn upper_ident(&mut self, pair: &P<'_>, what: &str) -> crate::tree::Name {
        let name = self.ident(pair);
        self.upper(name, what)
    }

    fn scalar(&mut self, pair: &P<'_>) -> Scalar {
        Scalar {
            name: self.upper_ident(pair, "a scalar's name"),
            base: self.type_in(pair),
            constraints: self.constraints(pair),
            deprecated: self.deprecated_in(pair),
        }
    }

    fn enumeration(&mut self, pair: &P<'_>) -> Enum {
        Enum {
            name: self.upper_ident(pair, "an enum's name"),
            wire: self.wire_in(pair),
            values: children(pair, Rule::enum_value).map(|v| self.enum_value(&v)).collect(),
            reserved: self.reserved(pair),
        }
    }

    fn enum_value(&mut self, pair: &P<'_>) -> EnumValue {
        let name = self.name(&child(pair, Rule::field_name).expect("a value has a name"));
        let head = self.head(pair, name.span.start);
        EnumValue {
            head,
            name: self.lower(name, "an enum value's name"),
            wire: self.wire_in(pair),
            number: child(pair, Rule::tag).map(|t| self.number(&t)),
            deprecated: self.deprecated_in(pair),
            span: self.span(pair),
        }
    }

    fn reserved(&mut self, pair: &P<'_>) -> Vec<Reserved> {
        children(pair, Rule::reserved)
            .map(|r| Reserved {
                what: children(&r, Rule::reserved_what).map(|w| self.expr(&w)).collect(),
                span: self.span(&r),
            })
            .collect()
    }

    pub(super) fn record(&mut self, pair: &P<'_>, what: &str) -> Record {
        Record {
            name: self.upper_ident(pair, what),
            wire: self.wire_in(pair),
            fields: self.fields(pair),
            reserved: self.reserved(pair),
        }
    }

    fn error_item(&mut self, pair: &P<'_>) -> ErrorItem {
        let retryable = child(pair, Rule::retryable);
        ErrorItem {
            name: self.upper_ident(pair, "an error's name"),
            wire: self.wire_in(pair),
            code: child(pair, Rule::error_code).map(|c| self.name(&c)),
            retryable: retryable.as_ref().map(|r| self.span(r)),
            after: retryable.filter(|r| has(r, Rule::expr)).map(|r| self.expr_in(&r)),
            fields: self.fields(pair),
            reserved: self.reserved(pair),
        }
    }

    pub(super) fn fields(&mut self, pair: &P<'_>) -> Vec<Field> {
        children(pair, Rule::field).map(|f| self.field(&f)).collect()
    }

    fn field(&mut self, pair: &P<'_>) -> Field {
        let name = self.name(&child(pair, Rule::field_name).expect("a field has a name"));
        let head = self.head(pair, name.span.start);
        Field {
            head,
            wire: self.wire_in(pair),
            number: child(pair, Rule::tag).map(|t| self.number(&t)),
            ty: self.type_in(pair),
            constraints: self.constraints(pair),
            default: child(pair, Rule::default).map(|d| self.expr_in(&d)),
            sensitive: child(pair, Rule::sensitive).map(|s| self.span(&s)),
            deprecated: self.deprecated_in(pair),
            span: name.span.to(self.span(pair)),
            name: self.lower(name, "a field's name"),
        }
    }

    fn deprecated_in(&mut self, pair: &P<'_>) -> Option<Deprecated> {
        child(pair, Rule::deprecated).map(|d| self.deprecated(&d))
    }

    pub(super) fn deprecated(&mut self, pair: &P<'_>) -> Deprecated {
        Deprecated { message: self.string_in(pair), span: self.span(pair) }
    }

    pub(super) fn type_in(&mut self, pair: &P<'_>) -> TypeRef {
        self.type_ref(&child(pair, Rule::r#type).expect("the grammar has a type here"))
    }

    pub(super) fn type_ref(&mut self, pair: &P<'_>) -> TypeRef {
        let span = self.span(pair);
        let plain = child(pair, Rule::plain_type).expect("a type has a plain type");
        let mut ty = self.plain_type(&plain);
        if has(pair, Rule::k_stream) {
            ty = TypeRef { span, kind: TypeKind::Stream(Box::new(ty)) };
        }
        ty
    }

    fn plain_type(&mut self, pair: &P<'_>) -> TypeRef {
        let span = self.span(pair);
        let kind = match child(pair, Rule::generic) {
            Some(generic) => {
                let args = children(&generic, Rule::r#type).map(|t| self.type_ref(&t)).collect();
                TypeKind::Generic(self.ident(&generic), args)
            }
            None => TypeKind::Named(self.path_in(pair)),
        };
        if !has(pair, Rule::opt) {
            return TypeRef { span, kind };
        }
        let end = self.text[span.range()].trim_end_matches('?').trim_end().len();
        let inner =
            svckit_diagnostics::Span::new(self.id, span.start as usize, span.start as usize + end);
        TypeRef { span, kind: TypeKind::Optional(Box::new(TypeRef { span: inner, kind })) }
    }

    fn constraints(&mut self, pair: &P<'_>) -> Vec<Constraint> {
        let Some(list) = child(pair, Rule::constraints) else { return Vec::new() };
        children(&list, Rule::constraint).map(|c| self.constraint(&c)).collect()
    }

    fn constraint(&mut self, pair: &P<'_>) -> Constraint {
        let bounds = child(pair, Rule::range_or_one).map(|r| self.expr(&r));
        let kind = match bounds {
            Some(bounds) if has(pair, Rule::k_len) => ConstraintKind::Len(bounds),
            Some(bounds) => ConstraintKind::Items(bounds),
            None => match self.string_in(pair) {
                Some(pattern) => ConstraintKind::Pattern(pattern),
                None => {
                    let range = child(pair, Rule::range).expect("a constraint is one of four");
                    ConstraintKind::Range(self.expr(&range))
                }
            },
        };
        Constraint { span: self.span(pair), kind }
    }
}
