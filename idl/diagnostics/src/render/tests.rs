use super::*;
use crate::{Applicability, FileId, Span};

static BAD: crate::Code = &crate::CodeInfo {
    id: "E9999",
    slug: "bad-thing",
    severity: crate::Severity::Error,
    page: "A page.",
};

fn map(files: &[(&str, &str)]) -> SourceMap {
    let mut map = SourceMap::default();
    for (path, text) in files {
        map.add(*path, *text);
    }
    map
}

fn at(file: u32, start: usize, end: usize) -> Span {
    Span::new(FileId(file), start, end)
}

fn plain(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    human::render_one(diagnostic, sources, human::Style::default())
}

#[test]
fn people_see_places_in_both_files_and_the_fix() {
    let sources = map(&[
        ("a.svc", "package a.v1\nrecord R {\n\tx: Foo\n}\n"),
        ("b.svc", "scalar Fo = i32\n"),
    ]);
    let diagnostic = Diagnostic::new(BAD, at(0, 28, 31), "there is no type `Foo`")
        .here("not found")
        .label(at(1, 7, 9), "this one is near")
        .note("types are UpperCamel")
        .help("write it so")
        .fix("use `Fo`", at(0, 28, 31), "Fo");
    let text = plain(&diagnostic, &sources);
    let expected = "\
error[E9999]: there is no type `Foo`
 --> a.svc:3:5
  |
3 |     x: Foo
  |        ^^^ not found
  |
 ::: b.svc:1:8
  |
1 | scalar Fo = i32
  |        -- this one is near
  |
  = note: types are UpperCamel
  = help: write it so
help: use `Fo`
  |
3 -     x: Foo
3 +     x: Fo
  |";
    assert_eq!(text, expected);
}

#[test]
fn a_label_far_away_does_not_drag_the_lines_between_along() {
    let text = "line\n".repeat(100_000);
    let sources = map(&[("big.svc", &text)]);
    let diagnostic =
        Diagnostic::new(BAD, at(0, 0, 4), "twice").label(at(0, 400_000, 400_004), "first");
    let shown = plain(&diagnostic, &sources);
    assert!(shown.lines().count() < 15, "{shown}");
    assert!(shown.contains("big.svc:80001:1"), "{shown}");
}

#[test]
fn a_long_line_is_cut_and_its_column_stays_true() {
    let text = format!("{}x", "é".repeat(1_000_000));
    let sources = map(&[("wide.svc", &text)]);
    let shown = plain(&Diagnostic::new(BAD, at(0, 2_000_000, 2_000_001), "odd"), &sources);
    assert!(shown.contains("wide.svc:1:1000001"), "{shown}");
    assert!(shown.len() < 2_000, "{} bytes", shown.len());
}

#[test]
fn odd_spans_do_not_panic() {
    let sources = map(&[("a.svc", "é\u{0}\t漢字\r\n"), ("empty.svc", "")]);
    for file in 0..3 {
        for start in 0..16 {
            for end in [start, start + 1, start + 900, 0] {
                let diagnostic = Diagnostic::new(BAD, at(file, start, end), "m")
                    .label(at(file, end, start), "l")
                    .fix("f", at(file, start, end), "new\ntext");
                plain(&diagnostic, &sources);
                let _ = json::render(&[diagnostic], &sources, &[]);
            }
        }
    }
}

#[test]
fn machines_get_names_that_stay() {
    let sources = map(&[("a.svc", "one\ntwo\n")]);
    let mut diagnostic =
        Diagnostic::new(BAD, at(0, 4, 7), "odd").here("here").fix("mend", at(0, 4, 7), "2");
    diagnostic.fixes[0].applicability = Applicability::Unsafe;
    let text = json::render(&[diagnostic], &sources, &["a failure".into()]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let message = &value["diagnostics"][0];
    assert_eq!(value["version"], 1);
    assert_eq!(value["summary"]["errors"], 1);
    assert_eq!(value["failures"][0], "a failure");
    assert_eq!(message["code"], "E9999");
    assert_eq!(message["slug"], "bad-thing");
    assert_eq!(message["severity"], "error");
    assert_eq!((&message["file"], &message["line"]), (&"a.svc".into(), &2.into()));
    assert_eq!(message["column"], 1);
    assert_eq!(message["end"], serde_json::json!({ "line": 2, "column": 4 }));
    assert_eq!(message["labels"][0]["message"], "here");
    assert_eq!(message["fixes"][0]["applicability"], "unsafe");
    assert_eq!(message["fixes"][0]["edits"][0]["bytes"], serde_json::json!([4, 7]));
}

#[test]
fn order_is_by_path_then_place_and_equal_ones_are_one() {
    let sources = map(&[("b.svc", "text"), ("a.svc", "text")]);
    let message = |file, start| Diagnostic::new(BAD, at(file, start, 4), "m");
    let mut all = vec![message(0, 1), message(0, 0), message(1, 2), message(0, 1)];
    sort(&mut all, &sources);
    assert_eq!(all, [message(1, 2), message(0, 0), message(0, 1)]);
    assert_eq!(Summary::of(&all).to_string(), "3 errors in 2 files");
}

#[test]
fn thousands_of_messages_are_counted() {
    let sources = map(&[("a.svc", "text")]);
    let all = vec![Diagnostic::new(BAD, at(0, 0, 4), "m"); 501];
    let text = human::render_with_summary(&all, &sources, human::Style::default());
    assert!(text.ends_with("… and 1 message more\n\n501 errors in 1 file\n"), "{text}");
}
