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

/// Odd names, odd texts, a message about no file, one of each severity.
fn oddities() -> (Vec<Diagnostic>, SourceMap) {
    let sources = map(&[
        ("my shop/ä,b:c.svc", "package a.v1\nrecord R { x: Foo }\n"),
        ("clean.svc", "package b.v1\n"),
    ]);
    let mut warning =
        Diagnostic::new(BAD, at(0, 13, 32), "100% of <these> & \"those\"\r\nare \u{1} bad");
    warning.severity = crate::Severity::Warning;
    let mut note = Diagnostic::new(BAD, at(0, 0, 25), "two lines");
    note.severity = crate::Severity::Note;
    let mut nowhere = Diagnostic::new(BAD, at(7, 0, 0), "about no file");
    nowhere.labels.clear();
    let error = Diagnostic::new(BAD, at(0, 27, 30), "there is no type `Foo`")
        .here("not found")
        .label(at(1, 8, 12), "look here")
        .note("a fact")
        .help("advice")
        .fix("use `Fo`", at(0, 27, 30), "Fo");
    (vec![error.clone(), warning, note, nowhere, error], sources)
}

fn with_oddities<T>(render: impl Fn(&[Findings<'_>], &[String]) -> T) -> T {
    let (diagnostics, sources) = oddities();
    let findings = Findings { diagnostics: &diagnostics, sources: &sources };
    render(&[findings], &["can't read x.svc: it is gone".to_owned()])
}

#[test]
fn sarif_has_rules_places_fixes_and_failures() {
    let log: serde_json::Value =
        serde_json::from_str(&with_oddities(sarif::render)).expect("it is JSON");
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
    assert_eq!(run["tool"]["driver"]["rules"][0]["name"], "BadThing");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let results = run["results"].as_array().expect("a list");
    let levels: Vec<_> = results.iter().map(|r| r["level"].as_str().expect("a level")).collect();
    assert_eq!(levels, ["error", "warning", "note", "error", "error"]);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "my%20shop/%C3%A4%2Cb%3Ac.svc");
    assert_eq!(place["region"]["startLine"], 2);
    assert_eq!(place["region"]["startColumn"], 15);
    assert_eq!(results[0]["relatedLocations"][0]["message"]["text"], "look here");
    let change = &results[0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "Fo");
    assert!(results[3]["locations"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn findings_that_look_alike_have_fingerprints_of_their_own_which_stay() {
    let report: serde_json::Value =
        serde_json::from_str(&with_oddities(|f, _| gitlab::render(f))).expect("it is JSON");
    let prints: Vec<&str> = report
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|i| i["fingerprint"].as_str())
        .collect();
    let unique: std::collections::BTreeSet<_> = prints.iter().collect();
    assert_eq!((prints.len(), unique.len()), (5, 5));
    assert_eq!(report[0]["severity"], "critical");
    assert_eq!(report[2]["location"]["lines"], serde_json::json!({ "begin": 1, "end": 2 }));
    assert_eq!(report[3]["location"]["path"], ".");
    let moved = map(&[("a.svc", "\n\n  text\n"), ("b.svc", "text\n")]);
    let print = |file, start| {
        fingerprint(&Diagnostic::new(BAD, at(file, start, start + 4), "m"), &moved, "a.svc")
    };
    assert_eq!(print(0, 4), print(1, 0), "where the line stands is no part of it");
}

#[test]
fn github_gets_one_line_each_with_its_marks_escaped() {
    let text = with_oddities(github::render);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert_eq!(
        lines[0],
        "::error title=E9999 bad-thing,file=my shop/ä%2Cb%3Ac.svc,line=2,endLine=2,col=15,endColumn=18\
         ::there is no type `Foo`%0Anot found%0Anote: a fact%0Ahelp: advice%0Afix: use `Fo`"
    );
    assert!(
        lines[1].ends_with("::100%25 of <these> & \"those\"%0D%0Aare \u{1} bad"),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("::notice ") && !lines[2].contains("col="), "{}", lines[2]);
    assert_eq!(lines[3], "::error title=E9999 bad-thing::about no file");
    assert_eq!(lines[5], "::error::can't read x.svc: it is gone");
}

#[test]
fn junit_counts_what_it_lists() {
    let text = with_oddities(junit::render);
    assert!(
        text.contains("<testsuites name=\"svckit\" tests=\"7\" failures=\"3\" errors=\"1\">"),
        "{text}"
    );
    assert_eq!(text.matches("<testcase ").count(), 7);
    assert_eq!(text.matches("<failure ").count(), 3);
    assert_eq!(text.matches("<system-out>").count(), 2);
    assert!(text.contains("<testcase classname=\"clean.svc\" name=\"check\"/>"), "{text}");
    assert!(text.contains("100% of &lt;these&gt; &amp; &quot;those&quot;"), "{text}");
    assert!(!text.contains('\u{1}'), "XML can't hold it");
}
