//! Contracts of many shapes, each through the backend `rust`: what comes out compiles without a word from rustc or
//! clippy's pedantic rules, and its types survive JSON and the wire.
//!
//! All of them are modules of one crate, so that it costs one compilation.

mod contracts;
mod project;
mod samples;

use std::path::Path;

use contracts::Contract;
use svckit_backend::{Backend, Options};
use svckit_backend_rust::RustBackend;

#[test]
fn contracts_are_without_errors() {
    let all = contracts::all();
    assert!(all.len() >= 20, "only {} contracts", all.len());
    let wrong: Vec<_> = all.iter().filter_map(Contract::errors).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_generated_is_the_same_each_time_and_in_both_layouts() {
    for contract in contracts::all() {
        let first = generate(&contract, &Options::default());
        assert_eq!(first, generate(&contract, &Options::default()), "{}", contract.name);
        let mut inline = Options::default();
        inline.set("layout", "inline");
        let inline = generate(&contract, &inline);
        assert_eq!(inline.len(), 1, "{}", contract.name);
        let lines = |files: &svckit_backend::Files| {
            let texts = files.iter().map(|(_, text)| text);
            let lines = texts.flat_map(str::lines).map(str::trim);
            lines.filter(|l| l.starts_with("pub ")).count()
        };
        assert_eq!(lines(&first), lines(&inline), "{}", contract.name);
    }
}

#[test]
fn what_is_generated_compiles_and_round_trips() {
    if std::env::var_os("SVCKIT_FULL").is_none() {
        println!("not run: compiling what is generated (tests/run does)");
        return;
    }
    let contracts = contracts::all();
    let project = project::Project::write("generated", &contracts);
    project.cargo(&["clippy", "--", "-D", "warnings", "-W", "clippy::pedantic"]);
    project.cargo(&["test", "--quiet", "--lib", "--tests"]);
    let refused = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("compile/refused"));
    let refused: Vec<_> = refused.expect("a folder").map(|e| e.expect("an entry").path()).collect();
    assert!(refused.len() >= 3, "only {} examples that are not to compile", refused.len());
    for example in refused {
        project.refuses(&example);
    }
}

fn generate(contract: &Contract, options: &Options) -> svckit_backend::Files {
    RustBackend
        .generate(&contract.world, options)
        .unwrap_or_else(|errors| panic!("{}: {errors:?}", contract.name))
}
