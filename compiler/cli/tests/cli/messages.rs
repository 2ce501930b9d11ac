//! check, explain, codes; exit codes; text and JSON.

use super::sandbox::{BAD, GOOD, Sandbox};

#[test]
fn a_clean_world_ends_with_0_a_finding_with_1_and_a_missing_path_with_2() {
    let sandbox = Sandbox::new();
    sandbox.write("good.svc", GOOD).write("bad/bad.svc", BAD);
    assert_eq!(sandbox.run(["check", "good.svc"]).code, Some(0));
    let bad = sandbox.run(["check", "bad"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.stderr.contains("--> bad/bad.svc:4:9"), "{}", bad.stderr);
    assert!(bad.stderr.ends_with("1 error in 1 file\n"), "{}", bad.stderr);
    let gone = sandbox.run(["check", "gone.svc"]);
    assert_eq!(gone.code, Some(2));
    assert_eq!(gone.stderr, "error: can't read gone.svc: there is no such file or folder\n");
    assert_eq!(sandbox.run(["chek"]).code, Some(2));
    assert_eq!(sandbox.run(["--help"]).code, Some(0));
}

#[test]
fn machines_get_one_document() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.svc", BAD);
    let ran = sandbox.run(["check", "--format", "json", "bad.svc"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["summary"]["errors"], 1);
    assert_eq!(document["diagnostics"][0]["file"], "bad.svc");
    assert_eq!(document["diagnostics"][0]["line"], 4);
}

#[test]
fn colours_only_where_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.svc", BAD);
    assert!(!sandbox.run(["check", "bad.svc"]).stderr.contains('\u{1b}'));
    assert!(sandbox.run(["check", "--color", "always", "bad.svc"]).stderr.contains('\u{1b}'));
}

#[test]
fn without_a_path_the_workspace_around_is_checked() {
    let sandbox = Sandbox::new();
    sandbox.write("svckit.toml", "version = 1\nsources = [\"contracts\"]\n");
    sandbox.write("contracts/a.svc", GOOD).write("elsewhere/b.svc", BAD);
    assert_eq!(sandbox.run(["check"]).code, Some(0));
    assert_eq!(sandbox.run(["check", "."]).code, Some(0));
    assert_eq!(sandbox.run(["check", "elsewhere"]).code, Some(1));
}

#[test]
fn messages_are_explained_by_number_and_slug() {
    let sandbox = Sandbox::new();
    let by_slug = sandbox.run(["explain", "unknown-key"]);
    assert_eq!(by_slug.code, Some(0));
    assert!(by_slug.stdout.starts_with("# E0802 unknown-key\n"), "{}", by_slug.stdout);
    assert_eq!(sandbox.run(["explain", "e0802"]).stdout, by_slug.stdout);
    let near = sandbox.run(["explain", "unknwon-key"]);
    assert_eq!(near.code, Some(2));
    assert!(near.stderr.contains("did you mean `unknown-key`?"), "{}", near.stderr);
    let codes = sandbox.run(["codes"]).stdout;
    assert!(codes.contains("unknown-key"), "{codes}");
    assert!(codes.contains("hedged-command"), "{codes}");
}

#[test]
fn rules_are_listed_and_explained() {
    let sandbox = Sandbox::new();
    let rules = sandbox.run(["rules"]);
    assert_eq!(rules.code, Some(0));
    let line = rules.stdout.lines().find(|l| l.contains("hedged-command"));
    let words: Vec<_> = line.expect("a line for each").split_whitespace().take(4).collect();
    assert_eq!(words, ["calls", "hedged-command", "error", "A"]);
    let page = sandbox.run(["explain", "hedged-command"]).stdout;
    assert!(page.starts_with("# hedged-command\n") && page.contains("\nReads: "), "{page}");
    let listed = sandbox.run(["rules", "--format", "json"]).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let entry = listed.as_array().and_then(|l| l.iter().find(|e| e["slug"] == "hedged-command"));
    let entry = entry.expect("an entry for each");
    assert_eq!((&entry["group"], &entry["severities"][0]), (&"calls".into(), &"error".into()));
}

#[test]
fn cargo_finds_it_as_a_subcommand() {
    let sandbox = Sandbox::new();
    sandbox.write("good.svc", GOOD);
    let program = env!("CARGO_BIN_EXE_cargo-svckit");
    assert_eq!(sandbox.run_with(program, ["svckit", "check", "good.svc"], b"").code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_reader_who_leaves_is_no_failure() {
    let sandbox = Sandbox::new();
    let program = env!("CARGO_BIN_EXE_svckit");
    let line = format!("set -o pipefail; '{program}' codes | true");
    let ran = sandbox.run_with("bash", ["-c", &line], b"");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}
