//! The contracts that the Rust backend is held by, and those of the examples, as Protobuf.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read fixtures and run other people's tools"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::tools::{buf_accepts, compile, generate, same_descriptors, texts};
use svckit_backend::{Backend, Options};
use svckit_backend_proto::ProtoBackend;
use svckit_diagnostics::FileId;
use svckit_model::{Source, World, resolve};

/// Contracts that Rust can say and Protobuf can't.
const REFUSED: &[(&str, &str)] =
    &[("contracts-keywords", "E0901: `KIND_A1` stands for two things in Protobuf")];

/// Folders of `.svc` files, each a world.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shapes = entries(&root.join("tests/compile/contracts"));
    let examples = entries(&root.join("examples")).into_iter().map(|e| e.join("contracts"));
    shapes.into_iter().chain(examples).filter(|f| f.is_dir()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// All files below a folder.
fn contracts(folder: &Path) -> Vec<PathBuf> {
    let below = |path: PathBuf| if path.is_dir() { contracts(&path) } else { vec![path] };
    entries(folder).into_iter().flat_map(below).collect()
}

/// The world of a folder, and whether its names are all its own choice.
fn load(folder: &Path) -> (World, bool) {
    let texts: Vec<String> =
        contracts(folder).iter().map(|p| fs::read_to_string(p).expect("a contract")).collect();
    let parsed: Vec<_> =
        (0..).zip(&texts).map(|(id, t)| svckit_syntax::parse(FileId(id), t)).collect();
    let files: Vec<_> = parsed.iter().map(|p| Source { file: &p.file, external: false }).collect();
    let resolved = resolve(&files);
    let found = parsed.iter().flat_map(|p| &p.diagnostics).chain(&resolved.diagnostics);
    let errors: Vec<_> = found.filter(|d| d.is_error()).map(|d| &d.message).collect();
    assert!(errors.is_empty(), "{}: {errors:?}", folder.display());
    (resolved.world, texts.iter().all(|t| !t.contains(" wire \"")))
}

#[test]
fn every_contract_is_protobuf() {
    let folders = folders();
    assert!(folders.len() >= 20, "only {} contracts", folders.len());
    for folder in folders {
        let parts: Vec<_> = folder.components().rev().take(2).collect();
        let name = format!("{:?}-{:?}", parts[1].as_os_str(), parts[0].as_os_str());
        let name = name.replace('"', "");
        let (world, lint) = load(&folder);
        if let Some((_, what)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            let found = ProtoBackend.generate(&world, &Options::default()).expect_err(what);
            assert_eq!(texts(&found), *what);
            continue;
        }
        let files = generate(&world);
        let pool = compile(&name, &files);
        same_descriptors(&name, &world, &pool);
        if pool.files().any(|f| !f.name().starts_with("google/") && !f.name().starts_with("buf/")) {
            buf_accepts(&name, &files, lint);
        }
    }
}
