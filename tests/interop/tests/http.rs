//! The shop over HTTP: by Python's standard library, and by the lines with curl in its README.

use std::process::Command;

use svckit_interop::{Served, free_addr, not_run, program, python, root, run_peer};

#[test]
fn python_knows_the_shop_over_http() {
    let Some(python) = python() else { return not_run("a Python client of HTTP", "a Python") };
    let program = program("shop", "shop");
    let shop = Served::start(&program, &["serve", "all"], free_addr(), &[]);
    let alone = Served::start(&program, &["serve", "orders"], free_addr(), &[]);
    let (at, alone_at) = (shop.addr.to_string(), alone.addr.to_string());
    run_peer(&python, "shop_http.py", ["--at", &at, "--alone", &alone_at]);
}

#[test]
fn what_the_readme_says_with_curl_is_so() {
    if Command::new("curl").arg("--version").output().is_err() {
        return not_run("the lines with curl in the shop's README", "curl");
    }
    let readme = std::fs::read_to_string(root().join("examples/shop/README.md")).expect("a README");
    let shop = Served::start(&program("shop", "shop"), &["serve", "all"], free_addr(), &[]);
    let mut ran = 0;
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("curl ") {
            continue;
        }
        let mut command = line.to_owned();
        while !command.contains("  # ") {
            command.push('\n');
            command.push_str(lines.next().expect("what it prints stands beside it"));
        }
        let (command, wanted) = command.split_once("  # ").expect("it was looked for");
        let command = command.replace("127.0.0.1:7000", &shop.addr.to_string());
        let said = Command::new("sh").args(["-c", &command]).output().expect("a shell");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        for part in wanted.split(" … ").map(|part| part.trim_matches('…').trim()) {
            assert!(said.contains(part), "{command}\nsays\n{said}\nwithout {part}");
        }
        ran += 1;
    }
    assert!(ran >= 3, "only {ran} lines with curl");
}
