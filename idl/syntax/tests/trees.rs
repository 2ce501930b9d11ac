//! What the tree holds.
#![allow(clippy::unwrap_used, reason = "tests")]

use svckit_diagnostics::FileId;
use svckit_syntax::parse;
use svckit_syntax::tree::{
    ClauseKind, ExprKind, Field, ItemKind, MemberKind, Service, TypeKind, UseWhat,
};

fn items(text: &str) -> Vec<ItemKind> {
    let parsed = parse(FileId(0), &format!("package t.v1\n{text}"));
    let said: Vec<_> = parsed.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert!(said.is_empty(), "{said:?}");
    parsed.file.items.into_iter().map(|item| item.kind).collect()
}

fn service(text: &str) -> Service {
    match items(text).remove(0) {
        ItemKind::Service(service) => service,
        other => panic!("{other:?}"),
    }
}

fn fields(text: &str) -> Vec<Field> {
    match items(&format!("record R {{ {text} }}")).remove(0) {
        ItemKind::Record(record) => record.fields,
        other => panic!("{other:?}"),
    }
}

fn default(literal: &str) -> ExprKind {
    fields(&format!("a @1: t = {literal}")).remove(0).default.unwrap().kind
}

#[test]
fn literals_have_their_values() {
    let table: &[(&str, ExprKind)] = &[
        ("-3", ExprKind::Int(-3)),
        ("1.50", ExprKind::Float("1.50".into())),
        ("true", ExprKind::Bool(true)),
        ("250ms", ExprKind::Duration(250_000_000)),
        ("1.5s", ExprKind::Duration(1_500_000_000)),
        ("7d", ExprKind::Duration(7 * 86_400_000_000_000)),
        ("64KiB", ExprKind::Size(65_536)),
        ("10/m", ExprKind::Rate(10.0 / 60.0)),
        ("20%", ExprKind::Percent(20.0)),
        ("p99.9", ExprKind::Percentile(99.9)),
        ("2028-02-29", ExprKind::Date("2028-02-29".into())),
        (r#""a\"\\\n\t\u{1F600}""#, ExprKind::Str("a\"\\\n\t😀".into())),
        (r#"r"^\d+$""#, ExprKind::Str(r"^\d+$".into())),
    ];
    for (literal, value) in table {
        assert_eq!(default(literal), *value, "{literal}");
    }
}

#[test]
fn ranges_may_lack_an_end() {
    let ExprKind::Range(low, high) = default("..=500") else { panic!("no range") };
    assert!(low.is_none());
    assert_eq!(high.unwrap().kind, ExprKind::Int(500));
    let ExprKind::Range(low, high) = default("50ms..1s") else { panic!("no range") };
    assert_eq!(low.unwrap().kind, ExprKind::Duration(50_000_000));
    assert_eq!(high.unwrap().kind, ExprKind::Duration(1_000_000_000));
}

#[test]
fn fields_may_be_called_like_keywords() {
    let names: Vec<String> = fields(
        "event @1: t  key: t  stream @3: t  wire wire \"w\" @4: wire?  len @5: t where len 3",
    )
    .into_iter()
    .map(|f| f.name.text)
    .collect();
    assert_eq!(names, ["event", "key", "stream", "wire", "len"]);
}

#[test]
fn types_nest_and_spans_end_at_their_last_token() {
    let field = fields("a @1: list<map<string, b.C>> // why\n  ").remove(0);
    let TypeKind::Generic(name, args) = &field.ty.kind else { panic!("{:?}", field.ty) };
    assert_eq!((name.text.as_str(), args.len()), ("list", 1));
    assert_eq!(field.span.range().len(), "a @1: list<map<string, b.C>>".len());
}

#[test]
fn docs_belong_to_what_follows_them() {
    let parsed = parse(
        FileId(0),
        "//! File.\npackage t.v1\n/// One.\n/// Two.\nallow x because \"y\"\n// plain\nrecord R {\n  /// Field.\n  a @1: t // trailing\n}\n",
    );
    assert_eq!(parsed.file.docs, "File.");
    let item = &parsed.file.items[0];
    assert_eq!(item.head.docs, "One.\nTwo.");
    assert_eq!(item.head.allows[0].slug.text, "x");
    let ItemKind::Record(record) = &item.kind else { panic!("{item:?}") };
    assert_eq!(record.fields[0].head.docs, "Field.");
    assert_eq!(parsed.file.comments.len(), 6);
}

#[test]
fn settings_are_not_clauses() {
    let service = service(
        "service S {\n policy P\n calls a.B\n command C() policy Q calls c.D x20 optional\n}",
    );
    assert_eq!(service.settings.len(), 2);
    let MemberKind::Operation(operation) = &service.members[0].kind else { panic!("no operation") };
    let ClauseKind::Calls(calls) = &operation.clauses[1].kind else { panic!("no calls") };
    assert_eq!(calls[0].times.unwrap().value, 20);
    assert!(calls[0].optional);
}

#[test]
fn uses_bring_in_names_or_give_an_alias() {
    let parsed = parse(FileId(0), "package t.v1\nuse a.b.v1.{C, D}\nuse a.b.v1 as e\n");
    assert!(parsed.diagnostics.is_empty());
    assert!(matches!(&parsed.file.uses[0].what, UseWhat::Names(names) if names.len() == 2));
    assert!(matches!(&parsed.file.uses[1].what, UseWhat::Alias(name) if name.text == "e"));
}

#[test]
fn one_broken_member_leaves_the_others() {
    let text = "package t.v1\nservice S {\n  owner \"x\"\n  query A() -> R\n  comand B()\n  query C() -> R\n  event D { a @1: t }\n}\n";
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.diagnostics.len(), 1);
    let ItemKind::Service(service) = &parsed.file.items[0].kind else { panic!("no service") };
    assert_eq!(service.settings.len(), 1);
    assert!(
        service
            .members
            .iter()
            .any(|m| matches!(&m.kind, MemberKind::Operation(o) if o.name.text == "C"))
    );
    assert!(service.members.iter().any(|m| matches!(&m.kind, MemberKind::Event(_))));
}

#[test]
fn nesting_is_bounded_on_any_thread() {
    for open in ["[", "{ a: ", "list<", "a.B { a: "] {
        let text = format!("package t.v1\nrecord R {{ a @1: t = {} }}", open.repeat(20_000));
        assert!(!parse(FileId(0), &text).diagnostics.is_empty());
    }
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let text = format!("package t.v1\nrecord R {{ a @1: t = {deep} }}");
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let said = small.spawn(move || parse(FileId(0), &text).diagnostics).unwrap().join().unwrap();
    assert!(said.is_empty(), "{said:?}");
}
